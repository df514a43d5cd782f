/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_state.h - what the files of the DTLS mechanism share. No
 * file outside includes this: it brings the crypto library's headers.       */
#ifndef SALLY_SECURITY_DTLS_STATE_H
#define SALLY_SECURITY_DTLS_STATE_H

#include "base/hash.h"
#include "security/mechanism.h"
#include "security/peer.h"

#ifndef WOLFSSL_STATIC_PSK
#error "wolfSSL lacks PSK-AES128-CCM-8: build it with -DWOLFSSL_STATIC_PSK"
#endif
#ifndef WOLFSSL_DTLS_DROP_STATS
#error "wolfSSL hides forgeries: build it with -DWOLFSSL_DTLS_DROP_STATS"
#endif
#if !defined(WOLFSSL_DTLS_MTU) || !defined(SINGLE_THREADED)
#error "wolfSSL needs --enable-dtls-mtu and --enable-singlethreaded"
#endif

/* Bytes that a record adds at most: header 13, and for AES-CBC with SHA-256
 * IV 16, padding 16, MAC 32. CCM-8 adds 29 in all.                          */
#define SALLY_DTLS_OVERHEAD 77

/* Largest record we send; with UDP and IPv6 headers it fits 1280 bytes. */
#define SALLY_DTLS_MTU 1232

/* Datagrams of its own that a session holds at most; a PSK flight has three. */
#define SALLY_DTLS_QUEUE_MAX 8

struct sally_security {
    WOLFSSL_CTX *client;
    WOLFSSL_CTX *server; /* NULL until the first session in this role */
    struct sally_pool *packets;
    struct sally_hash_key hash_key;
    struct sally_clock clock;
    size_t sessions, sessions_max;
};

/* A datagram that waits in a block of the packets pool. */
struct sally_dtls_packet {
    struct sally_dtls_packet *next;
    size_t len;
    uint8_t bytes[SALLY_DTLS_MTU];
};

/* Our last flight, where we have the last word in a handshake: a peer that
 * missed it repeats its own.                                                */
struct sally_dtls_final {
    size_t len;
    uint8_t bytes[];
};

struct sally_dtls {
    WOLFSSL *ssl; /* NULL once CLOSED or FAILED */
    struct sally_security *shared;
    const struct sally_credential *credential; /* client role */
    struct sally_key_finder finder;            /* server role */
    struct sally_peer peer;
    char *peer_identity; /* server role, with a PSK; owned */
    struct sally_resumption *resumption;
    struct sally_span inbound; /* lent to the library during open */
    struct sally_buf *capture; /* where seal wants the record */
    struct sally_dtls_packet *first, *last; /* waiting */
    struct sally_dtls_packet *lent;         /* given out by output */
    struct sally_dtls_final *final; /* owned; until the peer sends data */
    sally_usec resend_at, give_up_at;
    sally_usec repeat_at;   /* from then on a repetition is answered again */
    uint64_t peer_position; /* how far we saw the peer's handshake */
    uint8_t queued;
    uint8_t unread; /* records of the last datagram, at most */
    uint8_t state;  /* enum sally_channel_state */
    uint8_t reason; /* enum sally_err */
    uint8_t role;   /* enum sally_role */
    int16_t alert;  /* the last one; -1: none */
    bool resumed;
    bool sent; /* the library sent something, found a block or not */
};

/* dtls.c: ends the session; a last alert may still wait in the queue. */
void sally_dtls_end(struct sally_dtls *d, enum sally_channel_state state,
                    enum sally_err reason);

/* dtls_handshake.c */
void sally_dtls_shake(struct sally_dtls *d, sally_usec now);
void sally_dtls_expire(void *state, sally_usec now);
void sally_dtls_drop_final(struct sally_dtls *d);

/* True, once per second, when the peer repeats what we have seen. */
bool sally_dtls_may_repeat(struct sally_dtls *d, sally_usec now);
void sally_dtls_resend_final(struct sally_dtls *d);

/* dtls_traffic.c */
enum sally_err sally_dtls_seal(void *state, struct sally_span message,
                               struct sally_buf *wire);
enum sally_err sally_dtls_open(void *state, struct sally_span wire,
                               struct sally_buf *message, sally_usec now);

/* dtls_context.c: a session object of the role's shared context. */
WOLFSSL *sally_dtls_new(struct sally_security *s, enum sally_role role);

/* What is offered or accepted besides the context's suites, by what the session
 * proves itself with. CRYPTO.                                               */
enum sally_err sally_dtls_choose_suites(struct sally_dtls *d) SALLY_MUST_USE;

/* dtls_io.c: joins the library's input and output to `d`. */
void sally_dtls_io_join(struct sally_dtls *d);
void sally_dtls_io_put(struct sally_dtls *d, struct sally_span datagram);
struct sally_span sally_dtls_io_next(struct sally_dtls *d);
void sally_dtls_io_wipe(struct sally_dtls *d);

/* dtls_psk.c: the callbacks, which find `d` in the session. */
void sally_dtls_psk_context(WOLFSSL_CTX *context, enum sally_role role);
void sally_dtls_psk_join(struct sally_dtls *d);

/* dtls_resumption.c: offers what fits the credential, keeps what came up. */
void sally_dtls_resumption_offer(struct sally_dtls *d);
void sally_dtls_resumption_keep(struct sally_dtls *d);
void sally_dtls_resumption_forget(struct sally_resumption *r);

#endif
