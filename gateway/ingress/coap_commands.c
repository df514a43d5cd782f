/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_commands.c - commands down to CoAP sensors: each is a
 * request, and its answer the outcome, or a notification where the sensor
 * observes the resource.                                                    */
#include "ingress/coap_server_parts.h"

#include "coap/option.h"

#include <arpa/inet.h>
#include <string.h>

#define TOPIC_PREFIX "coap/"

static enum sally_outcome outcome_of(enum sally_err e,
                                     const struct sally_coap_reply *reply)
{
    if (e == SALLY_E_OK)
        return sally_coap_class(reply->code) == 2 ? SALLY_OUTCOME_DONE
                                                  : SALLY_OUTCOME_REFUSED;
    return e == SALLY_E_TIMED_OUT ? SALLY_OUTCOME_TIMEOUT
                                  : SALLY_OUTCOME_REFUSED;
}

void sally_coap_commands_reply(void *owner, sally_coap_exchange x,
                               enum sally_err e,
                               const struct sally_coap_reply *reply,
                               sally_usec now)
{
    struct sally_coap_peer *p = owner;

    if (e == SALLY_E_OK)
        p->validated = true; /* it has the token of ours, which is random */
    if (sally_coap_polls_reply(p, x, e, reply, now))
        return;
    for (size_t i = 0; i < SALLY_COAP_COMMANDS_MAX; i++) {
        struct sally_coap_command *c = &p->commands[i];

        if (c->number == 0 || c->x != x)
            continue;
        sally_outer_outcome(p->server->outer, c->number, outcome_of(e, reply),
                            now);
        c->number = 0;
    }
}

static enum sally_outcome outcome_of_notification(enum sally_err e)
{
    if (e == SALLY_E_OK)
        return SALLY_OUTCOME_DONE;
    return e == SALLY_E_TIMED_OUT ? SALLY_OUTCOME_TIMEOUT
                                  : SALLY_OUTCOME_OFFLINE;
}

/* RFC 7641 s.4.2, 4.5: a Reset, or no word at all, ends the observation. */
void sally_coap_commands_notified(void *owner, sally_coap_exchange x,
                                  enum sally_err e, sally_usec now)
{
    struct sally_coap_peer *p = owner;

    for (size_t i = 0; i < SALLY_COAP_COMMANDS_MAX; i++) {
        struct sally_coap_command *c = &p->commands[i];

        if (c->number == 0 || c->x != x)
            continue;
        p->observers[c->observer].missed = 0;
        p->observers[c->observer].used &= e == SALLY_E_OK;
        sally_outer_outcome(p->server->outer, c->number,
                            outcome_of_notification(e), now);
        c->number = 0;
    }
}

void sally_coap_commands_expire(struct sally_coap_peer *p, sally_usec now)
{
    for (size_t i = 0; i < SALLY_COAP_COMMANDS_MAX; i++) {
        struct sally_coap_command *c = &p->commands[i];

        if (c->number == 0 || c->deadline > now)
            continue;
        sally_coap_link_cancel(&p->link, c->x);
        if (c->notification)
            sally_coap_observers_missed(p, c->observer);
        sally_outer_outcome(p->server->outer, c->number, SALLY_OUTCOME_TIMEOUT,
                            now);
        c->number = 0;
    }
}

bool sally_coap_commands_target(struct sally_coap_server *s, uint32_t sensor,
                                sally_usec now, struct sally_coap_source *to)
{
    const struct sally_config_sensor *c =
        &sally_outer_config(s->outer)->sensors[sensor];
    const struct sally_coap_peer *p = sally_coap_peer_of(s, sensor);
    uint16_t port = sally_coap_directory_port(s, sensor, now);

    if (p != NULL) {
        *to = p->source;
        if (p->visit == NULL) /* else in its session, and nowhere else */
            to->peer.port = port;
        return true;
    }
    for (size_t i = 0; i < c->auth_count; i++) {
        const char *ip = c->auth[i].ip;

        if (c->auth[i].method != SALLY_AUTH_ADDRESS || ip[0] == '\0')
            continue;
        *to = (struct sally_coap_source){ .peer.port = port };
        to->peer.family = strchr(ip, ':') == NULL ? 4 : 6;
        return inet_pton(to->peer.family == 4 ? AF_INET : AF_INET6, ip,
                         to->peer.ip) == 1 &&
               s->host->route(s->owner, c->auth[i].interface, to);
    }
    return false;
}

static enum sally_err ask(struct sally_coap_peer *p,
                          const struct sally_outer_command *c, sally_usec now,
                          sally_coap_exchange *x)
{
    uint8_t room[512];
    char path[256];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .confirmable = true,
                                     .payload = c->payload };
    struct sally_span tail =
        sally_span_sub(c->topic, sizeof(TOPIC_PREFIX) - 1, c->topic.len);
    enum sally_err e;

    if (!sally_span_text(tail, path, sizeof(path)))
        return SALLY_E_MALFORMED;
    q.code = c->execute ? SALLY_CODE_POST : SALLY_CODE_PUT;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, 0);
    e = sally_coap_options_end(&w);
    q.options = sally_buf_span(&options);
    return e == SALLY_E_OK ? sally_coap_link_request(&p->link, &q, now, x) : e;
}

/* A place for one more command; NULL: the peer has enough to do. */
static struct sally_coap_command *place(struct sally_coap_peer *p)
{
    for (size_t i = 0; p != NULL && i < SALLY_COAP_COMMANDS_MAX; i++)
        if (p->commands[i].number == 0)
            return &p->commands[i];
    return NULL;
}

static enum sally_err notify(struct sally_coap_peer *p,
                             const struct sally_coap_observer *to,
                             const struct sally_outer_command *c,
                             sally_usec now, sally_coap_exchange *x)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .observe = true,
                                   .payload = c->payload };

    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, 0);
    a.options = sally_buf_span(&options);
    return sally_coap_link_notify(
        &p->link, (struct sally_span){ to->token, to->token_len }, &a, true,
        now, x);
}

enum sally_err sally_coap_commands_carry(void *carrier,
                                         const struct sally_outer_command *c,
                                         sally_usec now)
{
    struct sally_coap_server *s = carrier;
    struct sally_coap_command next = { .number = c->command,
                                       .deadline = c->deadline };
    struct sally_coap_source to;
    struct sally_coap_command *free_one;
    struct sally_coap_peer *p;
    enum sally_err e;

    if (!sally_span_starts(c->topic, sally_span_of(TOPIC_PREFIX)))
        return SALLY_E_NOT_FOUND;
    p = sally_coap_observers_find(s, c->sensor, c->topic, &next.observer);
    next.notification = p != NULL;
    if (p == NULL) {
        if (!sally_coap_commands_target(s, c->sensor, now, &to))
            return SALLY_E_NOT_FOUND;
        p = sally_coap_peer_find(s, &to);
        if (p == NULL)
            p = sally_coap_peer_add(s, &to, c->sensor, now);
    }
    free_one = place(p);
    if (free_one == NULL)
        return SALLY_E_NO_ROOM;
    e = next.notification
            ? notify(p, &p->observers[next.observer], c, now, &next.x)
            : ask(p, c, now, &next.x);
    if (e == SALLY_E_OK)
        *free_one = next;
    sally_coap_peer_pump(p, now);
    return e;
}
