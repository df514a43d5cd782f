/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/tls_door.h - TLS between sensors and the engines of the local
 * side: who may begin a handshake, and which sensor one has proved to be.
 *
 * A line is one connection. While its handshake is under way it costs a place,
 * of which there are few, a few for each source, and none for longer than
 * SALLY_TLS_SHAKE_TIME. Nothing is known of the peer before it is up; then it
 * is a sensor, or with a certificate of ours alone nobody yet.
 *
 * Opens no socket, reads no clock: its host is roles/tls_lines.c.           */
#ifndef SALLY_INGRESS_TLS_DOOR_H
#define SALLY_INGRESS_TLS_DOOR_H

#include "ingress/auth/address.h"
#include "ingress/auth/tls_keys.h"
#include "security/stack.h"

#define SALLY_TLS_SHAKING_MAX 64    /* handshakes under way... */
#define SALLY_TLS_SHAKING_SOURCE 8  /* ...of one address */
#define SALLY_TLS_BEGUN_MAX 64      /* handshakes begun in a second... */
#define SALLY_TLS_BEGUN_SOURCE 16   /* ...by one address */
#define SALLY_TLS_SHAKE_TIME (10 * SALLY_SEC)
#define SALLY_TLS_SHAKE_SURE (3 * SALLY_SEC) /* nobody is in its way so long */
#define SALLY_TLS_INPUT_MAX 1024    /* bytes of one input */

struct sally_tls_door;
struct sally_tls_line;

struct sally_tls_host {
    /* The line is over: close its connection, after what is left of its
     * output, and it. Not from within a call on that line.                  */
    void (*end)(void *owner, void *handle);
    void (*end_visit)(void *owner, void *handle); /* likewise, of a visit */
    void (*arm)(void *owner, sally_usec when);
    sally_msec_utc (*utc)(void *owner); /* certificates are compared with it */
};

/* Room for so many lines at once; `host` outlives it. NO_MEMORY, CRYPTO. */
enum sally_err sally_tls_door_create(struct sally_tls_door **out, size_t lines,
                                     struct sally_random random,
                                     const struct sally_tls_host *host,
                                     void *owner) SALLY_MUST_USE;
enum sally_err sally_tls_door_grow(struct sally_tls_door *d,
                                   size_t lines) SALLY_MUST_USE;

/* All lines are closed before. NULL is allowed. */
void sally_tls_door_wipe(struct sally_tls_door *d);

/* These keys count from now on, and are the door's. Handshakes under way end;
 * lines that are up are the host's to look after.                           */
void sally_tls_door_rekey(struct sally_tls_door *d,
                          struct sally_tls_keys *keys);
const struct sally_tls_keys *
sally_tls_door_keys(const struct sally_tls_door *d);

void sally_tls_door_expire(struct sally_tls_door *d, sally_usec now);

/* --- Lines --------------------------------------------------------------- */

/* A connection that came in to a listener of this kind. NO_ROOM: to be closed,
 * since too many handshakes are under way or the source has failed too often;
 * UNSUPPORTED: there is nothing to begin one with.                          */
enum sally_err sally_tls_line_open(struct sally_tls_line **out,
                                   struct sally_tls_door *d,
                                   enum sally_secure by, void *handle,
                                   const struct sally_auth_source *source,
                                   sally_usec now) SALLY_MUST_USE;

/* Takes what came, SALLY_TLS_INPUT_MAX bytes at most, and appends plaintext.
 * OK: call again with nothing, when there is room for more. PENDING: it is all
 * used up. CLOSED: the peer has said goodbye. Anything else: it has failed,
 * which was logged; what is left of the output is an alert.                 */
enum sally_err sally_tls_line_input(struct sally_tls_line *l,
                                    struct sally_span wire,
                                    struct sally_buf *plain,
                                    sally_usec now) SALLY_MUST_USE;

/* Who is at the other end of a line that is up. */
struct sally_tls_proof {
    uint32_t sensor; /* UINT32_MAX: nobody yet */
    enum sally_auth_method method;
};
bool sally_tls_line_is_up(const struct sally_tls_line *l,
                          struct sally_tls_proof *out);

/* The next bytes to send, of the handshake or a record with what `plain` begins
 * with. _sent() says how many of `plain` have gone with that, once all of the
 * record has.                                                               */
struct sally_span sally_tls_line_output(struct sally_tls_line *l,
                                        struct sally_span plain);
size_t sally_tls_line_sent(struct sally_tls_line *l, size_t n);

/* --- Visits -------------------------------------------------------------- */

/* A peer of CoAP, whose link has the session: what the door has to do with its
 * handshake. Its link is accepted with the finder, and given input between
 * _enter() and _leave(). When it is up, _met() says which sensor it is, or why
 * it is none; when it has failed, _failed() logs that. _line_close() ends it.
 * What is returned is as with a line.                                       */
enum sally_err sally_tls_visit_open(struct sally_tls_line **out,
                                    struct sally_tls_door *d, void *handle,
                                    const struct sally_auth_source *source,
                                    sally_usec now) SALLY_MUST_USE;
const struct sally_key_finder *
sally_tls_visit_finder(const struct sally_tls_door *d);
void sally_tls_visit_enter(struct sally_tls_line *l, sally_usec now);
void sally_tls_visit_leave(struct sally_tls_line *l);
enum sally_err sally_tls_visit_met(struct sally_tls_line *l,
                                   struct sally_span identity,
                                   uint32_t *sensor) SALLY_MUST_USE;
void sally_tls_visit_failed(struct sally_tls_line *l, enum sally_err why);

/* What such links share with the door's lines. */
struct sally_security *sally_tls_door_security(const struct sally_tls_door *d);

void sally_tls_line_say_goodbye(struct sally_tls_line *l);

/* The connection is gone; `lost`: the peer ended it. NULL is allowed. */
void sally_tls_line_close(struct sally_tls_line *l, bool lost);

#endif
