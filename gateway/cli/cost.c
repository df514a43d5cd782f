/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/cost.c - two ends of one association in memory, and the clock
 * and the counters around the client's half.                                */
#include "cli/cost.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lwm2m/engine.h"
#include "security/heap.h"

#define HANDSHAKES 20
#define READINGS 500
#define TURNS_MAX 200

struct meter {
    int counter; /* of instructions; -1: none */
    uint64_t nanoseconds, instructions;
    uint64_t began, counted;
};

struct end {
    struct sally_coap_link link;
    struct sally_engine *engine;
    struct meter *meter; /* NULL: not measured */
    size_t bytes, datagrams;
    unsigned answered;
    uint64_t reserved; /* sequence numbers of OSCORE */
    enum sally_err broken;
};

/* --- The meter ----------------------------------------------------------- */

/* Of the wall: asking for the time on the processor takes a system call, which
 * would be a third of what is measured.                                     */
static uint64_t nanoseconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The kernel may not let us, or the machine may have no such counter. */
static int open_counter(void)
{
    struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE,
                                 .size = sizeof(a),
                                 .config = PERF_COUNT_HW_INSTRUCTIONS,
                                 .exclude_kernel = 1,
                                 .exclude_hv = 1 };

    return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0UL);
}

static uint64_t instructions(const struct meter *m)
{
    uint64_t n = 0;

    return m->counter >= 0 && read(m->counter, &n, sizeof(n)) == sizeof(n) ? n
                                                                          : 0;
}

static void start(struct meter *m)
{
    if (m == NULL)
        return;
    m->counted = instructions(m);
    m->began = nanoseconds();
}

static void stop(struct meter *m)
{
    if (m == NULL)
        return;
    m->nanoseconds += nanoseconds() - m->began;
    m->instructions += instructions(m) - m->counted;
}

/* --- The two ends -------------------------------------------------------- */

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    static const struct sally_coap_answer changed = {
        .code = SALLY_CODE_CHANGED
    };
    struct end *e = owner;

    (void)sally_coap_link_respond(&e->link, q->exchange, &changed, now);
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err error,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct end *e = owner;

    (void)x;
    (void)reply;
    (void)now;
    e->answered++;
    if (error != SALLY_E_OK)
        e->broken = error;
}

static void on_channel(void *owner, enum sally_err error, sally_usec now)
{
    struct end *e = owner;

    (void)now;
    if (error != SALLY_E_OK)
        e->broken = error;
}

/* Nothing is kept: what may be used is what was reserved by now. */
static void on_reserve(void *owner, uint64_t until)
{
    struct end *e = owner;

    e->reserved = until;
    sally_coap_link_reserved(&e->link, until, 0);
}

static const struct sally_coap_link_upcalls upcalls = {
    .on_request = on_request, .on_reply = on_reply, .on_channel = on_channel,
    .on_reserve = on_reserve
};

/* Brings what one end has to say to the other; false: it said nothing. */
static bool carry(struct end *from, struct end *to, sally_usec now)
{
    uint8_t room[SALLY_DATAGRAM_MAX];
    size_t len;
    struct sally_span d;

    start(from->meter);
    d = sally_coap_link_output(&from->link, now);
    len = d.len;
    if (len != 0)
        memcpy(room, d.at, len);
    stop(from->meter);
    if (len == 0)
        return false;
    from->bytes += len;
    from->datagrams++;
    start(to->meter);
    (void)sally_coap_link_input(&to->link, (struct sally_span){ room, len },
                                now);
    stop(to->meter);
    return true;
}

static void exchange(struct end *client, struct end *server, sally_usec now)
{
    for (int i = 0; i < TURNS_MAX; i++)
        if (!carry(client, server, now) && !carry(server, client, now))
            return;
}

struct pair {
    struct sally_engine engine;
    struct end client, server;
    struct meter meter;
    sally_usec now;
};

static enum sally_err connect_pair(struct pair *p,
                                   const struct sally_cost_case *c)
{
    const struct sally_object_past past = { .known = true, .trusted = true,
                                            .reserved = p->client.reserved };
    enum sally_err e;

    p->client = (struct end){ .engine = &p->engine, .meter = &p->meter,
                              .reserved = past.reserved };
    p->server = (struct end){ .engine = &p->engine };
    sally_coap_link_init(&p->client.link, &p->engine.coap, &upcalls,
                         &p->client);
    sally_coap_link_init(&p->server.link, &p->engine.coap, &upcalls,
                         &p->server);
    e = sally_coap_link_accept(&p->server.link, c->scheme, &c->server, p->now);
    start(&p->meter);
    if (e == SALLY_E_OK)
        e = sally_coap_link_start(&p->client.link, c->scheme, &c->client,
                                  &past, p->now);
    stop(&p->meter);
    if (e != SALLY_E_OK)
        return e;
    exchange(&p->client, &p->server, p->now);
    if (p->client.broken != SALLY_E_OK)
        return p->client.broken;
    return sally_coap_link_state(&p->client.link) == SALLY_CHANNEL_UP
               ? SALLY_E_OK
               : SALLY_E_TIMED_OUT;
}

static void disconnect(struct pair *p)
{
    sally_coap_link_wipe(&p->client.link);
    sally_coap_link_wipe(&p->server.link);
}

/* An 8-byte reading as a sensor's client would post it. */
static enum sally_err read_once(struct pair *p)
{
    static const uint8_t path[] = { 0xb2, 'd', 'p' };
    const struct sally_coap_question q = {
        .code = SALLY_CODE_POST, .confirmable = true,
        .options = { path, sizeof(path) },
        .payload = { (const uint8_t *)"21.50000", 8 }
    };
    unsigned before = p->client.answered;
    sally_coap_exchange x;
    enum sally_err e;

    start(&p->meter);
    e = sally_coap_link_request(&p->client.link, &q, p->now, &x);
    stop(&p->meter);
    if (e != SALLY_E_OK)
        return e;
    exchange(&p->client, &p->server, p->now);
    /* What is remembered of messages goes with its time. */
    p->now += 300 * SALLY_SEC;
    sally_coap_link_expire(&p->client.link, p->now);
    sally_coap_link_expire(&p->server.link, p->now);
    return p->client.answered == before + 1 ? p->client.broken
                                            : SALLY_E_TIMED_OUT;
}

/* --- The measurements ---------------------------------------------------- */

static enum sally_err measure_handshakes(struct pair *p,
                                         const struct sally_cost_case *c,
                                         struct sally_cost *out)
{
    enum sally_err e = SALLY_E_OK;

    p->meter.nanoseconds = 0;
    for (int i = 0; e == SALLY_E_OK && i < HANDSHAKES; i++) {
        if (i > 0)
            disconnect(p);
        e = connect_pair(p, c);
    }
    out->handshake_us = (double)p->meter.nanoseconds / 1000 / HANDSHAKES;
    out->handshake_bytes = p->client.bytes + p->server.bytes;
    out->handshake_datagrams = p->client.datagrams + p->server.datagrams;
    (void)sally_span_text(sally_span_of(sally_stack_suite(
                              sally_coap_link_stack(&p->client.link))),
                          out->suite, sizeof(out->suite));
    return e;
}

static enum sally_err measure_readings(struct pair *p, struct sally_cost *out)
{
    enum sally_err e = read_once(p); /* the first one also warms up */
    size_t before;

    p->client.bytes = p->server.bytes = 0;
    p->meter.nanoseconds = p->meter.instructions = 0;
    before = p->client.bytes + p->server.bytes;
    for (int i = 0; e == SALLY_E_OK && i < READINGS; i++)
        e = read_once(p);
    out->reading_bytes =
        (p->client.bytes + p->server.bytes - before) / READINGS;
    out->reading_us = (double)p->meter.nanoseconds / 1000 / READINGS;
    out->reading_instructions = p->meter.instructions / READINGS;
    return e;
}

/* What goes when the client goes, its server being gone before. */
static void measure_memory(struct pair *p, struct sally_cost *out)
{
    const struct sally_stack *s = sally_coap_link_stack(&p->client.link);
    size_t state = s->channel != NULL ? s->channel->size : 0;
    size_t before;

    if (s->object != NULL)
        state += sizeof(*s->object) + s->object->row->size;

    sally_coap_link_wipe(&p->server.link);
    before = sally_heap_live();
    sally_coap_link_wipe(&p->client.link);
    out->memory = before - sally_heap_live() + state;
}

enum sally_err sally_cost_measure(const struct sally_cost_case *c,
                                  struct sally_cost *out)
{
    struct pair p = { .now = SALLY_SEC, .meter = { .counter = -1 } };
    enum sally_err e = sally_engine_make(&p.engine, 2);

    *out = (struct sally_cost){ .memory = 0 };
    p.meter.counter = open_counter();
    if (e == SALLY_E_OK)
        e = measure_handshakes(&p, c, out);
    if (e == SALLY_E_OK)
        e = measure_readings(&p, out);
    if (e == SALLY_E_OK)
        measure_memory(&p, out);
    disconnect(&p);
    sally_engine_wipe(&p.engine);
    if (p.meter.counter >= 0)
        (void)close(p.meter.counter);
    return e;
}
