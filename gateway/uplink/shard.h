/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard.h - the inner door's engine: all sensors, their virtual
 * clients, and what passes between the bus, the store and the servers.
 *
 * It opens no socket and reads no clock: its role (gateway/roles/inner.c) is
 * the host that does, and calls in when something arrived or is due.        */
#ifndef SALLY_UPLINK_SHARD_H
#define SALLY_UPLINK_SHARD_H

#include "uplink/virtual_client.h"

struct sally_downlink;

/* What the role does for the engine. `client` counts the accounts of all
 * sensors, in the configuration's order.                                    */
struct sally_shard_host {
    /* A fresh socket towards the client's server. */
    void (*rebind)(void *owner, uint32_t client);
    void (*send)(void *owner, uint32_t client, struct sally_span datagram);
    void (*arm)(void *owner, uint32_t client, sally_usec when);
    void (*arm_pacer)(void *owner, sally_usec when); /* sally_shard_pace() */

    /* False: the outer door is away or its queue is full. */
    bool (*to_outer)(void *owner, struct sally_bus_message *m);

    /* Calls sally_shard_deliver() for the client at the end of this turn. */
    void (*deliver_later)(void *owner, uint32_t client);

    /* All clients have stopped. */
    void (*stopped)(void *owner);
    sally_msec_utc (*utc)(void *owner);
};

/* Everything is borrowed and outlives the shard. Keys are not there yet:
 * NO_MEMORY, or what building a sensor's resources came to.                 */
enum sally_err sally_shard_create(struct sally_shard **out,
                                  const struct sally_config *config,
                                  struct sally_store *store,
                                  const struct sally_lwm2m_shared *shared,
                                  const struct sally_shard_host *host,
                                  void *owner) SALLY_MUST_USE;
void sally_shard_wipe(struct sally_shard *s); /* NULL is allowed */

uint32_t sally_shard_sensors(const struct sally_shard *s);
struct sally_virtual_client *sally_shard_client(struct sally_shard *s,
                                                uint32_t client);
struct sally_uplink_sensor *sally_shard_sensor(struct sally_shard *s,
                                               uint32_t sensor);

/* Gives an account its secret; before _start(). Errors of credential.h. */
enum sally_err sally_shard_key(struct sally_shard *s, uint32_t sensor,
                               uint32_t account,
                               struct sally_span key) SALLY_MUST_USE;

void sally_shard_start(struct sally_shard *s, sally_usec now);

/* De-registers all; host->stopped follows, at once if there are none. */
void sally_shard_stop(struct sally_shard *s, sally_usec now);

/* From the network and the clock. */
void sally_shard_input(struct sally_shard *s, uint32_t client,
                       struct sally_span datagram, sally_usec now);
void sally_shard_expire(struct sally_shard *s, uint32_t client,
                        sally_usec now);
void sally_shard_pace(struct sally_shard *s, sally_usec now);
void sally_shard_deliver(struct sally_shard *s, uint32_t client,
                         sally_usec now);

/* From the outer door. A reading is answered by ACCEPTED, now or when the
 * store has it.                                                             */
void sally_shard_readings(struct sally_shard *s,
                          const struct sally_bus_readings *r, sally_usec now);
void sally_shard_liveness(struct sally_shard *s,
                          const struct sally_bus_liveness *l, sally_usec now);
void sally_shard_outcome(struct sally_shard *s,
                         const struct sally_bus_outcome *o, sally_usec now);
void sally_shard_orphaned(struct sally_shard *s, sally_usec now);

/* The store has finished something: call when its descriptor is readable. */
void sally_shard_stored(struct sally_shard *s, sally_usec now);

/* From the console: rows by `say`, the last one marked. */
void sally_shard_query(struct sally_shard *s, const struct sally_bus_query *q,
                       void (*say)(void *owner, struct sally_bus_message *row),
                       void *owner);

/* --- For the parts of this folder ---------------------------------------- */

struct sally_store *sally_shard_store(struct sally_shard *s);
struct sally_downlink *sally_shard_downlink(struct sally_shard *s);
sally_msec_utc sally_shard_utc(struct sally_shard *s);
void sally_shard_wants(struct sally_shard *s, struct sally_virtual_client *v);
void sally_shard_rebind(struct sally_shard *s, struct sally_virtual_client *v);
void sally_shard_stopped(struct sally_shard *s);
void sally_shard_deliver_later(struct sally_shard *s,
                               struct sally_virtual_client *v);
bool sally_shard_to_outer(struct sally_shard *s, struct sally_bus_message *m);

/* Arms the timer of pacers and commands. */
void sally_shard_arm(struct sally_shard *s);

/* Sends what the client has ready and arms its timer. */
void sally_shard_pump(struct sally_shard *s, struct sally_virtual_client *v,
                      sally_usec now);

/* A sensor's resource got a value that is not in the store; its clients may
 * have to tell.                                                             */
void sally_shard_set(struct sally_shard *s, uint32_t sensor,
                     const struct sally_lwm2m_record *r, sally_usec now);

#endif
