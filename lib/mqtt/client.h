/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/client.h - our connection to a broker, client side, MQTT 3.1.1 and
 * 5.0.
 *
 * Bytes in, bytes out, one deadline; what the owner must act on comes as an
 * upcall. After the CONNACK it subscribes to each of its filters with QoS 1. A
 * message of QoS 1 gets its PUBACK when the owner says that it is durable and
 * not before, so what a crash takes is with the broker still: the session is
 * kept there (clean session 0, or a session expiry), and the broker sends it
 * again over the next connection.
 *
 * A connection that ended is wiped, and another one is begun with _init(); when
 * is the owner's to choose. A command that got no PUBACK then is not sent
 * again: the owner knows by on_end that nobody confirmed it.                */
#ifndef SALLY_MQTT_CLIENT_H
#define SALLY_MQTT_CLIENT_H

#include "base/time.h"
#include "mqtt/block.h"
#include "mqtt/packet.h"

#define SALLY_MQTT_CLIENT_RECEIVE 20 /* messages that are not durable yet */
#define SALLY_MQTT_CLIENT_SEND 8     /* ours that the broker owes a PUBACK */
#define SALLY_MQTT_CLIENT_ANSWER                                               \
    (10 * SALLY_SEC) /* to CONNECT, SUBSCRIBE and                              \
                        PINGREQ */

/* Why a connection ended. */
#define SALLY_MQTT_LOSS_TABLE(X)                                               \
    X(NONE, "not ended")                                                       \
    X(CLOSED, "ended by the gateway")                                          \
    X(LOST, "connection lost")                                                 \
    X(REFUSED, "the broker refused the connection")                            \
    X(DISCONNECTED, "the broker ended the connection")                         \
    X(PROTOCOL, "the broker broke the protocol")                               \
    X(TOO_LARGE, "the broker sent a packet larger than the limit")             \
    X(SILENT, "the broker did not answer in time")                             \
    X(NO_ROOM, "out of buffers")

enum sally_mqtt_loss {
#define X(name, text) SALLY_MQTT_LOSS_##name,
    SALLY_MQTT_LOSS_TABLE(X)
#undef X
};
const char *sally_mqtt_loss_text(enum sally_mqtt_loss why); /* never NULL */

/* How to connect. All of it is borrowed and outlives the connection. */
struct sally_mqtt_client_options {
    struct sally_span client_id; /* 1 to 128 bytes: names the session */
    struct sally_span username, password; /* empty: none */
    const struct sally_span *filters;
    size_t filter_count;
    uint16_t keep_alive; /* seconds, 1 and up */
    bool v5;
    uint32_t session_expiry; /* seconds; 5 only */
};

/* None of these may wipe the client; spans are borrowed for the call. */
struct sally_mqtt_client_upcalls {
    /* The broker answered the last SUBSCRIBE: messages can be sent from now on.
     * `present`: it knew our session.                                       */
    void (*on_open)(void *owner, bool present);

    /* It will not have us subscribe to filters[number]. */
    void (*on_refused)(void *owner, size_t number, uint8_t code);

    /* A message; may come before on_open. `number` is 0 for QoS 0, else it
     * counts from 1, and if taken (true) the owner owes one _answer(number).
     * False: no room now; the same is offered again after _resume().        */
    bool (*on_publish)(void *owner, const struct sally_mqtt_publish *p,
                       uint32_t number);

    /* The broker has message `packet_id` of ours; or does not want it: a
     * `reason` from 0x80 on.                                                */
    void (*on_puback)(void *owner, uint16_t packet_id, uint8_t reason);

    /* The last upcall, exactly once. `code` is what the broker said: of its
     * CONNACK (REFUSED) or DISCONNECT; else 0. What is in _output() may still
     * go out.                                                               */
    void (*on_end)(void *owner, enum sally_mqtt_loss why, uint8_t code);
};

enum sally_mqtt_client_state {
    SALLY_MQTT_CLIENT_CONNECTING, /* CONNECT is out */
    SALLY_MQTT_CLIENT_SUBSCRIBING,
    SALLY_MQTT_CLIENT_OPEN,
    SALLY_MQTT_CLIENT_ENDED
};

/* Fields are the engine's; the owner reads none of them but `state`. */
struct sally_mqtt_client {
    const struct sally_mqtt_client_upcalls *upcalls;
    void *owner;
    const struct sally_mqtt_pools *pools;
    const struct sally_mqtt_client_options *options;
    struct sally_mqtt_block in, out;
    sally_usec heard, sent; /* the last packet of either side */
    sally_usec asked;       /* when what we wait for was asked */
    size_t subscribed;      /* filters that were answered */
    uint32_t next_number;
    uint32_t done;       /* bit n: the n-th oldest of `unfinished` is durable */
    uint32_t packet_max; /* bytes that the broker takes in a packet */
    uint16_t keep_alive; /* seconds, in force */
    uint16_t next_id;
    uint16_t sent_id[SALLY_MQTT_CLIENT_SEND];       /* 0: free */
    uint16_t unfinished[SALLY_MQTT_CLIENT_RECEIVE]; /* a ring, from `first` */
    uint8_t first, count;
    uint8_t send_max;
    uint8_t state; /* enum sally_mqtt_client_state */
    bool present;
    bool pinging; /* a PINGREQ has no answer yet */
    bool full;    /* the owner had no room */
    bool busy;    /* inside input */
};

/* Begins with a TCP connection, or one that is being made: the CONNECT waits in
 * _output(). Pools as of a session; `wills` and `aliases` are not used. If no
 * block is free, on_end comes at the first _expire().                       */
void sally_mqtt_client_init(struct sally_mqtt_client *c,
                            const struct sally_mqtt_client_upcalls *upcalls,
                            void *owner, const struct sally_mqtt_pools *pools,
                            const struct sally_mqtt_client_options *options,
                            sally_usec now);

/* Bytes that _input() takes now. 0: RECEIVE messages are not durable, the owner
 * had no room, the broker does not read, or it is over.                     */
size_t sally_mqtt_client_room(const struct sally_mqtt_client *c);

/* Takes bytes, _room() at most, and acts on every whole packet. */
void sally_mqtt_client_input(struct sally_mqtt_client *c,
                             struct sally_span bytes, sally_usec now);

/* What is to be sent, valid until the next call; `n` bytes of it went out. */
struct sally_span sally_mqtt_client_output(const struct sally_mqtt_client *c);
void sally_mqtt_client_sent(struct sally_mqtt_client *c, size_t n,
                            sally_usec now);

sally_usec sally_mqtt_client_deadline(const struct sally_mqtt_client *c);
void sally_mqtt_client_expire(struct sally_mqtt_client *c, sally_usec now);

/* Message `number` is durable, or of no use. PUBACKs leave in the order in
 * which the messages came. Unknown numbers are ignored.                     */
void sally_mqtt_client_answer(struct sally_mqtt_client *c, uint32_t number,
                              sally_usec now);

/* The owner has room again after on_publish() said no. */
void sally_mqtt_client_resume(struct sally_mqtt_client *c, sally_usec now);

/* Queues a message of QoS 1; *packet_id comes back by on_puback.
 *   BAD_STATE  not open
 *   TOO_LARGE  more than a packet, or than the broker takes
 *   NO_ROOM    too many are unacknowledged, or no room for output           */
enum sally_err sally_mqtt_client_publish(struct sally_mqtt_client *c,
                                         struct sally_span topic,
                                         struct sally_span payload, bool retain,
                                         uint16_t *packet_id,
                                         sally_usec now) SALLY_MUST_USE;

/* Ends it: LOST, the peer closed; CLOSED, with a DISCONNECT. on_end follows at
 * once; nothing happens when it ended before.                               */
void sally_mqtt_client_end(struct sally_mqtt_client *c,
                           enum sally_mqtt_loss why);

/* Gives all blocks back, without an upcall. Safe in every state, twice. */
void sally_mqtt_client_wipe(struct sally_mqtt_client *c);

#endif
