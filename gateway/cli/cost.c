/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/cost.c - what the client of a pair takes for a handshake, for a
 * reading, and at rest.                                                     */
#include "cli/cost.h"

#include "cli/pair.h"
#include "security/heap.h"

/* What is made once is made by then. */
static enum sally_err warm_up(struct sally_pair *p,
                              const struct sally_cost_case *c)
{
    enum sally_err e = sally_pair_connect(p, c);

    if (e == SALLY_E_OK)
        e = sally_pair_read(p);
    sally_pair_disconnect(p);
    return e;
}

static SALLY_METER_APART enum sally_err
measure_handshakes(struct sally_pair *p, const struct sally_cost_case *c,
                   struct sally_cost *out)
{
    enum sally_err e = SALLY_E_OK;

    sally_meter_reset(&p->meter);
    for (int i = 0; e == SALLY_E_OK && i < SALLY_COST_HANDSHAKES; i++) {
        if (i > 0)
            sally_pair_disconnect(p);
        e = sally_pair_connect(p, c);
    }
    out->handshake_us =
        (double)p->meter.nanoseconds / 1000 / SALLY_COST_HANDSHAKES;
    out->handshake_instructions = p->meter.instructions / SALLY_COST_HANDSHAKES;
    out->handshake_bytes = p->client.bytes + p->server.bytes;
    out->handshake_datagrams = p->client.datagrams + p->server.datagrams;
    (void)sally_span_text(sally_span_of(sally_stack_suite(
                              sally_coap_link_stack(&p->client.link))),
                          out->suite, sizeof(out->suite));
    return e;
}

static SALLY_METER_APART enum sally_err measure_readings(struct sally_pair *p,
                                                         struct sally_cost *out)
{
    enum sally_err e = SALLY_E_OK;

    sally_meter_reset(&p->meter);
    p->client.bytes = p->server.bytes = 0;
    for (int i = 0; e == SALLY_E_OK && i < SALLY_COST_READINGS; i++)
        e = sally_pair_read(p);
    out->reading_bytes =
        (p->client.bytes + p->server.bytes) / SALLY_COST_READINGS;
    out->reading_us = (double)p->meter.nanoseconds / 1000 / SALLY_COST_READINGS;
    out->reading_instructions = p->meter.instructions / SALLY_COST_READINGS;
    return e;
}

/* Bytes of the heap and of the blocks that are lent. */
static size_t held(const struct sally_pair *p)
{
    return sally_heap_live() + p->engine.packets.used * p->engine.packets.size;
}

/* What goes when the client goes, its server being gone before. */
static void measure_memory(struct sally_pair *p, struct sally_cost *out)
{
    const struct sally_stack *s = sally_coap_link_stack(&p->client.link);
    size_t state = s->channel != NULL ? s->channel->size : 0;
    size_t before;

    if (s->object != NULL)
        state += sizeof(*s->object) + s->object->row->size;
    sally_coap_link_wipe(&p->server.link);
    before = held(p);
    sally_coap_link_wipe(&p->client.link);
    out->memory = before - held(p) + state;
}

enum sally_err sally_cost_measure(const struct sally_cost_case *c,
                                  struct sally_cost *out)
{
    struct sally_pair p = { .now = SALLY_SEC };
    enum sally_err e = sally_engine_make(&p.engine, 2);

    *out = (struct sally_cost){ .memory = 0 };
    sally_meter_open(&p.meter);
    if (e == SALLY_E_OK)
        e = warm_up(&p, c);
    if (e == SALLY_E_OK)
        e = measure_handshakes(&p, c, out);
    if (e == SALLY_E_OK)
        e = measure_readings(&p, out);
    if (e == SALLY_E_OK)
        measure_memory(&p, out);
    sally_pair_disconnect(&p);
    sally_engine_wipe(&p.engine);
    sally_meter_close(&p.meter);
    return e;
}
