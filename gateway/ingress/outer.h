/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/outer.h - the outer door's engine: what all local protocols
 * share on the way from a sensor to the inner door and back.
 *
 * A sensor's message becomes a `pending` one, which is kept until the inner
 * door says that it is durable; a restarted inner door gets what it may have
 * lost again, under the same ingest key, so nothing is stored twice. The
 * number of pending messages is bounded: when there is no room the sensor is
 * told to come later in its protocol's own way.
 *
 * Opens no socket, reads no clock: the role (gateway/roles/outer.c) is its
 * host.                                                                     */
#ifndef SALLY_INGRESS_OUTER_H
#define SALLY_INGRESS_OUTER_H

#include "base/pool.h"
#include "base/random.h"
#include "bus/message.h"
#include "config/config.h"
#include "ingress/mapping.h"

#define SALLY_PENDING_MAX 2048   /* messages on their way to the store */
#define SALLY_PENDING_SENSOR 128 /* ... and of one sensor */
#define SALLY_OUTER_COMMANDS 256

struct sally_outer;

struct sally_outer_host {
    /* False: the inner door is away or its queue is full. */
    bool (*to_inner)(void *owner, struct sally_bus_message *m);
    sally_msec_utc (*utc)(void *owner);
};

/* What became of a sensor's message; `subject` and `number` are what was
 * given with it. True: it was not stored and is to be offered again in a
 * while, for a protocol that can make its sensor wait.                      */
typedef bool sally_outer_told(void *subject, uint64_t number,
                              enum sally_accepted result, sally_usec now);

/* A command for one sensor, rendered. Text borrows; copy what must last. */
struct sally_outer_command {
    uint32_t command, sensor;
    bool execute;
    struct sally_span topic, payload;
    sally_usec deadline;
    bool retain;
};

/* A local protocol offers to carry commands: OK when it took this one and
 * will call _outcome(); NOT_FOUND when the sensor is not reached this way.  */
struct sally_outer_carrier {
    enum sally_err (*carry)(void *carrier, const struct sally_outer_command *c,
                            sally_usec now);
    void *carrier;
};

/* What the door knows of each sensor, for status and for the protocols. */
struct sally_outer_sensor {
    bool online, authenticated;
    bool blocked; /* its accounts were revoked: nobody may be it */
    enum sally_auth_method method;
    enum sally_assurance level;
    uint64_t messages, unmapped, refused;
    sally_msec_utc last_seen, last_proof;
    uint32_t pending; /* messages on their way to the store */
    uint32_t waiting; /* of them: there was no room for one, and those after it
                         that are to stay behind it, all of them until... */
    sally_usec again; /* ...this time */
    bool untold;      /* the inner door does not know of the last change */
};

/* All borrowed, and outlive the result. NO_MEMORY. */
enum sally_err sally_outer_create(struct sally_outer **out,
                                  const struct sally_config *config,
                                  struct sally_random random,
                                  const struct sally_outer_host *host,
                                  void *owner) SALLY_MUST_USE;
void sally_outer_wipe(struct sally_outer *o); /* NULL is allowed */

/* Another configuration, built beside the one in force; NO_MEMORY. Then one of
 * these: it is in force from now on, or it is forgotten. What is known of a
 * sensor that is the same stays; messages of another one that are not stored
 * yet are dropped, and nobody is told: their connections are gone.          */
enum sally_err sally_outer_prepare(struct sally_outer *o,
                                   const struct sally_config *next)
    SALLY_MUST_USE;
void sally_outer_commit(struct sally_outer *o, sally_usec now);
void sally_outer_abort(struct sally_outer *o);

/* The inner door's word on a sensor. True: nobody may be it from now on, so its
 * connections are to be closed.                                             */
bool sally_outer_block(struct sally_outer *o,
                       const struct sally_bus_blocked *b);

/* True if the slot has the same sensor in both, while one is prepared. */
bool sally_outer_keeps(const struct sally_outer *o, uint32_t sensor);

/* At most three carriers: MQTT, CoAP and brokers. */
void sally_outer_add_carrier(struct sally_outer *o,
                             struct sally_outer_carrier carrier);

const struct sally_config *sally_outer_config(const struct sally_outer *o);
struct sally_outer_sensor *sally_outer_sensor(struct sally_outer *o,
                                              uint32_t sensor);
const struct sally_mapping *sally_outer_mapping(const struct sally_outer *o);
const struct sally_random *sally_outer_random(const struct sally_outer *o);

/* A sensor's message. `key` names it for ever: the same message sent again has
 * the same key; NULL: it gets one of its own, that nobody has had before.
 * `told` is called once, later, unless the result is not OK.
 *   OK         under way (or, with *nothing true, nothing to store: told is not
 *              called and the message counts as accepted)
 *   NOT_ALLOWED the topic is not the sensor's: an event was logged
 *   NO_ROOM    come later
 *   MALFORMED, WRONG_TYPE, OUT_OF_RANGE, TOO_LARGE: nothing in it was usable */
enum sally_err sally_outer_message(struct sally_outer *o, uint32_t sensor,
                                   const uint8_t key[SALLY_INGEST_KEY],
                                   struct sally_span topic,
                                   struct sally_span payload,
                                   sally_outer_told *told, void *subject,
                                   uint64_t number, bool *nothing,
                                   sally_usec now) SALLY_MUST_USE;

/* Nobody is to be told any more: the connection, which was this sensor's, is
 * gone. What is under way goes on.                                          */
void sally_outer_forget(struct sally_outer *o, uint32_t sensor,
                        const void *subject);

/* The sensor proved itself (level above NONE), came or went. */
void sally_outer_liveness(struct sally_outer *o, uint32_t sensor, bool online,
                          enum sally_auth_method method,
                          enum sally_assurance level, sally_usec now);

/* What became of a command that a carrier took. Unknown ones are ignored. */
void sally_outer_outcome(struct sally_outer *o, uint32_t command,
                         enum sally_outcome result, sally_usec now);

/* Something may be sent again: the inner door is there (`again`: a new one,
 * which is given all that is pending), its queue has room, or a second has
 * passed.                                                                   */
void sally_outer_resume(struct sally_outer *o, bool again, sally_usec now);

/* From the inner door. */
void sally_outer_accepted(struct sally_outer *o,
                          const struct sally_bus_accepted *a, sally_usec now);
void sally_outer_command(struct sally_outer *o,
                         const struct sally_bus_command *c, sally_usec now);

/* True while every sensor's message would be refused with NO_ROOM. */
bool sally_outer_full(const struct sally_outer *o);

/* Rows for the console from *at on, which moves. False: one was not taken, go
 * on with it later.                                                         */
bool sally_outer_query(struct sally_outer *o, const struct sally_bus_query *q,
                       struct sally_bus_place *at, sally_bus_say *say,
                       void *owner);

#endif
