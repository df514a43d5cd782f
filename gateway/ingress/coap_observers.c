/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_observers.c - sensors that observe the resources which
 * their commands go to. RFC 7641.
 *
 * Such a resource has no state: a command is an event, and one that was carried
 * out must not come again because somebody asks. So a GET, with Observe or
 * without, is answered with nothing in it, and each notification is one command
 * for whoever observes at that moment.                                      */
#include "ingress/coap_server_parts.h"

#include "coap/option.h"

#include <string.h>

#define MISSED_MAX 3

static uint64_t name_of(const struct sally_coap_server *s,
                        struct sally_span topic)
{
    return sally_hash(&s->seed, topic);
}

static bool has_token(const struct sally_coap_observer *o,
                      struct sally_span token)
{
    return sally_span_equal((struct sally_span){ o->token, o->token_len },
                            token);
}

/* RFC 7641 s.4.1: one for each token; and a sensor that lost its memory asks
 * for the same resource with another one.                                   */
static void drop(struct sally_coap_peer *p, struct sally_span token,
                 uint64_t topic)
{
    for (size_t i = 0; i < SALLY_COAP_OBSERVERS_MAX; i++)
        if (p->observers[i].topic == topic ||
            has_token(&p->observers[i], token))
            p->observers[i].used = false;
}

/* False: there is no room, and the GET is only a GET. */
static bool add(struct sally_coap_peer *p, struct sally_span token,
                uint64_t topic)
{
    for (size_t i = 0; i < SALLY_COAP_OBSERVERS_MAX; i++) {
        struct sally_coap_observer *o = &p->observers[i];

        if (o->used)
            continue;
        *o = (struct sally_coap_observer){ .used = true,
                                           .topic = topic,
                                           .token_len = (uint8_t)token.len };
        if (token.len != 0)
            memcpy(o->token, token.at, token.len);
        return true;
    }
    return false;
}

/* The commands are text, and so is their absence. */
static bool accepts_text(struct sally_span options)
{
    uint32_t format;

    return !sally_coap_option_uint(options, SALLY_OPTION_ACCEPT, &format) ||
           format == 0;
}

void sally_coap_observers_get(struct sally_coap_peer *p,
                              const struct sally_coap_request *q,
                              struct sally_span topic, sally_usec now)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };
    uint64_t name = name_of(p->server, topic);

    if (!accepts_text(q->options)) {
        sally_coap_peer_answer(p, q->exchange, SALLY_CODE_NOT_ACCEPTABLE, now);
        return;
    }
    if (q->observe == SALLY_OBSERVE_REGISTER && !p->validated) {
        sally_coap_credit_challenge(p, q->exchange, now);
        return;
    }
    if (q->observe != SALLY_OBSERVE_ABSENT)
        drop(p, q->token, name);
    if (q->observe == SALLY_OBSERVE_REGISTER)
        a.observe = add(p, q->token, name);
    (void)sally_coap_link_respond(&p->link, q->exchange, &a, now);
    if (a.observe) /* what waits for it may come */
        sally_coap_peer_online(p, now);
}

struct sally_coap_peer *
sally_coap_observers_find(struct sally_coap_server *s, uint32_t sensor,
                          struct sally_span topic, uint8_t *observer)
{
    uint64_t name = name_of(s, topic);

    for (struct sally_coap_peer *p = sally_coap_peer_of(s, sensor); p != NULL;
         p = p->same_older)
        for (uint8_t i = 0; i < SALLY_COAP_OBSERVERS_MAX; i++)
            if (p->observers[i].used && p->observers[i].topic == name) {
                *observer = i;
                return p;
            }
    return NULL;
}

void sally_coap_observers_missed(struct sally_coap_peer *p, uint8_t observer)
{
    struct sally_coap_observer *o = &p->observers[observer];

    if (++o->missed >= MISSED_MAX)
        o->used = false;
}
