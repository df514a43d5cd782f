/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker.c - connections to brokers: begun, kept, begun again.
 *
 * A client tells its end from inside other calls, so settle(), at the end of
 * every entry, clears away what ended.                                      */
#include "ingress/broker_parts.h"
#include "log/log.h"

#include <stdlib.h>

#define PAUSE_FIRST (1 * SALLY_SEC)
#define PAUSE_MAX (60 * SALLY_SEC)
#define BLOCKS ((size_t)2 * SALLY_CONFIG_BROKERS_MAX)

/* --- From the client ----------------------------------------------------- */

static void on_open(void *owner, bool present)
{
    struct broker *b = owner;

    b->pause = PAUSE_FIRST;
    sally_log(SALLY_LOG_INFO, "broker_connected",
              SALLY_TEXT("broker", sally_broker_config(b)->name),
              SALLY_TEXT("session", present ? "kept" : "new"));
}

static void on_refused(void *owner, size_t number, uint8_t code)
{
    struct broker *b = owner;

    sally_log(SALLY_LOG_WARNING, "broker_topic_refused",
              SALLY_TEXT("broker", sally_broker_config(b)->name),
              SALLY_TEXT("topic", sally_broker_config(b)->topics[number]),
              SALLY_NUMBER("code", code));
}

static void on_end(void *owner, enum sally_mqtt_loss why, uint8_t code)
{
    struct broker *b = owner;

    b->ended = true;
    if (why != SALLY_MQTT_LOSS_CLOSED)
        sally_log(SALLY_LOG_WARNING, "broker_lost",
                  SALLY_TEXT("broker", sally_broker_config(b)->name),
                  SALLY_TEXT("why", sally_mqtt_loss_text(why)),
                  SALLY_NUMBER("code", code));
}

static const struct sally_mqtt_client_upcalls upcalls = {
    .on_open = on_open,
    .on_refused = on_refused,
    .on_publish = sally_broker_on_publish,
    .on_puback = sally_broker_on_puback,
    .on_end = on_end,
};

/* --- Connections --------------------------------------------------------- */

static void connect_one(struct broker *b)
{
    const struct sally_config_broker *c = sally_broker_config(b);

    for (size_t i = 0; i < c->topic_count; i++)
        b->filters[i] = sally_span_of(c->topics[i]);
    b->options = (struct sally_mqtt_client_options){
        .client_id = sally_span_of(c->client_id),
        .filters = b->filters,
        .filter_count = c->topic_count,
        .keep_alive = (uint16_t)c->keep_alive,
        .v5 = c->v5,
        .session_expiry = c->session_expiry
    };
    b->again = SALLY_NEVER;
    b->connection++;
    sally_mqtt_client_init(&b->client, &upcalls, b, &b->all->pools, &b->options,
                           b->all->now);
    b->all->host->connect(b->all->owner, b->number, c);
}

/* Three quarters of the pause, and up to half of it by chance: gateways that
 * lost one broker do not come back together.                                */
static void clear(struct broker *b)
{
    struct sally_brokers *all = b->all;
    sally_usec chance =
        (sally_usec)(sally_random_u64(&all->random) % ((uint64_t)b->pause / 2));

    b->ended = false;
    b->connection++;
    all->host->drop(all->owner, b->number);
    sally_mqtt_client_wipe(&b->client);
    sally_broker_forget(b, false, all->now);
    b->again = sally_after(all->now, b->pause * 3 / 4 + chance);
    b->pause = b->pause * 2 < PAUSE_MAX ? b->pause * 2 : PAUSE_MAX;
}

static sally_usec due(const struct broker *b)
{
    sally_usec first = b->again, other = sally_broker_commands_due(b);

    if (b->again == SALLY_NEVER)
        first = sally_mqtt_client_deadline(&b->client);
    return first < other ? first : other;
}

void sally_brokers_settle(struct sally_brokers *b)
{
    sally_usec first = SALLY_NEVER;

    for (size_t i = 0; i < b->count; i++) {
        if (b->brokers[i].ended)
            clear(&b->brokers[i]);
        else if (b->brokers[i].again == SALLY_NEVER)
            b->host->pump(b->owner, i);
        if (due(&b->brokers[i]) < first)
            first = due(&b->brokers[i]);
    }
    b->host->arm(b->owner, first);
}

void sally_brokers_expire(struct sally_brokers *b, sally_usec now)
{
    b->now = now;
    for (size_t i = 0; i < b->count; i++) {
        struct broker *one = &b->brokers[i];

        sally_broker_expire_commands(one, now);
        if (one->again == SALLY_NEVER)
            sally_mqtt_client_expire(&one->client, now);
        else if (one->again <= now)
            connect_one(one);
    }
    sally_brokers_settle(b);
}

void sally_brokers_resume(struct sally_brokers *b, sally_usec now)
{
    bool some = false;

    b->now = now;
    for (size_t i = 0; i < b->count; i++) {
        if (b->brokers[i].again != SALLY_NEVER || !b->brokers[i].client.full)
            continue;
        sally_mqtt_client_resume(&b->brokers[i].client, now);
        some = true;
    }
    if (some)
        sally_brokers_settle(b);
}

size_t sally_brokers_room(const struct sally_brokers *b, size_t broker)
{
    return broker < b->count
               ? sally_mqtt_client_room(&b->brokers[broker].client)
               : 0;
}

void sally_brokers_input(struct sally_brokers *b, size_t broker,
                         struct sally_span bytes, sally_usec now)
{
    b->now = now;
    sally_mqtt_client_input(&b->brokers[broker].client, bytes, now);
    sally_brokers_settle(b);
}

struct sally_span sally_brokers_output(const struct sally_brokers *b,
                                       size_t broker)
{
    return sally_mqtt_client_output(&b->brokers[broker].client);
}

void sally_brokers_sent(struct sally_brokers *b, size_t broker, size_t n,
                        sally_usec now)
{
    b->now = now;
    sally_mqtt_client_sent(&b->brokers[broker].client, n, now);
}

void sally_brokers_lost(struct sally_brokers *b, size_t broker, sally_usec now)
{
    b->now = now;
    sally_mqtt_client_end(&b->brokers[broker].client, SALLY_MQTT_LOSS_LOST);
    sally_brokers_settle(b);
}

/* --- Building ------------------------------------------------------------ */

static enum sally_err build(struct sally_brokers *b,
                            const struct sally_config *c,
                            struct sally_broker_topics **out)
{
    struct sally_hash_key seed;

    sally_random_fill(&b->random, &seed, sizeof(seed));
    return sally_broker_topics_create(out, c, seed);
}

enum sally_err sally_brokers_create(struct sally_brokers **out,
                                    struct sally_outer *outer,
                                    struct sally_random random,
                                    const struct sally_brokers_host *host,
                                    void *owner)
{
    struct sally_brokers *b = calloc(1, sizeof(*b));
    enum sally_err e;

    if (b == NULL)
        return SALLY_E_NO_MEMORY;
    b->outer = outer;
    b->random = random;
    b->host = host;
    b->owner = owner;
    e = sally_pool_init(&b->small, SALLY_MQTT_SMALL, BLOCKS, true);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&b->large, SALLY_MQTT_LARGE, BLOCKS, true);
    if (e == SALLY_E_OK)
        e = build(b, sally_outer_config(outer), &b->topics);
    if (e != SALLY_E_OK) {
        sally_brokers_wipe(b);
        return e;
    }
    b->pools =
        (struct sally_mqtt_pools){ .small = &b->small, .large = &b->large };
    sally_outer_add_carrier(
        outer, (struct sally_outer_carrier){ sally_broker_carry, b });
    *out = b;
    return SALLY_E_OK;
}

void sally_brokers_begin(struct sally_brokers *b, sally_usec now)
{
    b->count = sally_outer_config(b->outer)->broker_count;
    for (size_t i = 0; i < b->count; i++) {
        struct broker *one = &b->brokers[i];

        one->all = b;
        one->number = i;
        one->again = now;
        one->pause = PAUSE_FIRST;
    }
    b->host->arm(b->owner, b->count == 0 ? SALLY_NEVER : now);
}

static void end_all(struct sally_brokers *b, sally_usec now)
{
    b->now = now;
    for (size_t i = 0; i < b->count; i++) {
        struct broker *one = &b->brokers[i];

        if (one->again == SALLY_NEVER)
            sally_mqtt_client_end(&one->client, SALLY_MQTT_LOSS_CLOSED);
        one->ended = false;
        one->connection++;
        b->host->drop(b->owner, i);
        sally_mqtt_client_wipe(&one->client);
        sally_broker_forget(one, true, now);
    }
    b->count = 0;
}

enum sally_err sally_brokers_prepare(struct sally_brokers *b,
                                     const struct sally_config *next)
{
    sally_brokers_abort(b);
    return build(b, next, &b->next_topics);
}

void sally_brokers_abort(struct sally_brokers *b)
{
    sally_broker_topics_wipe(b->next_topics);
    b->next_topics = NULL;
}

void sally_brokers_commit(struct sally_brokers *b, sally_usec now)
{
    end_all(b, now);
    sally_broker_topics_wipe(b->topics);
    b->topics = b->next_topics;
    b->next_topics = NULL;
}

void sally_brokers_wipe(struct sally_brokers *b)
{
    if (b == NULL)
        return;
    end_all(b, b->now);
    sally_brokers_abort(b);
    sally_broker_topics_wipe(b->topics);
    sally_pool_wipe(&b->small);
    sally_pool_wipe(&b->large);
    free(b);
}
