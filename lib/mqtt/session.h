/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/session.h - one client's connection, server side, MQTT 3.1.1 and
 * 5.0.
 *
 * Bytes in, bytes out, one deadline; what the owner must act on comes as an
 * upcall. An idle session holds no buffer: a block is taken from a pool while
 * a packet is incomplete, while input waits its turn, or while output has not
 * gone out, and goes back at once. So peers can make us hold the pools and not
 * a byte more.
 *
 * A peer that breaks the protocol loses its connection; one that speaks
 * version 5 is told why first. What outlives the connection (a session in the
 * sense of MQTT) is the owner's: it says with _accept() that there is one.
 * Subscriptions are granted QoS 1 at most, and no reason strings are sent.   */
#ifndef SALLY_MQTT_SESSION_H
#define SALLY_MQTT_SESSION_H

#include "base/time.h"
#include "mqtt/block.h"
#include "mqtt/held.h"
#include "mqtt/packet.h"

#define SALLY_MQTT_INPUT_MAX 16384  /* bytes of one _session_input() */
#define SALLY_MQTT_CLIENT_ID_MAX 128
#define SALLY_MQTT_RECEIVE_MAX 20 /* QoS 1 and 2 that are not stored yet; in 5
                                     also of QoS 2 that are not released */
#define SALLY_MQTT_SEND_MAX 8     /* QoS 1 messages the client owes a PUBACK */
#define SALLY_MQTT_FILTERS_MAX 16 /* of one SUBSCRIBE; the rest is refused */
#define SALLY_MQTT_OUTPUT_HIGH 1024 /* bytes waiting to go out stop input */

struct sally_mqtt_limits {
    sally_usec connect_wait; /* from accept to a whole CONNECT; 5 s */
    sally_usec packet_wait;  /* from a packet's first byte to its last; 10 s */
    sally_usec verdict_wait; /* from CONNECT to the owner's verdict; 30 s */
    sally_usec output_wait;  /* bytes out without progress; 30 s */
    uint16_t keep_alive_max; /* seconds; for clients that ask for more, or 0 */
    bool accept_3_1;         /* "MQIsdp" level 3: old firmware */
};
extern const struct sally_mqtt_limits sally_mqtt_default_limits;

/* Why a connection ended. Only DISCONNECTED is clean. */
#define SALLY_MQTT_END_TABLE(X)                                                \
    X(NONE, "not ended")                                                       \
    X(DISCONNECTED, "client disconnected")                                     \
    X(WITH_WILL, "client disconnected and wants its will sent")                \
    X(LOST, "connection lost")                                                 \
    X(TLS, "TLS on the plaintext port")                                        \
    X(NOT_MQTT, "first bytes are not MQTT")                                    \
    X(VERSION, "protocol version not supported")                               \
    X(PROTOCOL, "protocol violation")                                          \
    X(TOO_LARGE, "packet larger than the limit")                               \
    X(UNFINISHED, "more unfinished messages than allowed")                     \
    X(REFUSED, "connect refused")                                              \
    X(CONNECT_TIMEOUT, "no complete CONNECT in time")                          \
    X(VERDICT_TIMEOUT, "credentials could not be checked in time")             \
    X(KEEP_ALIVE, "keep-alive passed without a packet")                        \
    X(SLOW, "packet not complete in time")                                     \
    X(STALLED, "client does not read")                                         \
    X(NO_ROOM, "out of buffers")                                               \
    X(REPLACED, "client connected again")                                      \
    X(KICKED, "ended by the gateway")

enum sally_mqtt_end {
#define X(name, text) SALLY_MQTT_END_##name,
    SALLY_MQTT_END_TABLE(X)
#undef X
};
const char *sally_mqtt_end_text(enum sally_mqtt_end why); /* never NULL */

/* What the owner must act on. None of these may wipe the session; all spans
 * are borrowed for the length of the call.                                  */
struct sally_mqtt_upcalls {
    /* A well-formed CONNECT. The owner answers now or later with exactly one
     * of _accept(), _refuse() or _end(). An empty client id (only with
     * clean) is the owner's to replace.                                     */
    void (*on_connect)(void *owner, const struct sally_mqtt_connect *c);

    /* A message, its topic filled in where it came as an alias. `number`
     * counts those of QoS 1 and 2 of this connection from 1 (0 for QoS 0):
     * packet ids come again, numbers do not. One that was told and is not
     * answered yet is not told again. True: taken; for QoS 1 and 2 the owner
     * owes one _answer(number), now or once the message is durable. False: no
     * room now; input stops and the same message is offered again after
     * _resume().                                                            */
    bool (*on_publish)(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number);

    /* The first message of QoS 2, and _accept() gave no place for its id. NULL:
     * there is none, and the connection ends.                               */
    struct sally_mqtt_held *(*on_hold)(void *owner);

    /* One filter of a SUBSCRIBE. Returns the QoS granted, 0 or 1, or
     * SALLY_MQTT_SUBACK_FAILURE. `qos` is 0 or 1. False: was not there.     */
    uint8_t (*on_subscribe)(void *owner, struct sally_span filter, uint8_t qos);
    bool (*on_unsubscribe)(void *owner, struct sally_span filter);

    /* The client has message `packet_id` of ours; or does not want it: a
     * `reason` from 0x80 on.                                                */
    void (*on_puback)(void *owner, uint16_t packet_id, uint8_t reason);

    /* The last upcall, exactly once, whatever ended the session. `will` is
     * NULL unless the session was accepted, ended uncleanly and left one. What
     * is in _output() may still go out; then close the connection and wipe. */
    void (*on_end)(void *owner, enum sally_mqtt_end why,
                   const struct sally_mqtt_publish *will);
};

enum sally_mqtt_state {
    SALLY_MQTT_NEW,     /* no CONNECT yet */
    SALLY_MQTT_WAITING, /* for the owner's verdict on it */
    SALLY_MQTT_OPEN,
    SALLY_MQTT_ENDED
};

/* Fields are the engine's; the owner reads none of them but `state`, `v5`,
 * `expiry` and `will_delay`.                                                */
struct sally_mqtt_session {
    const struct sally_mqtt_upcalls *upcalls;
    void *owner;
    const struct sally_mqtt_pools *pools;
    const struct sally_mqtt_limits *limits;
    sally_usec since;        /* the last whole packet, or the accept */
    sally_usec part_since;   /* first byte of an incomplete packet */
    sally_usec output_since; /* last progress of output */
    struct sally_mqtt_block in, out;
    uint8_t *will; /* block of the wills pool: topic, then payload */
    struct sally_mqtt_held *held;       /* the owner's; NULL: no QoS 2 yet */
    struct sally_mqtt_aliases *aliases; /* block; NULL: none was given */
    uint32_t next_number;
    uint32_t done; /* bit n: the n-th oldest of `unfinished` is durable */
    uint32_t twos; /* bit n: it is one of QoS 2 */
    uint32_t expiry;     /* seconds that the session outlives the connection */
    uint32_t will_delay; /* seconds from the end to the will */
    uint32_t packet_max; /* bytes that the client takes in a packet */
    uint16_t will_topic, will_payload; /* bytes */
    uint16_t keep_alive;               /* seconds, in force */
    uint16_t next_id;
    uint16_t sent_id[SALLY_MQTT_SEND_MAX]; /* 0: free */
    uint16_t unfinished[SALLY_MQTT_RECEIVE_MAX]; /* packet ids of messages the
                                owner holds: a ring, the oldest at `first` */
    uint8_t reasons[SALLY_MQTT_RECEIVE_MAX]; /* what to answer them with */
    uint8_t first, count;
    uint8_t send_max; /* QoS 1 messages that the client takes at a time */
    uint8_t state;    /* enum sally_mqtt_state */
    uint8_t will_qos;
    bool v5;
    bool keep_alive_ours; /* the client asked for another one */
    bool will_retain;
    bool busy; /* inside input: upcalls do not start another round */
    bool full; /* the owner had no room */
};

/* Starts with an accepted connection. `upcalls`, `pools` and `limits` outlive
 * the session.                                                              */
void sally_mqtt_session_init(struct sally_mqtt_session *s,
                             const struct sally_mqtt_upcalls *upcalls,
                             void *owner, const struct sally_mqtt_pools *pools,
                             const struct sally_mqtt_limits *limits,
                             sally_usec now);

/* Takes bytes, at most SALLY_MQTT_INPUT_MAX, and acts on every whole packet.
 * To be called while _wants_input(): bytes given at another time are kept as
 * far as one block holds them, and end the session beyond that. Whatever goes
 * wrong comes as on_end.                                                    */
void sally_mqtt_session_input(struct sally_mqtt_session *s,
                              struct sally_span bytes, sally_usec now);

/* False while a verdict is awaited, RECEIVE_MAX messages are unfinished, the
 * owner had no room, or the client does not read: stop reading the socket. */
bool sally_mqtt_session_wants_input(const struct sally_mqtt_session *s);

/* What is to be sent, all of it in one span: valid until the next call. */
struct sally_span sally_mqtt_session_output(const struct sally_mqtt_session *s);

/* `n` bytes of it went out. May act on input that waited for this. */
void sally_mqtt_session_sent(struct sally_mqtt_session *s, size_t n,
                             sally_usec now);

sally_usec sally_mqtt_session_deadline(const struct sally_mqtt_session *s);
void sally_mqtt_session_expire(struct sally_mqtt_session *s, sally_usec now);

/* What a client is told that may come in. */
struct sally_mqtt_welcome {
    bool present;    /* a session of its own goes on */
    uint32_t expiry; /* seconds that it may last without a connection */
    struct sally_span client_id;  /* it was given this one; empty: it has one */
    struct sally_mqtt_held *held; /* of its session, or NULL */
};

/* The verdict on on_connect; ignored in any other state. Input that came in
 * the meantime is acted on. `code` is a CONNACK return code above 0, for which
 * version 5 has a reason of its own. To make a guesser wait, the owner calls
 * _refuse() late.                                                           */
void sally_mqtt_session_accept(struct sally_mqtt_session *s,
                               const struct sally_mqtt_welcome *w,
                               sally_usec now);
void sally_mqtt_session_refuse(struct sally_mqtt_session *s, uint8_t code,
                               sally_usec now);

/* Message `number` is durable, or of no use: PUBACK or PUBREC, in version 5
 * with `reason`. They leave in the order in which the messages came: one that
 * is early waits. Unknown numbers are ignored. May act on input that waited for
 * this. _stored() is for one of QoS 2 by its packet id, which may have come in
 * an earlier connection.                                                    */
void sally_mqtt_session_answer(struct sally_mqtt_session *s, uint32_t number,
                               enum sally_mqtt_reason reason, sally_usec now);
void sally_mqtt_session_stored(struct sally_mqtt_session *s, uint16_t id,
                               enum sally_mqtt_reason reason, sally_usec now);

/* The owner has room again after on_publish() said no. */
void sally_mqtt_session_resume(struct sally_mqtt_session *s, sally_usec now);

/* Queues a message to the client; *packet_id (0 for QoS 0) comes back by
 * on_puback. `p->packet_id` and `p->dup` are not used; QoS is 0 or 1.
 *   BAD_STATE  the session is not open
 *   TOO_LARGE  it would not fit a packet, or one that the client takes
 *   NO_ROOM    SEND_MAX, or as many as the client takes, are unacknowledged,
 *              or no room for output: nothing was queued                    */
enum sally_err sally_mqtt_session_publish(struct sally_mqtt_session *s,
                                          const struct sally_mqtt_publish *p,
                                          uint16_t *packet_id,
                                          sally_usec now) SALLY_MUST_USE;

/* Ends it: the peer closed (LOST), or the owner wants it so (REPLACED,
 * KICKED). on_end follows at once; nothing happens when it ended before.    */
void sally_mqtt_session_end(struct sally_mqtt_session *s,
                            enum sally_mqtt_end why);

/* Gives all blocks back, without an upcall; not inside one. Safe in every
 * state, twice.                                                             */
void sally_mqtt_session_wipe(struct sally_mqtt_session *s);

#endif
