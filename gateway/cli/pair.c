/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/pair.c - what two ends say to each other, carried by hand. */
#include "cli/pair.h"

#include <string.h>

#define TURNS_MAX 200

/* One call of an end's link. */
struct step {
    struct sally_end *end;
    enum sally_err (*take)(const struct step *);
    const void *what;        /* `take` knows */
    struct sally_span bytes; /* that come in */
    sally_usec now;
};

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    static const struct sally_coap_answer changed = { .code =
                                                          SALLY_CODE_CHANGED };
    struct sally_end *e = owner;

    (void)sally_coap_link_respond(&e->link, q->exchange, &changed, now);
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err error,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct sally_end *e = owner;

    (void)x;
    (void)reply;
    (void)now;
    e->answered++;
    if (error != SALLY_E_OK)
        e->broken = error;
}

static void on_channel(void *owner, enum sally_err error, sally_usec now)
{
    struct sally_end *e = owner;

    (void)now;
    if (error != SALLY_E_OK)
        e->broken = error;
}

/* Nothing is kept: what may be used is what was reserved by now. */
static void on_reserve(void *owner, uint64_t until)
{
    struct sally_end *e = owner;

    e->reserved = until;
    sally_coap_link_reserved(&e->link, until, 0);
}

static const struct sally_coap_link_upcalls upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
    .on_channel = on_channel,
    .on_reserve = on_reserve
};

static enum sally_err take(void *step)
{
    const struct step *s = step;

    return s->take(s);
}

static enum sally_err run(struct step s)
{
    return s.end->meter == NULL ? take(&s)
                                : sally_meter_run(s.end->meter, take, &s);
}

static enum sally_err say(const struct step *s)
{
    struct sally_end *e = s->end;
    struct sally_span out = sally_coap_link_output(&e->link, s->now);

    if (out.len > sizeof(e->room))
        return SALLY_E_TOO_LARGE;
    if (out.len != 0)
        memcpy(e->room, out.at, out.len);
    e->said = (struct sally_span){ e->room, out.len };
    return SALLY_E_OK;
}

static enum sally_err hear(const struct step *s)
{
    return sally_coap_link_input(&s->end->link, s->bytes, s->now);
}

static enum sally_err wake(const struct step *s)
{
    sally_coap_link_expire(&s->end->link, s->now);
    return SALLY_E_OK;
}

/* A peer may ask for something twice before it believes us. */
static void note(struct sally_end *e, enum sally_err error)
{
    if (error != SALLY_E_OK && sally_err_class_of(error) != SALLY_ERR_PEER)
        e->broken = error;
}

/* Something new to say, where the last was taken; false: there is none. */
static bool has_said(struct sally_end *e, sally_usec now)
{
    if (e->said.len != 0)
        return true;
    note(e, run((struct step){ .end = e, .take = say, .now = now }));
    e->bytes += e->said.len;
    e->datagrams += e->said.len != 0;
    return e->said.len != 0;
}

/* Brings what one end has to say to the other, as much of it as that takes now:
 * a datagram whole, of a stream a part. False: nothing went.                */
static bool carry(struct sally_end *from, struct sally_end *to, sally_usec now)
{
    struct sally_span part;

    if (!has_said(from, now))
        return false;
    part = sally_span_sub(from->said, 0, sally_coap_link_room(&to->link));
    if (part.len == 0)
        return false;
    note(to, run((struct step){
                 .end = to, .take = hear, .bytes = part, .now = now }));
    from->said = sally_span_sub(from->said, part.len, from->said.len);
    return true;
}

/* What was held back while something had to be said first goes on. */
static bool goes_on(struct sally_end *e, sally_usec now)
{
    if (sally_coap_link_deadline(&e->link) > now)
        return false;
    note(e, run((struct step){ .end = e, .take = wake, .now = now }));
    return true;
}

static void exchange(struct sally_end *client, struct sally_end *server,
                     sally_usec now)
{
    for (int i = 0; i < TURNS_MAX; i++)
        if (!carry(client, server, now) && !carry(server, client, now) &&
            !goes_on(client, now) && !goes_on(server, now))
            return;
}

/* --- What they do -------------------------------------------------------- */

static enum sally_err begin(const struct step *s)
{
    const struct sally_cost_case *c = s->what;
    struct sally_end *e = s->end;
    const struct sally_object_past past = { .known = true,
                                            .trusted = true,
                                            .reserved = e->reserved };

    return sally_coap_link_start(&e->link, c->scheme, &c->client, &past,
                                 s->now);
}

enum sally_err sally_pair_connect(struct sally_pair *p,
                                  const struct sally_cost_case *c)
{
    struct sally_end *client = &p->client, *server = &p->server;
    enum sally_err e;

    *client =
        (struct sally_end){ .meter = &p->meter, .reserved = client->reserved };
    *server = (struct sally_end){ .bytes = 0 };
    sally_coap_link_init(&client->link, &p->engine.coap, &upcalls, client);
    sally_coap_link_init(&server->link, &p->engine.coap, &upcalls, server);
    e = sally_coap_link_accept(&server->link, c->scheme, &c->server, p->now);
    if (e == SALLY_E_OK)
        e = run((struct step){
            .end = client, .take = begin, .what = c, .now = p->now });
    if (e != SALLY_E_OK)
        return e;
    exchange(client, server, p->now);
    if (client->broken != SALLY_E_OK)
        return client->broken;
    return sally_coap_link_state(&client->link) == SALLY_CHANNEL_UP
               ? server->broken
               : SALLY_E_TIMED_OUT;
}

void sally_pair_disconnect(struct sally_pair *p)
{
    sally_coap_link_wipe(&p->client.link);
    sally_coap_link_wipe(&p->server.link);
}

static enum sally_err ask(const struct step *s)
{
    sally_coap_exchange x;

    return sally_coap_link_request(&s->end->link, s->what, s->now, &x);
}

/* What is remembered of datagrams goes with its time. The end of a stream would
 * ask what became of the other in that.                                     */
static void pass_time(struct sally_pair *p)
{
    bool stream = sally_stack_is_stream(sally_coap_link_stack(&p->client.link));

    p->now += (stream ? 1 : 300) * SALLY_SEC;
    sally_coap_link_expire(&p->client.link, p->now);
    sally_coap_link_expire(&p->server.link, p->now);
}

/* An 8-byte reading as a sensor's client would post it. */
enum sally_err sally_pair_read(struct sally_pair *p)
{
    static const uint8_t path[] = { 0xb2, 'd', 'p' };
    const struct sally_coap_question q = {
        .code = SALLY_CODE_POST,
        .confirmable = true,
        .options = { path, sizeof(path) },
        .payload = { (const uint8_t *)"21.50000", 8 }
    };
    unsigned before = p->client.answered;
    enum sally_err e = run((struct step){
        .end = &p->client, .take = ask, .what = &q, .now = p->now });

    if (e != SALLY_E_OK)
        return e;
    exchange(&p->client, &p->server, p->now);
    pass_time(p);
    if (p->server.broken != SALLY_E_OK)
        return p->server.broken;
    return p->client.answered == before + 1 ? p->client.broken
                                            : SALLY_E_TIMED_OUT;
}
