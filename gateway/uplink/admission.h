/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/admission.h - the inner door's own look at a reading.
 *
 * The outer door parses what untrusted sensors send; should it be taken over,
 * it can forge readings of the sensors behind it and nothing more. So path,
 * type, range and rate are checked here again.                              */
#ifndef SALLY_UPLINK_ADMISSION_H
#define SALLY_UPLINK_ADMISSION_H

#include "uplink/sensor.h"

#define SALLY_ADMISSION_RATE 1000 /* messages a second of one sensor */

/* Copies what goes on to the store: values in the resources' own types,
 * without texts that are fixed in the profile (units, labels). NOT_ALLOWED: no
 * rule of the profile gives this path. WRONG_TYPE, OUT_OF_RANGE. NO_ROOM:
 * faster than SALLY_ADMISSION_RATE.                                         */
enum sally_err sally_admission_check(const struct sally_registry *registry,
                                     struct sally_uplink_sensor *u,
                                     const struct sally_bus_readings *in,
                                     sally_usec now,
                                     struct sally_bus_readings *out)
    SALLY_MUST_USE;

#endif
