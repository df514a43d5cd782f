/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/station_server.c - the server's side of a station: takes Registers
 * and Sends, reads one resource, observes it.                               */
#include "sim/station.h"

#include "coap/option.h"

#include <string.h>

static bool first_is(struct sally_span options, const char *segment)
{
    struct sally_span value;

    return sally_coap_option_find(options, SALLY_OPTION_URI_PATH, &value) &&
           sally_span_is(value, segment);
}

static bool has_location(struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    size_t n = 0;

    while (sally_coap_option_next(&walk, &o))
        n += o.number == SALLY_OPTION_URI_PATH;
    return n > 1;
}

/* --- What comes up ------------------------------------------------------- */

/* The numbers of the readings are their values; 0 is none. */
static void take_reading(struct sim_station *s, double value)
{
    struct sim_server *v = &s->server;
    unsigned n = value >= 1 && value < SIM_READINGS_MAX ? (unsigned)value : 0;

    if (value >= 0 && value <= 0)
        return;
    if (n == 0 || value > n || value < n || s->offered[n] == 0) {
        v->wrong++;
        return;
    }
    v->told[n]++;
}

static bool take_records(struct sim_station *s, struct sally_span payload)
{
    const struct sally_path root = { .depth = 0 };
    struct sally_lwm2m_record r[SALLY_RECORDS_MAX];
    uint8_t room[2048];
    struct sally_buf scratch = SALLY_BUF(room);
    size_t count = 0;

    if (sally_format_find(SALLY_FORMAT_SENML_CBOR)
            ->decode(&s->registry, &root, payload, &scratch, r, SALLY_LEN(r),
                     &count) != SALLY_E_OK) {
        s->server.unreadable++;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        double value = 0;

        if (sally_value_as_real(&r[i].value, &value))
            take_reading(s, value);
    }
    return true;
}

static uint8_t take_register(struct sim_station *s,
                             struct sally_coap_option_writer *w)
{
    struct sim_server *v = &s->server;

    v->registers++;
    v->registered = true;
    v->was_read = v->observing = v->notified = false;
    if (v->asking != SIM_ASK_NOTHING)
        sally_coap_link_cancel(&v->link, v->exchange);
    v->asking = SIM_ASK_NOTHING;
    sally_coap_put_option(w, SALLY_OPTION_LOCATION_PATH, sally_span_of("rd"));
    sally_coap_put_option(w, SALLY_OPTION_LOCATION_PATH, sally_span_of("1"));
    return SALLY_CODE_CREATED;
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    struct sim_station *s = owner;
    uint8_t room[32];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_NOT_FOUND };

    s->server.spoken = true;
    if (first_is(q->options, "dp")) {
        s->server.sends++;
        a.code = take_records(s, q->payload) ? SALLY_CODE_CHANGED
                                             : SALLY_CODE_BAD_REQUEST;
    } else if (first_is(q->options, "rd") && !has_location(q->options)) {
        a.code = take_register(s, &w);
        a.options = sally_buf_span(&options);
    } else if (first_is(q->options, "rd") && s->server.registered) {
        s->server.updates++;
        a.code = SALLY_CODE_CHANGED;
    }
    (void)sally_coap_link_respond(&s->server.link, q->exchange, &a, now);
}

/* --- What goes down ------------------------------------------------------ */

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct sim_station *s = owner;
    struct sim_server *v = &s->server;
    enum sim_question asked = v->asking;

    (void)now;
    if (v->observing && e == SALLY_E_OK && reply->observe) {
        v->notified = true;
        if (reply->payload.len != 0)
            (void)take_records(s, reply->payload);
        return;
    }
    if (x != v->exchange || asked == SIM_ASK_NOTHING)
        return;
    v->asking = SIM_ASK_NOTHING; /* asked again if this was no answer */
    if (e != SALLY_E_OK || reply->code != SALLY_CODE_CONTENT)
        return;
    if (asked == SIM_ASK_READ) {
        v->was_read = true;
        v->times_read++;
    } else {
        v->observing = reply->observe;
    }
}

static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    struct sim_station *s = owner;

    (void)now;
    s->server.up = e == SALLY_E_OK;
}

static void on_reserve(void *owner, uint64_t until)
{
    struct sim_station *s = owner;

    sally_coap_link_reserved(&s->server.link, until, s->now);
}

const struct sally_coap_link_upcalls sim_server_upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
    .on_channel = on_channel,
    .on_reserve = on_reserve,
};

static enum sim_question next_question(const struct sim_server *v)
{
    if (!v->up || !v->spoken || !v->registered || v->asking != SIM_ASK_NOTHING)
        return SIM_ASK_NOTHING;
    if (!v->was_read)
        return SIM_ASK_READ;
    return v->observing ? SIM_ASK_NOTHING : SIM_ASK_OBSERVE;
}

void sim_server_ask(struct sim_station *s)
{
    struct sim_server *v = &s->server;
    enum sim_question what = next_question(v);
    uint8_t room[32];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = SALLY_CODE_GET,
                                     .confirmable = true };

    if (what == SIM_ASK_NOTHING)
        return;
    if (what == SIM_ASK_OBSERVE)
        q.observe = SALLY_OBSERVE_REGISTER;
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "3303/0/5700");
    sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT, SALLY_FORMAT_SENML_CBOR);
    q.options = sally_buf_span(&options);
    if (sally_coap_link_request(&v->link, &q, s->now, &v->exchange) ==
        SALLY_E_OK)
        v->asking = what;
}

void sim_server_accept(struct sim_station *s)
{
    struct sim_server *v = &s->server;

    v->up = v->spoken = v->observing = false;
    v->asking = SIM_ASK_NOTHING;
    if (sally_coap_link_accept(&v->link, s->mechanism->scheme, &s->account.finder,
                               s->now) != SALLY_E_OK)
        sim_station_fault(s, "the server cannot accept");
}
