/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sensor.h - a sensor as the inner door has it: what its
 * accounts share, and a client for each of them, in one block of memory.    */
#ifndef SALLY_UPLINK_SENSOR_H
#define SALLY_UPLINK_SENSOR_H

#include "uplink/silence.h"
#include "uplink/virtual_client.h"

struct sally_bootstrapper;

struct sally_uplink_sensor {
    struct sally_shard *shard;
    const struct sally_config_sensor *config;
    const struct sally_config_profile *profile;
    struct sally_resources resources;
    uint32_t index;    /* its slot in the configuration */
    uint64_t accepted; /* messages made durable since start */
    uint64_t refused;  /* by this door's own check */
    sally_usec budget; /* rate check: see admission.c */
    sally_msec_utc last_time; /* of the newest message */
    struct sally_silence_watch silence;
    struct sally_bootstrapper *bootstrapper; /* owned; NULL: none */
    bool blocked; /* without an account: the outer door lets nobody be it */

    /* One that is in no slot any more: the next of those, and how many of its
     * clients have not stopped yet.                                         */
    bool leaving;
    uint32_t running;
    struct sally_uplink_sensor *next, **link;
    struct sally_virtual_client clients[]; /* config->account_count of them */
};

/* Sensor `index` of `config`, with a seat for each client, nothing started.
 * Keys are not there yet, nor what the store remembers. `config` outlives it.
 * NO_MEMORY, or what its resources came to.                                 */
enum sally_err sally_uplink_sensor_build(struct sally_uplink_sensor **out,
                                         struct sally_shard *shard,
                                         const struct sally_config *config,
                                         uint32_t index) SALLY_MUST_USE;
void sally_uplink_sensor_free(struct sally_uplink_sensor *u); /* or NULL */

/* `config` says of it what the one before said, and replaces that. */
void sally_uplink_sensor_repoint(struct sally_uplink_sensor *u,
                                 const struct sally_config *config);

/* Takes over the values that the store has, and the newest time of them. */
void sally_uplink_sensor_restore(struct sally_uplink_sensor *u,
                                 struct sally_store *store);

#endif
