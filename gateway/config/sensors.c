/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/sensors.c - the list `sensors`, each with what
 * sensor_defaults gives it.                                                 */
#include "config/sensor_draft.h"

#include <string.h>

#define YEAR 31536000000.0 /* milliseconds */

static const struct sally_word requires[] = {
    { "all", SALLY_REQUIRE_ALL },
    { "any", SALLY_REQUIRE_ANY },
    { NULL, 0 },
};

static const struct sally_word visibilities[] = {
    { "own", SALLY_VISIBILITY_OWN },
    { "all", SALLY_VISIBILITY_ALL },
    { NULL, 0 },
};
static const struct sally_word on_silent[] = {
    { "keep", SALLY_SILENT_KEEP },
    { "flag", SALLY_SILENT_FLAG },
    { "deregister", SALLY_SILENT_DEREGISTER },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_sensor_draft, field)

static const struct sally_key sensor_keys[] = {
    { "id", SALLY_KEY_NAME, AT(sensor.id), 0, 0, NULL, "", NULL,
      "of the sensor; must be given; unique together with the aliases" },
    { "alias", SALLY_KEY_NAME, AT(sensor.alias), 0, 0, NULL, "", NULL,
      "another name that the sensor uses in its topics; in topics of commands "
      "`{id}` is then the alias" },
    { "endpoint", SALLY_KEY_TEXT, AT(sensor.endpoint), 1, 255, "an endpoint",
      "", NULL,
      "of the LwM2M client, `NAME-ID` without it: printable ASCII without "
      "spaces, quotes, `\\`, `&`, `<`, `>`; unique" },
    SALLY_ROW_OTHER("authenticate", "a list of proofs",
                    "how it proves itself; must be given"),
    { "require", SALLY_KEY_WORD, AT(sensor.require), 0, 0, NULL, "all",
      requires, "of these proofs" },
    { "accept_weak", SALLY_KEY_BOOLEAN, AT(sensor.accept_weak), 0, 0, NULL,
      "false", NULL, "proofs below `min_assurance` will do" },
    { "profile", SALLY_KEY_NAME, AT(profile), 0, 0, NULL, "", NULL,
      "of a profile; this or `maps` must be given" },
    SALLY_ROW_OTHER("maps", "a list of rules",
                    "of its own in place of a profile"),
    SALLY_ROW_OTHER("down", "a list of rules",
                    "of its own in place of a profile"),
    { "visibility", SALLY_KEY_WORD, AT(sensor.visibility), 0, 0, NULL, "own",
      visibilities,
      "what an MQTT sensor may subscribe to: its commands, or also what all "
      "others publish over MQTT, for a display" },
    { "expect_every", SALLY_KEY_DURATION, AT(sensor.expect_every), 1000, YEAR,
      NULL, "", NULL, "a sensor that says nothing for this long is silent" },
    { "on_silent", SALLY_KEY_WORD, AT(sensor.on_silent), 0, 0, NULL, "flag",
      on_silent,
      "what follows when it is silent: nothing more than an event, also a word "
      "to the server in object 33001, or that its client de-registers" },
    { "event_log", SALLY_KEY_BOOLEAN, AT(sensor.event_log), 0, 0, NULL,
      "false", NULL,
      "its servers can read and observe the head of the security journal, as "
      "/20/0/4014: number and hash of the last line" },
    { "server", SALLY_KEY_NAME, AT(server), 0, 0, NULL, "", NULL,
      "gives the sensor an account at this server, with the key in "
      "`keys/ID.psk` beside `sallyport.conf`" },
    SALLY_ROW_OTHER("accounts", "a list of accounts",
                    "at servers; one at `server` without it"),
    { "manufacturer", SALLY_KEY_TEXT, AT(sensor.manufacturer), 0, 64, "text",
      "", NULL, "/3/0/0" },
    { "model", SALLY_KEY_TEXT, AT(sensor.model), 0, 64, "text", "", NULL,
      "/3/0/1" },
    { "serial", SALLY_KEY_TEXT, AT(sensor.serial), 0, 64, "text", "", NULL,
      "/3/0/2" },
    { "coap_port", SALLY_KEY_WHOLE, AT(sensor.coap_port), 1, 65535, NULL,
      "5683", NULL, "where a CoAP sensor takes commands, at its address" },
    SALLY_ROW_LATER("speaks_for"),
    SALLY_ROW_LATER("max_devices"),
    { "via", SALLY_KEY_NAME, AT(via), 0, 0, NULL, "", NULL,
      "the broker of `local` that its messages come by, in place of "
      "`authenticate`; the topic tells the sensor, which is weak" },
    SALLY_ROW_LATER("templates"),
};

const struct sally_schema sally_group_sensor = {
    "sensor",
    "An entry of the list `sensors`. The group `sensor_defaults` has any of "
    "these keys but `id`, `alias` and `serial`; a sensor's own key replaces it "
    "as a whole. In `endpoint`, `username`, `identity`, `server_name` and the "
    "names of key files, `{id}` stands for the sensor's id.",
    sensor_keys, SALLY_LEN(sensor_keys)
};
static const struct sally_schema defaults_group = { "sensor_defaults", NULL,
                                                    sensor_keys,
                                                    SALLY_LEN(sensor_keys) };

/* What taking one sensor after the other needs. */
struct sensors {
    struct sally_sensor_draft defaults;
    struct sally_sensor_names names;
    struct sally_config_sensor *list;
};

void sally_sensor_claim(struct sally_loader *l, const config_setting_t *group,
                        struct sally_names *names, const char *name,
                        size_t number, const char *key, const char *what)
{
    unsigned line = (unsigned)config_setting_source_line(group);
    const struct sally_name *before;

    if (name[0] == '\0')
        return;
    before = sally_names_add(names, name, number, l->reader.file, line);
    if (before != NULL && before->number != number)
        sally_complain(&l->reader, group, key,
                       "expected %s that no other sensor has, got \"%s\" as "
                       "in %s:%u",
                       what, name, before->file, before->line);
}

bool sally_sensor_lacks(const config_setting_t *group, const char *key)
{
    const config_setting_t *list = config_setting_get_member(group, key);

    return list == NULL ||
           (config_setting_is_list(list) && config_setting_length(list) == 0);
}

static void take_rules(struct sally_loader *l, const config_setting_t *group,
                       struct sally_sensor_draft *d)
{
    size_t number = l->out->profile_count;
    const config_setting_t *named = config_setting_get_member(group, "profile");

    if (config_setting_get_member(group, "maps") == NULL &&
        config_setting_get_member(group, "down") == NULL)
        return;
    if (named != NULL)
        sally_complain(&l->reader, named, "profile",
                       "expected either a profile or rules of its own, got "
                       "both");
    l->out->profile_count++;
    l->profile_list[number].name = "";
    sally_profile_rules(l, group, &l->profile_list[number]);
    d->sensor.profile = (uint32_t)number;
    d->has_profile = true;
}

static void take_profile(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_draft *d)
{
    const config_setting_t *named = config_setting_get_member(group, "profile");
    const struct sally_name *found;

    take_rules(l, group, d);
    if (named == NULL || d->profile[0] == '\0')
        return;
    d->has_profile = true;
    found = sally_names_find(&l->profiles, d->profile);
    if (found != NULL)
        d->sensor.profile = (uint32_t)found->number;
    else if (!l->incomplete)
        sally_expected(&l->reader, group, named, "profile",
                       "the name of a profile");
}

/* All that a group can say, of one sensor or of all. */
static void take_group(struct sally_loader *l, const struct sally_schema *s,
                       const config_setting_t *group,
                       struct sally_sensor_draft *d)
{
    const config_setting_t *server = config_setting_get_member(group, "server");

    sally_schema_read(&l->reader, s, group, d);
    take_profile(l, group, d);
    sally_auth_load(l, group, d);
    sally_via_load(l, group, d);
    sally_accounts_load(l, group, d);
    if (server != NULL &&
        config_setting_get_member(group, "accounts") != NULL &&
        !l->incomplete && sally_names_find(&l->servers, d->server) == NULL)
        sally_expected(&l->reader, group, server, "server",
                       "the name of a server");
    d->sensor.auth = d->auth;
    d->sensor.accounts = d->accounts;
}

static void take_defaults(struct sally_loader *l, const config_setting_t *root,
                          struct sally_sensor_draft *d)
{
    const config_setting_t *group =
        config_setting_get_member(root, "sensor_defaults");
    static const char *const own[] = { "id", "alias", "serial" };

    if (group == NULL || !config_setting_is_group(group)) {
        if (group != NULL)
            sally_schema_read(&l->reader, &defaults_group, group, d);
        return;
    }
    take_group(l, &defaults_group, group, d);
    l->common = sally_fingerprint_setting(l->common, group);
    for (size_t i = 0; i < SALLY_LEN(own); i++) {
        const config_setting_t *s = config_setting_get_member(group, own[i]);

        if (s != NULL)
            sally_complain(&l->reader, s, own[i],
                           "expected at a sensor, since each has its own");
    }
}

static bool is_endpoint(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\&<>", text[i]))
            return false;
    return true;
}

static void finish_names(struct sally_loader *l, const config_setting_t *group,
                         struct sensors *all, size_t number,
                         struct sally_config_sensor *s)
{
    struct sally_arena *arena = l->reader.arena;

    if (config_setting_get_member(group, "id") == NULL)
        sally_expected(&l->reader, group, NULL, "id", "the sensor's name");
    if (s->endpoint[0] == '\0')
        s->endpoint = sally_arena_format(arena, "%s-%s", l->out->name, s->id);
    else
        s->endpoint = sally_arena_expand(arena, s->endpoint, s->id);
    if (!is_endpoint(s->endpoint))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "endpoint"), "endpoint",
                       "printable ASCII without spaces, quotes, '\\', '&', "
                       "'<' and '>'");
    if (s->id[0] == '\0')
        return;
    sally_sensor_claim(l, group, &all->names.ids, s->id, number, "id", "an id");
    sally_sensor_claim(l, group, &all->names.ids, s->alias, number, "alias",
                       "an alias");
    sally_sensor_claim(l, group, &all->names.endpoints, s->endpoint, number,
                       "endpoint", "an endpoint");
}

static void take_sensor(struct sally_loader *l, const config_setting_t *group,
                        void *context)
{
    struct sensors *all = context;
    struct sally_sensor_draft d = all->defaults;
    size_t number = l->out->sensor_count++;
    struct sally_config_sensor *s = &all->list[number];

    take_group(l, &sally_group_sensor, group, &d);
    *s = d.sensor;
    s->file = l->reader.file;
    s->line = (unsigned)config_setting_source_line(group);
    if (!d.has_profile)
        sally_expected(&l->reader, group, NULL, "profile",
                       "the name of a profile, or rules in `maps`");
    finish_names(l, group, all, number, s);
    sally_auth_finish(l, group, &all->names, number, s);
    if (d.has_profile)
        sally_via_check(l, group, s, &l->profile_list[s->profile]);
    sally_accounts_finish(l, group, &all->names, number, s);
    s->fingerprint = sally_sensor_fingerprint(l, group, s);
    s->born = l->out->generation;
}

static void check_limit(struct sally_loader *l, const config_setting_t *root)
{
    const config_setting_t *group = config_setting_get_member(root, "gateway");
    const config_setting_t *limit =
        group == NULL || !config_setting_is_group(group)
            ? NULL
            : config_setting_get_member(group, "max_sensors");

    if (l->out->sensor_count <= l->out->max_sensors)
        return;
    l->reader.file = l->out->file;
    sally_complain(&l->reader, limit == NULL ? group : limit, "max_sensors",
                   "expected at least %zu, the number of sensors there are, "
                   "got %u",
                   l->out->sensor_count, l->out->max_sensors);
}

static bool prepare(struct sally_loader *l, struct sensors *all, size_t count)
{
    struct sally_names *sets[] = { &all->names.ids, &all->names.endpoints,
                                   &all->names.usernames,
                                   &all->names.identities,
                                   &all->names.senders };

    for (size_t i = 0; i < SALLY_LEN(sets); i++)
        if (sally_names_init(sets[i], &l->scratch, count) != SALLY_E_OK)
            return false;
    all->list = sally_arena_take(&l->out->slots, count, sizeof(*all->list));
    l->out->sensors = all->list;
    return all->list != NULL || count == 0;
}

void sally_load_sensors(struct sally_loader *l)
{
    static const struct sally_config_sensor empty = {
        .id = "",
        .alias = "",
        .endpoint = "",
        .manufacturer = "",
        .model = "",
        .serial = "",
    };
    struct sensors all = {
        .defaults = { .sensor = empty, .server = "", .profile = "", .via = "" }
    };
    const struct sally_source *main_file = &l->sources[0];
    struct sally_arena *usual = l->reader.arena;
    size_t count = sally_load_each(l, "sensors", NULL, NULL);

    l->reader.arena = &l->out->details;
    sally_schema_defaults(&l->reader, &sally_group_sensor, &all.defaults);
    if (!prepare(l, &all, count)) {
        l->reader.arena->failed = true;
    } else {
        l->reader.file = l->out->file;
        if (main_file->parsed)
            take_defaults(l, config_root_setting(&main_file->config),
                          &all.defaults);
        sally_sensor_fingerprint_common(l);
        sally_load_each(l, "sensors", take_sensor, &all);
        sally_auth_check_addresses(l);
        if (main_file->parsed)
            check_limit(l, config_root_setting(&main_file->config));
    }
    sally_names_wipe(&all.names.ids);
    sally_names_wipe(&all.names.endpoints);
    sally_names_wipe(&all.names.usernames);
    sally_names_wipe(&all.names.identities);
    sally_names_wipe(&all.names.senders);
    l->reader.arena = usual;
}
