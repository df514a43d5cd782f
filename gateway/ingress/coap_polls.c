/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_polls.c - sensors that are CoAP servers themselves: asks
 * them for what their maps want to know, each in its time, or observes it.
 *
 * A poll is a map of a sensor with `poll`. What answers is a reading, if the
 * address that it came from proves the sensor, as it would have to for what the
 * sensor says by itself.                                                    */
#include "ingress/coap_server_parts.h"

#include "codec/linkformat.h"
#include "coap/option.h"
#include "ingress/coap_reading.h"
#include "ingress/template.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>

#define TOPIC_PREFIX "coap/"
#define BEGIN_WITHIN (10 * SALLY_SEC) /* the first round, after a start */

static const struct sally_config_map *map_of(const struct sally_config *c,
                                             uint32_t sensor, uint32_t map)
{
    return &c->profiles[c->sensors[sensor].profile].maps[map];
}

/* Calls for each map that is to be polled; `out` NULL: counts only. */
static size_t collect(const struct sally_config *c, struct sally_coap_poll *out)
{
    size_t n = 0;

    for (uint32_t i = 0; i < c->sensor_count; i++) {
        size_t maps = c->sensors[i].id[0] == '\0'
                          ? 0
                          : c->profiles[c->sensors[i].profile].map_count;

        for (uint32_t k = 0; k < maps; k++) {
            if (map_of(c, i, k)->poll == 0)
                continue;
            if (out != NULL)
                out[n] = (struct sally_coap_poll){ .sensor = i, .map = k };
            n++;
        }
    }
    return n;
}

enum sally_err sally_coap_polls_make(struct sally_coap_polls *out,
                                     const struct sally_config *c)
{
    size_t count = collect(c, NULL);
    struct sally_coap_polls p = { .count = count };

    p.all = calloc(count + 1, sizeof(*p.all));
    if (p.all == NULL || sally_deadlines_init(&p.due, count) != SALLY_E_OK) {
        free(p.all);
        return SALLY_E_NO_MEMORY;
    }
    (void)collect(c, p.all);
    for (size_t i = 0; i < count; i++)
        sally_deadlines_set(&p.due, &p.all[i].deadline, 1);
    *out = p;
    return SALLY_E_OK;
}

void sally_coap_polls_wipe(struct sally_coap_polls *p)
{
    sally_deadlines_wipe(&p->due);
    free(p->all);
    *p = (struct sally_coap_polls){ .all = NULL };
}

/* --- What is under way --------------------------------------------------- */

static void begin(struct sally_coap_poll *poll, struct sally_coap_peer *p,
                  sally_coap_exchange x)
{
    poll->peer = p;
    poll->x = x;
    poll->next = p->polls;
    p->polls = poll;
}

static void end(struct sally_coap_poll *poll)
{
    struct sally_coap_poll **at;

    if (poll->peer == NULL)
        return;
    for (at = &poll->peer->polls; *at != poll; at = &(*at)->next)
        ;
    *at = poll->next;
    poll->peer = NULL;
}

void sally_coap_polls_forget(struct sally_coap_peer *p)
{
    while (p->polls != NULL)
        end(p->polls);
}

void sally_coap_polls_stop(struct sally_coap_polls *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct sally_coap_poll *poll = &p->all[i];

        if (poll->peer == NULL)
            continue;
        sally_coap_link_cancel(&poll->peer->link, poll->x);
        end(poll);
    }
}

/* --- Asking -------------------------------------------------------------- */

static enum sally_err topic_of(const struct sally_coap_server *s,
                               const struct sally_coap_poll *poll,
                               struct sally_buf *out)
{
    const struct sally_config *c = sally_outer_config(s->outer);
    const struct sally_config_sensor *sensor = &c->sensors[poll->sensor];
    const char *name = sensor->alias[0] != '\0' ? sensor->alias : sensor->id;

    return sally_template_topic(map_of(c, poll->sensor, poll->map)->topic,
                                sally_span_of(name), out);
}

static enum sally_err ask(struct sally_coap_server *s,
                          const struct sally_coap_poll *poll,
                          struct sally_coap_peer *p, sally_usec now,
                          sally_coap_exchange *x)
{
    uint8_t room[SALLY_COAP_TOPIC_MAX], option_room[512];
    char path[SALLY_COAP_TOPIC_MAX];
    struct sally_buf topic = SALLY_BUF(room), options = SALLY_BUF(option_room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                     .confirmable = true };
    struct sally_span tail;

    if (topic_of(s, poll, &topic) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    tail = sally_span_sub(sally_buf_span(&topic), sizeof(TOPIC_PREFIX) - 1,
                          topic.len);
    if (!sally_span_text(tail, path, sizeof(path)))
        return SALLY_E_MALFORMED;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    if (sally_coap_options_end(&w) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    if (map_of(sally_outer_config(s->outer), poll->sensor, poll->map)->observe)
        q.observe = SALLY_OBSERVE_REGISTER;
    q.options = sally_buf_span(&options);
    return sally_coap_link_request(&p->link, &q, now, x);
}

static struct sally_coap_peer *peer_for(struct sally_coap_server *s,
                                        uint32_t sensor, sally_usec now)
{
    struct sally_coap_source to;
    struct sally_coap_peer *p;

    if (sally_outer_sensor(s->outer, sensor)->blocked ||
        !sally_coap_commands_target(s, sensor, now, &to))
        return NULL;
    p = sally_coap_peer_find(s, &to);
    return p != NULL ? p : sally_coap_peer_add(s, &to, sensor, now);
}

/* A tenth more or less than `whole`, so that many do not ask at once. */
static sally_usec about(const struct sally_coap_server *s, sally_usec whole)
{
    uint64_t fifth = (uint64_t)whole / 5 + 1;

    return whole - whole / 10 +
           (sally_usec)(sally_random_u64(&s->coap->random) % fifth);
}

/* What is not answered until then is not waited for any more; an observation is
 * asked for anew, since the sensor may have forgotten it.                   */
static void run(struct sally_coap_server *s, struct sally_coap_poll *poll,
                sally_usec now)
{
    struct sally_coap_peer *p;
    sally_coap_exchange x;

    if (poll->peer != NULL) {
        sally_coap_link_cancel(&poll->peer->link, poll->x);
        end(poll);
    }
    if (poll->unlisted && s->registrations[poll->sensor].until > now)
        return;
    p = peer_for(s, poll->sensor, now);
    if (p == NULL)
        return;
    if (ask(s, poll, p, now, &x) == SALLY_E_OK)
        begin(poll, p, x);
    sally_coap_peer_pump(p, now);
}

/* "coap/a" is what the link </a> is for. */
static bool lists(struct sally_span links, struct sally_span topic)
{
    struct sally_span path = sally_span_sub(topic, sizeof(TOPIC_PREFIX) - 2,
                                            topic.len);
    struct sally_cursor c = sally_cursor_over(links);
    struct sally_span target, attributes;

    while (sally_take_link(&c, &target, &attributes))
        if (sally_span_equal(target, path))
            return true;
    return false;
}

void sally_coap_polls_list(struct sally_coap_server *s, uint32_t sensor,
                           struct sally_span links, sally_usec now)
{
    size_t low = 0, high = s->polls.count; /* they are in order of sensors */

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->polls.all[middle].sensor < sensor)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < s->polls.count && s->polls.all[low].sensor == sensor; low++) {
        struct sally_coap_poll *poll = &s->polls.all[low];
        uint8_t room[SALLY_COAP_TOPIC_MAX];
        struct sally_buf topic = SALLY_BUF(room);

        poll->unlisted = topic_of(s, poll, &topic) != SALLY_E_OK ||
                         !lists(links, sally_buf_span(&topic));
        poll->begun = true;
        sally_deadlines_set(&s->polls.due, &poll->deadline,
                            sally_after(now, SALLY_SEC));
    }
}

void sally_coap_polls_expire(struct sally_coap_server *s, sally_usec now)
{
    const struct sally_config *c = sally_outer_config(s->outer);
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&s->polls.due, now)) != NULL) {
        struct sally_coap_poll *poll =
            SALLY_OWNER(d, struct sally_coap_poll, deadline);
        const struct sally_config_map *map = map_of(c, poll->sensor, poll->map);
        sally_usec every = (sally_usec)(map->poll * SALLY_MSEC);
        sally_usec first = every < BEGIN_WITHIN ? every : BEGIN_WITHIN;

        if (poll->begun) {
            sally_deadlines_set(&s->polls.due, d,
                                sally_after(now, about(s, every)));
            run(s, poll, now);
            continue;
        }
        poll->begun = true;
        sally_deadlines_set(
            &s->polls.due, d,
            now + 1 + (sally_usec)(sally_random_u64(&s->coap->random) %
                                   (uint64_t)first));
    }
}

/* --- Answers ------------------------------------------------------------- */

static void failed(const struct sally_coap_server *s,
                   const struct sally_coap_poll *poll, const char *why)
{
    const struct sally_config *c = sally_outer_config(s->outer);

    sally_log(SALLY_LOG_WARNING, "poll_failed",
              SALLY_TEXT("sensor", c->sensors[poll->sensor].id),
              SALLY_TEXT("topic", map_of(c, poll->sensor, poll->map)->topic),
              SALLY_TEXT("why", why));
}

/* The store had no room: the value is as good later. */
static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    (void)subject;
    (void)number;
    (void)now;
    return result == SALLY_ACCEPTED_FULL || result == SALLY_ACCEPTED_FAILED;
}

static void take(struct sally_coap_server *s,
                 const struct sally_coap_poll *poll, struct sally_span payload,
                 sally_usec now)
{
    uint8_t room[SALLY_COAP_TOPIC_MAX];
    struct sally_buf topic = SALLY_BUF(room);
    bool nothing;

    if (topic_of(s, poll, &topic) == SALLY_E_OK &&
        sally_outer_message(s->outer, poll->sensor, NULL,
                            sally_buf_span(&topic), payload, told, s, 0,
                            &nothing, now) == SALLY_E_NO_ROOM)
        failed(s, poll, "too many of its messages wait for the store");
}

bool sally_coap_polls_reply(struct sally_coap_peer *p, sally_coap_exchange x,
                            enum sally_err e,
                            const struct sally_coap_reply *reply,
                            sally_usec now)
{
    struct sally_coap_poll *poll = p->polls;
    bool good = e == SALLY_E_OK && sally_coap_class(reply->code) == 2;

    while (poll != NULL && poll->x != x)
        poll = poll->next;
    if (poll == NULL)
        return false;
    if (!good)
        failed(p->server, poll, e == SALLY_E_OK ? "refused by the sensor"
                                                : sally_err_text(e));
    else if (p->proved_until < now)
        failed(p->server, poll, "its address alone proves nothing");
    else
        take(p->server, poll, reply->payload, now);
    if (!good || !reply->observe)
        end(poll);
    return true;
}
