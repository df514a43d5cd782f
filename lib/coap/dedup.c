/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/dedup.c - a ring of message ids with the answers beside them. */
#include "coap/dedup.h"

#include "security/mechanism.h"

#include <string.h>

_Static_assert(sizeof(struct sally_coap_ring) <= SALLY_DATAGRAM_MAX,
               "the ring fits one block of the packets pool");

void sally_coap_dedup_init(struct sally_coap_dedup *d,
                           struct sally_pool *packets, sally_usec lifetime)
{
    *d = (struct sally_coap_dedup){ NULL, packets, lifetime };
}

static void drop_answer(struct sally_coap_dedup *d, struct sally_coap_seen *s)
{
    if (s->len > SALLY_DEDUP_SMALL) {
        sally_pool_give(d->packets, s->answer.large);
        d->ring->large--;
    }
    if (s->send)
        d->ring->to_send--;
    s->send = false;
    s->len = 0;
}

void sally_coap_dedup_forget(struct sally_coap_dedup *d,
                             struct sally_coap_seen *seen)
{
    drop_answer(d, seen);
    seen->used = false;
    seen->pending = false;
}

static bool is_stale(const struct sally_coap_dedup *d,
                     const struct sally_coap_seen *s, sally_usec now)
{
    return s->used && sally_after(s->when, d->lifetime) <= now;
}

static bool take_ring(struct sally_coap_dedup *d)
{
    if (d->ring != NULL)
        return true;
    d->ring = sally_pool_take(d->packets);
    if (d->ring != NULL)
        *d->ring = (struct sally_coap_ring){ .to_send = 0 };
    return d->ring != NULL;
}

/* A free entry, else the oldest whose request was answered. */
static struct sally_coap_seen *pick(struct sally_coap_dedup *d)
{
    struct sally_coap_seen *oldest = NULL;

    for (size_t i = 0; i < SALLY_DEDUP_RING; i++) {
        struct sally_coap_seen *s = &d->ring->entry[i];

        if (!s->used)
            return s;
        if (!s->pending && (oldest == NULL || s->when < oldest->when))
            oldest = s;
    }
    return oldest;
}

struct sally_coap_seen *sally_coap_dedup_find(const struct sally_coap_dedup *d,
                                              uint16_t mid)
{
    for (size_t i = 0; d->ring != NULL && i < SALLY_DEDUP_RING; i++)
        if (d->ring->entry[i].used && d->ring->entry[i].mid == mid)
            return &d->ring->entry[i];
    return NULL;
}

static void send_again(struct sally_coap_dedup *d, struct sally_coap_seen *s)
{
    if (s->len == 0 || s->send || s->once || s->forget)
        return;
    s->send = true;
    d->ring->to_send++;
}

enum sally_err sally_coap_dedup_see(struct sally_coap_dedup *d, uint16_t mid,
                                    sally_usec now,
                                    struct sally_coap_seen **seen)
{
    struct sally_coap_seen *s = sally_coap_dedup_find(d, mid);

    if (s != NULL && !is_stale(d, s, now)) {
        send_again(d, s);
        *seen = s;
        return SALLY_E_DUPLICATE;
    }
    if (s == NULL && take_ring(d))
        s = pick(d);
    if (s == NULL)
        return SALLY_E_NO_ROOM;
    sally_coap_dedup_forget(d, s);
    *s = (struct sally_coap_seen){ .when = now, .mid = mid, .used = true };
    d->ring->last = now;
    *seen = s;
    return SALLY_E_OK;
}

/* The peer has moved on to newer requests, or we are short of blocks. */
static bool drop_oldest_large(struct sally_coap_dedup *d)
{
    struct sally_coap_seen *oldest = NULL;

    for (size_t i = 0; i < SALLY_DEDUP_RING; i++) {
        struct sally_coap_seen *s = &d->ring->entry[i];

        if (s->used && s->len > SALLY_DEDUP_SMALL && !s->send &&
            (oldest == NULL || s->when < oldest->when))
            oldest = s;
    }
    if (oldest != NULL)
        drop_answer(d, oldest);
    return oldest != NULL;
}

bool sally_coap_dedup_room(struct sally_coap_dedup *d, size_t at_most,
                           struct sally_coap_seen *seen, struct sally_buf *room)
{
    void *block;

    drop_answer(d, seen);
    if (at_most <= SALLY_DEDUP_SMALL) {
        *room = SALLY_BUF(seen->answer.small);
        return true;
    }
    if (d->ring->large >= SALLY_DEDUP_LARGE && !drop_oldest_large(d))
        return false;
    block = sally_pool_take(d->packets);
    if (block == NULL && drop_oldest_large(d))
        block = sally_pool_take(d->packets);
    *room = (struct sally_buf){ block, 0, SALLY_MESSAGE_MAX };
    return block != NULL;
}

static void keep(struct sally_coap_dedup *d, struct sally_coap_seen *seen,
                 const struct sally_buf *room)
{
    if (room->at == seen->answer.small)
        return;
    if (room->len > SALLY_DEDUP_SMALL) {
        seen->answer.large = room->at;
        d->ring->large++;
        return;
    }
    if (room->len != 0)
        memcpy(seen->answer.small, room->at, room->len);
    sally_pool_give(d->packets, room->at);
}

void sally_coap_dedup_answer(struct sally_coap_dedup *d,
                             struct sally_coap_seen *seen,
                             const struct sally_buf *room)
{
    keep(d, seen, room);
    seen->len = (uint16_t)room->len;
    seen->pending = false;
    seen->send = room->len != 0;
    d->ring->to_send += seen->send;
}

struct sally_coap_seen *sally_coap_dedup_ready(const struct sally_coap_dedup *d)
{
    struct sally_coap_seen *oldest = NULL;

    if (d->ring == NULL || d->ring->to_send == 0)
        return NULL;
    for (size_t i = 0; i < SALLY_DEDUP_RING; i++) {
        struct sally_coap_seen *s = &d->ring->entry[i];

        if (s->send && (oldest == NULL || s->when < oldest->when))
            oldest = s;
    }
    return oldest;
}

struct sally_span sally_coap_seen_answer(const struct sally_coap_seen *seen)
{
    return (struct sally_span){ seen->len > SALLY_DEDUP_SMALL
                                    ? seen->answer.large
                                    : seen->answer.small,
                                seen->len };
}

void sally_coap_dedup_sent(struct sally_coap_dedup *d,
                           struct sally_coap_seen *seen)
{
    seen->send = false;
    d->ring->to_send--;
    if (seen->forget)
        sally_coap_dedup_forget(d, seen);
    else if (seen->once)
        drop_answer(d, seen);
}

sally_usec sally_coap_dedup_deadline(const struct sally_coap_dedup *d)
{
    if (d->ring == NULL)
        return SALLY_NEVER;
    return sally_after(d->ring->last, d->lifetime);
}

void sally_coap_dedup_expire(struct sally_coap_dedup *d, sally_usec now)
{
    if (sally_coap_dedup_deadline(d) <= now)
        sally_coap_dedup_wipe(d);
}

void sally_coap_dedup_wipe(struct sally_coap_dedup *d)
{
    for (size_t i = 0; d->ring != NULL && i < SALLY_DEDUP_RING; i++)
        drop_answer(d, &d->ring->entry[i]);
    sally_pool_give(d->packets, d->ring);
    d->ring = NULL;
}
