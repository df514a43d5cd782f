/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/operation.c - which LwM2M operation a request is, and what it
 * does to the client's resources.                                           */
#include "lwm2m/operation.h"

#include "base/text.h"
#include "coap/option.h"
#include "lwm2m/access.h"
#include "lwm2m/attributes.h"
#include "lwm2m/discover.h"
#include "lwm2m/durable.h"
#include "lwm2m/notify.h"
#include "lwm2m/objects/builtin.h"
#include "lwm2m/request.h"

#define NONE SALLY_REQUEST_NONE

struct answer {
    struct sally_buf payload; /* room of a body */
    uint32_t format;          /* NONE: no payload */
    bool observe;
};

/* Response code, or 0 when the answer comes later. */
typedef uint8_t operation(struct sally_lwm2m_client *c,
                          const struct sally_request *q, struct answer *a,
                          sally_usec now);

/* Another account's /1 instance is nobody else's business. */
static bool visible(const struct sally_lwm2m_client *c,
                    const struct sally_path *path)
{
    return path->id[0] != SALLY_OBJECT_SERVER ||
           path->id[1] == c->settings->server_instance;
}

size_t sally_operation_collect(const struct sally_lwm2m_client *c,
                               const struct sally_path *path,
                               struct sally_lwm2m_record *out, size_t room,
                               size_t *existing)
{
    const struct sally_resource *slots = c->resources->slots;
    size_t first = 0, n = 0;
    size_t count = sally_resources_below(c->resources, path, &first);

    *existing = 0;
    for (size_t i = first; i < first + count; i++) {
        if (!visible(c, &slots[i].path) ||
            !sally_access_allows(c->settings->access, &slots[i].path,
                                 SALLY_MAY_READ))
            continue;
        ++*existing;
        if (!slots[i].present || n == room ||
            (slots[i].operations & SALLY_OPERATION_READ) == 0)
            continue;
        out[n].path = slots[i].path;
        out[n].value = sally_resources_value(c->resources, &slots[i]);
        out[n++].time = 0; /* a Read gives what holds now */
    }
    return n;
}

/* Without Accept the choice is ours: the bare value of one resource, else the
 * version's own container (Core 1.1 s.7.4).                                 */
static const struct sally_lwm2m_format *
pick_format(const struct sally_lwm2m_client *c, uint32_t wanted, bool one_value)
{
    if (wanted != NONE)
        return wanted > UINT16_MAX ? NULL
                                   : sally_format_find((uint16_t)wanted);
    if (one_value)
        return sally_format_find(SALLY_FORMAT_TEXT);
    return sally_format_find(c->version == 10 ? SALLY_FORMAT_TLV
                                              : SALLY_FORMAT_SENML_CBOR);
}

/* Depth 3 and 4 name one thing: its absence and its rights have codes. */
static uint8_t refusal(const struct sally_lwm2m_client *c,
                       const struct sally_path *path, size_t existing,
                       size_t count)
{
    const struct sally_resource *r = sally_resources_find(c->resources, path);

    if (existing == 0)
        return SALLY_CODE_NOT_FOUND;
    if (path->depth < SALLY_DEPTH_RESOURCE || count != 0)
        return 0;
    if (r != NULL && (r->operations & SALLY_OPERATION_READ) == 0)
        return SALLY_CODE_METHOD_NOT_ALLOWED;
    return SALLY_CODE_NOT_FOUND; /* nothing was measured yet */
}

uint8_t sally_operation_read(const struct sally_lwm2m_client *c,
                             const struct sally_path *path, uint32_t wanted,
                             struct sally_buf *payload, uint16_t *chosen)
{
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    const struct sally_lwm2m_format *f;
    struct sally_writer w = sally_writer_into(payload);
    size_t existing;
    size_t count = sally_operation_collect(c, path, records,
                                           SALLY_LEN(records), &existing);
    uint8_t code = refusal(c, path, existing, count);

    if (code != 0)
        return code;
    f = pick_format(c, wanted,
                    count == 1 && sally_path_equal(&records[0].path, path));
    if (f == NULL || f->min_version > c->version)
        return SALLY_CODE_NOT_ACCEPTABLE;
    *chosen = f->number;
    switch (f->encode(path, records, count, &w)) {
    case SALLY_E_OK:
        return SALLY_CODE_CONTENT;
    case SALLY_E_NOT_ALLOWED: /* one value asked for in a single format */
        return SALLY_CODE_NOT_ACCEPTABLE;
    default:
        return SALLY_CODE_INTERNAL_ERROR;
    }
}

/* RFC 7641: registering is a Read whose answer carries Observe; when there is
 * no more room for observations it is a plain Read.                         */
static uint8_t do_read(struct sally_lwm2m_client *c,
                       const struct sally_request *q, struct answer *a,
                       sally_usec now)
{
    uint16_t format = 0;
    uint8_t code = sally_operation_read(c, &q->path, q->accept, &a->payload,
                                        &format);

    if (q->coap->observe == SALLY_OBSERVE_CANCEL)
        sally_notify_remove(c, q->coap->token);
    if (code != SALLY_CODE_CONTENT)
        return code;
    a->format = format;
    if (q->coap->observe == SALLY_OBSERVE_REGISTER) {
        a->observe =
            sally_notify_add(c, q->coap->token, &q->path, format, now);
        if (a->observe)
            c->upcalls->on_able(c->owner, now);
    }
    return code;
}

static uint8_t do_discover(struct sally_lwm2m_client *c,
                           const struct sally_request *q, struct answer *a,
                           sally_usec now)
{
    (void)now;
    a->format = SALLY_FORMAT_LINK;
    return sally_discover(c, &q->path, &a->payload);
}

static uint8_t do_attributes(struct sally_lwm2m_client *c,
                             const struct sally_request *q, struct answer *a,
                             sally_usec now)
{
    size_t first;

    (void)a;
    (void)now;
    if (!visible(c, &q->path) ||
        sally_resources_below(c->resources, &q->path, &first) == 0)
        return SALLY_CODE_NOT_FOUND;
    if (!q->has_query)
        return SALLY_CODE_BAD_REQUEST;
    return sally_attributes_write(c, &q->path, q->coap->options);
}

static uint8_t decode_code(enum sally_err e)
{
    switch (e) {
    case SALLY_E_OK:
        return 0;
    case SALLY_E_NOT_FOUND:
        return SALLY_CODE_NOT_FOUND;
    case SALLY_E_NO_ROOM:
    case SALLY_E_TOO_LARGE:
        return SALLY_CODE_TOO_LARGE;
    default:
        return SALLY_CODE_BAD_REQUEST;
    }
}

/* Whether this record may be written at all; nothing is changed yet. */
static uint8_t check_record(const struct sally_lwm2m_client *c,
                            const struct sally_lwm2m_record *r)
{
    const struct sally_resource *slot =
        sally_resources_find(c->resources, &r->path);
    struct sally_lwm2m_value typed;

    if (slot == NULL || !visible(c, &r->path))
        return SALLY_CODE_NOT_FOUND;
    if ((slot->operations & SALLY_OPERATION_WRITE) == 0)
        return SALLY_CODE_METHOD_NOT_ALLOWED;
    if (sally_registry_admit(c->resources->registry, &r->path, &r->value,
                             &typed) != SALLY_E_OK)
        return SALLY_CODE_BAD_REQUEST;
    if ((typed.type == SALLY_TYPE_STRING || typed.type == SALLY_TYPE_OPAQUE) &&
        !c->upcalls->handles(c->owner, &r->path) &&
        typed.is.bytes.len > slot->value.text.room)
        return SALLY_CODE_TOO_LARGE;
    return 0;
}

/* A replacing Write drops what it does not name, as far as it may be written
 * and its object can do without it (Core 1.1 s.6.3.3).                      */
static void drop_unnamed(struct sally_lwm2m_client *c,
                         const struct sally_path *base,
                         const struct sally_lwm2m_record *records,
                         size_t count)
{
    size_t first = 0;
    size_t n = sally_resources_below(c->resources, base, &first);

    for (size_t i = first; i < first + n; i++) {
        struct sally_resource *slot = &c->resources->slots[i];
        const struct sally_resource_definition *d = sally_registry_resource(
            c->resources->registry, slot->path.id[0], slot->path.id[2]);
        bool named = false;

        for (size_t k = 0; k < count; k++)
            named = named || sally_path_equal(&records[k].path, &slot->path);
        if (!named && (slot->operations & SALLY_OPERATION_WRITE) != 0 &&
            !d->mandatory && !c->upcalls->handles(c->owner, &slot->path))
            slot->present = false;
    }
}

static void written(struct sally_lwm2m_client *c,
                    const struct sally_path *path)
{
    if (path->id[0] == SALLY_OBJECT_SERVER &&
        (path->id[2] == SALLY_SERVER_LIFETIME ||
         path->id[2] == SALLY_SERVER_BINDING))
        c->update_wanted = true;
    if (path->id[0] == SALLY_OBJECT_SERVER)
        sally_durable_changed(c);
    sally_notify_changed(c, path);
    c->upcalls->on_written(c->owner, path);
}

static uint8_t store(struct sally_lwm2m_client *c,
                     const struct sally_request *q,
                     const struct sally_lwm2m_record *records, size_t count)
{
    if (q->coap->code == SALLY_CODE_PUT && q->path.depth <= 2)
        drop_unnamed(c, &q->path, records, count);
    for (size_t i = 0; i < count; i++) {
        if (sally_resources_set(c->resources, &records[i].path,
                                &records[i].value, 0) != SALLY_E_OK)
            return SALLY_CODE_INTERNAL_ERROR; /* check_record() saw it fit */
        written(c, &records[i].path);
    }
    return SALLY_CODE_CHANGED;
}

/* A command goes to the sensor alone: what became of it could not be told for
 * several at once, nor undone.                                              */
static uint8_t command(struct sally_lwm2m_client *c,
                       const struct sally_request *q,
                       const struct sally_lwm2m_record *r, size_t count,
                       sally_usec now)
{
    struct sally_lwm2m_command k = { .exchange = q->coap->exchange,
                                     .path = r->path };

    if (count != 1 || sally_registry_admit(c->resources->registry, &r->path,
                                           &r->value, &k.value) != SALLY_E_OK)
        return SALLY_CODE_BAD_REQUEST;
    return c->upcalls->on_command(c->owner, &k, now);
}

static uint8_t do_write(struct sally_lwm2m_client *c,
                        const struct sally_request *q, struct answer *a,
                        sally_usec now)
{
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    const struct sally_lwm2m_format *f =
        q->format == NONE || q->format > UINT16_MAX
            ? NULL
            : sally_format_find((uint16_t)q->format);
    size_t count = 0, first, handled = 0;
    uint8_t code;

    if (!visible(c, &q->path) ||
        sally_resources_below(c->resources, &q->path, &first) == 0)
        return SALLY_CODE_NOT_FOUND;
    if (f == NULL || f->min_version > c->version)
        return SALLY_CODE_UNSUPPORTED_FORMAT;
    code = decode_code(f->decode(c->resources->registry, &q->path,
                                 q->coap->payload, &a->payload, records,
                                 SALLY_LEN(records), &count));
    for (size_t i = 0; i < count && code == 0; i++) {
        code = check_record(c, &records[i]);
        handled += c->upcalls->handles(c->owner, &records[i].path);
    }
    if (code != 0)
        return code;
    if (count == 0 && q->path.depth >= SALLY_DEPTH_RESOURCE)
        return SALLY_CODE_BAD_REQUEST;
    if (handled != 0)
        return command(c, q, records, count, now);
    return store(c, q, records, count);
}

/* Executes that are the client's own business. */
static uint8_t execute_builtin(struct sally_lwm2m_client *c,
                               const struct sally_path *path)
{
    if (path->id[0] == SALLY_OBJECT_SERVER &&
        path->id[2] == SALLY_SERVER_UPDATE_TRIGGER) {
        c->update_wanted = true;
        return SALLY_CODE_CHANGED;
    }
    if (path->id[0] == SALLY_OBJECT_SERVER &&
        path->id[2] == SALLY_SERVER_DISABLE) {
        c->disable_wanted = true;
        return SALLY_CODE_CHANGED;
    }
    if (path->id[0] == SALLY_OBJECT_SERVER &&
        path->id[2] == SALLY_SERVER_BOOTSTRAP_TRIGGER &&
        c->upcalls->on_bootstrap != NULL) {
        c->upcalls->on_bootstrap(c->owner);
        return SALLY_CODE_CHANGED;
    }
    if (path->id[0] == SALLY_OBJECT_DEVICE &&
        path->id[2] == SALLY_DEVICE_REBOOT) {
        c->reboot_wanted = true;
        return SALLY_CODE_CHANGED;
    }
    return SALLY_CODE_METHOD_NOT_ALLOWED;
}

static uint8_t do_execute(struct sally_lwm2m_client *c,
                          const struct sally_request *q, struct answer *a,
                          sally_usec now)
{
    const struct sally_resource *slot =
        sally_resources_find(c->resources, &q->path);
    struct sally_lwm2m_command k = { .exchange = q->coap->exchange,
                                     .path = q->path,
                                     .execute = true,
                                     .arguments = q->coap->payload };
    size_t first;

    (void)a;
    if (!visible(c, &q->path) ||
        sally_resources_below(c->resources, &q->path, &first) == 0)
        return SALLY_CODE_NOT_FOUND;
    if (slot == NULL || (slot->operations & SALLY_OPERATION_EXECUTE) == 0)
        return SALLY_CODE_METHOD_NOT_ALLOWED;
    if (!sally_text_is_utf8(k.arguments))
        return SALLY_CODE_BAD_REQUEST;
    if (c->upcalls->handles(c->owner, &q->path))
        return c->upcalls->on_command(c->owner, &k, now);
    return execute_builtin(c, &q->path);
}

/* Transport 1.1 s.6.4.4: methods to operations. Depth counts path segments.
 * TYPED separates a partial Write of a multiple resource from Execute with
 * text arguments. The first row that fits wins.                             */
enum need { ANY, LINKS, PAYLOAD, NO_PAYLOAD, TYPED };

static const struct row {
    uint8_t method, min_depth, max_depth;
    enum need need;
    uint8_t right; /* 0: none is needed */
    operation *run;
} rows[] = {
    { SALLY_CODE_GET, 1, 3, LINKS, 0, do_discover },
    { SALLY_CODE_GET, 1, 4, ANY, SALLY_MAY_READ, do_read },
    { SALLY_CODE_PUT, 1, 4, NO_PAYLOAD, SALLY_MAY_READ, do_attributes },
    { SALLY_CODE_PUT, 2, 4, PAYLOAD, SALLY_MAY_WRITE, do_write },
    { SALLY_CODE_POST, 2, 2, PAYLOAD, SALLY_MAY_WRITE, do_write },
    { SALLY_CODE_POST, 3, 3, TYPED, SALLY_MAY_WRITE, do_write },
    { SALLY_CODE_POST, 3, 3, ANY, SALLY_MAY_EXECUTE, do_execute },
};

static bool fits(const struct row *r, const struct sally_request *q)
{
    if (r->method != q->coap->code || q->path.depth < r->min_depth ||
        q->path.depth > r->max_depth)
        return false;
    switch (r->need) {
    case ANY:
        return true;
    case LINKS:
        return q->accept == SALLY_FORMAT_LINK;
    case PAYLOAD:
        return q->coap->payload.len != 0 || q->format != NONE;
    case NO_PAYLOAD:
        return q->coap->payload.len == 0 && q->format == NONE;
    case TYPED:
        return q->format != NONE && q->format != SALLY_FORMAT_TEXT;
    }
    return false;
}

static uint8_t dispatch(struct sally_lwm2m_client *c,
                        const struct sally_coap_request *coap,
                        struct answer *a, sally_usec now)
{
    struct sally_request q;
    uint8_t code = sally_request_take(coap, &q);

    if (code != 0)
        return code;
    /* Core 1.1 s.6.3: no server but a bootstrap server touches these. */
    if (q.path.depth != 0 && (q.path.id[0] == SALLY_OBJECT_SECURITY ||
                               q.path.id[0] == SALLY_OBJECT_OSCORE))
        return SALLY_CODE_UNAUTHORIZED;
    if (c->state != SALLY_CLIENT_REGISTERED)
        return SALLY_CODE_UNAVAILABLE;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (fits(&rows[i], &q))
            return sally_access_allows(c->settings->access, &q.path,
                                       rows[i].right)
                       ? rows[i].run(c, &q, a, now)
                       : SALLY_CODE_UNAUTHORIZED;
    return SALLY_CODE_METHOD_NOT_ALLOWED;
}

static void respond(struct sally_lwm2m_client *c, sally_coap_exchange x,
                    uint8_t code, const struct answer *a, sally_usec now)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer out = { .code = code };

    if (code == SALLY_CODE_CONTENT && a->format != NONE) {
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, a->format);
        out.payload = sally_buf_span(&a->payload);
        out.observe = a->observe;
    }
    out.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&c->link, x, &out, now);
}

void sally_operation_run(struct sally_lwm2m_client *c,
                         const struct sally_coap_request *coap, sally_usec now)
{
    struct sally_pool *bodies = c->shared->coap->bodies;
    struct answer a = { .format = NONE };
    uint8_t code = SALLY_CODE_UNAVAILABLE;

    a.payload.at = sally_pool_take(bodies);
    a.payload.room = c->shared->coap->parameters->body_max;
    if (a.payload.at != NULL)
        code = dispatch(c, coap, &a, now);
    if (code != 0)
        respond(c, coap->exchange, code, &a, now);
    sally_pool_give(bodies, a.payload.at);
}
