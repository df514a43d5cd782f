/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/servers.c - the list `servers`: where readings go. */
#include "config/loader.h"

#include <arpa/inet.h>
#include <string.h>

#define SHORT_ID_MAX 65534         /* 0 and 65535 are reserved: /0/x/10 */
#define LIFETIME_MAX 31536000000.0 /* ms in a year */

static const struct sally_word versions[] = {
    { "1.0", SALLY_LWM2M_1_0 },
    { "1.1", SALLY_LWM2M_1_1 },
    { "1.2", SALLY_LWM2M_1_2 },
    { NULL, 0 },
};

static const struct sally_word reports[] = {
    { "auto", SALLY_REPORT_AUTO },
    { "latest", SALLY_REPORT_LATEST },
    { NULL, 0 },
};

static const struct sally_word floors[] = {
    { "any", SALLY_TLS_ANY },
    { "1.2", SALLY_TLS_1_2 },
    { "1.3", SALLY_TLS_1_3 },
    { NULL, 0 },
};

static const struct sally_word starts[] = {
    { "auto", SALLY_OSCORE_AUTO },
    { "b1", SALLY_OSCORE_B1 },
    { "b2", SALLY_OSCORE_B2 },
    { NULL, 0 },
};

static const struct sally_word reaches[] = {
    { "auto", SALLY_REACH_AUTO },
    { "keepalive", SALLY_REACH_KEEPALIVE },
    { "queue", SALLY_REACH_QUEUE },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_server, field)

static const struct sally_key server_keys[] = {
    { "name", SALLY_KEY_NAME, AT(name), 0, 0, NULL, NULL, NULL,
      "what accounts call it; unique" },
    { "uri", SALLY_KEY_TEXT, AT(uri_text), 1, 255, "a URI", "", NULL,
      "`coaps://HOST:PORT`, `coap://`, `coaps+tcp://` or `coap+tcp://`, "
      "without path and query; must be given, unless a bootstrap server is "
      "there to write it" },
    SALLY_ROW_OTHER("more_uris", "a list ( ) of texts",
                    "of the same server, for the same keys, tried in turn "
                    "where `uri` cannot be reached: `coaps+tcp://HOST:PORT` "
                    "where a network lets no UDP through; after a day there "
                    "`uri` is tried again"),
    { "short_server_id", SALLY_KEY_WHOLE, AT(short_server_id), 1, SHORT_ID_MAX,
      NULL, "", NULL,
      "of the LwM2M server; unique; must be given, but for a bootstrap server, "
      "which has none" },
    { "version", SALLY_KEY_WORD, AT(version), 0, 0, NULL, "1.1", versions,
      "of LwM2M to begin with; a server that refuses 1.1 with 4.12 gets 1.0; "
      "1.2 is for bootstrap servers, which are asked for a Bootstrap-Pack "
      "first, and to write if they give none that can be used" },
    { "report", SALLY_KEY_WORD, AT(report), 0, 0, NULL, "auto", reports,
      "owe every reading, or only the newest value of each resource" },
    { "reach", SALLY_KEY_WORD, AT(reach), 0, 0, NULL, "auto", reaches,
      "`keepalive` updates the registration every 90 s, so that the path "
      "through NAT stays open; `queue` registers in queue mode for a day; "
      "`auto` is `keepalive` for sensors whose profile has commands, and "
      "`queue` for the others" },
    { "lifetime", SALLY_KEY_SECONDS, AT(lifetime), 10000, LIFETIME_MAX, NULL,
      "", NULL,
      "of a registration, in whole seconds; 240 s with `keepalive` and 1 d "
      "with `queue` without it" },
    { "pace_per_second", SALLY_KEY_WHOLE, AT(pace_per_second), 1, 1000,
      "handshakes", "20", NULL,
      "and registrations to this server, of all sensors together" },
    { "insecure", SALLY_KEY_BOOLEAN, AT(insecure), 0, 0, NULL, "false", NULL,
      "`coap://` or `coap+tcp://` to an address beyond this machine is meant, "
      "though an account has no OSCORE" },
    { "min_version", SALLY_KEY_WORD, AT(min_version), 0, 0, NULL, "any",
      floors,
      "the least version of DTLS or TLS; `any` is 1.2 and up, and 1.3 is "
      "offered always" },
    { "connection_id", SALLY_KEY_BOOLEAN, AT(connection_id), 0, 0, NULL,
      "true", NULL,
      "offered in DTLS, so that a session outlives a change of our address" },
    { "trust_file", SALLY_KEY_FILE, AT(trust_file), 0, 0, NULL, "", NULL,
      "with the certificates of CAs, in PEM or DER, for accounts with "
      "`certificate_usage` `ca` or `service`" },
    { "crl_file", SALLY_KEY_FILE, AT(crl_file), 0, 0, NULL, "", NULL,
      "with a revocation list of each CA from `trust_file` down to the server, "
      "in PEM or DER; without it nothing is revoked. Read anew at a reload, "
      "when sessions with a server that it names end" },
    { "crl_max_age", SALLY_KEY_SECONDS, AT(crl_max_age), 1000, LIFETIME_MAX,
      NULL, "", NULL,
      "of a revocation list, in whole seconds since it was made; an older one "
      "lets no server in. As the list says of itself without it" },
    { "oscore_start", SALLY_KEY_WORD, AT(oscore_start), 0, 0, NULL, "auto",
      starts,
      "how OSCORE begins: `b1` goes on with the numbers used so far (RFC 8613 "
      "B.1), `b2` agrees on new keys with each start (B.2), `auto` tries that "
      "and goes on where the server does not know it" },
    { "bootstrap", SALLY_KEY_BOOLEAN, AT(bootstrap), 0, 0, NULL, "false", NULL,
      "it takes no readings, but gives sensors with an account there their "
      "accounts at the other servers" },
    { "recheck", SALLY_KEY_SECONDS, AT(recheck), 60000, LIFETIME_MAX, NULL, "",
      NULL,
      "a bootstrap server is asked so often whether there is anything new, in "
      "whole seconds, a tenth more or less; never by itself without it" },
    SALLY_ROW_OTHER("floor", "a group",
                    "bounds of what a bootstrap server may write"),
};

const struct sally_schema sally_group_server = {
    "server", "An entry of the list `servers`, of which there is at least one.",
    server_keys, SALLY_LEN(server_keys)
};

const struct sally_uri *sally_config_uri(const struct sally_config_server *s,
                                         size_t number)
{
    if (number == 0)
        return &s->uri;
    return number <= s->more_count ? &s->more[number - 1] : NULL;
}

enum sally_scheme sally_config_scheme(const struct sally_uri *uri)
{
    if (uri->stream)
        return uri->secure ? SALLY_SCHEME_COAPS_TCP : SALLY_SCHEME_COAP_TCP;
    return uri->secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP;
}

/* Why a URI was refused, as a message goes on after "expected". */
static const char *uri_problem(enum sally_err e)
{
    switch (e) {
    case SALLY_E_UNSUPPORTED:
        return "a URI that begins with coaps://, coap://, coaps+tcp:// or "
               "coap+tcp://";
    case SALLY_E_OUT_OF_RANGE: return "a port from 1 to 65535 in the URI";
    case SALLY_E_TOO_LARGE: return "a host name of at most 253 bytes";
    default:
        return "a URI such as \"coaps://lwm2m.example.com:5684\", without "
               "path and query";
    }
}

/* A name may lead anywhere, so only numbers count as this machine. */
bool sally_config_is_local(const struct sally_uri *uri)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (uri->kind == SALLY_URI_IPV4 && inet_pton(AF_INET, uri->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return uri->kind == SALLY_URI_IPV6 &&
           inet_pton(AF_INET6, uri->host, &v6) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&v6);
}

/* An element of the list has no name. */
static const char *key_of(const config_setting_t *at)
{
    const char *name = at == NULL ? "uri" : config_setting_name(at);

    return name == NULL ? "more_uris" : name;
}

static bool read_uri(struct sally_loader *l, const config_setting_t *group,
                     const config_setting_t *at, const char *text,
                     struct sally_uri *out)
{
    enum sally_err e = sally_uri_parse(sally_span_of(text), out);

    if (e != SALLY_E_OK)
        sally_expected(&l->reader, group, at, key_of(at), "%s",
                       uri_problem(e));
    return e == SALLY_E_OK;
}

static void take_uri(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_server *s)
{
    if (s->uri_text[0] != '\0') /* else missing or no text, which was said */
        (void)read_uri(l, group, config_setting_get_member(group, "uri"),
                       s->uri_text, &s->uri);
}

/* The same keys go with all of them: /0/x/25. */
static void take_more(struct sally_loader *l, const config_setting_t *group,
                      struct sally_config_server *s)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "more_uris", "texts", &list);
    struct sally_uri *more;

    if (list == NULL || count == 0)
        return;
    if (count >= SALLY_CONFIG_URIS_MAX) {
        sally_complain(&l->reader, list, "more_uris",
                       "expected at most %d URIs, got %zu",
                       SALLY_CONFIG_URIS_MAX - 1, count);
        return;
    }
    more = sally_arena_take(l->reader.arena, count, sizeof(*more));
    for (size_t i = 0; more != NULL && i < count; i++) {
        const config_setting_t *at = config_setting_get_elem(list, (unsigned)i);
        const char *text = config_setting_get_string(at);

        if (!read_uri(l, group, at, text == NULL ? "" : text, &more[i]))
            return;
        if (s->uri_text[0] != '\0' && more[i].secure != s->uri.secure)
            sally_expected(&l->reader, group, at, "more_uris",
                           "URIs that are all secure or all not, as `uri` is, "
                           "since an account has one key");
    }
    s->more = more;
    s->more_count = more == NULL ? 0 : count;
}

static void check_trust(struct sally_loader *l, const config_setting_t *group,
                        const struct sally_config_server *s)
{
    if (s->trust_file[0] == '\0' && s->crl_file[0] != '\0')
        sally_expected(&l->reader, group, NULL, "trust_file",
                       "a file with the CAs of the lists in `crl_file`");
    if (s->crl_file[0] == '\0' && s->crl_max_age != 0)
        sally_expected(&l->reader, group, NULL, "crl_file",
                       "a file with revocation lists, since `crl_max_age` is "
                       "given");
}

void sally_servers_used(struct sally_loader *l, uint32_t server, bool oscore)
{
    struct sally_server_note *n = &l->server_notes[server];

    n->plain |= !oscore;
    n->protected |= oscore;
}

static void check_beyond(struct sally_loader *l, const config_setting_t *group,
                         const struct sally_uri *uri,
                         const config_setting_t *at)
{
    if (uri->port == 0 || uri->secure || sally_config_is_local(uri))
        return; /* port 0: it was no URI */
    sally_expected(&l->reader, group, at, key_of(at),
                   "a coaps:// URI, or accounts with OSCORE only, or insecure "
                   "= true beside it, since coap:// protects nothing beyond "
                   "this machine");
}

void sally_servers_check(struct sally_loader *l)
{
    l->reader.file = l->out->file;
    sally_servers_check_sealed(l);
    for (size_t i = 0; i < l->out->server_count; i++) {
        const struct sally_config_server *s = &l->server_list[i];
        const struct sally_server_note *n = &l->server_notes[i];
        const config_setting_t *more =
            config_setting_get_member(n->group, "more_uris");

        if (s->insecure || (n->protected && !n->plain))
            continue;
        check_beyond(l, n->group, &s->uri,
                     config_setting_get_member(n->group, "uri"));
        for (unsigned k = 0; k < s->more_count; k++)
            check_beyond(l, n->group, &s->more[k],
                         config_setting_get_elem(more, k));
    }
}

static void check_unique(struct sally_loader *l, const config_setting_t *group,
                         size_t number)
{
    const struct sally_config_server *s = &l->server_list[number];

    if (s->name[0] != '\0' && sally_names_add(&l->servers, s->name, number,
                                              l->reader.file, s->line) != NULL)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "name"), "name",
                       "a name that no other server has");
    for (size_t i = 0; i < number; i++)
        if (s->short_server_id != 0 &&
            l->server_list[i].short_server_id == s->short_server_id)
            sally_expected(&l->reader, group,
                           config_setting_get_member(group, "short_server_id"),
                           "short_server_id",
                           "a number that no other server has");
}

static void take_server(struct sally_loader *l, const config_setting_t *group,
                        void *context)
{
    size_t number = l->out->server_count++;
    struct sally_config_server *s = &l->server_list[number];

    (void)context;
    *s = (struct sally_config_server){
        .name = "", .uri_text = "", .trust_file = "", .crl_file = ""
    };
    l->server_notes[number].group = group;
    s->line = (unsigned)config_setting_source_line(group);
    s->fingerprint = sally_fingerprint_setting(0, group);
    s->born = l->out->generation;
    sally_schema_defaults(&l->reader, &sally_group_server, s);
    sally_schema_read(&l->reader, &sally_group_server, group, s);
    take_uri(l, group, s);
    take_more(l, group, s);
    check_trust(l, group, s);
    check_unique(l, group, number);
    sally_server_check_bootstrap(l, group, s);
    sally_server_take_floor(l, group, s);
}

void sally_load_servers(struct sally_loader *l, const config_setting_t *root)
{
    size_t count = sally_load_each(l, "servers", NULL, NULL);

    l->reader.file = l->out->file;
    if (count == 0 && config_setting_get_member(root, "servers") == NULL)
        sally_expected(&l->reader, NULL, NULL, "servers",
                       "a list ( ) of at least one server");
    l->server_list =
        sally_arena_take(l->reader.arena, count, sizeof(*l->server_list));
    l->server_notes =
        sally_arena_take(&l->scratch, count, sizeof(*l->server_notes));
    l->out->servers = l->server_list;
    if (count > SALLY_CONFIG_SERVERS_MAX)
        sally_complain(&l->reader, config_setting_get_member(root, "servers"),
                       "servers", "expected at most %d servers, got %zu",
                       SALLY_CONFIG_SERVERS_MAX, count);
    if (l->server_list == NULL || l->server_notes == NULL)
        return;
    sally_load_each(l, "servers", take_server, NULL);
    l->reader.file = l->out->file;
    sally_servers_check_slots(l);
}
