/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard.h - the inner door's engine: all sensors, their virtual
 * clients, and what passes between the bus, the store and the servers.
 *
 * It opens no socket and reads no clock: its role (gateway/roles/inner.c) is
 * the host that does, and calls in when something arrived or is due.        */
#ifndef SALLY_UPLINK_SHARD_H
#define SALLY_UPLINK_SHARD_H

#include "uplink/sensor.h"

/* What the role does for the engine. A seat is the host's part of a guest, see
 * guest.h, opened and closed with it.                                       */
struct sally_shard_host {
    /* NO_MEMORY. Nothing of a seat calls in once it is closed. */
    enum sally_err (*open)(void *owner, struct sally_uplink_guest *guest,
                           struct sally_uplink_seat **out);
    void (*close)(struct sally_uplink_seat *seat);

    /* A fresh socket towards the guest's server. */
    void (*rebind)(struct sally_uplink_seat *seat);
    void (*send)(struct sally_uplink_seat *seat, struct sally_span datagram);

    /* Does _send() take something now? A stream may have to wait: then
     * the guest's ready() follows.                                          */
    bool (*ready)(const struct sally_uplink_seat *seat);

    /* Comes after everything that happened to the guest: when to wake it. A
     * stream looks here whether the guest has room for more, or is done.    */
    void (*arm)(struct sally_uplink_seat *seat, sally_usec when);

    /* The guest is where it wants to be: the way there is a good one. */
    void (*registered)(struct sally_uplink_seat *seat);

    /* Calls the guest's later() at the end of this turn. */
    void (*deliver_later)(struct sally_uplink_seat *seat);

    void (*arm_pacer)(void *owner, sally_usec when); /* sally_shard_pace() */

    /* False: the outer door is away or its queue is full. */
    bool (*to_outer)(void *owner, struct sally_bus_message *m);

    /* All clients have stopped. */
    void (*stopped)(void *owner);

    /* Nothing of the configuration before the last _commit() is left. */
    void (*settled)(void *owner);
    sally_msec_utc (*utc)(void *owner);
    bool (*clock_is_set)(void *owner); /* else `utc` is a stand-in */
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

/* Who has the secrets that the accounts' files hold and that bootstrap servers
 * write; outlives the shard. Before _keys(); without it they are here.      */
void sally_shard_entrust(struct sally_shard *s,
                         const struct sally_holder *holder);

/* The sensor in this slot, or NULL. */
struct sally_uplink_sensor *sally_shard_sensor(struct sally_shard *s,
                                               uint32_t sensor);

/* Gives an account what its files hold, as a keyring entry has it; before
 * _start(), or between _prepare() and _commit() those that are new, and after
 * the servers. OUT_OF_RANGE: there is no such account. Errors of
 * config/credentials.h.                                                     */
enum sally_err sally_shard_keys(struct sally_shard *s, uint32_t sensor,
                                uint32_t account,
                                struct sally_span files) SALLY_MUST_USE;

/* Gives a server its authorities likewise; that of a server that stays as it
 * is, is passed over.                                                       */
enum sally_err sally_shard_trust(struct sally_shard *s, uint32_t server,
                                 struct sally_span files) SALLY_MUST_USE;

/* With this key registrations and sequence numbers are kept over a restart, see
 * keeper.h and sequence.h. Before _start(); copied.                         */
void sally_shard_unlock(struct sally_shard *s, const struct sally_sealer *key,
                        struct sally_state_past past);

/* The store was made on another machine, which may use the same accounts: none
 * of them is used. What sensors say is stored. Before _start().             */
void sally_shard_estrange(struct sally_shard *s);

void sally_shard_start(struct sally_shard *s, sally_usec now);

/* De-registers all, or leaves them as they are, as `on_stop` of the gateway
 * says; host->stopped follows, at once if there are none.                   */
void sally_shard_stop(struct sally_shard *s, sally_usec now);

/* --- Reload -------------------------------------------------------------- */

/* Builds what is new or changed in `next` beside what runs. BUSY: another
 * reload has not settled, or all has stopped. NO_ROOM: more slots than
 * `max_sensors` was at the start. NO_MEMORY, IO, or what building a sensor came
 * to.                                                                       */
enum sally_err sally_shard_prepare(struct sally_shard *s,
                                   const struct sally_config *next)
    SALLY_MUST_USE;

/* NO_CREDENTIAL: a key that is needed was not given. */
enum sally_err sally_shard_prepared(const struct sally_shard *s) SALLY_MUST_USE;

/* `next` is in force from now on. Sensors that went or changed de-register, for
 * 5 s at most; then the new ones begin and host->settled tells that nobody
 * looks at the configuration before any more, which may be at once. NO_MEMORY,
 * IO: the store is gone, and the shard is only good for _wipe().            */
enum sally_err sally_shard_commit(struct sally_shard *s,
                                  sally_usec now) SALLY_MUST_USE;

/* Forgets what _prepare() made; nothing happens if there is none. */
void sally_shard_abort(struct sally_shard *s);

/* --- Work ---------------------------------------------------------------- */

/* The security journal's last line is another one: what sensors with object 20
 * say of it.                                                                */
struct sally_note;
void sally_shard_noted(struct sally_shard *s, const struct sally_note *last,
                       sally_usec now);

/* Calls for the seat of each guest that has not been asked to leave. */
void sally_shard_each(struct sally_shard *s,
                      void (*call)(struct sally_uplink_seat *seat));

void sally_shard_pace(struct sally_shard *s, sally_usec now);

/* From the outer door. A reading is answered by ACCEPTED, now or when the
 * store has it.                                                             */
void sally_shard_readings(struct sally_shard *s,
                          const struct sally_bus_readings *r, sally_usec now);
void sally_shard_liveness(struct sally_shard *s,
                          const struct sally_bus_liveness *l, sally_usec now);
void sally_shard_outcome(struct sally_shard *s,
                         const struct sally_bus_outcome *o, sally_usec now);
void sally_shard_orphaned(struct sally_shard *s, sally_usec now);

/* There is an outer door, which knows nothing yet. */
void sally_shard_introduce(struct sally_shard *s);

/* The store has finished something: call when its descriptor is readable. */
void sally_shard_stored(struct sally_shard *s, sally_usec now);

/* From the console: rows by `say` from *at on, which moves, the last one
 * marked. False: one was not taken, or is not durable yet: go on with it later.
 */
void sally_shard_clock(struct sally_shard *s, sally_usec now); /* before it */
bool sally_shard_query(struct sally_shard *s, const struct sally_bus_query *q,
                       struct sally_bus_place *at, sally_bus_say *say,
                       void *owner);

#endif
