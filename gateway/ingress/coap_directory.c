/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_directory.c - /rd: sensors that say by themselves that
 * they are here and what they have. RFC 9176 s.5.
 *
 * A registration makes no sensor: its entry is there, and "ep" has to be its
 * own name. It says by which port the sensor is reached for polls and commands
 * while it lasts, and which of the maps with `poll` it has resources for. Who
 * registers has shown that he hears us, since questions will follow.        */
#include "ingress/coap_server_parts.h"

#include "base/text.h"
#include "codec/linkformat.h"
#include "coap/option.h"

#include <stdlib.h>
#include <string.h>

#define COLLECTION "coap/rd"
#define REGISTRATION "coap/rd/0" /* each sensor has one, and sees its own */
#define LIFETIME 90000           /* seconds; RFC 9176 s.5 */
#define LINK_FORMAT 40

/* The value of "name=" in the query; false: there is none. */
static bool query(struct sally_span options, const char *name,
                  struct sally_span *value)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_span key = sally_span_of(name);
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_QUERY &&
            sally_span_starts(o.value, key)) {
            *value = sally_span_sub(o.value, key.len, o.value.len);
            return true;
        }
    return false;
}

static bool is_named(const struct sally_config_sensor *c,
                     struct sally_span name)
{
    return name.len != 0 &&
           (sally_span_is(name, c->id) || sally_span_is(name, c->alias) ||
            sally_span_is(name, c->endpoint));
}

static bool is_list(const struct sally_coap_request *q)
{
    struct sally_cursor c = sally_cursor_over(q->payload);
    struct sally_span target, attributes;

    while (sally_take_link(&c, &target, &attributes))
        ;
    return !c.failed;
}

/* 0, or the code that the parameters earn. A base elsewhere than where it spoke
 * from would have us ask somebody else.                                     */
static uint8_t read_parameters(const struct sally_coap_request *q,
                               uint64_t *lifetime)
{
    struct sally_span value;
    uint32_t format;

    if (query(q->options, "base=", &value))
        return SALLY_CODE_BAD_REQUEST;
    if (query(q->options, "lt=", &value) &&
        (sally_text_uint(value, lifetime) != SALLY_E_OK || *lifetime == 0 ||
         *lifetime > UINT32_MAX))
        return SALLY_CODE_BAD_REQUEST;
    if (q->payload.len == 0)
        return 0;
    if (sally_coap_option_uint(q->options, SALLY_OPTION_CONTENT_FORMAT,
                               &format) &&
        format != LINK_FORMAT)
        return SALLY_CODE_UNSUPPORTED_FORMAT;
    return is_list(q) ? 0 : SALLY_CODE_BAD_REQUEST;
}

static void created(struct sally_coap_peer *p, sally_coap_exchange x,
                    sally_usec now)
{
    uint8_t room[16];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_CREATED };

    sally_coap_put_path(&w, SALLY_OPTION_LOCATION_PATH, "rd/0");
    a.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&p->link, x, &a, now);
}

static void enter(struct sally_coap_peer *p, const struct sally_coap_request *q,
                  uint64_t lifetime, sally_usec now)
{
    struct sally_coap_registration *r = &p->server->registrations[p->sensor];

    r->until = sally_after(now, (sally_usec)lifetime * SALLY_SEC);
    r->port = p->source.peer.port;
    sally_coap_polls_list(p->server, p->sensor, q->payload, now);
    sally_coap_peer_online(p, now);
}

static void register_sensor(struct sally_coap_peer *p,
                            const struct sally_coap_request *q,
                            struct sally_span name, sally_usec now)
{
    const struct sally_config *c = sally_outer_config(p->server->outer);
    uint64_t lifetime = LIFETIME;
    uint8_t code = read_parameters(q, &lifetime);

    if (!is_named(&c->sensors[p->sensor], name))
        code = SALLY_CODE_FORBIDDEN;
    if (code != 0) {
        sally_coap_peer_answer(p, q->exchange, code, now);
    } else if (!p->validated) {
        sally_coap_credit_challenge(p, q->exchange, now);
    } else {
        enter(p, q, lifetime, now);
        created(p, q->exchange, now);
    }
}

/* RFC 9176 s.5.3.1: the update of one that is gone makes it register anew. */
static void change(struct sally_coap_peer *p,
                   const struct sally_coap_request *q, sally_usec now)
{
    struct sally_coap_registration *r = &p->server->registrations[p->sensor];
    uint64_t lifetime = LIFETIME;
    uint8_t code = read_parameters(q, &lifetime);

    if (r->until <= now || r->port != p->source.peer.port)
        code = SALLY_CODE_NOT_FOUND;
    if (code == 0 && q->code == SALLY_CODE_DELETE) {
        r->until = 0;
        code = SALLY_CODE_DELETED;
    } else if (code == 0) {
        r->until = sally_after(now, (sally_usec)lifetime * SALLY_SEC);
        code = SALLY_CODE_CHANGED;
    }
    sally_coap_peer_answer(p, q->exchange, code, now);
}

bool sally_coap_directory_take(struct sally_coap_peer *p,
                               const struct sally_coap_request *q,
                               struct sally_span topic, sally_usec now)
{
    struct sally_span name;
    bool post = q->code == SALLY_CODE_POST;

    if (post && sally_span_is(topic, COLLECTION) &&
        query(q->options, "ep=", &name))
        register_sensor(p, q, name, now);
    else if ((post || q->code == SALLY_CODE_DELETE) &&
             sally_span_is(topic, REGISTRATION))
        change(p, q, now);
    else
        return false;
    return true;
}

uint16_t sally_coap_directory_port(const struct sally_coap_server *s,
                                   uint32_t sensor, sally_usec now)
{
    const struct sally_coap_registration *r = &s->registrations[sensor];

    return r->until > now
               ? r->port
               : sally_outer_config(s->outer)->sensors[sensor].coap_port;
}

enum sally_err
sally_coap_directory_make(struct sally_coap_registration **out,
                          const struct sally_config *c)
{
    *out = calloc(c->sensor_count + 1, sizeof(**out));
    return *out == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

void sally_coap_directory_commit(struct sally_coap_server *s)
{
    const struct sally_config *c = sally_outer_config(s->outer);

    for (uint32_t i = 0; i < c->sensor_count; i++)
        if (sally_outer_keeps(s->outer, i))
            s->next_registrations[i] = s->registrations[i];
    free(s->registrations);
    s->registrations = s->next_registrations;
    s->next_registrations = NULL;
}
