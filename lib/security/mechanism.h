/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/mechanism.h - the interface that every way of protecting
 * traffic with one peer implements.
 *
 * A channel mechanism turns messages into datagrams and back. It is an
 * engine: no socket, no clock, no log. One static const row per mechanism;
 * the table that picks a row is in stack.c, and nothing outside lib/security
 * branches on which one it is.
 *
 * Calls allowed: start first; then, in any order, the others; wipe at any
 * time, twice if need be. After FAILED or CLOSED only state, reason, output
 * (a last alert may wait there) and wipe have an effect; a new session is a
 * new start on fresh state.                                                 */
#ifndef SALLY_SECURITY_MECHANISM_H
#define SALLY_SECURITY_MECHANISM_H

#include "base/error.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/span.h"
#include "base/time.h"
#include "security/credential.h"

enum sally_role { SALLY_ROLE_CLIENT, SALLY_ROLE_SERVER };

enum sally_channel_state {
    SALLY_CHANNEL_IDLE,      /* not started */
    SALLY_CHANNEL_HANDSHAKE, /* messages cannot be sealed yet */
    SALLY_CHANNEL_UP,
    SALLY_CHANNEL_CLOSED, /* closed in order by either side */
    SALLY_CHANNEL_FAILED  /* see stack's reason */
};

#define SALLY_DATAGRAM_MAX 1280 /* bytes on the wire, both ways */
#define SALLY_MESSAGE_MAX 1152  /* bytes of one CoAP message; RFC 7252 s.4.6 */

/* What all sessions of a process share; made once, see stack.h. */
struct sally_security;

/* Server role: what a server knows of its clients. Each function may be NULL,
 * which refuses what it would find; those that find say NOT_FOUND when there is
 * none. All of it outlives the session.                                     */
struct sally_object_contexts;
struct sally_object_past;
struct sally_key_finder {
    /* The pre-shared key of an identity that a client offers. */
    enum sally_err (*find)(void *owner, struct sally_span identity,
                           struct sally_secret *key);

    /* May this client come in, which proved to have the key? RPK: its SPKI.
     * X.509: its own certificate, whose chain is verified against the trust
     * of `own`. Anything but OK refuses it.                                 */
    enum sally_err (*admit)(void *owner, enum sally_security_mode mode,
                            struct sally_span peer);

    /* The credential whose OSCORE sender id is `kid`; `kid_context` is empty
     * where the client sent none. The credential is that of the client's side
     * and outlives `contexts`, which keep what comes of it.                 */
    enum sally_err (*find_oscore)(void *owner, struct sally_span kid,
                                  struct sally_span kid_context,
                                  const struct sally_credential **out);
    struct sally_object_contexts *contexts; /* see object.h; NULL: no OSCORE */

    /* What is known of the sequence numbers of all of them; NULL: nothing. */
    const struct sally_object_past *past;

    /* The server's own key pair, RPK or X.509; NULL: PSK only. */
    const struct sally_credential *own;

    /* A client that proves nothing is let in, too, with an empty identity: it
     * says who it is inside. It is asked for a certificate where `own` has
     * trust to judge one by. Not together with `find`, since an identity that a
     * client named and did not prove would then be taken for its own.       */
    bool anonymous;

    /* Hand out connection IDs to clients that ask for them (RFC 9146, 9147):
     * whoever owns the socket looks for them, see sally_stack_cid().        */
    bool connection_id;
    void *owner;
};

/* What could resume the association later. The stack keeps it from one session
 * to the next; a mechanism takes it out when it offers it, and puts one in
 * when a session is up: so an attempt that fails leaves nothing behind.     */
struct sally_blob;
struct sally_resumption {
    void *session;  /* owned, the library's; NULL: none */
    uint64_t owner; /* digest of the credential that it belongs to */
    struct sally_blob *evidence; /* owned; of the peer's chain, also while a
                                    session is up; NULL: it showed none */
};

struct sally_mechanism {
    const char *name; /* "none", "dtls" */
    size_t size;      /* bytes of state; the stack brings them */
    size_t overhead;  /* bytes at most that sealing adds to a message */
    bool secure;      /* false for `none` only */
    bool stream;      /* over a stream: see seal and open */

    /* Begins a session on zeroed state. The credential outlives it. With
     * SALLY_ROLE_SERVER `finder` gives the keys and `credential` is NULL.
     * `resumption` outlives the session too.                                */
    enum sally_err (*start)(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now);

    /* Releases what `resumption` holds; nothing happens if that is nothing. */
    void (*forget)(struct sally_resumption *resumption);

    enum sally_channel_state (*state)(const void *state);

    /* Why the state is FAILED, in a table row's sense. */
    enum sally_err (*reason)(const void *state);

    /* One message to one datagram, appended to `wire`. PENDING while in
     * HANDSHAKE, NO_ROOM, BAD_STATE.                                        */
    enum sally_err (*seal)(void *state, struct sally_span message,
                           struct sally_buf *wire);

    /* A received datagram; appends one message to `message`. PENDING: it was
     * consumed and gave no message. A datagram can hold several records:
     * call again with an empty span until PENDING. PEER class: drop it, the
     * session goes on.
     * A stream: any chunk of up to SALLY_DATAGRAM_MAX bytes, once what was
     * given before has been taken up to PENDING; plaintext is appended as far
     * as there is room. What is wrong with it ends the session.             */
    enum sally_err (*open)(void *state, struct sally_span wire,
                           struct sally_buf *message, sally_usec now);

    /* The next datagram of its own (handshake, alert); valid until the next
     * call on this state; empty: none.                                      */
    struct sally_span (*output)(void *state);

    sally_usec (*deadline)(const void *state);
    void (*expire)(void *state, sally_usec now);

    /* Says goodbye (DTLS close_notify) if the channel is up, which is CLOSED
     * from then on.                                                         */
    void (*close)(void *state);

    void (*wipe)(void *state);

    /* Server role, once UP: the identity that the client proved; empty for a
     * mechanism without one. Borrows from the state.                        */
    struct sally_span (*peer_identity)(const void *state);

    /* The negotiated suite for display, "" if none; static text. */
    const char *(*suite)(const void *state);

    /* True if the session was resumed: the peer may still hold what it knew
     * of us, so an Update is enough. False: Register again.                 */
    bool (*resumed)(const void *state);

    /* The last alert of TLS, received or else sent; -1: none. It stays to be
     * had when the channel has FAILED.                                      */
    int (*alert)(const void *state);

    /* Client role: true if the peer knows this session by a connection ID, so
     * that it may go on from another address.                               */
    bool (*kept_by_cid)(const void *state);

    /* Server role: the connection ID that the client calls us by, if it asked
     * for one; empty: none. Borrows from the state.                         */
    struct sally_span (*cid)(const void *state);
};

#endif
