/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/brokers.c - hosts the engine for brokers with TCP connections
 * and a timer.                                                              */
#include "roles/brokers.h"

#include "log/log.h"
#include "security/crypto.h"

/* --- From the connections ------------------------------------------------ */

static size_t room(void *owner)
{
    const struct sally_broker_link *k = owner;

    return sally_brokers_room(k->all->engine, k->number);
}

static void on_bytes(void *owner, struct sally_span bytes, sally_usec now)
{
    const struct sally_broker_link *k = owner;

    sally_brokers_input(k->all->engine, k->number, bytes, now);
}

/* As much as the connection takes now. */
static void flush(const struct sally_broker_link *k, sally_usec now)
{
    struct sally_brokers *engine = k->all->engine;

    while (k->stream != NULL && sally_stream_ready(k->stream)) {
        struct sally_span out = sally_brokers_output(engine, k->number);

        if (out.len == 0)
            return;
        if (out.len > SALLY_STREAM_CHUNK)
            out.len = SALLY_STREAM_CHUNK;
        sally_stream_send(k->stream, out);
        sally_brokers_sent(engine, k->number, out.len, now);
    }
}

static void on_ready(void *owner, sally_usec now)
{
    const struct sally_broker_link *k = owner;

    flush(k, now);
    sally_stream_resume(k->stream);
}

static void on_lost(void *owner, enum sally_err e, bool connected,
                    sally_usec now)
{
    const struct sally_broker_link *k = owner;

    (void)connected;
    sally_log(SALLY_LOG_INFO, "broker_connection_gone",
              SALLY_TEXT("why", sally_err_text(e)));
    sally_brokers_lost(k->all->engine, k->number, now);
}

static const struct sally_stream_upcalls stream_upcalls = {
    .room = room, .on_bytes = on_bytes, .on_ready = on_ready, .on_lost = on_lost
};

/* --- From the engine ----------------------------------------------------- */

static void host_connect(void *owner, size_t broker,
                         const struct sally_config_broker *to)
{
    struct sally_broker_links *l = owner;
    struct sally_broker_link *k = &l->link[broker];
    struct sally_bus_address peer;

    if (k->stream == NULL &&
        sally_stream_open(&k->stream, l->loop, &stream_upcalls, k) !=
            SALLY_E_OK)
        return; /* without an answer it is tried again */
    if (sally_address_parse(to->host, to->port, &peer) == SALLY_E_OK)
        sally_stream_connect(k->stream, &peer);
}

static void host_pump(void *owner, size_t broker)
{
    struct sally_broker_links *l = owner;
    const struct sally_broker_link *k = &l->link[broker];

    flush(k, sally_loop_now(l->loop));
    if (k->stream != NULL)
        sally_stream_resume(k->stream);
}

static void host_drop(void *owner, size_t broker)
{
    struct sally_broker_links *l = owner;
    const struct sally_broker_link *k = &l->link[broker];

    flush(k, sally_loop_now(l->loop));
    if (k->stream != NULL)
        sally_stream_drop(k->stream);
}

static void host_arm(void *owner, sally_usec when)
{
    struct sally_broker_links *l = owner;

    sally_timer_set(l->loop, &l->timer, when);
}

static const struct sally_brokers_host host = { .connect = host_connect,
                                                .pump = host_pump,
                                                .drop = host_drop,
                                                .arm = host_arm };

static void on_timer(void *owner, sally_usec now)
{
    const struct sally_broker_links *l = owner;

    sally_brokers_expire(l->engine, now);
}

enum sally_err sally_broker_links_open(struct sally_broker_links *l,
                                       struct sally_loop *loop,
                                       struct sally_outer *outer)
{
    l->loop = loop;
    sally_timer_init(&l->timer, on_timer, l);
    for (size_t i = 0; i < SALLY_LEN(l->link); i++) {
        l->link[i].all = l;
        l->link[i].number = i;
    }
    return sally_brokers_create(&l->engine, outer, sally_crypto_random(), &host,
                                l);
}

void sally_broker_links_close(struct sally_broker_links *l)
{
    if (l->loop == NULL)
        return;
    sally_brokers_wipe(l->engine);
    l->engine = NULL;
    sally_timer_set(l->loop, &l->timer, SALLY_NEVER);
    for (size_t i = 0; i < SALLY_LEN(l->link); i++)
        sally_stream_close(l->link[i].stream);
}
