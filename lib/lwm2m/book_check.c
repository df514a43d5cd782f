/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_check.c - are the accounts of a book whole, and do they fit
 * together? LwM2M Core 1.2 s.6.1.2, app. E.1, E.2; object 21.               */
#include "lwm2m/book_parts.h"

#include "lwm2m/objects/builtin.h"

struct checking {
    const struct sally_book *book;
    const struct sally_registry *registry;
    const struct sally_trust *trust;
    struct sally_path *culprit;
};

static enum sally_err blame(const struct checking *k, struct sally_path path,
                            enum sally_err e)
{
    *k->culprit = path;
    return e;
}

/* --- Values and instances ----------------------------------------------- */

static enum sally_err check_values(const struct checking *k)
{
    struct sally_book_walk walk = { sally_book_span(k->book) };
    struct sally_lwm2m_value v, typed;
    struct sally_path path;

    while (sally_book_next(&walk, &path, &v)) {
        enum sally_err e =
            sally_registry_admit(k->registry, &path, &v, &typed);

        if (e == SALLY_E_OK && typed.type != v.type)
            e = SALLY_E_WRONG_TYPE;
        /* What asks for a protection that we do not have is not let pass. */
        if (path.id[0] == SALLY_OBJECT_SECURITY &&
            path.id[2] == SALLY_SECURITY_COSE)
            e = SALLY_E_UNSUPPORTED;
        if (e != SALLY_E_OK)
            return blame(k, path, e);
    }
    return SALLY_E_OK;
}

/* Keys of /0 are mandatory as the mode says, which the credential knows. */
static bool is_needed(uint16_t object,
                      const struct sally_resource_definition *d)
{
    return d->mandatory && d->type != SALLY_TYPE_NONE &&
           !(object == SALLY_OBJECT_SECURITY && d->type == SALLY_TYPE_OPAQUE);
}

static enum sally_err check_instance(const struct checking *k, uint16_t object,
                                     uint16_t instance)
{
    const struct sally_object_definition *d =
        sally_registry_object(k->registry, object);

    for (size_t i = 0; d != NULL && i < d->count; i++) {
        struct sally_path path =
            sally_path_resource(object, instance, d->resources[i].id);

        if (is_needed(object, &d->resources[i]) &&
            !sally_book_has(k->book, &path))
            return blame(k, path, SALLY_E_NO_CREDENTIAL);
    }
    return SALLY_E_OK;
}

static enum sally_err check_instances(const struct checking *k)
{
    struct sally_book_walk walk = { sally_book_span(k->book) };
    struct sally_path path, last = { .depth = 0 };
    struct sally_lwm2m_value v;

    while (sally_book_next(&walk, &path, &v)) {
        struct sally_path whole =
            sally_path_instance(path.id[0], path.id[1]);
        enum sally_err e;

        if (sally_path_equal(&whole, &last))
            continue;
        last = whole;
        e = check_instance(k, path.id[0], path.id[1]);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

/* --- Accounts ----------------------------------------------------------- */

/* The URIs besides the first have a scheme of the same mode. */
static enum sally_err check_more_uris(const struct checking *k,
                                      const struct sally_account *a)
{
    const struct sally_path all = sally_path_resource(
        SALLY_OBJECT_SECURITY, a->instance, SALLY_SECURITY_MORE_URIS);
    struct sally_book_walk walk = { sally_book_span(k->book) };
    struct sally_lwm2m_value v;
    struct sally_path path;
    struct sally_uri uri;

    while (sally_book_next(&walk, &path, &v)) {
        enum sally_err e;

        if (!sally_path_covers(&all, &path))
            continue;
        e = sally_uri_parse(v.is.bytes, &uri);
        if (e == SALLY_E_OK && uri.secure != a->uri.secure)
            e = SALLY_E_UNSUPPORTED;
        if (e != SALLY_E_OK)
            return blame(k, path, e);
    }
    return SALLY_E_OK;
}

static enum sally_err check_account(const struct checking *k,
                                    const struct sally_account *a)
{
    struct sally_credential credential = { .bytes = NULL };
    enum sally_err e =
        sally_book_credential(a, k->trust, &credential, k->culprit);
    bool stands = e == SALLY_E_OK &&
                  sally_stack_row(credential.mode, a->scheme) != NULL;

    sally_credential_wipe(&credential);
    if (e != SALLY_E_OK)
        return e;
    if (!stands)
        return blame(k, sally_path_resource(SALLY_OBJECT_SECURITY, a->instance,
                                            SALLY_SECURITY_MODE),
                     SALLY_E_UNSUPPORTED);
    if (!a->bootstrap && !a->has_server)
        return blame(k, sally_path_resource(SALLY_OBJECT_SECURITY, a->instance,
                                            SALLY_SECURITY_SHORT_ID),
                     SALLY_E_NOT_FOUND);
    return check_more_uris(k, a);
}

/* What an account must not have in common with one before it. */
struct met {
    uint16_t instance, short_id, oscore;
    bool bootstrap, has_oscore;
};

static enum sally_err check_met(const struct checking *k,
                                const struct sally_account *a,
                                const struct met *met, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t resource = SALLY_SECURITY_SHORT_ID;
        bool both = !a->bootstrap && a->short_id == met[i].short_id;

        if (a->bootstrap && met[i].bootstrap) {
            resource = SALLY_SECURITY_BOOTSTRAP;
            both = true;
        } else if (a->has_oscore && met[i].has_oscore &&
                   a->oscore_instance == met[i].oscore) {
            resource = SALLY_SECURITY_OSCORE;
            both = true;
        }
        if (both)
            return blame(k, sally_path_resource(SALLY_OBJECT_SECURITY,
                                                a->instance, resource),
                         SALLY_E_DUPLICATE);
    }
    return SALLY_E_OK;
}

static enum sally_err check_accounts(const struct checking *k)
{
    struct met met[SALLY_BOOK_INSTANCES];
    struct sally_account a;
    size_t count = 0;
    uint16_t i;

    for (uint32_t from = 0;
         count < SALLY_LEN(met) &&
         sally_book_instance(k->book, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1) {
        enum sally_err e = sally_book_account(k->book, i, &a, k->culprit);

        if (e == SALLY_E_OK)
            e = check_met(k, &a, met, count);
        if (e == SALLY_E_OK)
            e = check_account(k, &a);
        if (e != SALLY_E_OK)
            return e;
        met[count++] = (struct met){ i, a.short_id, a.oscore_instance,
                                     a.bootstrap, a.has_oscore };
    }
    return SALLY_E_OK;
}

/* --- What nobody has ---------------------------------------------------- */

static enum sally_err check_servers(const struct checking *k)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(k->book, SALLY_OBJECT_SERVER, from, &i);
         from = (uint32_t)i + 1) {
        int64_t id = sally_book_number(k->book, SALLY_OBJECT_SERVER, i,
                                       SALLY_SERVER_SHORT_ID);
        struct sally_path at = sally_path_resource(SALLY_OBJECT_SERVER, i,
                                                   SALLY_SERVER_SHORT_ID);

        if (sally_book_count(k->book, SALLY_OBJECT_SERVER,
                             SALLY_SERVER_SHORT_ID, id) > 1)
            return blame(k, at, SALLY_E_DUPLICATE);
        if (!sally_book_knows(k->book, id))
            return blame(k, at, SALLY_E_NOT_FOUND);
    }
    return SALLY_E_OK;
}

/* The servers that access control names: instances of the list, of which 0 is
 * everybody, and the owner, which 65535 is the bootstrap server for.        */
static enum sally_err check_access(const struct checking *k)
{
    const struct sally_path all = sally_path_object(SALLY_OBJECT_ACCESS);
    struct sally_book_walk walk = { sally_book_span(k->book) };
    struct sally_lwm2m_value v;
    struct sally_path path;

    while (sally_book_next(&walk, &path, &v)) {
        int64_t id = 0;

        if (!sally_path_covers(&all, &path))
            continue;
        if (path.id[2] == SALLY_ACCESS_LIST)
            id = path.id[3];
        else if (path.id[2] == SALLY_ACCESS_OWNER && v.is.integer != UINT16_MAX)
            id = v.is.integer;
        if (id != 0 && !sally_book_knows(k->book, id))
            return blame(k, path, SALLY_E_NOT_FOUND);
    }
    return SALLY_E_OK;
}

static enum sally_err check_keys(const struct checking *k)
{
    uint16_t i, owner;

    for (uint32_t from = 0;
         sally_book_instance(k->book, SALLY_OBJECT_OSCORE, from, &i);
         from = (uint32_t)i + 1)
        if (!sally_book_linking(k->book, i, &owner))
            return blame(k, sally_path_instance(SALLY_OBJECT_OSCORE, i),
                         SALLY_E_NOT_FOUND);
    return SALLY_E_OK;
}

enum sally_err sally_book_check(const struct sally_book *b,
                                const struct sally_registry *registry,
                                const struct sally_trust *trust,
                                struct sally_path *culprit)
{
    static enum sally_err (*const steps[])(const struct checking *) = {
        check_values,  check_instances, check_accounts,
        check_servers, check_access,    check_keys,
    };
    const struct sally_path root = { .depth = 0 };
    const struct checking k = { b, registry, trust, culprit };

    for (size_t i = 0; i < SALLY_LEN(steps); i++) {
        enum sally_err e = steps[i](&k);

        if (e != SALLY_E_OK)
            return e;
    }
    *culprit = root;
    return SALLY_E_OK;
}
