/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/floor.c - where accounts may lead, and that none is less than
 * the one before it. What keys must be is in security/floor.h.              */
#include "uplink/floor.h"

#include <string.h>
#include <strings.h>

#include "lwm2m/objects/builtin.h"

#define SERVER_NAME 14   /* SNI: resources of /0 */
#define SECONDARY_URI 25 /* LwM2M 1.2 */
#define SHORT_ID 10

struct judging {
    const struct sally_config *c;
    const struct sally_config_server *bootstrap, *server;
    const struct sally_book *before, *staged;
    struct sally_account account;
    struct sally_floor_verdict *out;
};

static bool blame(const struct judging *j, uint16_t resource, const char *why)
{
    j->out->path = sally_path_resource(SALLY_OBJECT_SECURITY,
                                       j->account.instance, resource);
    j->out->why = why;
    return false;
}

/* --- Hosts --------------------------------------------------------------- */

static bool same(struct sally_span a, const char *b)
{
    return a.len != 0 && a.len == strlen(b) &&
           strncasecmp((const char *)a.at, b, a.len) == 0;
}

/* "*.example.com" is any name below example.com, and not that itself. */
static bool matches(struct sally_span host, const char *pattern)
{
    size_t tail = strlen(pattern) - 1;

    if (pattern[0] != '*')
        return same(host, pattern);
    return host.len > tail &&
           same(sally_span_sub(host, host.len - tail, tail), &pattern[1]);
}

static bool is_own(const struct sally_config_server *s, struct sally_span host)
{
    const struct sally_uri *uri;

    for (size_t i = 0; (uri = sally_config_uri(s, i)) != NULL; i++)
        if (same(host, uri->host))
            return true;
    return false;
}

/* Where the operator says neither, it is the bootstrap server's to say. */
static bool may_lead_to(const struct judging *j, struct sally_span host)
{
    const struct sally_config_server *b = j->bootstrap;

    for (size_t i = 0; i < b->floor.host_count; i++)
        if (matches(host, b->floor.hosts[i]))
            return true;
    if (j->server->uri_text[0] != '\0')
        return is_own(j->server, host);
    return b->floor.host_count == 0;
}

static const char elsewhere[] =
    "leads to a host that is neither in the URIs of its server in the "
    "configuration nor in `hosts` of the floor";

static bool uri_ok(const struct judging *j, uint16_t resource,
                   const struct sally_uri *uri)
{
    return may_lead_to(j, sally_span_of(uri->host)) ||
           blame(j, resource, elsewhere);
}

/* Of the text of a URI, in one of several instances. */
static bool further_ok(const struct judging *j,
                       const struct sally_lwm2m_value *v)
{
    struct sally_uri uri;

    if (v->type != SALLY_TYPE_STRING ||
        sally_uri_parse(v->is.bytes, &uri) != SALLY_E_OK)
        return blame(j, SECONDARY_URI, "is not a URI of a server");
    if (j->account.uri.secure && !uri.secure)
        return blame(j, SECONDARY_URI, "protects less than the Server URI");
    return uri_ok(j, SECONDARY_URI, &uri);
}

static bool hosts_ok(const struct judging *j)
{
    const struct sally_path further = sally_path_resource(
        SALLY_OBJECT_SECURITY, j->account.instance, SECONDARY_URI);
    struct sally_book_walk walk = { sally_book_span(j->staged) };
    struct sally_span name = j->account.draft.parts.server_name;
    struct sally_lwm2m_value v;
    struct sally_path path;

    if (!uri_ok(j, 0, &j->account.uri))
        return false;
    if (name.len != 0 && !may_lead_to(j, name))
        return blame(j, SERVER_NAME, elsewhere);
    while (sally_book_next(&walk, &path, &v))
        if (sally_path_covers(&further, &path) && !further_ok(j, &v))
            return false;
    return true;
}

/* --- Protection ---------------------------------------------------------- */

/* The account that this one takes the place of. */
static bool find_before(const struct judging *j, struct sally_account *out)
{
    struct sally_path culprit;
    uint16_t instance;

    for (uint32_t from = 0;
         sally_book_instance(j->before, SALLY_OBJECT_SECURITY, from, &instance);
         from = instance + 1u)
        if (sally_book_account(j->before, instance, out, &culprit) ==
                SALLY_E_OK &&
            out->bootstrap == j->account.bootstrap &&
            out->short_id == j->account.short_id)
            return true;
    return false;
}

static bool protection_ok(const struct judging *j)
{
    struct sally_account before;

    if (j->server->insecure || sally_floor_protects(&j->account.draft))
        return true;
    if (find_before(j, &before) && sally_floor_protects(&before.draft))
        return blame(j, 2, "protects nothing, and the account before it did");
    return sally_config_is_local(&j->account.uri) ||
           blame(j, 2, "protects nothing beyond this machine");
}

static bool keys_ok(const struct judging *j)
{
    struct sally_security_floor floor = j->bootstrap->floor.keys;
    const struct sally_credential_field *field;

    floor.anchored = j->server->trust_file[0] != '\0';
    j->out->why = sally_floor_fault(&floor, &j->account.draft, &field);
    if (j->out->why == NULL)
        return true;
    j->out->path = sally_path_resource(
        field->object,
        field->object == SALLY_OBJECT_SECURITY ? j->account.instance
                                               : j->account.oscore_instance,
        field->resource);
    return false;
}

/* --- All of it ----------------------------------------------------------- */

uint32_t sally_floor_server(const struct sally_config *c, uint16_t short_id)
{
    for (uint32_t i = 0; i < c->server_count; i++)
        if (c->servers[i].name[0] != '\0' && !c->servers[i].bootstrap &&
            c->servers[i].short_server_id == short_id)
            return i;
    return UINT32_MAX;
}

static bool account_ok(struct judging *j)
{
    uint32_t server;

    j->server = j->bootstrap;
    if (!j->account.bootstrap) {
        server = sally_floor_server(j->c, j->account.short_id);
        if (server == UINT32_MAX)
            return blame(j, SHORT_ID,
                         "is the `short_server_id` of no server in the "
                         "configuration");
        j->server = &j->c->servers[server];
    }
    return hosts_ok(j) && protection_ok(j) && keys_ok(j);
}

bool sally_floor_allows(const struct sally_config *c, uint32_t bootstrap,
                        const struct sally_book *before,
                        const struct sally_book *staged,
                        struct sally_floor_verdict *out)
{
    struct judging j = { .c = c,
                         .bootstrap = &c->servers[bootstrap],
                         .before = before,
                         .staged = staged,
                         .out = out };
    uint16_t instance;

    *out = (struct sally_floor_verdict){ .why = NULL };
    for (uint32_t from = 0;
         sally_book_instance(staged, SALLY_OBJECT_SECURITY, from, &instance);
         from = instance + 1u) {
        enum sally_err e =
            sally_book_account(staged, instance, &j.account, &out->path);

        if (e != SALLY_E_OK) {
            out->why = sally_err_text(e);
            return false;
        }
        if (!account_ok(&j))
            return false;
    }
    return true;
}
