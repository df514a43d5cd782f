/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/times.h - which time a reading gets, whatever is done to the
 * system's clock.
 *
 * It is the time of arrival. Two messages of a sensor never have the same time,
 * and a later one has a later time, over restarts and steps back, too: when the
 * clock does not give that, the time is that of the message before plus 1 ms.
 * While the clock is not set at all (a machine without one of its own, before
 * it has asked somebody), time goes on from the newest one in the store, so
 * that nothing is from 1970. What was told with such a time stays so.       */
#ifndef SALLY_UPLINK_TIMES_H
#define SALLY_UPLINK_TIMES_H

#include "base/time.h"

#include <stdbool.h>

struct sally_bus_readings;
struct sally_shard;
struct sally_uplink_sensor;

/* A shard's part of it. */
struct sally_times {
    sally_usec began;
    sally_msec_utc newest; /* in the store, when it began */
    sally_msec_utc noted;  /* in the store, when a clock that was set said so */
    bool unset;            /* and told of */
};

/* At the shard's start, when its sensors know what is stored. */
void sally_times_begin(struct sally_shard *s, sally_usec now);

/* Tells the time to those who look at certificates: before a handshake. The
 * newest message in the store is the last time that is known to be past, or
 * what a clock that was set said an hour ago at most.                       */
void sally_times_tell(struct sally_shard *s);

/* Sets the time of what the sensor said; `r` has that of the outer door. */
void sally_times_give(struct sally_shard *s, struct sally_uplink_sensor *u,
                      struct sally_bus_readings *r, sally_usec now);

#endif
