/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/owner.c - asks, answers, and checks every byte it is given. */
#include "sim/owner.h"

#include "coap/option.h"

#include <stdio.h>
#include <string.h>

enum direction { REQUEST, REPLY };

void sim_fault(struct sim_world *w, const char *what)
{
    if (w->fault[0] == '\0')
        (void)snprintf(w->fault, sizeof(w->fault), "%s", what);
}

/* The one right body of an attempt: its number, then bytes that follow. */
static struct sally_span body_of(uint32_t attempt, enum direction direction,
                                 uint8_t room[1024])
{
    struct sim_chance c = { (uint64_t)attempt << 1 | direction };
    size_t len = sizeof(attempt) + sim_below(&c, 900);

    memcpy(room, &attempt, sizeof(attempt));
    for (size_t i = sizeof(attempt); i < len; i++)
        room[i] = (uint8_t)sim_next(&c);
    return (struct sally_span){ room, len };
}

/* The attempt that a body names; 0 if the body is not that attempt's. */
static uint32_t attempt_of(const struct sim_world *w, struct sally_span body,
                           enum direction direction)
{
    uint8_t room[1024];
    uint32_t attempt;

    if (body.len < sizeof(attempt))
        return 0;
    memcpy(&attempt, body.at, sizeof(attempt));
    if (attempt > w->attempts ||
        !sally_span_equal(body, body_of(attempt, direction, room)))
        return 0;
    return attempt;
}

static void respond(struct sim_end *e, sally_coap_exchange x, uint32_t attempt)
{
    uint8_t room[1024];
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT,
                                   .payload = body_of(attempt, REPLY, room) };

    /* An answer that finds its exchange gone is the asker's time-out. */
    (void)sally_coap_link_respond(&e->link, x, &a, e->world->now);
}

static void respond_later(struct sim_end *e, sally_coap_exchange x,
                          uint32_t attempt)
{
    for (size_t i = 0; i < SALLY_LEN(e->owed); i++) {
        if (e->owed[i].due != 0)
            continue;
        e->owed[i] =
            (struct sim_owed){ e->world->now +
                                   sim_below(&e->world->chance, 3 * SALLY_SEC),
                               x, attempt };
        return;
    }
    respond(e, x, attempt);
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    struct sim_end *e = owner;
    struct sim_world *w = e->world;
    uint32_t attempt = attempt_of(w, q->payload, REQUEST);

    w->client_spoke = w->client_spoke || e->who == SIM_SERVER;
    (void)now;
    if (attempt == 0) {
        sim_fault(w, "a request that nobody sent");
        return;
    }
    if (w->served[attempt]++ != 0)
        sim_fault(w, "a request came twice");
    if (sim_percent(&w->chance, 30))
        respond_later(e, q->exchange, attempt);
    else
        respond(e, q->exchange, attempt);
}

/* Whoever took up keys that the server left behind is not answered under them,
 * and learns that by waiting only: errors without protection mean nothing.  */
static bool gives_up(const struct sim_end *e)
{
    return e->who == SIM_CLIENT && e->world->mechanism->oscore &&
           e->unanswered == 3;
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err err,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct sim_end *e = owner;
    struct sim_world *w = e->world;
    uint32_t attempt = e->attempt;

    (void)now;
    if (x != e->asking || attempt == 0) {
        sim_fault(w, "a reply to nothing");
        return;
    }
    e->attempt = 0;
    e->asking = 0;
    e->unanswered = err == SALLY_E_OK ? 0 : e->unanswered + 1;
    if (gives_up(e))
        e->broken = true;
    if (err != SALLY_E_OK)
        return; /* asked again, as a new attempt */
    if (attempt_of(w, reply->payload, REPLY) != attempt)
        sim_fault(w, "a reply with the wrong content");
    e->answered++;
    if (e->who == SIM_CLIENT && sim_percent(&w->chance, w->flaps))
        e->broken = true;
}

static void on_channel(void *owner, enum sally_err err, sally_usec now)
{
    struct sim_end *e = owner;

    (void)now;
    if (err != SALLY_E_OK) {
        if (e->up && !e->world->excused)
            sim_fault(e->world, sally_err_text(err));
        e->broken = true;
        return;
    }
    e->up = true;
    if (e->who == SIM_CLIENT &&
        sally_stack_resumed(sally_coap_link_stack(&e->link)))
        e->world->resumed++;
}

/* The client's numbers take a disk's time, the server's are kept at once. */
static void on_reserve(void *owner, uint64_t until)
{
    struct sim_end *e = owner;
    struct sim_world *w = e->world;

    if (e->who == SIM_CLIENT)
        sim_account_wish(&w->account, until,
                         w->now + sim_below(&w->chance, 50 * SALLY_MSEC));
    else
        sally_coap_link_reserved(&e->link, until, w->now);
}

const struct sally_coap_link_upcalls sim_owner_upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
    .on_channel = on_channel,
    .on_reserve = on_reserve,
};

/* A server with OSCORE knows its client by the keys of a request, so a client
 * says something in each session, and the server waits for that.            */
static bool wants_to_ask(const struct sim_end *e)
{
    bool known = !e->world->mechanism->oscore || e->world->client_spoke;

    if (e->who == SIM_CLIENT && !known)
        return true;
    return known && e->answered < e->world->goal;
}

void sim_owner_ask(struct sim_end *e)
{
    struct sim_world *w = e->world;
    uint8_t room[1024], path[8];
    struct sally_buf options = SALLY_BUF(path);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = SALLY_CODE_POST,
                                     .confirmable = true };

    if (!e->up || e->attempt != 0 || !wants_to_ask(e))
        return;
    if (w->attempts + 1 >= SIM_ATTEMPTS_MAX) {
        sim_fault(w, "too many attempts");
        return;
    }
    sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, "x");
    q.options = sally_buf_span(&options);
    e->attempt = ++w->attempts;
    q.payload = body_of(e->attempt, REQUEST, room);
    if (sally_coap_link_request(&e->link, &q, w->now, &e->asking) != SALLY_E_OK)
        sim_fault(w, "no room for a request");
}

void sim_owner_answer(struct sim_end *e)
{
    for (size_t i = 0; i < SALLY_LEN(e->owed); i++) {
        struct sim_owed owed = e->owed[i];

        if (owed.due == 0 || owed.due > e->world->now)
            continue;
        e->owed[i].due = 0;
        respond(e, owed.exchange, owed.attempt);
    }
}

sally_usec sim_owner_next(const struct sim_end *e)
{
    sally_usec next = SALLY_NEVER;

    for (size_t i = 0; i < SALLY_LEN(e->owed); i++)
        if (e->owed[i].due != 0)
            next = sally_earlier(next, e->owed[i].due);
    return next;
}
