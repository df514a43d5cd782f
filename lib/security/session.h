/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session.h - one TLS or DTLS session, whatever carries its
 * records: the library's object, the credential joined to it, what can resume
 * it, and what its errors mean. dtls*.c and tls.c own one each and bring input
 * and output. No file outside lib/security includes this: it brings the crypto
 * library's headers.                                                        */
#ifndef SALLY_SECURITY_SESSION_H
#define SALLY_SECURITY_SESSION_H

#include "base/hash.h"
#include "security/mechanism.h"
#include "security/peer.h"
#include "security/suites.h"

#ifndef WOLFSSL_STATIC_PSK
#error "wolfSSL lacks PSK-AES128-CCM-8: build it with -DWOLFSSL_STATIC_PSK"
#endif
#ifndef WOLFSSL_DTLS_DROP_STATS
#error "wolfSSL hides forgeries: build it with -DWOLFSSL_DTLS_DROP_STATS"
#endif
#ifndef WOLFSSL_TICKET_HAVE_ID
#error "wolfSSL forgets whose ticket it is: build it with \
-DWOLFSSL_TICKET_HAVE_ID"
#endif
#ifndef DTLS13_MIN_RTX_INTERVAL
#error "wolfSSL repeats by its own clock: build it with \
-DDTLS13_MIN_RTX_INTERVAL=0"
#endif
#if !defined(WOLFSSL_DTLS_MTU) || !defined(SINGLE_THREADED)
#error "wolfSSL needs --enable-dtls-mtu and --enable-singlethreaded"
#endif

/* Largest record we send; with UDP and IPv6 headers it fits 1280 bytes. */
#define SALLY_DTLS_MTU 1232

enum sally_transport { SALLY_TRANSPORT_DATAGRAM, SALLY_TRANSPORT_STREAM };

/* Versions that a context speaks; all of 1.3 only is `BOTH` with a floor. */
enum sally_versions { SALLY_VERSIONS_12, SALLY_VERSIONS_BOTH };

/* Who a session belongs to that a client may resume. */
struct sally_known_session {
    uint64_t id; /* digest of the session's identifier; 0: free */
    uint64_t age;
    uint64_t key;             /* digest of the PSK; 0: none */
    struct sally_blob *peer;  /* owned; its identity */
    struct sally_blob *shown; /* owned; its raw key or chain; NULL: a PSK */
    bool raw;
};

struct sally_security {
    /* Made when first used, but for the clients' of datagrams. */
    WOLFSSL_CTX *contexts[2][2][2];         /* role, transport, versions */
    struct sally_suite_list *server_suites; /* owned; NULL: the default */
    struct sally_pool *packets;
    struct sally_random random;
    struct sally_hash_key hash_key; /* of digests that tie a session to keys */
    struct sally_clock clock;
    size_t sessions, sessions_max;
    struct sally_known_session *known; /* owned; NULL until a server's first */
    size_t known_count;
    uint64_t known_age;
};

struct sally_session {
    WOLFSSL *ssl; /* NULL once CLOSED or FAILED */
    struct sally_security *shared;
    const struct sally_credential *credential; /* client role */
    const struct sally_key_finder *finder;     /* server role */
    struct sally_resumption *resumption;
    const char *psk_suite;   /* that a key is bound to in 1.3; NULL: none */
    struct sally_peer peer;  /* keys and certificates */
    struct sally_blob *name; /* server role: the identity of a PSK, or of a
                              * resumed session; owned                     */
    int16_t alert;           /* the last one received or sent; -1: none */
    uint8_t state;           /* enum sally_channel_state */
    uint8_t reason;          /* enum sally_err */
    uint8_t role;            /* enum sally_role */
    uint8_t transport;       /* enum sally_transport */
    bool resumed;
    bool ticket;   /* client, 1.3: one came and is not kept yet */
    bool key_used; /* client, 1.3: the library asked for the key after the last
                    * ClientHello, so it is the key that the server chose    */
};

/* --- session.c ----------------------------------------------------------- */

/* What a mechanism's start gets; see there. */
struct sally_session_start {
    struct sally_security *shared;
    const struct sally_credential *credential;
    const struct sally_key_finder *finder;
    struct sally_resumption *resumption;
    enum sally_role role;
    enum sally_transport transport;
};

/* Makes the library's object with the credential joined to it and what can
 * resume the association offered. Nothing is sent: the caller joins input and
 * output, then shakes. NO_MEMORY; UNSUPPORTED: no suite is left to offer;
 * CRYPTO.                                                                   */
enum sally_err
sally_session_begin(struct sally_session *s,
                    const struct sally_session_start *start) SALLY_MUST_USE;

/* Goes on with the handshake. OK: the session is up. PENDING: it waits for
 * input. Anything else has ended it.                                        */
enum sally_err sally_session_shake(struct sally_session *s);

/* The library sends these bytes. What carries them says so each time. */
void sally_session_sends(struct sally_session *s, struct sally_span bytes);

/* Frees the library's object; a last alert may still be to be sent. */
void sally_session_end(struct sally_session *s, enum sally_channel_state state,
                       enum sally_err reason);

/* The library said `result` to a read, a write or a time-out: ends the session
 * unless there is only nothing to read. PENDING, CLOSED or the reason.      */
enum sally_err sally_session_judge(struct sally_session *s, int result);

/* Says goodbye, if the session is up. */
void sally_session_close(struct sally_session *s);

/* Ends it if need be, and frees all. */
void sally_session_wipe(struct sally_session *s);

/* Server role: who the client is; empty until the session is up. */
struct sally_span sally_session_peer(const struct sally_session *s);
const char *sally_session_suite(const struct sally_session *s);

/* True once the version is known to be 1.3. */
bool sally_session_is_13(const struct sally_session *s);

/* The last alert, received or else sent; -1: none. */
int sally_session_alert(const struct sally_session *s);

/* --- session_tells.c ------------------------------------------------------ */

/* What a mechanism's row tells of its state, where that begins with a session.
 */
enum sally_channel_state sally_session_tell_state(const void *state);
enum sally_err sally_session_tell_reason(const void *state);
struct sally_span sally_session_tell_peer(const void *state);
const char *sally_session_tell_suite(const void *state);
bool sally_session_tell_resumed(const void *state);
int sally_session_tell_alert(const void *state);

#define SALLY_SESSION_TELLS                                                    \
    .forget = sally_session_forget, .state = sally_session_tell_state,         \
    .reason = sally_session_tell_reason,                                       \
    .peer_identity = sally_session_tell_peer,                                  \
    .suite = sally_session_tell_suite, .resumed = sally_session_tell_resumed,  \
    .alert = sally_session_tell_alert

/* --- session_context.c --------------------------------------------------- */

/* A context of its own with what all sessions share: curve, limits, callbacks;
 * without anchors. NULL: no memory. The caller frees it.                    */
WOLFSSL_CTX *sally_context_make(enum sally_role role,
                                enum sally_transport transport,
                                enum sally_versions versions);

/* The shared one of its kind, made when first asked for. */
WOLFSSL_CTX *sally_context_of(struct sally_security *s, enum sally_role role,
                              enum sally_transport transport,
                              enum sally_versions versions);

/* --- session_psk.c ------------------------------------------------------- */

/* The callbacks, which find the session by what joins it. */
void sally_session_psk_context(WOLFSSL_CTX *context, enum sally_role role);
void sally_session_psk_join(struct sally_session *s);

/* Server role: who the client says it is. False: no memory. */
bool sally_session_name(struct sally_session *s, struct sally_span identity);

/* --- session_resumption.c ------------------------------------------------ */

/* Client role: offers what fits the credential; keeps what came up, in 1.3 when
 * a ticket came, so it is called after each read too.                       */
void sally_session_offer(struct sally_session *s);
void sally_session_keep(struct sally_session *s);

/* Client role, when a session is up that was not resumed: what its peer's chain
 * was accepted for stays beside it.                                         */
void sally_session_keep_evidence(struct sally_session *s);
void sally_session_forget(struct sally_resumption *r);

/* --- session_known.c ----------------------------------------------------- */

/* Server role, when a session is up: remembers who it belongs to, or after a
 * resumed one finds who that is, who must be let in as if it had shown all
 * anew: with the same key, by a chain that still holds. NO_CREDENTIAL: nobody
 * that is still known; NO_MEMORY; what a handshake is refused with.         */
enum sally_err sally_session_recognise(struct sally_session *s);
void sally_session_known_wipe(struct sally_security *shared);

#define SALLY_KNOWN_NEIGHBOURS 8 /* entries that one identifier may be in */

/* session_context.c: the table, made when the first session comes up. */
bool sally_session_known_room(struct sally_security *shared);

#endif
