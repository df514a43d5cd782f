/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/tally.h - the benchmark's readings: written, recognised, counted.
 *
 * A reading is 64 bytes of text: sensor, sequence number and the time at which
 * it was due, in hexadecimal, then filling. Whoever sees readings at the far
 * end counts each once, by sensor and number, and keeps how long it took.   */
#ifndef SALLY_TESTS_BENCH_TALLY_H
#define SALLY_TESTS_BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_READING 64     /* bytes */
#define TALLY_SENSORS 100000 /* numbers below this */
#define TALLY_BUCKETS 1024   /* 16 to each doubling: 6 % wide */

struct tally {
    struct tally_sensor {
        uint8_t *seen; /* owned; a bit for each sequence number */
        size_t bytes;
    } *sensors; /* owned; TALLY_SENSORS */
    uint64_t count, again, strange; /* once each; repeats; no readings */
    uint64_t bucket[TALLY_BUCKETS];
    uint64_t timed, longest; /* microseconds */
};

/* Microseconds of a clock that all processes of this machine share. */
uint64_t tally_clock(void);

void tally_write(uint8_t out[TALLY_READING], uint32_t sensor, uint32_t number,
                 uint64_t due);

/* Counts what arrived now. Memory that cannot be had ends the process. */
void tally_see(struct tally *t, const uint8_t *text, size_t len);

/* Adds one time to the histogram alone. */
void tally_time(struct tally *t, uint64_t micros);

/* The time that a share of all (0.5, 0.99) did not exceed; 0: there are none. */
uint64_t tally_share(const struct tally *t, double share);

/* Forgets the times, not what was seen. */
void tally_again(struct tally *t);

#endif
