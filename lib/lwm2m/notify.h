/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/notify.h - observations of one client and when they are told.
 * LwM2M Core 1.1 s.6.4, RFC 7641.                                           */
#ifndef SALLY_LWM2M_NOTIFY_H
#define SALLY_LWM2M_NOTIFY_H

#include "base/cursor.h"
#include "base/writer.h"
#include "lwm2m/client.h"

/* A new observation, in place of one with the same token. False when the
 * client has as many as it may.                                             */
bool sally_notify_add(struct sally_lwm2m_client *c, struct sally_span token,
                      const struct sally_path *path, uint16_t format,
                      sally_usec now);
void sally_notify_remove(struct sally_lwm2m_client *c, struct sally_span token);
void sally_notify_clear(struct sally_lwm2m_client *c);

/* Ends those of what the server may not read. */
void sally_notify_restrict(struct sally_lwm2m_client *c);

/* The session ended: nothing is under way any more, and what was is due. */
void sally_notify_suspend(struct sally_lwm2m_client *c);

/* Marks what covers `path` as due. */
void sally_notify_changed(struct sally_lwm2m_client *c,
                          const struct sally_path *path);

/* Sends what is due. */
void sally_notify_run(struct sally_lwm2m_client *c, sally_usec now);
sally_usec sally_notify_deadline(const struct sally_lwm2m_client *c);

/* One notification per observation that covers some of the records. */
enum sally_err sally_notify_history(struct sally_lwm2m_client *c,
                                    const struct sally_lwm2m_record *records,
                                    size_t count, sally_usec now)
    SALLY_MUST_USE;

/* The link's news of a notification. True: the session must be given up. */
bool sally_notify_told(struct sally_lwm2m_client *c, sally_coap_exchange x,
                       enum sally_err e, sally_usec now);

/* All of them, and back, see sally_lwm2m_client_save(). MALFORMED, NO_ROOM. */
void sally_notify_save(const struct sally_lwm2m_client *c,
                       struct sally_writer *w);
enum sally_err sally_notify_restore(struct sally_lwm2m_client *c,
                                    struct sally_cursor *at,
                                    sally_usec now) SALLY_MUST_USE;

size_t sally_notify_count(const struct sally_lwm2m_client *c);

#endif
