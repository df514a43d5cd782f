/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_view.c - who may see what. A sensor sees its own command
 * topics; one with `visibility = "all"`, like a display, also what the others
 * publish. That goes to it as it comes, before it is stored, and what it does
 * not take in time is not kept for it.                                      */
#include "ingress/mqtt_parts.h"

static bool sees_all(const struct sally_mqtt_connection *c)
{
    return sally_mqtt_config(c->server, c->sensor)->visibility ==
           SALLY_VISIBILITY_ALL;
}

bool sally_mqtt_may_subscribe(const struct sally_mqtt_connection *c,
                              struct sally_span filter)
{
    if (sees_all(c))
        return filter.len != 0 && filter.at[0] != '$';
    return sally_mapping_may_subscribe(sally_outer_mapping(c->server->outer),
                                       c->sensor, filter);
}

const struct subscription *
sally_mqtt_subscribed(const struct sally_mqtt_connection *c,
                      struct sally_span topic)
{
    const struct subscription *b = c->subscriptions;

    for (; b != NULL; b = b->next)
        if (sally_topic_matches((struct sally_span){ b->filter, b->len },
                                topic))
            return b;
    return NULL;
}

static void show_to(struct sally_mqtt_connection *c,
                    const struct sally_mqtt_connection *from,
                    const struct sally_mqtt_publish *p)
{
    const struct subscription *b = sally_mqtt_subscribed(c, p->topic);
    struct sally_mqtt_publish copy = { .topic = p->topic,
                                       .payload = p->payload };
    uint16_t id;

    if (b == NULL || c->ended)
        return;
    copy.qos = p->qos < b->qos ? p->qos : b->qos;
    if (sally_mqtt_session_publish(&c->session, &copy, &id, c->server->now) ==
            SALLY_E_OK &&
        c != from) /* whose output goes out at the end of its own entry */
        sally_mqtt_follow(c);
}

void sally_mqtt_show(struct sally_mqtt_connection *from,
                     const struct sally_mqtt_publish *p)
{
    const struct sally_mqtt_tables *t = &from->server->tables;

    for (size_t i = 0; i < t->viewer_count; i++) {
        struct sally_mqtt_connection *c = t->sensors[t->viewers[i]];

        while (c != NULL) {
            struct sally_mqtt_connection *next = c->next;

            show_to(c, from, p);
            c = next;
        }
    }
}
