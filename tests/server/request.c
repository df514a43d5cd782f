/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/request.c - what clients ask: Register, Update, De-register,
 * Send, Bootstrap. LwM2M Transport 1.1 s.6.4.                               */
#include "server/server.h"

#include "base/text.h"

#include <string.h>

#define SEGMENTS_MAX 4

/* A request taken apart. */
struct request {
    struct server *server;
    struct server_peer *peer;
    const struct sally_coap_request *q;
    struct sally_span segment[SEGMENTS_MAX];
    size_t segments;
    sally_usec now;
    struct sally_coap_option_writer options; /* of the answer */
    struct sally_buf payload;                /* likewise */
};

/* --- Query: lt=300&b=U --------------------------------------------------- */

static bool find_query(const struct request *r, const char *name,
                       struct sally_span *value)
{
    struct sally_coap_options walk = { r->q->options, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        struct sally_cursor c = sally_cursor_over(o.value);

        if (o.number != SALLY_OPTION_URI_QUERY ||
            !sally_span_is(sally_take_until(&c, '='), name))
            continue;
        *value = c.rest;
        return true;
    }
    return false;
}

/* Leaves `out` as it was if the name is not there. */
static void take_query(const struct request *r, const char *name, char *out,
                       size_t size)
{
    struct sally_span value;

    if (find_query(r, name, &value))
        (void)!sally_span_text(value, out, size);
}

static bool take_lifetime(const struct request *r, uint32_t *out)
{
    struct sally_span value;
    uint64_t n;

    if (!find_query(r, "lt", &value))
        return true;
    if (sally_text_uint(value, &n) != SALLY_E_OK || n == 0 || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* --- The registration interface ------------------------------------------ */

static void tell_secure(struct server_line *l, const struct request *r)
{
    struct sally_span identity = server_peer_identity(r->peer);

    server_line_text(l, "secure", server_peer_proof(r->peer));
    if (r->peer->door->finder->contexts != NULL)
        server_line_number(l, "oscore", 1);
    if (identity.len != 0)
        server_line_span(l, "identity", identity);
}

static bool is_rejected(const struct server *s, struct sally_span endpoint)
{
    for (size_t i = 0; i < s->options.reject_count; i++)
        if (sally_span_is(endpoint, s->options.reject[i]))
            return true;
    return false;
}

static void tell_register(const struct request *r,
                          const struct server_registration *reg,
                          const char *location)
{
    struct server_line l = server_line_begin(r->server, "register");

    server_line_text(&l, "ep", reg->endpoint);
    server_line_number(&l, "lt", reg->lifetime);
    server_line_text(&l, "lwm2m", reg->version);
    server_line_text(&l, "b", reg->binding);
    server_line_text(&l, "location", location);
    server_line_links(&l, r->q->payload);
    tell_secure(&l, r);
    server_line_end(&l);
}

static uint8_t do_register(struct request *r)
{
    struct sally_span identity = server_peer_identity(r->peer);
    struct sally_span endpoint = identity;
    struct server_registration *reg;
    char location[24], path[32];
    uint32_t lifetime = 86400;

    (void)find_query(r, "ep", &endpoint);
    if (endpoint.len == 0 || endpoint.len >= SERVER_TEXT ||
        !sally_text_is_utf8(endpoint) || !take_lifetime(r, &lifetime))
        return SALLY_CODE_BAD_REQUEST;
    if (is_rejected(r->server, endpoint))
        return SALLY_CODE_FORBIDDEN;
    if (identity.len != 0 && !sally_span_equal(identity, endpoint))
        return SALLY_CODE_BAD_REQUEST;
    reg = server_registration_new(r->server, r->peer, endpoint);
    if (reg == NULL)
        return SALLY_CODE_UNAVAILABLE;
    reg->lifetime = lifetime;
    memcpy(reg->version, "1.0", 4);
    memcpy(reg->binding, "U", 2);
    take_query(r, "lwm2m", reg->version, sizeof(reg->version));
    take_query(r, "b", reg->binding, sizeof(reg->binding));
    server_registration_touch(reg, r->now);
    server_registration_location(reg, location);
    snprintf(path, sizeof(path), "rd/%s", location);
    sally_coap_put_path(&r->options, SALLY_OPTION_LOCATION_PATH, path);
    snprintf(path, sizeof(path), "/rd/%s", location);
    tell_register(r, reg, path);
    return SALLY_CODE_CREATED;
}

/* The registration at /rd/x, if the client that asks is its owner. */
static struct server_registration *own_registration(const struct request *r)
{
    struct server_registration *reg =
        server_registration_at(r->server, r->segment[1]);

    return reg != NULL && sally_span_is(server_peer_identity(r->peer),
                                        reg->identity)
               ? reg
               : NULL;
}

static uint8_t do_update(struct request *r)
{
    struct server_registration *reg = own_registration(r);
    struct server_line l;

    if (reg == NULL)
        return SALLY_CODE_NOT_FOUND;
    if (!take_lifetime(r, &reg->lifetime))
        return SALLY_CODE_BAD_REQUEST;
    take_query(r, "b", reg->binding, sizeof(reg->binding));
    reg->peer = r->peer; /* it may come from a new address */
    server_registration_touch(reg, r->now);
    if (r->server->options.quiet)
        return SALLY_CODE_CHANGED;
    l = server_line_begin(r->server, "update");
    server_line_text(&l, "ep", reg->endpoint);
    server_line_number(&l, "lt", reg->lifetime);
    server_line_text(&l, "b", reg->binding);
    if (r->q->payload.len != 0)
        server_line_links(&l, r->q->payload);
    tell_secure(&l, r);
    server_line_end(&l);
    return SALLY_CODE_CHANGED;
}

static uint8_t do_deregister(struct request *r)
{
    struct server_registration *reg = own_registration(r);
    struct server_line l;

    if (reg == NULL)
        return SALLY_CODE_NOT_FOUND;
    l = server_line_begin(r->server, "deregister");
    server_line_text(&l, "ep", reg->endpoint);
    server_line_end(&l);
    server_registration_end(reg);
    return SALLY_CODE_DELETED;
}

/* --- Send ---------------------------------------------------------------- */

/* Readings of the benchmark are text. */
static void tally_records(struct tally *t, const struct sally_lwm2m_record *r,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (r[i].value.type == SALLY_TYPE_STRING)
            tally_see(t, r[i].value.is.bytes.at, r[i].value.is.bytes.len);
}

static uint8_t do_send(struct request *r)
{
    static const struct sally_path root;
    struct server_registration *reg =
        server_registration_by(r->server, r->peer);
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    uint8_t room[16384];
    struct sally_buf scratch = SALLY_BUF(room);
    const struct sally_lwm2m_format *format = NULL;
    struct server_line l;
    uint32_t number;
    size_t count;
    enum sally_err e;

    if (reg == NULL)
        return SALLY_CODE_NOT_FOUND;
    if (sally_coap_option_uint(r->q->options, SALLY_OPTION_CONTENT_FORMAT,
                               &number) && number <= UINT16_MAX)
        format = sally_format_find((uint16_t)number);
    if (format == NULL || format->single)
        return SALLY_CODE_UNSUPPORTED_FORMAT;
    e = format->decode(&r->server->config.registry, &root, r->q->payload,
                       &scratch, records, SALLY_LEN(records), &count);
    if (e != SALLY_E_OK) {
        server_tell_error(r->server, 0, reg->endpoint, sally_err_text(e));
        return SALLY_CODE_BAD_REQUEST;
    }
    server_registration_touch(reg, r->now);
    if (r->server->options.tally)
        tally_records(&r->server->tally, records, count);
    if (r->server->options.quiet)
        return SALLY_CODE_CHANGED;
    l = server_line_begin(r->server, "send");
    server_line_text(&l, "ep", reg->endpoint);
    server_line_text(&l, "format", format->name);
    server_line_records(&l, records, count);
    tell_secure(&l, r);
    server_line_end(&l);
    return SALLY_CODE_CHANGED;
}

/* --- The bootstrap interface --------------------------------------------- */

/* Who asks, if it may ask for that. */
static bool take_endpoint(const struct request *r, struct sally_span *endpoint)
{
    struct sally_span identity = server_peer_identity(r->peer);

    *endpoint = identity;
    (void)find_query(r, "ep", endpoint);
    return r->server->options.bootstrap && endpoint->len != 0 &&
           (identity.len == 0 || sally_span_equal(identity, *endpoint));
}

static uint8_t do_bootstrap(struct request *r)
{
    struct sally_span endpoint, preferred = { NULL, 0 };

    (void)find_query(r, "pct", &preferred);
    return take_endpoint(r, &endpoint)
               ? server_bootstrap_request(r->peer, endpoint, preferred)
               : SALLY_CODE_BAD_REQUEST;
}

static uint8_t do_pack(struct request *r)
{
    struct sally_span endpoint;

    return take_endpoint(r, &endpoint)
               ? server_bootstrap_pack(r->peer, endpoint, &r->options,
                                       &r->payload)
               : SALLY_CODE_BAD_REQUEST;
}

/* --- Dispatch ------------------------------------------------------------ */

static const struct interface {
    uint8_t method;
    const char *first;
    size_t segments;
    uint8_t (*run)(struct request *r);
} interfaces[] = {
    { SALLY_CODE_POST, "rd", 1, do_register },
    { SALLY_CODE_POST, "rd", 2, do_update },
    { SALLY_CODE_PUT, "rd", 2, do_update },
    { SALLY_CODE_DELETE, "rd", 2, do_deregister },
    { SALLY_CODE_POST, "dp", 1, do_send },
    { SALLY_CODE_POST, "bs", 1, do_bootstrap },
    { SALLY_CODE_GET, "bspack", 1, do_pack },
};

static bool take_path(struct request *r)
{
    struct sally_coap_options walk = { r->q->options, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_URI_PATH)
            continue;
        if (r->segments == SEGMENTS_MAX)
            return false;
        r->segment[r->segments++] = o.value;
    }
    return r->segments > 0;
}

static uint8_t dispatch(struct request *r)
{
    if (!take_path(r))
        return SALLY_CODE_NOT_FOUND;
    for (size_t i = 0; i < SALLY_LEN(interfaces); i++) {
        const struct interface *row = &interfaces[i];

        if (row->method == r->q->code && row->segments == r->segments &&
            sally_span_is(r->segment[0], row->first))
            return row->run(r);
    }
    return SALLY_CODE_NOT_FOUND;
}

void server_on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    struct server_peer *p = owner;
    uint8_t room[128], body[4096];
    struct sally_buf options = SALLY_BUF(room);
    struct request r = { .server = p->door->server, .peer = p, .q = q,
                         .now = now,
                         .options = sally_coap_options_into(&options),
                         .payload = SALLY_BUF(body) };
    struct sally_coap_answer a = { .code = dispatch(&r) };

    a.options = sally_buf_span(&options);
    a.payload = sally_buf_span(&r.payload);
    (void)!sally_coap_link_respond(&p->link, q->exchange, &a, now);
    server_bootstrap_begin(p, now);
}
