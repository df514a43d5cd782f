/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard_parts.h - the shard as the parts of this folder see it,
 * and what they call of each other.                                         */
#ifndef SALLY_UPLINK_SHARD_PARTS_H
#define SALLY_UPLINK_SHARD_PARTS_H

#include "uplink/orders.h"
#include "uplink/roster.h"
#include "uplink/shard.h"
#include "uplink/times.h"

struct sally_downlink;
struct sally_trust;

/* The authorities of a server: those of the running clients, of those that a
 * reload brings, and of those that leave with it. Owned; NULL: none.        */
struct sally_trusts {
    struct sally_trust *now, *next, *retired;
};

struct sally_shard {
    const struct sally_config *config;
    struct sally_store *store;
    const struct sally_shard_host *host;
    void *owner;
    const struct sally_lwm2m_shared *shared;
    const struct sally_holder *holder; /* of secrets; NULL: they are here */
    struct sally_uplink_sensor **sensors; /* by slot; NULL: vacant */
    uint32_t capacity;                    /* slots */
    struct sally_pacer *pacers; /* by the server's slot; all there can be */
    struct sally_trusts trusts[SALLY_CONFIG_SERVERS_MAX]; /* likewise */
    struct sally_downlink *downlink;
    struct sally_silence *silence;
    struct sally_keeper *keeper;
    struct sally_sequences *sequences;
    struct sally_vault *vault;
    unsigned visits; /* at bootstrap servers, under way */
    size_t orders;    /* of which the outcome is on its way to the disk */
    bool orders_lost; /* one did not get there */
    struct sally_order order;
    sally_usec now; /* of the last call */
    struct sally_times times;
    bool elsewhere; /* the store was made on another machine */
    bool started, stopping;
    size_t running; /* while stopping: clients that have not stopped yet */

    /* A reload, see changeover.c. Newcomers are built for `next`, then in their
     * slots, and begin when nobody is leaving any more.                     */
    const struct sally_config *next;         /* being prepared; NULL: none */
    struct sally_roster roster;              /* of `next` */
    struct sally_uplink_sensor **newcomers;  /* by slot; NULL: no reload */
    struct sally_uplink_sensor *leaving, *departed;
};

/* What the host calls of a client. */
extern const struct sally_uplink_calls sally_shard_client;

void sally_shard_wants(struct sally_virtual_client *v);
void sally_shard_stopped(struct sally_virtual_client *v);

size_t sally_shard_accounts(const struct sally_config *c);

/* Arms the timer of pacers and commands. */
void sally_shard_arm(struct sally_shard *s);

/* Sends what the client has ready and arms its timer. */
void sally_shard_pump(struct sally_virtual_client *v, sally_usec now);

/* A sensor's resource got a value; its clients may have to tell. `stored`: it
 * is on its way through the store, too, and those who get what is stored by
 * notification must not get it twice.                                       */
void sally_shard_set(struct sally_uplink_sensor *u,
                     const struct sally_lwm2m_record *r, bool stored,
                     sally_usec now);

/* Starts a sensor's clients, and the watch over it. `anew`: what was kept of
 * them is of others, who have said goodbye.                                 */
void sally_shard_begin(struct sally_uplink_sensor *u, bool anew,
                       sally_usec now);

/* Starts one client, if it has keys that hold. */
void sally_shard_begin_client(struct sally_virtual_client *v, bool anew,
                              sally_usec now);

/* Those that waited for the first visit at the bootstrap server wait no more.
 */
void sally_shard_begin_held(struct sally_uplink_sensor *u, sally_usec now);

/* Looks whether the sensor has an account left, or will get one, and tells the
 * outer door where that has changed; or once more.                          */
void sally_shard_judge(struct sally_uplink_sensor *u);
void sally_shard_tell_blocked(struct sally_uplink_sensor *u);

/* --- Reload -------------------------------------------------------------- */

/* Gives the store the roster; what it had queued is told before. */
enum sally_err sally_shard_rearrange_store(struct sally_shard *s,
                                           sally_usec now) SALLY_MUST_USE;

/* A client of a sensor that leaves has stopped. */
void sally_shard_left(struct sally_uplink_sensor *u);

/* All up to `upto` reached the server of a sensor that leaves. */
void sally_shard_passed(struct sally_virtual_client *v, uint64_t upto);

/* Trusts, see keys.c: those of the next configuration take their places, while
 * it is still the next; the clients that stay take them over; then the old ones
 * go, or the next ones never come.                                          */
void sally_shard_change_trusts(struct sally_shard *s);
void sally_shard_take_over(struct sally_shard *s, sally_usec now);
void sally_shard_drop_trusts(struct sally_shard *s, bool next);
void sally_shard_wipe_trusts(struct sally_shard *s);

/* Frees those that have left; when all have, the newcomers begin. Call when no
 * client is at work.                                                        */
void sally_shard_reap(struct sally_shard *s, sally_usec now);

#endif
