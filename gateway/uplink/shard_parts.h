/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/shard_parts.h - the shard as the parts of this folder see it,
 * and what they call of each other.                                         */
#ifndef SALLY_UPLINK_SHARD_PARTS_H
#define SALLY_UPLINK_SHARD_PARTS_H

#include "uplink/shard.h"
#include "uplink/times.h"

struct sally_downlink;

struct sally_shard {
    const struct sally_config *config;
    struct sally_store *store;
    const struct sally_shard_host *host;
    void *owner;
    const struct sally_lwm2m_shared *shared;
    struct sally_uplink_sensor **sensors; /* by slot; NULL: vacant */
    uint32_t capacity;                    /* slots */
    struct sally_pacer *pacers; /* by the server's slot; all there can be */
    struct sally_downlink *downlink;
    struct sally_silence *silence;
    struct sally_times times;
    bool stopping;
    size_t running; /* while stopping: clients that have not stopped yet */
};

void sally_shard_wants(struct sally_virtual_client *v);
void sally_shard_stopped(struct sally_virtual_client *v);

/* Arms the timer of pacers and commands. */
void sally_shard_arm(struct sally_shard *s);

/* Sends what the client has ready and arms its timer. */
void sally_shard_pump(struct sally_virtual_client *v, sally_usec now);

/* A sensor's resource got a value; its clients may have to tell. `stored`: it is
 * on its way through the store, too, and those who get what is stored by
 * notification must not get it twice.                                       */
void sally_shard_set(struct sally_uplink_sensor *u,
                     const struct sally_lwm2m_record *r, bool stored,
                     sally_usec now);

#endif
