/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap_parts.h - what the files of the bootstrap client have of
 * each other.                                                               */
#ifndef SALLY_LWM2M_BOOTSTRAP_PARTS_H
#define SALLY_LWM2M_BOOTSTRAP_PARTS_H

#include "lwm2m/bootstrap.h"

/* The server's word to go on with: answers, now or (Finish) later. */
void sally_bootstrap_command(struct sally_bootstrap *b,
                             const struct sally_coap_request *q,
                             sally_usec now);

/* Notes that the session is no good any more; the first reason counts, but
 * that an exchange ended with its channel is none.                          */
void sally_bootstrap_lose(struct sally_bootstrap *b, enum sally_err why);

/* Answers a request of the server's; `format` is that of the payload. */
void sally_bootstrap_respond(struct sally_bootstrap *b, sally_coap_exchange x,
                             uint8_t code, uint32_t format,
                             struct sally_span payload, sally_usec now);

void sally_bootstrap_enter(struct sally_bootstrap *b,
                           enum sally_bootstrap_state s, enum sally_err why);

/* The server has said something: its patience runs anew. */
void sally_bootstrap_receive(struct sally_bootstrap *b, sally_usec now);

/* --- bootstrap_ask.c ----------------------------------------------------- */

/* POST /bs?ep=[&pct=] */
void sally_bootstrap_ask_writes(struct sally_bootstrap *b, sally_usec now);

/* GET /bspack?ep=[&acc=] */
void sally_bootstrap_ask_pack(struct sally_bootstrap *b, sally_usec now);

/* Whatever was wrong with the Pack, the server can still write. */
void sally_bootstrap_unpack(struct sally_bootstrap *b);

/* The end of an exchange of ours. */
void sally_bootstrap_answered(struct sally_bootstrap *b, sally_coap_exchange x,
                              enum sally_err e,
                              const struct sally_coap_reply *reply,
                              sally_usec now);

/* --- bootstrap_staging.c ------------------------------------------------ */

/* `staged` becomes what the client has now. */
void sally_bootstrap_restage(struct sally_bootstrap *b);

/* Writes a payload to `staged`, all of it or nothing. Returns 2.04 or an error
 * code. `room` is written to by formats that need some.                     */
uint8_t sally_bootstrap_write(struct sally_bootstrap *b,
                              const struct sally_path *base,
                              const struct sally_lwm2m_format *format,
                              struct sally_span payload,
                              struct sally_buf *room);

/* As sally_book_delete(), from `staged`. Where another bootstrap account stays
 * in place of the one that there was, it is the account from then on.       */
enum sally_err sally_bootstrap_delete(struct sally_bootstrap *b,
                                      const struct sally_path *path)
    SALLY_MUST_USE;

/* --- bootstrap_finish.c ------------------------------------------------- */

/* Judges what is staged and shows it to the owner. Returns 0 when the owner
 * goes on with it, or a code that refuses it.                               */
uint8_t sally_bootstrap_conclude(struct sally_bootstrap *b, sally_usec now);

#endif
