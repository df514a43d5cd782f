/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/network.c - the wire's weather. */
#include "sim/network.h"

#include <string.h>

/* splitmix64: good enough to decide what gets lost. */
uint64_t sim_next(struct sim_chance *c)
{
    uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t sim_below(struct sim_chance *c, uint64_t limit)
{
    return sim_next(c) % limit;
}

bool sim_percent(struct sim_chance *c, unsigned percent)
{
    return sim_below(c, 100) < percent;
}

static void fill(void *state, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)sim_next(state);
}

struct sally_random sim_random(struct sim_chance *c)
{
    return (struct sally_random){ fill, c };
}

static void launch(struct sim_network *n, const struct sim_datagram *d,
                   sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(n->flying); i++) {
        if (n->flying[i].arrives != 0)
            continue;
        n->flying[i] = *d;
        n->flying[i].arrives =
            now + SALLY_MSEC + sim_below(&n->chance, n->weather.delay_max);
        if (n->weather.late != 0 && sim_percent(&n->chance, n->weather.late))
            n->flying[i].arrives += SIM_LATE;
        return;
    }
}

static void damage(struct sim_network *n, struct sim_datagram *d)
{
    size_t bit = sim_below(&n->chance, 8 * d->len);

    n->damaged++;
    d->bytes[bit / 8] = (uint8_t)(d->bytes[bit / 8] ^ 1u << bit % 8);
}

static void replay(struct sim_network *n, sally_usec now)
{
    size_t have =
        n->past_count < SALLY_LEN(n->past) ? n->past_count : SALLY_LEN(n->past);
    const struct sim_datagram *d = &n->past[sim_below(&n->chance, have)];

    if (now - d->sent < SIM_LATENCY_MAX)
        launch(n, d, now);
}

void sim_network_send(struct sim_network *n, int to, struct sally_span datagram,
                      sally_usec now)
{
    struct sim_datagram d = { .sent = now, .to = to, .len = datagram.len };

    n->sent++;
    memcpy(d.bytes, datagram.at, datagram.len);
    n->past[n->past_count++ % SALLY_LEN(n->past)] = d;
    if (sim_percent(&n->chance, n->weather.replayed))
        replay(n, now);
    if (sim_percent(&n->chance, n->weather.lost))
        return;
    if (sim_percent(&n->chance, n->weather.doubled))
        launch(n, &d, now);
    if (sim_percent(&n->chance, n->weather.damaged))
        damage(n, &d);
    launch(n, &d, now);
}

static const struct sim_datagram *earliest(const struct sim_network *n)
{
    const struct sim_datagram *best = NULL;

    for (size_t i = 0; i < SALLY_LEN(n->flying); i++) {
        const struct sim_datagram *d = &n->flying[i];

        if (d->arrives != 0 && (best == NULL || d->arrives < best->arrives))
            best = d;
    }
    return best;
}

sally_usec sim_network_next(const struct sim_network *n)
{
    const struct sim_datagram *d = earliest(n);

    return d == NULL ? SALLY_NEVER : d->arrives;
}

bool sim_network_take(struct sim_network *n, sally_usec now,
                      struct sim_datagram *out)
{
    const struct sim_datagram *d = earliest(n);

    if (d == NULL || d->arrives > now)
        return false;
    *out = *d;
    for (size_t i = 0; i < SALLY_LEN(n->flying); i++)
        if (&n->flying[i] == d)
            n->flying[i].arrives = 0;
    return true;
}

void sim_network_clear(struct sim_network *n)
{
    for (size_t i = 0; i < SALLY_LEN(n->flying); i++)
        n->flying[i].arrives = 0;
    n->past_count = 0;
}
