/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/site.c - where the server of an account is, as a book or the
 * configuration has it, and the credential that goes with that.             */
#include "uplink/accounts.h"

#include "config/credentials.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>
#include <string.h>

/* The URIs besides the first, in their order; what is too much or none is left
 * out, which a book that was judged has not.                                */
static size_t more_uris(const struct sally_book *book, uint16_t instance,
                        struct sally_uri out[SALLY_CONFIG_URIS_MAX - 1])
{
    const struct sally_path all = sally_path_resource(
        SALLY_OBJECT_SECURITY, instance, SALLY_SECURITY_MORE_URIS);
    struct sally_book_walk walk = { sally_book_span(book) };
    struct sally_lwm2m_value v;
    struct sally_path path;
    size_t n = 0;

    while (sally_book_next(&walk, &path, &v))
        if (n < SALLY_CONFIG_URIS_MAX - 1 && sally_path_covers(&all, &path) &&
            sally_uri_parse(v.is.bytes, &out[n]) == SALLY_E_OK)
            n++;
    return n;
}

static bool is_same_uri(const struct sally_uri *a, const struct sally_uri *b)
{
    return a->secure == b->secure && a->stream == b->stream &&
           a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool is_same_site(const struct sally_config_server *s,
                         const struct sally_uri *first,
                         const struct sally_uri *more, size_t count)
{
    if (s->uri_text[0] == '\0' || !is_same_uri(&s->uri, first) ||
        s->more_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_same_uri(&s->more[i], &more[i]))
            return false;
    return true;
}

/* As the configuration has the server, but for its URIs. */
static void lay_out(struct sally_virtual_site *site,
                    const struct sally_config_server *base)
{
    const struct sally_config_server was = site->server;

    site->server = *base;
    site->server.uri = was.uri;
    site->server.uri_text = site->text;
    site->server.more = site->more;
    site->server.more_count = was.more_count;
}

static void fill_site(struct sally_virtual_site *site,
                      const struct sally_config_server *base,
                      const struct sally_book *book,
                      const struct sally_account *a)
{
    site->server.uri = a->uri;
    site->server.more_count = more_uris(book, a->instance, site->more);
    (void)sally_uri_text(&a->uri, site->text, sizeof(site->text));
    lay_out(site, base);
}

enum sally_err
sally_account_credential(const struct sally_config_server *server,
                         const struct sally_trust *trust,
                         const struct sally_holder *holder,
                         const struct sally_book *book,
                         const struct sally_account *account,
                         struct sally_credential *out,
                         struct sally_path *culprit)
{
    struct sally_account whole = *account;
    struct sally_virtual_site site;
    struct sally_config_hosts hosts;
    enum sally_err e;

    fill_site(&site, server, book, account);
    *culprit = sally_path_resource(SALLY_OBJECT_SECURITY, account->instance,
                                   SALLY_SECURITY_MORE_URIS);
    e = sally_config_demand(&site.server, trust, holder, &whole.draft,
                            &hosts);
    return e == SALLY_E_OK
               ? sally_book_credential(&whole, trust, out, culprit)
               : e;
}

const struct sally_config_server *
sally_account_base(const struct sally_virtual_client *v)
{
    return &v->shard->config->servers[v->account->server];
}

void sally_account_forget(struct sally_virtual_client *v)
{
    free(v->site);
    v->site = NULL;
}

void sally_account_repoint(struct sally_virtual_client *v,
                           const struct sally_config *config)
{
    v->server = &config->servers[v->account->server];
    if (v->site == NULL)
        return;
    lay_out(v->site, v->server);
    v->server = &v->site->server;
}

/* NO_MEMORY: the client stays where it was. */
enum sally_err sally_account_settle(struct sally_virtual_client *v,
                                const struct sally_book *book,
                                const struct sally_account *a)
{
    const struct sally_config_server *base = sally_account_base(v);
    struct sally_virtual_site *site = calloc(1, sizeof(*site));

    if (site == NULL)
        return SALLY_E_NO_MEMORY;
    fill_site(site, base, book, a);
    if (is_same_site(base, &a->uri, site->more, site->server.more_count)) {
        free(site);
        site = NULL;
    }
    sally_account_forget(v);
    v->site = site;
    sally_account_repoint(v, v->shard->config);
    return SALLY_E_OK;
}

bool sally_account_moves(const struct sally_virtual_client *v,
                  const struct sally_book *book, const struct sally_account *a)
{
    struct sally_uri more[SALLY_CONFIG_URIS_MAX - 1];
    size_t count = more_uris(book, a->instance, more);

    return !is_same_site(v->server, &a->uri, more, count);
}
