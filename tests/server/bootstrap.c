/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/bootstrap.c - the bootstrap server: for each endpoint an order
 * says what is done when it asks, one step after the other:
 *   {"op":"bootstrap","ep":"x","steps":[
 *     {"delete":"/0"}, {"discover":"/"}, {"read":"/1","accept":112},
 *     {"write":"/0/1","format":112,"values":{"/0/1/0":"coaps://a", ...}},
 *     {"wait_ms":300}, {"finish":true}],
 *    "stop_after":3, "pack":{"format":112,"values":{...}}}
 * Bytes are hexadecimal, links "21:0". Whatever a step is answered, the next
 * follows, so a Finish can be corrected; without an answer that is the end, as
 * it is after `stop_after` steps. Who has no order is refused with 4.00, and a
 * Pack that was not ordered with 5.01. LwM2M Core 1.2 s.6.1.7.              */
#include "server/server.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 64
#define PAYLOAD_MAX 16384
#define ORDER_MAX 65536

/* --- Orders -------------------------------------------------------------- */

static struct server_plan *find_plan(struct server *s,
                                     struct sally_span endpoint)
{
    for (size_t i = 0; i < s->plan_count; i++)
        if (sally_span_is(endpoint, s->plans[i].endpoint))
            return &s->plans[i];
    return NULL;
}

const char *server_take_plan(struct server *s, const char *endpoint,
                             struct sally_span line)
{
    struct server_plan *plan = find_plan(s, sally_span_of(endpoint));
    char *text = malloc(line.len + 1);

    if (plan == NULL && s->plan_count < SERVER_PLANS)
        plan = &s->plans[s->plan_count++];
    if (plan == NULL || text == NULL) {
        free(text);
        return "too many orders";
    }
    memcpy(text, line.at, line.len);
    free(plan->text);
    plan->text = text;
    plan->len = line.len;
    (void)snprintf(plan->endpoint, sizeof(plan->endpoint), "%s", endpoint);
    return NULL;
}

void server_wipe_plans(struct server *s)
{
    for (size_t i = 0; i < s->plan_count; i++)
        free(s->plans[i].text);
    s->plan_count = 0;
}

static bool open_plan(const struct server_plan *p, struct sally_json *out)
{
    const struct sally_span text = { (const uint8_t *)p->text, p->len };

    return sally_json_parse(text, ORDER_MAX, out) == SALLY_E_OK;
}

static uint64_t number_of(struct sally_json json, const char *name,
                          uint64_t fallback)
{
    struct sally_json j;
    uint64_t n;

    return sally_json_member(json, name, &j) && sally_json_unsigned(j, &n)
               ? n
               : fallback;
}

/* --- Payloads ------------------------------------------------------------ */

/* A value as its resource has it; one that does not fit goes out as it is, for
 * the client to refuse.                                                     */
static bool take_value(const struct server *s, struct sally_json j,
                       struct sally_buf *bytes, struct sally_lwm2m_record *r)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(&s->config.registry, &r->path);
    struct sally_lwm2m_value plain;
    struct sally_span text;
    size_t from = bytes->len;
    int64_t integer;
    bool boolean;

    if (d == NULL)
        return false;
    if (sally_json_boolean(j, &boolean)) {
        plain = sally_value_boolean(boolean);
    } else if (sally_json_integer(j, &integer)) {
        plain = sally_value_integer(integer);
    } else if (!sally_json_string(j, &text)) {
        return false;
    } else if (d->type == SALLY_TYPE_OPAQUE) {
        if (sally_text_hex(text, bytes) != SALLY_E_OK)
            return false;
        plain = sally_value_opaque((struct sally_span){
            &bytes->at[from], bytes->len - from });
    } else if (sally_value_from_text(text, d->type, NULL, &plain) !=
               SALLY_E_OK) {
        return false;
    }
    if (sally_registry_admit(&s->config.registry, &r->path, &plain,
                             &r->value) != SALLY_E_OK)
        r->value = plain;
    return true;
}

/* Writes {"/0/1/0": ...} in the order's format. */
static bool put_values(const struct server *s, struct sally_json order,
                       const struct sally_path *base, uint16_t format,
                       struct sally_writer *w)
{
    const struct sally_lwm2m_format *f = sally_format_find(format);
    struct sally_lwm2m_record records[VALUES_MAX];
    uint8_t room[PAYLOAD_MAX];
    struct sally_buf bytes = SALLY_BUF(room);
    struct sally_json values, value;
    struct sally_json_walk walk;
    struct sally_span name;
    size_t n = 0;

    if (f == NULL || !sally_json_member(order, "values", &values))
        return false;
    walk = sally_json_members(values);
    for (; sally_json_next(&walk, &name, &value); n++) {
        if (n == VALUES_MAX)
            return false;
        records[n] = (struct sally_lwm2m_record){ .time = 0 };
        if (sally_path_parse(name, &records[n].path) != SALLY_E_OK ||
            !take_value(s, value, &bytes, &records[n]))
            return false;
    }
    return f->encode(base, records, n, w) == SALLY_E_OK;
}

/* --- Steps --------------------------------------------------------------- */

static const struct verb {
    const char *name;
    uint8_t code;
    bool payload;
    uint32_t accept; /* 0: none */
} verbs[] = {
    { "write", SALLY_CODE_PUT, true, 0 },
    { "delete", SALLY_CODE_DELETE, false, 0 },
    { "discover", SALLY_CODE_GET, false, SALLY_FORMAT_LINK },
    { "read", SALLY_CODE_GET, false, SALLY_FORMAT_SENML_CBOR },
    { "finish", SALLY_CODE_POST, false, 0 },
};

struct step {
    const struct verb *verb; /* NULL: to wait only */
    struct sally_path path;
    uint16_t format;
    uint64_t wait; /* milliseconds */
};

/* NULL, or what is wrong with it. */
static const char *take_step(struct sally_json json, struct step *out)
{
    struct sally_json j;
    struct sally_span path;

    *out = (struct step){ .wait = number_of(json, "wait_ms", 0) };
    for (size_t i = 0; i < SALLY_LEN(verbs); i++)
        if (sally_json_member(json, verbs[i].name, &j)) {
            out->verb = &verbs[i];
            out->format = (uint16_t)number_of(
                json, verbs[i].payload ? "format" : "accept",
                verbs[i].payload ? SALLY_FORMAT_SENML_CBOR : verbs[i].accept);
            if (verbs[i].code != SALLY_CODE_POST &&
                (!sally_json_string(j, &path) ||
                 sally_path_parse(path, &out->path) != SALLY_E_OK))
                return "no path";
        }
    return out->verb == NULL && out->wait == 0 ? "no such step" : NULL;
}

static void put_options(const struct step *s, struct sally_buf *out)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    char path[SALLY_PATH_TEXT];

    if (s->verb->code == SALLY_CODE_POST)
        sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "bs");
    else if (s->path.depth != 0)
        sally_coap_put_path(&w, SALLY_OPTION_URI_PATH,
                            sally_path_text(&s->path, path));
    if (s->verb->payload)
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, s->format);
    else if (s->verb->accept != 0)
        sally_coap_put_uint(&w, SALLY_OPTION_ACCEPT, s->format);
}

static const char *send_step(struct server_peer *p, struct sally_json json,
                             const struct step *step, sally_usec now)
{
    static uint8_t body[PAYLOAD_MAX];
    uint8_t room[64];
    struct sally_buf options = SALLY_BUF(room), payload = SALLY_BUF(body);
    struct sally_writer w = sally_writer_into(&payload);
    struct sally_coap_question q = { .code = step->verb->code,
                                     .confirmable = true };
    enum sally_err e;

    put_options(step, &options);
    if (step->verb->payload &&
        !put_values(p->door->server, json, &step->path, step->format, &w))
        return "the values do not go into this format";
    q.options = sally_buf_span(&options);
    q.payload = sally_buf_span(&payload);
    e = sally_coap_link_request(&p->link, &q, now, &p->boot.exchange);
    return e == SALLY_E_OK ? NULL : sally_err_text(e);
}

static void end(struct server_peer *p, const char *why)
{
    struct server *s = p->door->server;
    struct server_line l = server_line_begin(s, "bootstrap-end");

    server_line_text(&l, "ep", p->boot.endpoint);
    server_line_number(&l, "steps", p->boot.step);
    if (why != NULL)
        server_line_text(&l, "error", why);
    server_line_end(&l);
    sally_timer_set(s->loop, &p->boot.timer, SALLY_NEVER);
    p->boot.running = false;
}

/* The step at hand, or after its wait. */
static void take_turn(struct server_peer *p, bool waited, sally_usec now)
{
    struct server *s = p->door->server;
    const struct server_plan *plan =
        find_plan(s, sally_span_of(p->boot.endpoint));
    struct sally_json order = { NULL }, steps, json;
    const char *wrong = "the order is gone";
    struct step step;

    if (plan != NULL && open_plan(plan, &order)) {
        wrong = NULL;
        if (!sally_json_member(order, "steps", &steps) ||
            p->boot.step >= number_of(order, "stop_after", UINT64_MAX) ||
            !sally_json_item(steps, p->boot.step, &json))
            end(p, NULL);
        else if ((wrong = take_step(json, &step)) != NULL)
            end(p, wrong);
        else if (step.wait != 0 && !waited)
            sally_timer_set(s->loop, &p->boot.timer,
                            now + step.wait * SALLY_MSEC);
        else if (step.verb == NULL)
            p->boot.skip = true;
        else if ((wrong = send_step(p, json, &step, now)) != NULL)
            end(p, wrong);
        sally_json_free(&order);
    } else {
        end(p, wrong);
    }
}

static void go_on(struct server_peer *p, bool waited, sally_usec now)
{
    do {
        p->boot.skip = false;
        take_turn(p, waited, now);
        p->boot.step += p->boot.skip;
        waited = false;
    } while (p->boot.skip && p->boot.running);
}

static void on_due(void *owner, sally_usec now)
{
    struct server_peer *p = owner;

    if (!p->boot.running)
        return;
    go_on(p, true, now);
    server_pump(p, now);
}

void server_bootstrap_begin(struct server_peer *p, sally_usec now)
{
    if (p->boot.wanted)
        go_on(p, false, now);
    p->boot.wanted = false;
}

bool server_bootstrap_reply(struct server_peer *p, sally_coap_exchange x,
                            enum sally_err e,
                            const struct sally_coap_reply *reply,
                            sally_usec now)
{
    struct server_line l;

    if (!p->boot.running || x != p->boot.exchange)
        return false;
    if (e != SALLY_E_OK) {
        end(p, sally_err_text(e));
        return true;
    }
    l = server_line_begin(p->door->server, "bootstrap-step");
    server_line_text(&l, "ep", p->boot.endpoint);
    server_line_number(&l, "step", p->boot.step);
    server_line_code(&l, reply->code);
    if (reply->payload.len != 0)
        server_line_span(&l, "text", reply->payload);
    server_line_end(&l);
    p->boot.step++;
    p->boot.exchange = 0;
    go_on(p, false, now);
    return true;
}

void server_bootstrap_left(struct server_peer *p)
{
    if (p->boot.running)
        end(p, "the client is gone");
}

void server_bootstrap_init(struct server_peer *p)
{
    sally_timer_init(&p->boot.timer, on_due, p);
}

/* --- What clients ask ---------------------------------------------------- */

uint8_t server_bootstrap_request(struct server_peer *p,
                                 struct sally_span endpoint,
                                 struct sally_span preferred)
{
    struct server *s = p->door->server;
    const struct server_plan *plan = find_plan(s, endpoint);
    struct server_line l;

    if (plan == NULL)
        return SALLY_CODE_BAD_REQUEST;
    if (p->boot.running)
        end(p, "it asked again");
    p->boot.running = p->boot.wanted = true;
    p->boot.step = 0;
    p->boot.exchange = 0;
    memcpy(p->boot.endpoint, plan->endpoint, sizeof(p->boot.endpoint));
    l = server_line_begin(s, "bootstrap");
    server_line_text(&l, "ep", plan->endpoint);
    server_line_text(&l, "secure", server_peer_proof(p));
    if (preferred.len != 0)
        server_line_span(&l, "pct", preferred);
    server_line_end(&l);
    return SALLY_CODE_CHANGED;
}

uint8_t server_bootstrap_pack(struct server_peer *p, struct sally_span endpoint,
                              struct sally_coap_option_writer *options,
                              struct sally_buf *payload)
{
    static const struct sally_path root = { .depth = 0 };
    struct server *s = p->door->server;
    const struct server_plan *plan = find_plan(s, endpoint);
    struct sally_writer w = sally_writer_into(payload);
    struct sally_json order, pack;
    uint8_t code = SALLY_CODE_NOT_IMPLEMENTED;
    struct server_line l;

    if (plan == NULL || !open_plan(plan, &order))
        return SALLY_CODE_BAD_REQUEST;
    if (sally_json_member(order, "pack", &pack)) {
        uint16_t format =
            (uint16_t)number_of(pack, "format", SALLY_FORMAT_SENML_CBOR);

        sally_coap_put_uint(options, SALLY_OPTION_CONTENT_FORMAT, format);
        code = put_values(s, pack, &root, format, &w)
                   ? SALLY_CODE_CONTENT
                   : SALLY_CODE_INTERNAL_ERROR;
    }
    sally_json_free(&order);
    l = server_line_begin(s, "bootstrap-pack");
    server_line_text(&l, "ep", plan->endpoint);
    server_line_code(&l, code);
    server_line_end(&l);
    return code;
}
