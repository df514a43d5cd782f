/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/accounts.c - the list `accounts` of a sensor: with which key
 * it appears at which server. What an account consists of is the credential
 * field table's business (security/credential.h).                           */
#include "config/sensor_draft.h"

#include <string.h>

#define DEFAULT_KEY_FILE "keys/{id}.psk" /* beside the main file */

static const struct sally_word modes[] = {
    { "psk", SALLY_MODE_PSK },
    { "nosec", SALLY_MODE_NOSEC },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_account_draft, field)

static const struct sally_key account_keys[] = {
    { "server", SALLY_KEY_NAME, AT(server), 0, 0, NULL, "", NULL,
      "of the list `servers`; the sensor's `server` without it" },
    { "mode", SALLY_KEY_WORD, AT(mode), 0, 0, NULL, "", modes,
      "as the URI of the server says without it: `psk` with coaps, `nosec` "
      "with coap; other pairs are refused" },
    { "identity", SALLY_KEY_TEXT, AT(account.identity), 1,
      SALLY_PSK_IDENTITY_MAX, "an identity", "", NULL,
      "PSK identity, unique at each server; the endpoint without it" },
    { "key_file", SALLY_KEY_FILE, AT(account.key_file), 0, 0, NULL, "", NULL,
      "with the key, in one line of hexadecimal digits; must be given with "
      "`psk`" },
    SALLY_ROW_LATER("oscore"),
};

const struct sally_schema sally_group_account = {
    "account", "An entry of `accounts` of a sensor: one per server.",
    account_keys, SALLY_LEN(account_keys)
};

static enum sally_security_mode mode_for(const struct sally_config_server *s)
{
    return s->uri.secure ? SALLY_MODE_PSK : SALLY_MODE_NOSEC;
}

/* NULL if there is no such server, which is reported. */
static const struct sally_config_server *
find_server(struct sally_loader *l, const config_setting_t *group,
            const char *name, uint32_t *number)
{
    const struct sally_name *found = sally_names_find(&l->servers, name);

    if (found == NULL) {
        if (!l->incomplete)
            sally_expected(&l->reader, group,
                           config_setting_get_member(group, "server"), "server",
                           "the name of a server");
        return NULL;
    }
    *number = (uint32_t)found->number;
    return &l->server_list[found->number];
}

/* Is each part there that the mode needs, and no other? */
static void check_fields(struct sally_loader *l, const config_setting_t *group,
                         enum sally_security_mode mode)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);
    unsigned bit = 1u << mode;

    for (size_t i = 0; i < count; i++) {
        const config_setting_t *s =
            config_setting_get_member(group, f[i].config_key);

        if (f[i].kind == SALLY_FIELD_MODE || f[i].object != 0)
            continue;
        if (s != NULL && (f[i].allowed_in & bit) == 0)
            sally_complain(&l->reader, s, f[i].config_key,
                           "expected no %s in this mode", f[i].config_key);
        /* The identity has a default. */
        if (s == NULL && (f[i].needed_in & bit) != 0 && f[i].from_file)
            sally_expected(&l->reader, group, NULL, f[i].config_key,
                           "a file with %s", f[i].what);
    }
}

static void take_account(struct sally_loader *l, const config_setting_t *group,
                         const char *default_server,
                         struct sally_config_account *out)
{
    struct sally_account_draft d = {
        .account = { .server = UINT32_MAX, .identity = "", .key_file = "" },
        .server = default_server,
        .mode = SALLY_MODE_BY_SCHEME,
    };
    const struct sally_config_server *server;
    unsigned before = l->reader.bad;

    d.account.line = (unsigned)config_setting_source_line(group);
    sally_schema_read(&l->reader, &sally_group_account, group, &d);
    *out = d.account;
    if (l->reader.bad != before)
        return;
    server = find_server(l, group, d.server, &out->server);
    if (server == NULL)
        return;
    out->mode = d.mode == SALLY_MODE_BY_SCHEME
                    ? mode_for(server)
                    : (enum sally_security_mode)d.mode;
    if (sally_stack_row(out->mode, sally_config_scheme(&server->uri)) == NULL)
        sally_complain(&l->reader, group, "mode",
                       "expected \"%s\" for the URI of server \"%s\"",
                       modes[server->uri.secure ? 0 : 1].word, server->name);
    else
        check_fields(l, group, out->mode);
}

static void check_one_per_server(struct sally_loader *l,
                                 const config_setting_t *list,
                                 const struct sally_config_account *all,
                                 size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (all[i].server == all[j].server && all[i].server != UINT32_MAX)
                sally_complain(
                    &l->reader, config_setting_get_elem(list, (unsigned)i),
                    "server", "line %u has an account at this server already",
                    all[j].line);
}

/* `server` alone means an account with everything by default. */
static void take_implied(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_draft *draft)
{
    struct sally_config_account *a;
    uint32_t number = UINT32_MAX;
    const struct sally_config_server *server =
        find_server(l, group, draft->server, &number);
    const char *slash = strrchr(l->out->file, '/');
    int dir = slash == NULL ? 0 : (int)(slash - l->out->file) + 1;

    draft->sensor.account_count = 0;
    a = sally_arena_take(&l->scratch, 1, sizeof(*a));
    if (a == NULL)
        return;
    *a = (struct sally_config_account){ .server = number,
                                        .identity = "",
                                        .key_file = "" };
    a->line = (unsigned)config_setting_source_line(group);
    if (server != NULL)
        a->mode = mode_for(server);
    if (server != NULL && a->mode == SALLY_MODE_PSK)
        a->key_file = sally_arena_format(&l->scratch, "%.*s%s", dir,
                                         l->out->file, DEFAULT_KEY_FILE);
    draft->accounts = a;
    draft->sensor.account_count = 1;
}

void sally_accounts_load(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_draft *draft)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "accounts", "groups { }", &list);

    if (list == NULL) {
        if (config_setting_get_member(group, "server") != NULL)
            take_implied(l, group, draft);
        return;
    }
    draft->accounts =
        sally_arena_take(&l->scratch, count, sizeof(*draft->accounts));
    draft->sensor.account_count = draft->accounts == NULL ? 0 : count;
    for (size_t i = 0; i < draft->sensor.account_count; i++)
        take_account(l, config_setting_get_elem(list, (unsigned)i),
                     draft->server, &draft->accounts[i]);
    check_one_per_server(l, list, draft->accounts, draft->sensor.account_count);
}

static void finish_identity(struct sally_loader *l,
                            const config_setting_t *group,
                            struct sally_sensor_names *names, size_t number,
                            const struct sally_config_sensor *s,
                            struct sally_config_account *a)
{
    struct sally_arena *arena = l->reader.arena;

    a->key_file = sally_arena_text(
        arena, sally_span_of(
                   sally_arena_expand(&l->scratch, a->key_file, s->id)));
    if (a->mode != SALLY_MODE_PSK || a->server == UINT32_MAX)
        return;
    a->identity = a->identity[0] == '\0'
                      ? s->endpoint
                      : sally_arena_expand(arena, a->identity, s->id);
    if (strlen(a->identity) > SALLY_PSK_IDENTITY_MAX)
        sally_complain(&l->reader, group, "identity",
                       "expected at most %d bytes, got %zu; the default is "
                       "the endpoint",
                       SALLY_PSK_IDENTITY_MAX, strlen(a->identity));
    sally_sensor_claim(l, group, &names->identities,
                       sally_arena_format(&l->scratch, "%s %s",
                                          l->server_list[a->server].name,
                                          a->identity),
                       number, "identity", "an identity at each server");
}

void sally_accounts_finish(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_sensor_names *names, size_t number,
                           struct sally_config_sensor *s)
{
    struct sally_config_account *own =
        sally_arena_take(&l->out->slots, s->account_count, sizeof(*own));
    bool inherited = config_setting_get_member(group, "accounts") == NULL;

    if (s->account_count == 0) {
        if (sally_sensor_lacks(group, "accounts"))
            sally_expected(&l->reader, group,
                           config_setting_get_member(group, "accounts"),
                           "accounts",
                           "an account at a server; `server` in "
                           "sensor_defaults gives each sensor one");
        return;
    }
    if (own == NULL)
        return;
    memcpy(own, s->accounts, s->account_count * sizeof(*own));
    s->accounts = own;
    for (size_t i = 0; i < s->account_count; i++) {
        if (inherited)
            own[i].line = s->line; /* what goes with the sensor's file */
        finish_identity(l, group, names, number, s, &own[i]);
    }
}
