/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/brokers.c - the list `broker` of `local`, and what a sensor
 * behind one must be like.                                                  */
#include "config/sensor_draft.h"
#include "mqtt/topic.h"

#include <arpa/inet.h>
#include <string.h>

#define FILTER_MAX 256 /* bytes of one of `topics` */

static const struct sally_word versions[] = {
    { "3.1.1", 0 },
    { "5", 1 },
    { NULL, 0 },
};

static const struct sally_word retained[] = {
    { "drop", 0 },
    { "take", 1 },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_broker, field)

static const struct sally_key broker_keys[] = {
    { "name", SALLY_KEY_NAME, AT(name), 0, 0, NULL, NULL, NULL,
      "what `via` of sensors calls it; unique" },
    { "host", SALLY_KEY_TEXT, AT(host), 1, INET6_ADDRSTRLEN,
      "a numeric address", NULL, NULL, "its numeric IPv4 or IPv6 address" },
    { "port", SALLY_KEY_WHOLE, AT(port), 1, 65535, NULL, "1883", NULL,
      "where it takes plaintext MQTT" },
    SALLY_ROW_OTHER("topics", "a list ( ) of filters",
                    "that are subscribed to; must be given"),
    { "version", SALLY_KEY_WORD, AT(v5), 0, 0, NULL, "3.1.1", versions,
      "of MQTT" },
    { "client_id", SALLY_KEY_TEXT, AT(client_id), 1, 64, "a client id", "",
      NULL, "names our session there, `GATEWAY-NAME` without it" },
    { "keep_alive", SALLY_KEY_SECONDS, AT(keep_alive), 5000, 3600000, NULL,
      "1m", NULL, "silence after which it is asked whether it lives" },
    { "session_expiry", SALLY_KEY_SECONDS, AT(session_expiry), 60000,
      2592000000.0, NULL, "7d", NULL,
      "how long it keeps messages for us while we are away; with version 5" },
    { "retained", SALLY_KEY_WORD, AT(retained), 0, 0, NULL, "drop", retained,
      "messages that it kept from before we subscribed, of unknown age" },
};

const struct sally_schema sally_group_broker = {
    "broker",
    "An entry of `broker` of `local`: a broker that is there already, up to 8.",
    broker_keys, SALLY_LEN(broker_keys)
};

static bool is_numeric(const char *host)
{
    uint8_t ip[16];

    return inet_pton(AF_INET, host, ip) == 1 ||
           inet_pton(AF_INET6, host, ip) == 1;
}

static void take_topics(struct sally_loader *l, const config_setting_t *group,
                        struct sally_config_broker *b)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "topics", "filters", &list);
    const char **topics =
        sally_arena_take(l->reader.arena, count, sizeof(*topics));

    if (count == 0 || count > SALLY_CONFIG_TOPICS_MAX) {
        sally_complain(&l->reader, count == 0 ? group : list, "topics",
                       "expected 1 to %d topic filters, got %zu",
                       SALLY_CONFIG_TOPICS_MAX, count);
        return;
    }
    for (size_t i = 0; topics != NULL && i < count; i++) {
        const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(at);

        if (text == NULL || strlen(text) > FILTER_MAX ||
            !sally_mqtt_filter_ok(sally_span_of(text)))
            sally_expected(&l->reader, list, at, "topics",
                           "a topic filter of MQTT, such as \"plant/+/temp\"");
        else
            topics[b->topic_count++] =
                sally_arena_text(l->reader.arena, sally_span_of(text));
    }
    b->topics = topics;
}

static const struct sally_config_broker *
named(const struct sally_config_broker *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static void take_broker(struct sally_loader *l, const config_setting_t *group,
                        struct sally_config_broker *b)
{
    unsigned before = l->reader.bad;

    *b =
        (struct sally_config_broker){ .name = "", .host = "", .client_id = "" };
    sally_schema_defaults(&l->reader, &sally_group_broker, b);
    sally_schema_read(&l->reader, &sally_group_broker, group, b);
    if (l->reader.bad == before && !is_numeric(b->host))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "host"), "host",
                       "a numeric IPv4 or IPv6 address");
    take_topics(l, group, b);
    if (b->client_id[0] == '\0')
        b->client_id =
            sally_arena_format(l->reader.arena, "%s-%s", l->out->name, b->name);
}

void sally_load_brokers(struct sally_loader *l, const config_setting_t *group)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "broker", "brokers { }", &list);
    struct sally_config_broker *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return;
    if (count > SALLY_CONFIG_BROKERS_MAX) {
        sally_complain(&l->reader, list, "broker",
                       "expected at most %d brokers, got %zu",
                       SALLY_CONFIG_BROKERS_MAX, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *one =
            config_setting_get_elem(list, (unsigned)i);

        take_broker(l, one, &all[i]);
        if (named(all, i, all[i].name) != NULL)
            sally_complain(&l->reader, one, "name",
                           "expected a name that no other broker has, got "
                           "\"%s\"",
                           all[i].name);
    }
    l->out->brokers = all;
    l->out->broker_count = count;
}

/* --- Sensors behind one -------------------------------------------------- */

void sally_via_load(struct sally_loader *l, const config_setting_t *group,
                    struct sally_sensor_draft *draft)
{
    const config_setting_t *via = config_setting_get_member(group, "via");
    const struct sally_config *c = l->out;
    const struct sally_config_broker *b =
        named(c->brokers, c->broker_count, draft->via);

    if (via == NULL || draft->via[0] == '\0')
        return;
    if (config_setting_get_member(group, "authenticate") != NULL)
        sally_complain(&l->reader, via, "via",
                       "expected no `authenticate` beside it: the topic tells "
                       "the sensor");
    if (b == NULL) {
        sally_expected(&l->reader, group, via, "via",
                       "the name of a broker in `local`");
        return;
    }
    draft->auth = sally_arena_take(&l->scratch, 1, sizeof(*draft->auth));
    draft->sensor.auth_count = draft->auth == NULL ? 0 : 1;
    if (draft->auth != NULL)
        draft->auth[0] = (struct sally_config_auth){
            .username = b->name,
            .key_file = "",
            .interface = "",
            .ip = "",
            .method = SALLY_AUTH_BROKER,
            .line = (unsigned)config_setting_source_line(via)
        };
}

/* "plant/+/temp" belongs to whoever comes first; only {id}, or a topic without
 * captures, belongs to one sensor.                                          */
void sally_via_check(struct sally_loader *l, const config_setting_t *group,
                     const struct sally_config_sensor *s,
                     const struct sally_config_profile *p)
{
    if (s->auth_count != 1 || s->auth[0].method != SALLY_AUTH_BROKER)
        return;
    for (size_t i = 0; i < p->map_count; i++)
        if (strchr(p->maps[i].topic, '{') != NULL &&
            strstr(p->maps[i].topic, "{id}") == NULL)
            sally_complain(&l->reader, group, "via",
                           "expected topics with {id} or without captures, "
                           "since the topic tells the sensor, got \"%s\"",
                           p->maps[i].topic);
}
