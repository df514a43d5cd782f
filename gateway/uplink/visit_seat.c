/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/visit_seat.c - what the host calls of a bootstrapper, which is
 * a visit's affair while there is one.                                      */
#include "uplink/bootstrapper_parts.h"

#include "uplink/shard_parts.h"

static struct sally_shard *shard_of(const struct sally_bootstrapper *b)
{
    return b->sensor->shard;
}

static struct sally_bootstrapper *of(struct sally_uplink_guest *g)
{
    return SALLY_OWNER(g, struct sally_bootstrapper, guest);
}

static const struct sally_bootstrapper *
look_at(const struct sally_uplink_guest *g)
{
    return SALLY_OWNER(g, const struct sally_bootstrapper, guest);
}

static const struct sally_uri *uri(const struct sally_uplink_guest *g)
{
    const struct sally_visit *v = look_at(g)->visit;

    return v == NULL ? NULL : &v->uri;
}

static const char *server(const struct sally_uplink_guest *g)
{
    return sally_visit_server(look_at(g))->name;
}

static size_t room(const struct sally_uplink_guest *g)
{
    const struct sally_visit *v = look_at(g)->visit;

    return v == NULL ? 0 : sally_bootstrap_room(&v->engine);
}

static bool connected(const struct sally_uplink_guest *g)
{
    const struct sally_visit *v = look_at(g)->visit;

    return v != NULL && sally_bootstrap_connected(&v->engine);
}

static void on_input(struct sally_uplink_guest *g, struct sally_span datagram,
                     sally_usec now)
{
    struct sally_bootstrapper *b = of(g);

    shard_of(b)->now = now;
    if (b->visit != NULL)
        sally_bootstrap_input(&b->visit->engine, datagram, now);
    sally_visit_pump(b, now);
}

static void on_ready(struct sally_uplink_guest *g, sally_usec now)
{
    sally_visit_pump(of(g), now);
}

static void on_lost(struct sally_uplink_guest *g, enum sally_err e,
                    sally_usec now)
{
    struct sally_bootstrapper *b = of(g);

    if (b->visit != NULL)
        sally_bootstrap_lost(&b->visit->engine, e, now);
    sally_visit_pump(b, now);
}

/* What the disk has is to come in force first; and what is in force stays so.
 */
static void give_up(struct sally_visit *v, sally_usec now)
{
    sally_bootstrap_stop(&v->engine, now);
    v->failure = SALLY_E_TIMED_OUT;
}

static void on_expire(struct sally_uplink_guest *g, sally_usec now)
{
    struct sally_bootstrapper *b = of(g);

    shard_of(b)->now = now;
    if (b->visit != NULL)
        sally_bootstrap_expire(&b->visit->engine, now);
    if (b->visit != NULL && b->visit->until <= now && !b->visit->deciding)
        give_up(b->visit, now);
    if (b->renewal <= now)
        sally_renewal_look(b, now);
    if (b->purge <= now)
        sally_standing_purge(b, now);
    if (b->visit == NULL && b->due <= now)
        sally_visit_ask_turn(b);
    sally_visit_pump(b, now);
}

static void on_later(struct sally_uplink_guest *g, sally_usec now)
{
    (void)g;
    (void)now;
}

static void on_moved(struct sally_uplink_guest *g, sally_usec now)
{
    on_lost(g, SALLY_E_MOVED, now);
}

const struct sally_uplink_calls sally_visit_calls = {
    .uri = uri,
    .server = server,
    .room = room,
    .connected = connected,
    .input = on_input,
    .ready = on_ready,
    .lost = on_lost,
    .expire = on_expire,
    .later = on_later,
    .moved = on_moved,
};
