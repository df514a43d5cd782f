/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/silence.h - sensors that should have spoken by now.
 *
 * A sensor with `expect_every` that says nothing for that long is silent: the
 * event `sensor_silent` tells it once, and `on_silent` says what else happens.
 *   keep        nothing
 *   flag        Silent of object 33001 turns true, and is notified
 *   deregister  its clients de-register, each as soon as nothing of it waits
 *               for that server, and register when the sensor speaks again
 * Speaking is a message that became durable, or word of the outer door that
 * the sensor proved itself or is online. All by the monotonic clock, and every
 * sensor has its full time from its _add() on, so a restart flags nobody.
 *
 * A message costs O(1): it moves `last` only, and a deadline that comes up too
 * early is set anew. A deadline costs O(log n).                             */
#ifndef SALLY_UPLINK_SILENCE_H
#define SALLY_UPLINK_SILENCE_H

#include "base/deadline.h"

#include <stdbool.h>

struct sally_shard;
struct sally_silence;
struct sally_uplink_sensor;
struct sally_virtual_client;

/* A sensor's part of it, embedded there and zero before _add(). */
struct sally_silence_watch {
    struct sally_deadline deadline;
    sally_usec every; /* 0: nothing is expected */
    sally_usec last;  /* when it spoke, or when the watch began */
    bool silent;
};

/* `room`: as many sensors as there will ever be at once. NO_MEMORY. */
enum sally_err sally_silence_create(struct sally_silence **out,
                                    struct sally_shard *shard,
                                    size_t room) SALLY_MUST_USE;
void sally_silence_wipe(struct sally_silence *s); /* NULL is allowed */

/* Begins and ends the watch over a sensor, as its configuration says. The
 * caller arms its timer by _deadline() after it; _remove() may come twice.  */
void sally_silence_add(struct sally_silence *s, struct sally_uplink_sensor *u,
                       sally_usec now);
void sally_silence_remove(struct sally_silence *s,
                          struct sally_uplink_sensor *u);

void sally_silence_spoke(struct sally_silence *s,
                         struct sally_uplink_sensor *u, sally_usec now);

/* A client that left because of the silence registers again if that is over
 * and its goodbye is said: call when the sensor spoke and when it stopped.  */
void sally_silence_resume(struct sally_virtual_client *v, sally_usec now);

sally_usec sally_silence_deadline(const struct sally_silence *s);
void sally_silence_expire(struct sally_silence *s, sally_usec now);

#endif
