/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_state.h - what the files of the DTLS mechanism share: a
 * session, and the datagrams that carry it.                                 */
#ifndef SALLY_SECURITY_DTLS_STATE_H
#define SALLY_SECURITY_DTLS_STATE_H

#include "security/dtls_record.h"
#include "security/session.h"

/* Bytes that a record adds at most: header 13, and for AES-CBC with SHA-256
 * IV 16, padding 16, MAC 32. CCM-8 adds 29 in all. A connection ID that the
 * peer wants adds its length and 1; where that makes a record of a message of
 * the largest size too long, it is refused.                                 */
#define SALLY_DTLS_OVERHEAD 77

/* Datagrams of its own that a session holds at most; a flight with chains has
 * half of them.                                                             */
#define SALLY_DTLS_QUEUE_MAX 8

#define SALLY_DTLS_TIMEOUT_MAX                                                 \
    64 /* seconds between two tries; RFC 6347 s.4.2.4 */

/* A datagram that waits in a block of the packets pool. */
struct sally_dtls_packet {
    struct sally_dtls_packet *next;
    size_t len;
    uint8_t bytes[SALLY_DTLS_MTU];
};

struct sally_dtls {
    struct sally_session session;
    struct sally_span inbound; /* lent to the library during open */
    struct sally_buf *capture; /* where seal wants the record */
    size_t capture_from;
    struct sally_dtls_packet *first, *last; /* waiting */
    struct sally_dtls_packet *lent;         /* given out by output */
    struct sally_blob *final; /* 1.2: our last flight, where we have the last
                               * word in a handshake and the peer may have
                               * missed it; owned; until the peer sends data */
    sally_usec resend_at, give_up_at;
    sally_usec repeat_at;   /* from then on a repetition is answered again */
    sally_usec burst_until; /* end of the second that `burst` counts in */
    uint32_t peer_position; /* how far we saw the peer's handshake, */
    uint32_t peer_whole;    /* and how far without a gap */
    uint8_t burst;          /* datagrams sent as an answer in this second */
    uint8_t queued;
    uint8_t unread;                  /* records of the last datagram, at most */
    uint8_t cid[SALLY_DTLS_CID_LEN]; /* that we are called by */
    uint8_t cid_len;
    bool answering; /* what the library sends now, answers a datagram */
    bool newer;     /* the session is up and of 1.3 */
    bool tired;     /* the library repeated something often enough */
    bool sent;      /* the library sent something, found a block or not */
};

/* dtls.c: ends the session; a last alert may still wait in the queue. */
void sally_dtls_end(struct sally_dtls *d, enum sally_channel_state state,
                    enum sally_err reason);

/* Tidies up if the library's part ended the session. */
void sally_dtls_settle(struct sally_dtls *d);

/* dtls_handshake.c */
void sally_dtls_shake(struct sally_dtls *d, sally_usec now);
void sally_dtls_expire(void *state, sally_usec now);
void sally_dtls_drop_final(struct sally_dtls *d);

/* 1.3: flights and key updates that the peer has not acknowledged are sent
 * again after the handshake too. Called when traffic came in.               */
void sally_dtls_watch(struct sally_dtls *d, sally_usec now);

/* The peer sent a message: it is there. */
void sally_dtls_heard(struct sally_dtls *d);

/* True, once per second, when the peer repeats what we have seen. */
bool sally_dtls_may_repeat(struct sally_dtls *d, sally_usec now);
void sally_dtls_resend_final(struct sally_dtls *d);

/* dtls_traffic.c */
enum sally_err sally_dtls_seal(void *state, struct sally_span message,
                               struct sally_buf *wire);
enum sally_err sally_dtls_open(void *state, struct sally_span wire,
                               struct sally_buf *message, sally_usec now);

/* Throws away what the library holds of a message, such as the rest of one that
 * is longer than the caller's room. True: there was some.                   */
bool sally_dtls_drop_rest(struct sally_dtls *d);

/* dtls_io.c: joins the library's input and output to `d`. */
void sally_dtls_io_join(struct sally_dtls *d);
void sally_dtls_io_put(struct sally_dtls *d, struct sally_span datagram);
struct sally_span sally_dtls_io_next(struct sally_dtls *d);
void sally_dtls_io_wipe(struct sally_dtls *d);

/* What is sent from here on answers a datagram that came at `now`. */
void sally_dtls_io_answer(struct sally_dtls *d, sally_usec now);

/* dtls_cid.c: offers or accepts connection IDs before a handshake. NO_MEMORY.
 */
enum sally_err sally_dtls_cid_join(struct sally_dtls *d);

/* True if the peer knows us by a connection ID, wherever we send from. */
bool sally_dtls_cid_kept(const struct sally_dtls *d);

#endif
