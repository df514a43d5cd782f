/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/holding.h - questions to the keyholder, and its answers.
 *
 * Keys are needed in the middle of a handshake, so who asks waits: one question
 * at a time, on a pair of sockets of their own, for SALLY_HOLDING_WAIT at most.
 * A question is what is to be done, a number, and bytes; an answer is an error
 * and bytes.                                                                */
#ifndef SALLY_ROLES_HOLDING_H
#define SALLY_ROLES_HOLDING_H

#include "base/time.h"
#include "security/holder.h"

#define SALLY_HOLDING_MAX 1024 /* bytes of a question or an answer */
#define SALLY_HOLDING_WAIT 5   /* seconds */

/* Whoever asks. Zeroed and `fd` -1: there is nobody to ask, and everything
 * fails with CLOSED.                                                        */
struct sally_holding {
    int fd; /* owned */
    void (*lost)(void *owner, enum sally_err e); /* once, when it fails */
    void (*asked)(void *owner); /* secrets were on the stack */
    void *owner;
};

/* Takes the descriptor, also on failure; the one before is closed. IO. */
enum sally_err sally_holding_open(struct sally_holding *h,
                                  int fd) SALLY_MUST_USE;
void sally_holding_close(struct sally_holding *h);

/* The holder at the other end; `h` outlives it. */
struct sally_holder sally_holding_holder(struct sally_holding *h);

/* The other end: appends the answer to a question. MALFORMED: it is none. */
enum sally_err sally_holding_answer(const struct sally_held_key *key,
                                    struct sally_span question,
                                    struct sally_buf *answer) SALLY_MUST_USE;

#endif
