/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/factory.c - an account of the configuration as instances of
 * the objects 0, 1 and 21.                                                  */
#include "uplink/factory.h"

#include "config/keyring.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/accounts.h"
#include "uplink/route.h"
#include "uplink/virtual_client.h"

/* One account on its way into a book; the first error stays. */
struct putting {
    struct sally_book *book;
    const struct sally_registry *registry;
    const struct sally_config_account *account;
    uint16_t instance; /* of /0 and /21 */
    unsigned listed;   /* elements of the list of suites */
    enum sally_err e;
};

static void put(struct putting *p, struct sally_path path,
                struct sally_lwm2m_value value)
{
    struct sally_lwm2m_value typed;

    if (p->e == SALLY_E_OK)
        p->e = sally_registry_admit(p->registry, &path, &value, &typed);
    if (p->e == SALLY_E_OK)
        p->e = sally_book_put(p->book, &path, &typed);
}

static void put_security(struct putting *p, uint16_t resource,
                         struct sally_lwm2m_value value)
{
    put(p, sally_path_resource(SALLY_OBJECT_SECURITY, p->instance, resource),
        value);
}

static struct sally_path element(struct sally_path of, unsigned number)
{
    of.depth = SALLY_DEPTH_RESOURCE_INSTANCE;
    of.id[3] = (uint16_t)number;
    return of;
}

static struct sally_lwm2m_value link_to(uint16_t instance)
{
    return (struct sally_lwm2m_value){
        .type = SALLY_TYPE_OBJLNK,
        .is.link = { SALLY_OBJECT_OSCORE, instance }
    };
}

static void put_field(struct putting *p, const struct sally_credential_field *f,
                      int64_t number, struct sally_span bytes)
{
    struct sally_path path =
        sally_path_resource(f->object, p->instance, f->resource);

    switch (f->type) {
    case SALLY_CREDENTIAL_INTEGER:
        put(p, path, sally_value_integer(number));
        break;
    case SALLY_CREDENTIAL_TEXT:
        put(p, path, sally_value_text(bytes));
        break;
    case SALLY_CREDENTIAL_OPAQUE:
        put(p, path, sally_value_opaque(bytes));
        break;
    case SALLY_CREDENTIAL_LIST:
        put(p, element(path, p->listed++), sally_value_integer(number));
        break;
    case SALLY_CREDENTIAL_LINK:
        put(p, path, link_to(p->instance));
        break;
    }
}

static void put_said(struct putting *p)
{
    for (size_t i = 0; i < p->account->part_count; i++) {
        const struct sally_config_part *part = &p->account->parts[i];
        const struct sally_credential_field *f =
            sally_credential_field(part->kind);

        if (f->kind != SALLY_FIELD_MODE && !f->from_file)
            put_field(p, f, part->number, part->bytes);
    }
}

static void put_files(struct putting *p, struct sally_span files)
{
    struct sally_span bytes;
    unsigned kind;

    while (sally_keyring_take(&files, &kind, &bytes)) {
        const struct sally_credential_field *f =
            sally_credential_field((enum sally_credential_kind)kind);

        if (f != NULL)
            put_field(p, f, 0, bytes);
        else if (p->e == SALLY_E_OK)
            p->e = SALLY_E_MALFORMED;
    }
    if (files.len != 0 && p->e == SALLY_E_OK)
        p->e = SALLY_E_MALFORMED;
}

static void put_uris(struct putting *p, const struct sally_config_server *s)
{
    const struct sally_path more = sally_path_resource(
        SALLY_OBJECT_SECURITY, p->instance, SALLY_SECURITY_MORE_URIS);
    char text[SALLY_URI_TEXT];

    put_security(p, SALLY_SECURITY_URI, sally_value_string(s->uri_text));
    for (unsigned i = 0; i < s->more_count; i++) {
        (void)sally_uri_text(&s->more[i], text, sizeof(text));
        put(p, element(more, i), sally_value_string(text));
    }
}

static void put_server(struct putting *p, const struct sally_config_server *s,
                       const struct sally_config_profile *profile,
                       uint16_t instance)
{
    const struct {
        uint16_t resource;
        struct sally_lwm2m_value value;
    } rows[] = {
        { SALLY_SERVER_SHORT_ID, sally_value_integer(s->short_server_id) },
        { SALLY_SERVER_LIFETIME, sally_value_integer((
              int64_t)sally_virtual_client_lifetime(s, profile)) },
        { SALLY_SERVER_STORING, sally_value_boolean(true) },
        { SALLY_SERVER_BINDING, sally_value_string(sally_route_binding(s)) },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        put(p,
            sally_path_resource(SALLY_OBJECT_SERVER, instance,
                                rows[i].resource),
            rows[i].value);
}

/* Into a book with room for all, and from there back into one that fits. */
static enum sally_err fit(struct sally_book *roomy, struct sally_book *out)
{
    struct sally_book small = { .at = NULL };
    enum sally_err e = sally_book_open(&small, roomy->len);

    if (e == SALLY_E_OK)
        e = sally_book_copy(roomy, &small);
    if (e != SALLY_E_OK) {
        sally_book_wipe(&small);
        return e;
    }
    sally_book_wipe(out);
    *out = small;
    return SALLY_E_OK;
}

static enum sally_err put_account(struct putting *p,
                                  const struct sally_config *config,
                                  const struct sally_config_sensor *sensor,
                                  uint32_t account, struct sally_span files)
{
    const struct sally_config_server *s =
        &config->servers[p->account->server];

    put_uris(p, s);
    put_security(p, SALLY_SECURITY_BOOTSTRAP,
                 sally_value_boolean(s->bootstrap));
    put_security(p, SALLY_SECURITY_MODE,
                 sally_value_integer((int64_t)p->account->mode));
    put_said(p);
    put_files(p, files);
    if (s->bootstrap)
        return p->e;
    put_security(p, SALLY_SECURITY_SHORT_ID,
                 sally_value_integer(s->short_server_id));
    put_server(p, s, &config->profiles[sensor->profile], (uint16_t)account);
    return p->e;
}

/* --- Afterwards ----------------------------------------------------------- */

/* The same place in the account of the book; false: it does not count. */
static bool translate(const struct sally_account *from,
                      const struct sally_account *to, struct sally_path *path)
{
    if (path->id[0] == SALLY_OBJECT_SECURITY &&
        path->id[1] == from->instance && path->id[2] != SALLY_SECURITY_OSCORE) {
        path->id[1] = to->instance;
        return true;
    }
    if (path->id[0] != SALLY_OBJECT_OSCORE || !from->has_oscore ||
        path->id[1] != from->oscore_instance)
        return false;
    path->id[1] = to->oscore_instance;
    return true;
}

static const char *key_of(const struct sally_path *path,
                          enum sally_security_mode mode)
{
    const struct sally_credential_field *f =
        sally_credential_field_at(path->id[0], path->id[2], mode);

    if (f != NULL)
        return f->config_key;
    return path->id[2] == SALLY_SECURITY_MORE_URIS ? "more_uris" : "uri";
}

void sally_factory_compare(const struct sally_book *factory,
                           const struct sally_book *book, uint16_t short_id,
                           void (*each)(void *owner, const char *key),
                           void *owner)
{
    struct sally_book_walk walk = { sally_book_span(factory) };
    struct sally_account from, to;
    struct sally_lwm2m_value was, is;
    struct sally_path path, there;

    if (sally_account_find(factory, short_id, &from, &path) != SALLY_E_OK)
        return;
    if (sally_account_find(book, short_id, &to, &path) != SALLY_E_OK) {
        each(owner, "account");
        return;
    }
    while (sally_book_next(&walk, &path, &was)) {
        there = path;
        if (translate(&from, &to, &there) &&
            (!sally_book_find(book, &there, &is) ||
             !sally_value_equal(&was, &is)))
            each(owner, key_of(&path, from.draft.parts.mode));
    }
}

enum sally_err sally_factory_put(struct sally_book *book,
                                 const struct sally_config *config,
                                 const struct sally_config_sensor *sensor,
                                 uint32_t account, struct sally_span files)
{
    struct sally_book roomy = { .at = NULL };
    struct putting p = {
        .book = &roomy,
        .registry = &config->registry,
        .account = &sensor->accounts[account],
        .instance = (uint16_t)(account == sensor->account_count ? 0
                                                                : account + 1),
    };
    enum sally_err e = sally_book_open(&roomy, SALLY_BOOK_MAX);

    if (e == SALLY_E_OK)
        e = sally_book_copy(book, &roomy);
    if (e == SALLY_E_OK)
        e = put_account(&p, config, sensor, account, files);
    if (e == SALLY_E_OK)
        e = fit(&roomy, book);
    sally_book_wipe(&roomy);
    return e;
}
