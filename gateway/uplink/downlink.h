/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/downlink.h - commands of a server on their way to a sensor,
 * and the answers on their way back.
 *
 * The firewall stands here: only resources that the sensor's profile names
 * take commands, with the operation and in the range that it says. A rule
 * with `answer = "store"` is answered when the command is durable, and the
 * command waits for the sensor; with "confirm" when the sensor has answered.*/
#ifndef SALLY_UPLINK_DOWNLINK_H
#define SALLY_UPLINK_DOWNLINK_H

#include "uplink/sensor.h"

#define SALLY_COMMANDS_OPEN 256 /* waiting for their outcome, all sensors */
#define SALLY_COMMANDS_SENSOR 32 /* ... and of one sensor */

/* A command whose outcome is late by this much has none any more; one that is
 * parked is offered again after it.                                         */
#define SALLY_COMMAND_GRACE (10 * SALLY_SEC)
#define SALLY_COMMAND_AGAIN (60 * SALLY_SEC)

struct sally_downlink; /* of a shard */

/* Numbers of commands begin after `last`: a random one, so that an outcome for
 * the inner door before this one is nobody's.                               */
enum sally_err sally_downlink_create(struct sally_downlink **out,
                                     struct sally_shard *shard,
                                     uint32_t last) SALLY_MUST_USE;
void sally_downlink_wipe(struct sally_downlink *d); /* NULL is allowed */

/* The rule for this resource, or NULL. */
const struct sally_config_down *
sally_downlink_rule(const struct sally_config_profile *p,
                    const struct sally_path *path);

/* A response code, or 0: sally_lwm2m_client_answer() follows. */
uint8_t sally_downlink_command(struct sally_downlink *d,
                               struct sally_virtual_client *v,
                               const struct sally_lwm2m_command *c,
                               sally_usec now);

/* What the outer door made of a command. */
void sally_downlink_outcome(struct sally_downlink *d, uint32_t command,
                            enum sally_outcome result, sally_usec now);

/* The store's word on a parked command. */
void sally_downlink_parked(struct sally_downlink *d, uint32_t command,
                           enum sally_err e, sally_usec now);

/* The sensor is there again: its parked commands go out, in order. */
void sally_downlink_online(struct sally_downlink *d, uint32_t sensor,
                           sally_usec now);

/* Gives up outcomes that are late, and offers parked commands again. */
sally_usec sally_downlink_deadline(const struct sally_downlink *d);
void sally_downlink_expire(struct sally_downlink *d, sally_usec now);

/* The outer door is gone, and with it every answer that it owed. */
void sally_downlink_orphaned(struct sally_downlink *d, sally_usec now);

/* Loads what was parked before the last restart. */
void sally_downlink_start(struct sally_downlink *d);

/* The sensor leaves at a reload: who waits for it is answered 5.03; what is
 * parked stays in the store.                                                */
void sally_downlink_leave(struct sally_downlink *d,
                          const struct sally_uplink_sensor *u, sally_usec now);

/* One client of a sensor loses its session: who waits for it likewise. */
void sally_downlink_forsake(struct sally_downlink *d,
                            const struct sally_virtual_client *v,
                            sally_usec now);

/* One that is new there takes up what was parked under its name, if its
 * profile still has a rule for it.                                          */
void sally_downlink_take_up(struct sally_downlink *d,
                            const struct sally_uplink_sensor *u);

#endif
