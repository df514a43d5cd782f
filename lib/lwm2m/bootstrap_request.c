/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap_request.c - which bootstrap operation a request is, and
 * what it does. LwM2M Transport 1.2 s.6.4.2.                                */
#include "lwm2m/bootstrap_parts.h"

#include "codec/linkformat.h"
#include "coap/option.h"
#include "lwm2m/book_parts.h"
#include "lwm2m/objects/builtin.h"
#include "lwm2m/request.h"

#define RECORDS_MAX 128 /* values in the answer to one Read */
#define OBJECT_COSE 23

struct answer {
    struct sally_buf payload; /* room of a body */
    uint32_t format;
};

/* Response code. */
typedef uint8_t operation(struct sally_bootstrap *b,
                          const struct sally_request *q, struct answer *a,
                          sally_usec now);

/* --- Discover: no secrets, no keys, no addresses but those of servers --- */

static const char *version_text(uint8_t version)
{
    return version == 10 ? "1.0" : version == 11 ? "1.1" : "1.2";
}

static void put_short_id(struct sally_links *links, uint16_t short_id)
{
    char text[sizeof("65535")];
    struct sally_buf out = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&out);

    sally_put_decimal(&w, short_id);
    text[out.len] = '\0';
    sally_put_attribute(links, "ssid", text);
}

/* Short Server ID and URI of a server's account; a bootstrap account has
 * neither here (Core 1.2 s.6.1.7.3).                                        */
static void put_account(struct sally_links *links, const struct sally_book *k,
                        uint16_t instance)
{
    struct sally_lwm2m_value v;
    uint16_t own;

    if (sally_book_bootstrap(k, instance, &own) && own == instance)
        return;
    if (sally_book_security(k, instance, SALLY_SECURITY_SHORT_ID, &v) &&
        v.type == SALLY_TYPE_INTEGER)
        put_short_id(links, (uint16_t)v.is.integer);
    if (sally_book_security(k, instance, SALLY_SECURITY_URI, &v) &&
        v.type == SALLY_TYPE_STRING)
        sally_put_quoted(links, "uri", v.is.bytes);
}

/* Of /21 the instances alone: the attributes are defined for /0 and /1, and a
 * server may refuse all of the answer for one that stands elsewhere.        */
static void put_instance(struct sally_links *links, const struct sally_book *k,
                         const struct sally_path *at)
{
    char text[SALLY_PATH_TEXT];
    const struct sally_path id =
        sally_path_resource(at->id[0], at->id[1], SALLY_SERVER_SHORT_ID);
    struct sally_lwm2m_value v;

    sally_put_link(links, sally_path_text(at, text));
    if (at->id[0] == SALLY_OBJECT_SECURITY)
        put_account(links, k, at->id[1]);
    else if (at->id[0] == SALLY_OBJECT_SERVER &&
             sally_book_find(k, &id, &v) && v.type == SALLY_TYPE_INTEGER)
        put_short_id(links, (uint16_t)v.is.integer);
}

static uint8_t do_discover(struct sally_bootstrap *b,
                           const struct sally_request *q, struct answer *a,
                           sally_usec now)
{
    struct sally_book_walk walk = { sally_book_span(&b->staged) };
    struct sally_links links = sally_links_into(&a->payload);
    struct sally_path path, at, last = { .depth = 0 };
    struct sally_lwm2m_value v;

    (void)now;
    sally_put_link(&links, "/");
    sally_put_attribute(&links, "lwm2m", version_text(b->settings->version));
    while (sally_book_next(&walk, &path, &v)) {
        at = sally_path_instance(path.id[0], path.id[1]);
        if (!sally_path_equal(&at, &last) && sally_path_covers(&q->path, &at))
            put_instance(&links, &b->staged, &at);
        last = at;
    }
    a->format = SALLY_FORMAT_LINK;
    return sally_links_end(&links) == SALLY_E_OK ? SALLY_CODE_CONTENT
                                                 : SALLY_CODE_INTERNAL_ERROR;
}

/* --- Read, of what holds no keys ---------------------------------------- */

static size_t collect(const struct sally_book *k, const struct sally_path *path,
                      struct sally_lwm2m_record *records, size_t room)
{
    struct sally_book_walk walk = { sally_book_span(k) };
    struct sally_lwm2m_record r = { .time = 0 };
    size_t n = 0;

    while (n < room && sally_book_next(&walk, &r.path, &r.value))
        if (sally_path_covers(path, &r.path))
            records[n++] = r;
    return n;
}

static uint8_t may_read(const struct sally_bootstrap *b,
                        const struct sally_path *path)
{
    if (path->depth == SALLY_DEPTH_ROOT)
        return SALLY_CODE_METHOD_NOT_ALLOWED;
    switch (path->id[0]) {
    case SALLY_OBJECT_SECURITY:
    case SALLY_OBJECT_OSCORE:
    case OBJECT_COSE: return SALLY_CODE_UNAUTHORIZED;
    case SALLY_OBJECT_SERVER:
    case SALLY_OBJECT_ACCESS: break;
    default: return SALLY_CODE_METHOD_NOT_ALLOWED;
    }
    /* Since 1.1, and of no single resource. */
    return b->settings->version == 10 || path->depth > SALLY_DEPTH_INSTANCE
               ? SALLY_CODE_METHOD_NOT_ALLOWED
               : 0;
}

static const struct sally_lwm2m_format *
read_format(const struct sally_bootstrap *b, uint32_t accept)
{
    const struct sally_lwm2m_format *f =
        sally_format_find(b->settings->preferred);

    if (accept != SALLY_REQUEST_NONE)
        f = accept > UINT16_MAX ? NULL : sally_format_find((uint16_t)accept);
    else if (f == NULL || f->single)
        f = sally_format_find(SALLY_FORMAT_SENML_CBOR);
    return f == NULL || f->min_version > b->settings->version ? NULL : f;
}

static uint8_t do_read(struct sally_bootstrap *b,
                       const struct sally_request *q, struct answer *a,
                       sally_usec now)
{
    struct sally_lwm2m_record records[RECORDS_MAX];
    const struct sally_lwm2m_format *f = read_format(b, q->accept);
    struct sally_writer w = sally_writer_into(&a->payload);
    uint8_t code = may_read(b, &q->path);
    size_t count;

    (void)now;
    if (code != 0)
        return code;
    count = collect(&b->staged, &q->path, records, SALLY_LEN(records));
    if (count == 0)
        return SALLY_CODE_NOT_FOUND;
    if (f == NULL)
        return SALLY_CODE_NOT_ACCEPTABLE;
    a->format = f->number;
    switch (f->encode(&q->path, records, count, &w)) {
    case SALLY_E_OK: return SALLY_CODE_CONTENT;
    case SALLY_E_NOT_ALLOWED: return SALLY_CODE_NOT_ACCEPTABLE;
    default: return SALLY_CODE_INTERNAL_ERROR;
    }
}

/* --- Write, Delete ------------------------------------------------------ */

static uint8_t do_write(struct sally_bootstrap *b,
                        const struct sally_request *q, struct answer *a,
                        sally_usec now)
{
    const struct sally_lwm2m_format *f =
        q->format > UINT16_MAX ? NULL : sally_format_find((uint16_t)q->format);

    (void)now;
    if (f == NULL || f->min_version > b->settings->version)
        return SALLY_CODE_UNSUPPORTED_FORMAT;
    return sally_bootstrap_write(b, &q->path, f, q->coap->payload,
                                 &a->payload);
}

/* 4.05 for what cannot be deleted at all, 4.00 for the bootstrap account, as
 * other clients answer it.                                                  */
static uint8_t do_delete(struct sally_bootstrap *b,
                         const struct sally_request *q, struct answer *a,
                         sally_usec now)
{
    (void)a;
    (void)now;
    switch (sally_bootstrap_delete(b, &q->path)) {
    case SALLY_E_OK: return SALLY_CODE_DELETED;
    case SALLY_E_NOT_ALLOWED: return SALLY_CODE_BAD_REQUEST;
    default:
        return q->path.id[0] == SALLY_OBJECT_DEVICE
                   ? SALLY_CODE_METHOD_NOT_ALLOWED
                   : SALLY_CODE_NOT_FOUND;
    }
}

/* --- Dispatch ----------------------------------------------------------- */

/* Transport 1.2 s.6.4.2: methods to operations. The first row that fits wins.
 */
enum need { ANY, LINKS, PAYLOAD };

static const struct row {
    uint8_t method, min_depth, max_depth;
    enum need need;
    operation *run;
} rows[] = {
    { SALLY_CODE_GET, 0, 1, LINKS, do_discover },
    { SALLY_CODE_GET, 0, 4, ANY, do_read },
    { SALLY_CODE_PUT, 1, 4, PAYLOAD, do_write },
    { SALLY_CODE_DELETE, 0, 2, ANY, do_delete },
};

static bool fits(const struct row *r, const struct sally_request *q)
{
    if (r->method != q->coap->code || q->path.depth < r->min_depth ||
        q->path.depth > r->max_depth)
        return false;
    switch (r->need) {
    case ANY: return true;
    case LINKS: return q->accept == SALLY_FORMAT_LINK;
    case PAYLOAD:
        return q->coap->payload.len != 0 || q->format != SALLY_REQUEST_NONE;
    }
    return false;
}

/* Finish has no payload (Core 1.2 s.6.1.7.8), and its own path. */
static bool is_finish(const struct sally_request *q)
{
    return q->coap->code == SALLY_CODE_POST &&
           sally_request_is(q->coap, "bs") && q->coap->payload.len == 0;
}

static uint8_t dispatch(struct sally_bootstrap *b,
                        const struct sally_coap_request *coap,
                        struct answer *a, sally_usec now)
{
    struct sally_request q;
    uint8_t code = sally_request_take(coap, &q);

    if (code != SALLY_CODE_BAD_OPTION && is_finish(&q))
        return sally_bootstrap_conclude(b, now);
    if (code != 0)
        return code;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (fits(&rows[i], &q))
            return rows[i].run(b, &q, a, now);
    return SALLY_CODE_METHOD_NOT_ALLOWED;
}

void sally_bootstrap_command(struct sally_bootstrap *b,
                             const struct sally_coap_request *q, sally_usec now)
{
    struct sally_pool *bodies = b->shared->bodies;
    struct answer a = { .format = SALLY_REQUEST_NONE };
    uint8_t code = SALLY_CODE_UNAVAILABLE;

    a.payload.at = sally_pool_take(bodies);
    a.payload.room = b->shared->parameters->body_max;
    if (a.payload.at != NULL)
        code = dispatch(b, q, &a, now);
    b->waiting = code == 0;
    if (b->waiting)
        b->finishing = q->exchange;
    else
        sally_bootstrap_respond(b, q->exchange, code, a.format,
                                sally_buf_span(&a.payload), now);
    sally_pool_give(bodies, a.payload.at);
}
