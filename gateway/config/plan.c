/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/plan.c - gives slots to the things of a new configuration. */
#include "config/plan.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"

/* What a plan must know of one thing. */
struct item {
    const char *name; /* "" : the slot is vacant */
    uint64_t fingerprint;
    uint32_t born;
};

/* The things of one kind, in an arena. */
struct items {
    struct item *all;
    size_t count;
};

static struct items of_sensors(struct sally_arena *a,
                               const struct sally_config *c)
{
    struct items out = { sally_arena_take(a, c->sensor_count,
                                          sizeof(*out.all)),
                         c->sensor_count };

    for (size_t i = 0; out.all != NULL && i < out.count; i++)
        out.all[i] = (struct item){ c->sensors[i].id,
                                    c->sensors[i].fingerprint,
                                    c->sensors[i].born };
    return out;
}

static struct items of_servers(struct sally_arena *a,
                               const struct sally_config *c)
{
    struct items out = { sally_arena_take(a, c->server_count,
                                          sizeof(*out.all)),
                         c->server_count };

    for (size_t i = 0; out.all != NULL && i < out.count; i++)
        out.all[i] = (struct item){ c->servers[i].name,
                                    c->servers[i].fingerprint,
                                    c->servers[i].born };
    return out;
}

enum { SENSORS, SERVERS, KINDS };

static void collect(struct sally_arena *a, const struct sally_config *c,
                    struct items out[KINDS])
{
    out[SENSORS] = of_sensors(a, c);
    out[SERVERS] = of_servers(a, c);
}

static size_t count_all(const struct sally_config *c)
{
    return c->sensor_count + c->server_count;
}

static enum sally_err start(struct sally_plan *out, uint32_t generation,
                            size_t count)
{
    *out = (struct sally_plan){ generation, count,
                                calloc(count + 1, sizeof(*out->places)) };
    return out->places == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

enum sally_err sally_plan_first(const struct sally_config *c,
                                struct sally_plan *out)
{
    const size_t counts[KINDS] = { c->sensor_count, c->server_count };
    enum sally_err e = start(out, 1, count_all(c));
    struct sally_place *p = out->places;

    for (size_t kind = 0; e == SALLY_E_OK && kind < KINDS; kind++)
        for (uint32_t i = 0; i < counts[kind]; i++)
            *p++ = (struct sally_place){ i, 1 };
    return e;
}

void sally_plan_wipe(struct sally_plan *p)
{
    free(p->places);
    *p = (struct sally_plan){ .places = NULL };
}

/* --- The next plan ------------------------------------------------------- */

/* One kind of things on its way to slots. */
struct matching {
    struct items running, next;
    const bool *changed; /* NULL: none */
    uint32_t generation;
    struct sally_place *out; /* as many as next has */
    bool *taken;             /* slots; as many as both have together */
    bool *placed;            /* of next */
};

/* What is known by its name goes to the slot that it has, as another one if it
 * is not the same any more.                                                 */
static void keep(struct matching *m, const struct sally_names *running,
                 struct sally_plan_counts *counts)
{
    for (size_t i = 0; i < m->next.count; i++) {
        const struct item *now = &m->next.all[i];
        const struct sally_name *n = sally_names_find(running, now->name);
        const struct item *was;
        bool same;

        if (n == NULL)
            continue;
        was = &m->running.all[n->number];
        same = was->fingerprint == now->fingerprint &&
               (m->changed == NULL || !m->changed[i]);
        m->out[i] = (struct sally_place){ (uint32_t)n->number,
                                          same ? was->born : m->generation };
        m->taken[n->number] = true;
        m->placed[i] = true;
        counts->unchanged += same;
        counts->changed += !same;
    }
}

static void add(struct matching *m, struct sally_plan_counts *counts)
{
    uint32_t slot = 0;

    for (size_t i = 0; i < m->next.count; i++) {
        if (m->placed[i])
            continue;
        while (m->taken[slot])
            slot++;
        m->out[i] = (struct sally_place){ slot++, m->generation };
        counts->added++;
    }
}

static enum sally_err match(struct matching *m, struct sally_arena *scratch,
                            struct sally_plan_counts *counts)
{
    struct sally_names names;
    enum sally_err e = sally_names_init(&names, scratch, m->running.count);
    size_t owned = 0;

    m->taken = sally_arena_take(scratch, m->running.count + m->next.count + 1,
                                sizeof(*m->taken));
    m->placed =
        sally_arena_take(scratch, m->next.count + 1, sizeof(*m->placed));
    for (size_t i = 0; e == SALLY_E_OK && i < m->running.count; i++) {
        const char *name = m->running.all[i].name;

        if (name[0] == '\0')
            continue;
        owned++;
        (void)sally_names_add(&names, name, i, "", 0);
    }
    if (e == SALLY_E_OK && !scratch->failed) {
        keep(m, &names, counts);
        add(m, counts);
        counts->removed = owned - counts->unchanged - counts->changed;
    }
    sally_names_wipe(&names);
    return scratch->failed ? SALLY_E_NO_MEMORY : e;
}

enum sally_err sally_plan_next(const struct sally_config *running,
                               const struct sally_config *next,
                               const bool *sensors, const bool *servers,
                               struct sally_plan *out,
                               struct sally_plan_counts *counts)
{
    const bool *const changed[KINDS] = { sensors, servers };
    struct sally_plan_counts of[KINDS] = { { 0 } };
    struct items was[KINDS], now[KINDS];
    struct sally_arena scratch = { .chunks = NULL };
    enum sally_err e =
        start(out, running->generation + 1, count_all(next));
    struct sally_place *p = out->places;

    collect(&scratch, running, was);
    collect(&scratch, next, now);
    if (scratch.failed)
        e = SALLY_E_NO_MEMORY;
    for (size_t kind = 0; e == SALLY_E_OK && kind < KINDS; kind++) {
        struct matching m = { .running = was[kind],
                              .next = now[kind],
                              .changed = changed[kind],
                              .generation = out->generation,
                              .out = p };

        e = match(&m, &scratch, &of[kind]);
        p += now[kind].count;
    }
    sally_arena_wipe(&scratch);
    *counts = of[SENSORS];
    if (e != SALLY_E_OK)
        sally_plan_wipe(out);
    return e;
}

/* --- Arranging ----------------------------------------------------------- */

/* How many slots the places need; SIZE_MAX: two want the same, or one is
 * beyond `room`.                                                            */
static size_t slots_of(struct sally_arena *scratch, const struct sally_place *p,
                       size_t count, size_t room)
{
    bool *taken = sally_arena_take(scratch, room + 1, sizeof(*taken));
    size_t slots = 0;

    for (size_t i = 0; taken != NULL && i < count; i++) {
        if (p[i].slot >= room || taken[p[i].slot] || p[i].born == 0)
            return SIZE_MAX;
        taken[p[i].slot] = true;
        if (p[i].slot >= slots)
            slots = p[i].slot + (size_t)1;
    }
    return slots;
}

static void arrange_servers(struct sally_config *c, size_t slots,
                            const struct sally_place *p)
{
    struct sally_config_server *out =
        sally_arena_take(&c->arena, slots, sizeof(*out));

    for (size_t i = 0; out != NULL && i < slots; i++)
        out[i].name = out[i].uri_text = out[i].trust_file =
            out[i].crl_file = "";
    for (size_t i = 0; out != NULL && i < c->server_count; i++) {
        out[p[i].slot] = c->servers[i];
        out[p[i].slot].born = p[i].born;
    }
    c->servers = out;
    c->server_count = slots;
}

/* The sensor's accounts, with the slots of their servers. */
static void move_accounts(struct sally_arena *a, struct sally_config_sensor *s,
                          const struct sally_place *servers)
{
    const size_t count = sally_config_accounts(s);
    struct sally_config_account *out =
        sally_arena_take(a, count, sizeof(*out));

    for (size_t i = 0; out != NULL && i < count; i++) {
        out[i] = s->accounts[i];
        out[i].server = servers[s->accounts[i].server].slot;
    }
    s->accounts = out;
    if (out != NULL && s->bootstrap != NULL)
        s->bootstrap = &out[s->account_count];
}

/* Into an arena of their own: what they were made of goes. */
static void arrange_sensors(struct sally_config *c, size_t slots,
                            const struct sally_place *p,
                            const struct sally_place *servers)
{
    static const struct sally_config_sensor vacant = {
        .id = "",           .alias = "", .endpoint = "", .file = "",
        .manufacturer = "", .model = "", .serial = "",
    };
    struct sally_arena arena = { .chunks = NULL };
    struct sally_config_sensor *out =
        sally_arena_take(&arena, slots, sizeof(*out));

    for (size_t i = 0; out != NULL && i < slots; i++)
        out[i] = vacant;
    for (size_t i = 0; out != NULL && i < c->sensor_count; i++) {
        struct sally_config_sensor *s = &out[p[i].slot];

        *s = c->sensors[i];
        s->born = p[i].born;
        move_accounts(&arena, s, servers);
    }
    for (size_t i = 0; i < c->sensor_live; i++)
        c->by_id[i] = p[c->by_id[i]].slot;
    c->sensors = out;
    c->sensor_count = slots;
    sally_arena_wipe(&c->slots);
    c->slots = arena;
}

enum sally_err sally_config_arrange(struct sally_config *c,
                                    const struct sally_plan *p)
{
    const size_t counts[KINDS] = { c->sensor_count, c->server_count };
    const size_t rooms[KINDS] = { c->max_sensors, SALLY_CONFIG_SERVERS_MAX };
    const struct sally_place *at[KINDS];
    struct sally_arena scratch = { .chunks = NULL };
    size_t slots[KINDS], first = 0;
    bool good = p->count == count_all(c) && p->generation != 0;

    for (size_t i = 0; good && i < KINDS; i++) {
        at[i] = &p->places[first];
        slots[i] = slots_of(&scratch, at[i], counts[i], rooms[i]);
        good = slots[i] != SIZE_MAX;
        first += counts[i];
    }
    good = good && !scratch.failed;
    sally_arena_wipe(&scratch);
    if (!good)
        return SALLY_E_MALFORMED;
    arrange_sensors(c, slots[SENSORS], at[SENSORS], at[SERVERS]);
    arrange_servers(c, slots[SERVERS], at[SERVERS]);
    c->generation = p->generation;
    (void)malloc_trim(0);
    return c->arena.failed || c->slots.failed ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}
