/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/reliability.c - what is resent when, and what waits its turn. */
#include "coap/reliability.h"

#include "coap/link.h"

#define QUARTER 0x4000u

void sally_coap_mids_init(struct sally_coap_mids *m,
                          const struct sally_random *random)
{
    *m = (struct sally_coap_mids){ .next = 0 };
    sally_random_fill(random, &m->next, sizeof(m->next));
}

enum sally_err sally_coap_mids_take(struct sally_coap_mids *m,
                                    sally_usec lifetime, sally_usec now,
                                    uint16_t *mid)
{
    size_t quarter = m->next / QUARTER;
    bool enters = m->next % QUARTER == 0;

    if (enters && m->free_at[quarter] > now)
        return SALLY_E_NO_ROOM;
    *mid = m->next++;
    if (m->next % QUARTER == 0)
        m->free_at[quarter] = sally_after(now, lifetime);
    return SALLY_E_OK;
}

static bool occupies_turn(const struct sally_coap_flight *f)
{
    return f->confirmable &&
           (f->state == SALLY_FLIGHT_READY || f->state == SALLY_FLIGHT_WAITING);
}

static void give_turn(struct sally_coap_reliable *r)
{
    struct sally_coap_flight *next = NULL;

    for (struct sally_coap_flight *f = r->first; f != NULL; f = f->next) {
        if (occupies_turn(f))
            return;
        if (next == NULL && f->state == SALLY_FLIGHT_QUEUED)
            next = f;
    }
    if (next != NULL)
        next->state = SALLY_FLIGHT_READY;
}

/* ACK_TIMEOUT to ACK_TIMEOUT * ACK_RANDOM_FACTOR. */
static sally_usec first_wait(const struct sally_coap_parameters *p,
                             const struct sally_random *random)
{
    sally_usec spread = 0;

    if (p->random_percent > 100)
        spread = p->ack_timeout * (p->random_percent - 100) / 100;
    return p->ack_timeout +
           (spread == 0 ? 0 : sally_random_u64(random) % (spread + 1));
}

void sally_coap_reliable_add(struct sally_coap_reliable *r,
                             struct sally_coap_flight *f, bool confirmable,
                             const struct sally_coap_parameters *parameters,
                             const struct sally_random *random)
{
    struct sally_coap_flight **end = &r->first;

    while (*end != NULL)
        end = &(*end)->next;
    *end = f;
    f->next = NULL;
    f->due = SALLY_NEVER;
    f->retries = 0;
    f->confirmable = confirmable;
    f->state = confirmable ? SALLY_FLIGHT_QUEUED : SALLY_FLIGHT_READY;
    f->wait = first_wait(parameters, random);
    give_turn(r);
}

void sally_coap_reliable_remove(struct sally_coap_reliable *r,
                                struct sally_coap_flight *f)
{
    struct sally_coap_flight **at = &r->first;

    while (*at != NULL && *at != f)
        at = &(*at)->next;
    if (*at != NULL)
        *at = f->next;
    give_turn(r);
}

void sally_coap_reliable_acknowledge(struct sally_coap_reliable *r,
                                     struct sally_coap_flight *f)
{
    f->state = SALLY_FLIGHT_IDLE;
    f->due = SALLY_NEVER;
    give_turn(r);
}

/* QUEUED was never sent, so nobody can answer it. READY counts only after a
 * first transmission.                                                       */
static bool was_sent(const struct sally_coap_flight *f)
{
    return f->state == SALLY_FLIGHT_IDLE || f->state == SALLY_FLIGHT_WAITING ||
           (f->state == SALLY_FLIGHT_READY && f->retries > 0);
}

struct sally_coap_flight *
sally_coap_reliable_find(const struct sally_coap_reliable *r, uint16_t mid)
{
    for (struct sally_coap_flight *f = r->first; f != NULL; f = f->next)
        if (f->mid == mid && was_sent(f))
            return f;
    return NULL;
}

struct sally_coap_flight *
sally_coap_reliable_ready(const struct sally_coap_reliable *r)
{
    for (struct sally_coap_flight *f = r->first; f != NULL; f = f->next)
        if (f->state == SALLY_FLIGHT_READY)
            return f;
    return NULL;
}

void sally_coap_reliable_sent(struct sally_coap_flight *f, sally_usec now)
{
    f->state = f->confirmable ? SALLY_FLIGHT_WAITING : SALLY_FLIGHT_IDLE;
    f->due = f->confirmable ? sally_after(now, f->wait) : SALLY_NEVER;
}

void sally_coap_reliable_expire(struct sally_coap_reliable *r,
                                unsigned max_retransmit, sally_usec now)
{
    for (struct sally_coap_flight *f = r->first; f != NULL; f = f->next) {
        if (f->state != SALLY_FLIGHT_WAITING || f->due > now)
            continue;
        f->due = SALLY_NEVER;
        if (f->retries == max_retransmit) {
            f->state = SALLY_FLIGHT_LOST;
            continue;
        }
        f->retries++;
        f->wait *= 2;
        f->state = SALLY_FLIGHT_READY;
    }
}

sally_usec sally_coap_reliable_deadline(const struct sally_coap_reliable *r)
{
    sally_usec due = SALLY_NEVER;

    for (const struct sally_coap_flight *f = r->first; f != NULL; f = f->next)
        if (f->state == SALLY_FLIGHT_WAITING)
            due = sally_earlier(due, f->due);
    return due;
}

size_t sally_coap_reliable_busy(const struct sally_coap_reliable *r)
{
    size_t count = 0;

    for (const struct sally_coap_flight *f = r->first; f != NULL; f = f->next)
        count += f->confirmable && f->state != SALLY_FLIGHT_IDLE;
    return count;
}
