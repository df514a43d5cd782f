/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/tally.c - counting readings, and a histogram of times. */
#include "bench/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FINE 16 /* buckets to each doubling */

uint64_t tally_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void tally_write(uint8_t out[TALLY_READING], uint32_t sensor, uint32_t number,
                 uint64_t due)
{
    char text[TALLY_READING + 1];

    memset(text, '.', sizeof(text));
    snprintf(text, sizeof(text), "%08" PRIx32 " %08" PRIx32 " %016" PRIx64,
             sensor, number, due);
    text[strlen(text)] = '.';
    memcpy(out, text, TALLY_READING);
}

static void *need(void *p)
{
    if (p != NULL)
        return p;
    fputs("no memory to count in\n", stderr);
    exit(1);
}

/* --- Times --------------------------------------------------------------- */

static size_t bucket_of(uint64_t micros)
{
    unsigned doubling = 0;

    while (micros >> doubling >= 2 * FINE)
        doubling++;
    micros = (micros >> doubling) + (uint64_t)FINE * doubling;
    return micros < TALLY_BUCKETS ? (size_t)micros : TALLY_BUCKETS - 1;
}

/* The largest time that goes into a bucket. */
static uint64_t end_of(size_t bucket)
{
    size_t doubling = bucket < 2 * FINE ? 0 : bucket / FINE - 1;

    return ((uint64_t)(bucket - FINE * doubling + 1) << doubling) - 1;
}

void tally_time(struct tally *t, uint64_t micros)
{
    t->bucket[bucket_of(micros)]++;
    t->timed++;
    if (micros > t->longest)
        t->longest = micros;
}

uint64_t tally_share(const struct tally *t, double share)
{
    uint64_t wanted = (uint64_t)((double)t->timed * share), sum = 0;

    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        sum += t->bucket[i];
        if (sum > wanted || (sum == t->timed && sum != 0))
            return end_of(i) < t->longest ? end_of(i) : t->longest;
    }
    return 0;
}

void tally_again(struct tally *t)
{
    memset(t->bucket, 0, sizeof(t->bucket));
    t->timed = t->longest = 0;
}

/* --- Readings ------------------------------------------------------------ */

/* True if it was not there yet. */
static bool note(struct tally_sensor *s, uint32_t number)
{
    size_t at = number / 8, grown = s->bytes;
    uint8_t bit = (uint8_t)(1u << number % 8);

    while (grown <= at)
        grown = grown * 2 + 64;
    if (grown > s->bytes) {
        s->seen = need(realloc(s->seen, grown));
        memset(s->seen + s->bytes, 0, grown - s->bytes);
        s->bytes = grown;
    }
    if ((s->seen[at] & bit) != 0)
        return false;
    s->seen[at] |= bit;
    return true;
}

void tally_see(struct tally *t, const uint8_t *text, size_t len)
{
    char copy[TALLY_READING + 1];
    uint32_t sensor, number;
    uint64_t due;

    if (t->sensors == NULL)
        t->sensors = need(calloc(TALLY_SENSORS, sizeof(*t->sensors)));
    memcpy(copy, text, len < TALLY_READING ? len : TALLY_READING);
    copy[len < TALLY_READING ? len : TALLY_READING] = '\0';
    if (len != TALLY_READING ||
        sscanf(copy, "%8" SCNx32 " %8" SCNx32 " %16" SCNx64, &sensor, &number,
               &due) != 3 ||
        sensor >= TALLY_SENSORS || number >= UINT32_C(1) << 28) {
        t->strange++;
        return;
    }
    if (!note(&t->sensors[sensor], number)) {
        t->again++;
        return;
    }
    t->count++;
    tally_time(t, tally_clock() - due);
}
