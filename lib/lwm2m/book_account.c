/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_account.c - an account of a book as what a session needs.
 * LwM2M Core 1.2 s.6.1.2, app. E.1, E.2.                                    */
#include "lwm2m/book_parts.h"

#include "lwm2m/objects/builtin.h"
#include "security/credential_file.h"

#include <string.h>

/* --- One account -------------------------------------------------------- */

struct reading {
    const struct sally_book *book;
    struct sally_account *out;
    struct sally_path *culprit;
};

static enum sally_err blame(const struct reading *r, uint16_t resource,
                            enum sally_err e)
{
    *r->culprit = sally_path_resource(SALLY_OBJECT_SECURITY, r->out->instance,
                                      resource);
    return e;
}

static enum sally_err need(const struct reading *r, uint16_t resource,
                           enum sally_lwm2m_type type,
                           struct sally_lwm2m_value *v)
{
    if (!sally_book_security(r->book, r->out->instance, resource, v))
        return blame(r, resource, SALLY_E_NO_CREDENTIAL);
    return v->type == type ? SALLY_E_OK
                           : blame(r, resource, SALLY_E_WRONG_TYPE);
}

static enum sally_scheme scheme_of(const struct sally_uri *uri)
{
    if (uri->stream)
        return uri->secure ? SALLY_SCHEME_COAPS_TCP : SALLY_SCHEME_COAP_TCP;
    return uri->secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP;
}

static enum sally_err read_uri(const struct reading *r)
{
    struct sally_lwm2m_value v;
    enum sally_err e = need(r, SALLY_SECURITY_URI, SALLY_TYPE_STRING, &v);

    if (e != SALLY_E_OK)
        return e;
    e = sally_uri_parse(v.is.bytes, &r->out->uri);
    r->out->scheme = scheme_of(&r->out->uri);
    return e == SALLY_E_OK ? e : blame(r, SALLY_SECURITY_URI, e);
}

/* The instance of /1 with this Short Server ID. */
static void pair(const struct reading *r)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(r->book, SALLY_OBJECT_SERVER, from, &i);
         from = (uint32_t)i + 1) {
        const struct sally_path id = sally_path_resource(
            SALLY_OBJECT_SERVER, i, SALLY_SERVER_SHORT_ID);
        struct sally_lwm2m_value v;

        if (sally_book_find(r->book, &id, &v) &&
            v.type == SALLY_TYPE_INTEGER &&
            v.is.integer == r->out->short_id) {
            r->out->has_server = true;
            r->out->server_instance = i;
            return;
        }
    }
}

static enum sally_err read_server(const struct reading *r)
{
    struct sally_lwm2m_value v;
    enum sally_err e =
        need(r, SALLY_SECURITY_BOOTSTRAP, SALLY_TYPE_BOOLEAN, &v);

    if (e != SALLY_E_OK)
        return e;
    r->out->bootstrap = v.is.boolean;
    if (r->out->bootstrap)
        return SALLY_E_OK;
    e = need(r, SALLY_SECURITY_SHORT_ID, SALLY_TYPE_INTEGER, &v);
    if (e != SALLY_E_OK)
        return e;
    if (v.is.integer < 1 || v.is.integer > 65534)
        return blame(r, SALLY_SECURITY_SHORT_ID, SALLY_E_OUT_OF_RANGE);
    r->out->short_id = (uint16_t)v.is.integer;
    pair(r);
    return SALLY_E_OK;
}

static uint32_t seconds(const struct reading *r, uint16_t resource)
{
    struct sally_lwm2m_value v;

    if (!sally_book_security(r->book, r->out->instance, resource, &v) ||
        v.type != SALLY_TYPE_INTEGER || v.is.integer < 0)
        return 0;
    return v.is.integer < UINT32_MAX ? (uint32_t)v.is.integer : UINT32_MAX;
}

static enum sally_err read_link(const struct reading *r)
{
    struct sally_lwm2m_value v;
    struct sally_path to;

    if (!sally_book_security(r->book, r->out->instance, SALLY_SECURITY_OSCORE,
                             &v))
        return SALLY_E_OK;
    if (v.type != SALLY_TYPE_OBJLNK ||
        v.is.link.object != SALLY_OBJECT_OSCORE)
        return blame(r, SALLY_SECURITY_OSCORE, SALLY_E_UNSUPPORTED);
    to = sally_path_instance(SALLY_OBJECT_OSCORE, v.is.link.instance);
    if (!sally_book_has(r->book, &to))
        return blame(r, SALLY_SECURITY_OSCORE, SALLY_E_NOT_FOUND);
    r->out->has_oscore = true;
    r->out->oscore_instance = v.is.link.instance;
    return SALLY_E_OK;
}

static struct sally_credential_value
plain(const struct sally_lwm2m_value *v)
{
    struct sally_credential_value out = { .number = 0 };

    if (v->type == SALLY_TYPE_INTEGER)
        out.number = v->is.integer;
    else if (v->type == SALLY_TYPE_UNSIGNED)
        out.number = v->is.unsigned_number <= INT64_MAX
                         ? (int64_t)v->is.unsigned_number
                         : INT64_MAX;
    else if (v->type == SALLY_TYPE_OBJLNK)
        out.number = 1; /* it is linked */
    else if (v->type == SALLY_TYPE_STRING || v->type == SALLY_TYPE_OPAQUE)
        out.bytes = v->is.bytes;
    return out;
}

/* The mode says which resources count. A resource that it has no use for is
 * passed over, as the object wants of /0/x/4 with a pre-shared key; so is one
 * of /0 that is empty, which is how servers write what is not there.        */
static enum sally_err put_value(struct sally_credential_draft *d,
                                const struct sally_path *path,
                                const struct sally_lwm2m_value *v)
{
    const struct sally_credential_field *f =
        sally_credential_field_at(path->id[0], path->id[2], d->parts.mode);
    struct sally_credential_value value = plain(v);
    bool text = v->type == SALLY_TYPE_STRING || v->type == SALLY_TYPE_OPAQUE;

    if (f == NULL || f->kind == SALLY_FIELD_MODE ||
        (text && value.bytes.len == 0 && f->object == SALLY_OBJECT_SECURITY))
        return SALLY_E_OK;
    return sally_credential_put(d, f, value);
}

static enum sally_err put_instance(const struct reading *r, uint16_t object,
                                   uint16_t instance)
{
    const struct sally_path whole = sally_path_instance(object, instance);
    struct sally_book_walk walk = { sally_book_span(r->book) };
    struct sally_lwm2m_value v;
    struct sally_path path;

    while (sally_book_next(&walk, &path, &v)) {
        enum sally_err e = sally_path_covers(&whole, &path)
                               ? put_value(&r->out->draft, &path, &v)
                               : SALLY_E_OK;

        if (e != SALLY_E_OK) {
            *r->culprit = path;
            return e;
        }
    }
    return SALLY_E_OK;
}

static enum sally_err read_keys(const struct reading *r)
{
    struct sally_lwm2m_value v;
    enum sally_err e = need(r, SALLY_SECURITY_MODE, SALLY_TYPE_INTEGER, &v);

    if (e == SALLY_E_OK &&
        sally_credential_put(&r->out->draft,
                             sally_credential_field(SALLY_FIELD_MODE),
                             plain(&v)) != SALLY_E_OK)
        e = blame(r, SALLY_SECURITY_MODE, SALLY_E_UNSUPPORTED);
    if (e == SALLY_E_OK)
        e = read_link(r);
    if (e == SALLY_E_OK)
        e = put_instance(r, SALLY_OBJECT_SECURITY, r->out->instance);
    if (e == SALLY_E_OK && r->out->has_oscore)
        e = put_instance(r, SALLY_OBJECT_OSCORE, r->out->oscore_instance);
    return e;
}

enum sally_err sally_book_account(const struct sally_book *b, uint16_t instance,
                                  struct sally_account *out,
                                  struct sally_path *culprit)
{
    const struct sally_path whole =
        sally_path_instance(SALLY_OBJECT_SECURITY, instance);
    const struct reading r = { b, out, culprit };
    enum sally_err e;

    *out = (struct sally_account){ .instance = instance };
    *culprit = whole;
    if (!sally_book_has(b, &whole))
        return SALLY_E_NOT_FOUND;
    out->hold_off = seconds(&r, SALLY_SECURITY_HOLD_OFF);
    out->timeout = seconds(&r, SALLY_SECURITY_TIMEOUT);
    e = read_uri(&r);
    if (e == SALLY_E_OK)
        e = read_server(&r);
    return e == SALLY_E_OK ? read_keys(&r) : e;
}

/* --- Its credential ----------------------------------------------------- */

static void blame_field(const struct sally_account *a,
                        const struct sally_credential_field *f,
                        struct sally_path *culprit)
{
    *culprit = sally_path_instance(SALLY_OBJECT_SECURITY, a->instance);
    if (f == NULL)
        return;
    *culprit = sally_path_resource(
        f->object,
        f->object == SALLY_OBJECT_OSCORE ? a->oscore_instance : a->instance,
        f->resource);
}

static void name_server(const struct sally_account *a,
                        struct sally_credential_draft *d)
{
    unsigned allowed =
        sally_credential_field(SALLY_FIELD_SERVER_NAME)->allowed_in;

    /* A zone is of no use to a server. */
    if (d->parts.server_name.len == 0 && (allowed & 1u << d->parts.mode) != 0)
        d->parts.server_name = (struct sally_span){
            (const uint8_t *)a->uri.host, strcspn(a->uri.host, "%")
        };
}

enum sally_err sally_book_credential(const struct sally_account *account,
                                     const struct sally_trust *trust,
                                     struct sally_credential *out,
                                     struct sally_path *culprit)
{
    struct sally_credential_draft draft = account->draft;
    const struct sally_credential_field *field = NULL;
    struct sally_credential made = { .bytes = NULL };
    const char *why;
    enum sally_err e;

    name_server(account, &draft);
    draft.parts.trust = trust;
    e = sally_credential_finish(&made, &draft, &field);
    if (e == SALLY_E_OK)
        e = sally_credential_prove(&made, &field, &why);
    /* Nothing could be verified with these. */
    if (e == SALLY_E_OK && made.usage <= SALLY_USAGE_SERVICE && trust == NULL) {
        field = sally_credential_field(SALLY_FIELD_USAGE);
        e = SALLY_E_NO_CREDENTIAL;
    }
    if (e != SALLY_E_OK) {
        blame_field(account, field, culprit);
        sally_credential_wipe(&made);
        return e;
    }
    sally_credential_wipe(out);
    *out = made;
    return SALLY_E_OK;
}
