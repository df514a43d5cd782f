/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/accounts.c - the list `accounts` of a sensor: with which key
 * it appears at which server. What an account consists of is the credential
 * table's business (security/credential.h).                                 */
#include "config/parts.h"
#include "config/sensor_draft.h"

#include <string.h>

#define DEFAULT_KEY_FILE "keys/{id}.psk" /* beside the main file */

#define AT(field) SALLY_FIELD(sally_account_draft, field)

static const struct sally_key account_keys[] = {
    { "server", SALLY_KEY_NAME, AT(server), 0, 0, NULL, "", NULL,
      "of the list `servers`; the sensor's `server` without it" },
    { "factory", SALLY_KEY_BOOLEAN, AT(factory), 0, 0, NULL, "false", NULL,
      "its keys were derived from a fleet's secret, so others can know them: "
      "where there is a bootstrap server the sensor asks that for other ones "
      "before it registers with these" },
    SALLY_ROW_FIELDS(0),
};

static const struct sally_key oscore_keys[] = { SALLY_ROW_FIELDS(21) };

const struct sally_schema sally_group_account = {
    "account", "An entry of `accounts` of a sensor: one per server.",
    account_keys, SALLY_LEN(account_keys)
};

const struct sally_schema sally_group_oscore = {
    "oscore",
    "The group `oscore` of an account. No two accounts have one Master Secret, "
    "unless salt or ID Context tells them apart.",
    oscore_keys, SALLY_LEN(oscore_keys)
};

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

/* "psk", "rpk" or "x509": those that go with the URI. */
static const char *modes_for(struct sally_loader *l,
                             const struct sally_config_server *server)
{
    const struct sally_word *w =
        sally_credential_field(SALLY_FIELD_MODE)->words;
    const char *text = "", *last = NULL, *comma = "";

    for (; w->word != NULL; w++) {
        if (sally_stack_row((enum sally_security_mode)w->value,
                            sally_config_scheme(&server->uri)) == NULL)
            continue;
        if (last != NULL) {
            text = sally_arena_format(&l->scratch, "%s%s\"%s\"", text, comma,
                                      last);
            comma = ", ";
        }
        last = w->word;
    }
    return last == NULL ? "another scheme"
                        : sally_arena_format(&l->scratch, "%s%s\"%s\"", text,
                                             text[0] == '\0' ? "" : " or ",
                                             last);
}

static enum sally_security_mode usual_mode(const struct sally_config_server *s)
{
    return sally_stack_usual(sally_config_scheme(&s->uri));
}

static bool take_mode(struct sally_loader *l, const config_setting_t *group,
                      const struct sally_config_server *server,
                      struct sally_parts *parts, enum sally_security_mode *out)
{
    const struct sally_config_part *said =
        sally_parts_find(parts, SALLY_FIELD_MODE);

    *out = said == NULL ? usual_mode(server)
                        : (enum sally_security_mode)said->number;
    if (sally_stack_row(*out, sally_config_scheme(&server->uri)) != NULL)
        return true;
    sally_complain(&l->reader, group, "mode",
                   "expected %s for the URI of server \"%s\"",
                   modes_for(l, server), server->name);
    return false;
}

/* A certificate that a CA of the server's file vouches for needs no pin. */
static bool is_vouched_for(struct sally_parts *parts)
{
    const struct sally_config_part *usage =
        sally_parts_find(parts, SALLY_FIELD_USAGE);

    return usage != NULL && usage->number <= SALLY_USAGE_SERVICE;
}

static void check_trust(struct sally_loader *l, const config_setting_t *group,
                        const struct sally_config_server *server,
                        struct sally_parts *parts)
{
    if (is_vouched_for(parts) && server->trust_file[0] == '\0')
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "certificate_usage"),
                       "certificate_usage",
                       "\"anchor\" or \"domain\", or `trust_file` at server "
                       "\"%s\"",
                       server->name);
}

static void check_field(struct sally_loader *l, const config_setting_t *group,
                        const struct sally_credential_field *f, unsigned mode,
                        struct sally_parts *parts)
{
    const config_setting_t *s = config_setting_get_member(group, f->config_key);

    if (f->kind == SALLY_FIELD_MODE)
        return;
    if (s != NULL && (f->allowed_in & mode) == 0)
        sally_complain(&l->reader, s, f->config_key,
                       "expected no %s in this mode", f->config_key);
    if (s != NULL || (f->needed_in & mode) == 0 ||
        f->kind == SALLY_FIELD_IDENTITY || /* which has a default */
        (f->kind == SALLY_FIELD_SENDER_ID && /* which is made (keys_sender.c) */
         l->out->master_key_file[0] != '\0') ||
        (f->kind == SALLY_FIELD_SERVER_KEY && is_vouched_for(parts)))
        return;
    sally_expected(&l->reader, group, NULL, f->config_key, "%s%s",
                   f->from_file ? "a file with " : "", f->what);
}

/* Is each part there that the mode needs, and no other? */
static void check_fields(struct sally_loader *l, const config_setting_t *group,
                         enum sally_security_mode mode,
                         struct sally_parts *parts)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);
    const config_setting_t *oscore = config_setting_get_member(group, "oscore");

    for (size_t i = 0; i < count; i++)
        if (f[i].object == 0)
            check_field(l, group, &f[i], 1u << mode, parts);
        else if (oscore != NULL)
            check_field(l, oscore, &f[i], 1u << mode, parts);
}

static void read_parts(struct sally_loader *l, const config_setting_t *group,
                       struct sally_parts *parts)
{
    const config_setting_t *oscore = config_setting_get_member(group, "oscore");

    sally_parts_read(l, 0, group, parts);
    if (oscore == NULL)
        return;
    sally_schema_read(&l->reader, &sally_group_oscore, oscore, NULL);
    if (config_setting_is_group(oscore))
        sally_parts_read(l, 21, oscore, parts);
}

/* Without it nothing tells what an account there has to have. */
static bool has_uri(struct sally_loader *l, const config_setting_t *group,
                    const struct sally_config_server *server)
{
    if (server->uri_text[0] != '\0')
        return true;
    if (config_setting_get_member(
            l->server_notes[server - l->server_list].group, "uri") == NULL)
        sally_complain(&l->reader, group, "server",
                       "expected a server with `uri`; only a bootstrap server "
                       "can give an account at \"%s\"",
                       server->name);
    return false;
}

static void take_account(struct sally_loader *l, const config_setting_t *group,
                         const char *default_server,
                         struct sally_config_account *out)
{
    struct sally_account_draft d = { .server = default_server };
    struct sally_parts parts = { .count = 0 };
    const struct sally_config_server *server;
    unsigned before = l->reader.bad;

    *out = (struct sally_config_account){ .server = UINT32_MAX };
    out->line = (unsigned)config_setting_source_line(group);
    sally_schema_read(&l->reader, &sally_group_account, group, &d);
    out->factory = d.factory;
    if (config_setting_is_group(group))
        read_parts(l, group, &parts);
    if (l->reader.bad != before)
        return;
    server = find_server(l, group, d.server, &out->server);
    if (server == NULL || !has_uri(l, group, server) ||
        !take_mode(l, group, server, &parts, &out->mode))
        return;
    check_fields(l, group, out->mode, &parts);
    check_trust(l, group, server, &parts);
    sally_servers_used(l, out->server,
                       sally_parts_find(&parts, SALLY_FIELD_OSCORE) != NULL);
    sally_parts_settle(&l->scratch, &parts, out);
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

/* A client has one bootstrap server: LwM2M Core s.6.1. */
static void check_one_bootstrap(struct sally_loader *l,
                                const config_setting_t *list,
                                const struct sally_config_account *all,
                                size_t count)
{
    const struct sally_config_account *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (all[i].server == UINT32_MAX ||
            !l->server_list[all[i].server].bootstrap)
            continue;
        if (first == NULL)
            first = &all[i];
        else if (first->server != all[i].server) /* else it was said */
            sally_complain(&l->reader,
                           config_setting_get_elem(list, (unsigned)i), "server",
                           "expected one account of a bootstrap server, got "
                           "that on line %u already",
                           first->line);
    }
}

/* The one file that an account by default has. */
static void imply_key(struct sally_loader *l, struct sally_config_account *a)
{
    const char *slash = strrchr(l->out->file, '/');
    int dir = slash == NULL ? 0 : (int)(slash - l->out->file) + 1;
    struct sally_parts parts = { .count = 0 };

    if ((sally_credential_field(SALLY_FIELD_SECRET_KEY)->needed_in &
         1u << a->mode) == 0)
        return;
    sally_parts_add(&parts, (struct sally_config_part){
                                .kind = SALLY_FIELD_SECRET_KEY,
                                .bytes = sally_span_of(sally_arena_format(
                                    &l->scratch, "%.*s%s", dir,
                                    l->out->file, DEFAULT_KEY_FILE)) });
    sally_parts_settle(&l->scratch, &parts, a);
}

/* `server` alone means an account with everything by default. */
static void take_implied(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_draft *draft)
{
    struct sally_config_account *a;
    uint32_t number = UINT32_MAX;
    const struct sally_config_server *server =
        find_server(l, group, draft->server, &number);

    draft->sensor.account_count = 0;
    a = sally_arena_take(&l->scratch, 1, sizeof(*a));
    if (a == NULL)
        return;
    *a = (struct sally_config_account){ .server = number };
    a->line = (unsigned)config_setting_source_line(group);
    if (server != NULL && has_uri(l, group, server)) {
        a->mode = usual_mode(server);
        imply_key(l, a);
        sally_servers_used(l, number, false);
    }
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
    draft->sensor.account_count =
        draft->accounts == NULL ? 0 : (uint32_t)count;
    for (size_t i = 0; i < draft->sensor.account_count; i++)
        take_account(l, config_setting_get_elem(list, (unsigned)i),
                     draft->server, &draft->accounts[i]);
    check_one_per_server(l, list, draft->accounts, draft->sensor.account_count);
    check_one_bootstrap(l, list, draft->accounts, draft->sensor.account_count);
}
