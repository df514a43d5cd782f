/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/stack.h - the security of one association, whatever it is.
 *
 * The one table from (security mode, URI scheme) to a mechanism lives here.
 * The CoAP link drives a stack; the owner of the link only picks the account.
 * Calls are those of mechanism.h without the row.                           */
#ifndef SALLY_SECURITY_STACK_H
#define SALLY_SECURITY_STACK_H

#include "security/object.h"

enum sally_scheme {
    SALLY_SCHEME_COAP,
    SALLY_SCHEME_COAPS,
    SALLY_SCHEME_COAP_TCP, /* RFC 8323 */
    SALLY_SCHEME_COAPS_TCP
};

struct sally_security_limits {
    size_t sessions;   /* associations at the same time */
    size_t heap_bytes; /* bound on all that the DTLS library allocates */
};

/* The shared part: library contexts (few, one per version policy and role),
 * the allocator and its count. `packets` lends blocks of SALLY_DATAGRAM_MAX
 * bytes or more and outlives the result. The library's allocator is global to
 * the process, so there is one of these per process. NO_MEMORY, CRYPTO; NO_ROOM
 * if the blocks of `packets` are too small.                                 */
enum sally_err sally_security_init(struct sally_security **out,
                                   const struct sally_security_limits *limits,
                                   struct sally_pool *packets,
                                   struct sally_random random) SALLY_MUST_USE;
void sally_security_wipe(struct sally_security *s); /* NULL is allowed */

/* Other limits from now on; what is there already stays. */
void sally_security_limit(struct sally_security *s,
                          const struct sally_security_limits *limits);

/* What the system's clock says, in seconds since 1970, and whether it is set;
 * before the first session, and from time to time. Certificates are compared
 * with it, and never with a time before the floor: the date of this source, or
 * the last time that was known to be right, which the second call gives. Of a
 * clock that is not set only the floor counts: what ended before it has
 * expired, and no certificate is too young. NULL is allowed.                */
void sally_security_clock(struct sally_security *s, uint64_t utc_seconds,
                          bool synchronised);
void sally_security_floor(struct sally_security *s, uint64_t utc_seconds);

/* The key that ties what can resume a session to the credential that it grew
 * from; random by itself. Whoever saves sessions gives one that outlives the
 * process, before the first session.                                        */
void sally_security_bind(struct sally_security *s,
                         const struct sally_hash_key *key);

/* Bytes that the DTLS library holds now. */
size_t sally_security_heap(const struct sally_security *s);

/* What protects the messages of a session end to end. */
struct sally_stack_object {
    const struct sally_object_mechanism *row;
    bool started;   /* false: nothing may be sent yet */
    bool continued; /* the keys go on from where they were */
    uint64_t state[]; /* row->size bytes */
};

struct sally_stack {
    const struct sally_mechanism *channel; /* NULL before start */
    void *state;                           /* owned; channel->size bytes */
    struct sally_security *shared;
    struct sally_stack_object *object;  /* owned; NULL: none in this session */
    struct sally_resumption resumption; /* kept from one start to the next */
    int16_t alert;                      /* of the session that ended last */
};

/* The row for this mode and scheme, or NULL if they do not go together (PSK
 * over coap:, NoSec over coaps:).                                           */
const struct sally_mechanism *sally_stack_row(enum sally_security_mode mode,
                                              enum sally_scheme scheme);

/* The mode of an account that names none: the first that goes with the scheme;
 * NoSec where none does, which is then refused like any.                    */
enum sally_security_mode sally_stack_usual(enum sally_scheme scheme);

/* What protects the messages of this account end to end; NULL: nothing. */
const struct sally_object_mechanism *
sally_stack_object_row(const struct sally_credential *credential);

/* Begins a session; ends one that was there, and offers to resume it if the
 * credential is the same. `s` is zeroed before its first start. NO_MEMORY,
 * NO_CREDENTIAL, UNSUPPORTED (no such row). `credential` outlives the
 * session; `shared` may be NULL for a mechanism that is not secure.         */
enum sally_err sally_stack_start(struct sally_stack *s,
                                 struct sally_security *shared,
                                 enum sally_scheme scheme,
                                 const struct sally_credential *credential,
                                 sally_usec now) SALLY_MUST_USE;

/* Server role; for tests and, later, local DTLS. */
enum sally_err sally_stack_accept(struct sally_stack *s,
                                  struct sally_security *shared,
                                  enum sally_scheme scheme,
                                  const struct sally_key_finder *finder,
                                  sally_usec now) SALLY_MUST_USE;

/* What follows a start or an accept: begins what protects messages end to end,
 * if the session has that; it is not up before. Parameters and errors are those
 * of object.h.                                                              */
enum sally_err
sally_stack_start_object(struct sally_stack *s,
                         const struct sally_credential *credential,
                         const struct sally_key_finder *finder,
                         const struct sally_object_past *past,
                         const struct sally_object_host *host,
                         struct sally_random random,
                         sally_usec now) SALLY_MUST_USE;

/* True if the channel takes messages, whatever protects them above it. */
bool sally_stack_carries(const struct sally_stack *s);

/* A question of what protects messages end to end that is to be asked now; see
 * object.h. Keys that ask one do not go on from where they were.            */
bool sally_stack_question(struct sally_stack *s,
                          struct sally_coap_message *plain);

/* Up when all of it is. */
enum sally_channel_state sally_stack_state(const struct sally_stack *s);
enum sally_err sally_stack_reason(const struct sally_stack *s);
enum sally_err sally_stack_seal(struct sally_stack *s,
                                struct sally_span message,
                                struct sally_buf *wire) SALLY_MUST_USE;
enum sally_err sally_stack_open(struct sally_stack *s, struct sally_span wire,
                                struct sally_buf *message,
                                sally_usec now) SALLY_MUST_USE;
struct sally_span sally_stack_output(struct sally_stack *s);
sally_usec sally_stack_deadline(const struct sally_stack *s);
void sally_stack_expire(struct sally_stack *s, sally_usec now);
void sally_stack_close(struct sally_stack *s);

/* Ends the session silently and forgets it: for the end of the association.
 * To begin anew only start again, without a wipe before it.                 */
void sally_stack_end(struct sally_stack *s); /* what can resume it stays */
void sally_stack_wipe(struct sally_stack *s);
size_t sally_stack_overhead(const struct sally_stack *s);
bool sally_stack_is_stream(const struct sally_stack *s); /* once started */

/* True if the peer may still hold what it knew of us: the keys that protect
 * messages end to end go on, or without those the channel was resumed.      */
bool sally_stack_resumed(const struct sally_stack *s);
struct sally_span sally_stack_peer_identity(const struct sally_stack *s);
const char *sally_stack_suite(const struct sally_stack *s);

/* The last alert of this session, or of the one before while there is none,
 * received or else sent; -1: none. LwM2M: /1/x/11.                          */
int sally_stack_alert(const struct sally_stack *s);
/* How far the keys of what protects messages are used up, in percent; 0 where
 * nothing does. Worth a warning from SALLY_STACK_WORN on.                   */
#define SALLY_STACK_WORN 75
unsigned sally_stack_wear(const struct sally_stack *s);

/* Appends what could resume the association, which is secret, to `out`; and
 * takes it up again before the first start, which offers it if the credential
 * is still the same. NOT_FOUND: there is nothing; NO_ROOM, CRYPTO. MALFORMED,
 * BAD_STATE: a session is there.                                            */
enum sally_err sally_stack_save(const struct sally_stack *s,
                                struct sally_buf *out) SALLY_MUST_USE;
enum sally_err sally_stack_restore(struct sally_stack *s,
                                   struct sally_span saved) SALLY_MUST_USE;

/* True if a list of `trust` names a certificate of the peer's chain: then that
 * session is to be begun anew, for the chain to be judged. For a walk over many
 * associations; `*last` is zeroed before it and keeps what was found, since
 * most of them have the same peer. No session may end during the walk.      */
struct sally_revoked {
    const struct sally_trust *trust;
    struct sally_span evidence;
    bool revoked;
};
bool sally_stack_revoked(const struct sally_stack *s,
                         const struct sally_trust *trust,
                         struct sally_revoked *last);

/* True if the peer knows a session that is up by a connection ID: after our
 * address has changed it goes on, and no handshake is needed.               */
bool sally_stack_kept_by_cid(const struct sally_stack *s);

/* Server role: the connection ID that is ours (see mechanism.h). */
struct sally_span sally_stack_cid(const struct sally_stack *s);

/* The connection ID of ours that a datagram is sent to; empty: none. */
struct sally_span sally_stack_cid_of(struct sally_span datagram);

/* Forgets what could resume the association (called when keys change). */
void sally_stack_forget(struct sally_stack *s);

#endif
