/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/gateway_group.c - the group `gateway` and those in it. */
#include "config/loader.h"

#include <string.h>

#define SOCKET_PATH_MAX 107 /* bytes that a Unix socket's address holds */

static const struct sally_word on_full[] = {
    { "oldest", SALLY_FULL_OLDEST },
    { "refuse", SALLY_FULL_REFUSE },
    { NULL, 0 },
};

static const struct sally_word levels[] = {
    { "error", SALLY_LOG_ERROR },
    { "warning", SALLY_LOG_WARNING },
    { "info", SALLY_LOG_INFO },
    { "debug", SALLY_LOG_DEBUG },
    { NULL, 0 },
};

static const struct sally_word formats[] = {
    { "logfmt", false },
    { "json", true },
    { NULL, 0 },
};

static const struct sally_word targets[] = {
    { "stderr", false },
    { "syslog", true },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config, field)
#define NO_FIELD 0, 0
#define MAX_AGE 31536000000.0 /* ms in a year */

static const struct sally_key gateway_keys[] = {
    { "name", SALLY_KEY_NAME, AT(name), 0, 0, NULL, NULL, NULL },
    { "state_dir", SALLY_KEY_FILE, AT(state_dir), 0, 0, NULL,
      "/var/lib/sallyport", NULL },
    { "volatile", SALLY_KEY_BOOLEAN, AT(volatile_state), 0, 0, NULL, "false",
      NULL },
    { "max_sensors", SALLY_KEY_WHOLE, AT(max_sensors), 1, 100000, "sensors",
      "1000", NULL },
    { "memory_limit_mb", SALLY_KEY_WHOLE, AT(memory_limit_mb), 8, 65536,
      "megabytes", "64", NULL },
    { "spool", SALLY_KEY_OTHER, NO_FIELD, 0, 0, NULL, "", NULL },
    { "log", SALLY_KEY_OTHER, NO_FIELD, 0, 0, NULL, "", NULL },
    { "console", SALLY_KEY_OTHER, NO_FIELD, 0, 0, NULL, "", NULL },
    { "master_key_file", SALLY_KEY_LATER, NO_FIELD, 0, 0, NULL, "", NULL },
};

static const struct sally_key spool_keys[] = {
    { "max_mb", SALLY_KEY_WHOLE, AT(spool.max_mb), 1, 1048576, "megabytes",
      "64", NULL },
    { "max_age", SALLY_KEY_DURATION, AT(spool.max_age), 1000, MAX_AGE, NULL,
      "7d", NULL },
    { "on_full", SALLY_KEY_WORD, AT(spool.on_full), 0, 0, NULL, "oldest",
      on_full },
    { "per_sensor", SALLY_KEY_WHOLE, AT(spool.per_sensor), 1, 10000000,
      "messages", "10000", NULL },
    { "commit_ms", SALLY_KEY_WHOLE, AT(spool.commit_ms), 0, 1000,
      "milliseconds", "10", NULL },
};

static const struct sally_key log_keys[] = {
    { "level", SALLY_KEY_WORD, AT(log.level), 0, 0, NULL, "info", levels },
    { "format", SALLY_KEY_WORD, AT(log.json), 0, 0, NULL, "logfmt", formats },
    { "target", SALLY_KEY_WORD, AT(log.syslog), 0, 0, NULL, "stderr", targets },
};

static const struct sally_key console_keys[] = {
    { "socket", SALLY_KEY_FILE, AT(console_socket), 0, 0, NULL,
      "/run/sallyport/control.sock", NULL },
    { "metrics", SALLY_KEY_LATER, NO_FIELD, 0, 0, NULL, "", NULL },
    { "page", SALLY_KEY_LATER, NO_FIELD, 0, 0, NULL, "", NULL },
};

static const struct sally_schema gateway_group = { "gateway", gateway_keys,
                                                   SALLY_LEN(gateway_keys) };

/* The groups within, which all write to the same struct. */
static const struct sally_schema inner_groups[] = {
    { "spool", spool_keys, SALLY_LEN(spool_keys) },
    { "log", log_keys, SALLY_LEN(log_keys) },
    { "console", console_keys, SALLY_LEN(console_keys) },
};

static void check_socket(struct sally_loader *l, const config_setting_t *group)
{
    if (strlen(l->out->console_socket) > SOCKET_PATH_MAX)
        sally_complain(&l->reader, group, "socket",
                       "expected a path of at most %d bytes, got %zu",
                       SOCKET_PATH_MAX, strlen(l->out->console_socket));
}

void sally_load_gateway(struct sally_loader *l, const config_setting_t *root)
{
    const config_setting_t *group = config_setting_get_member(root, "gateway");

    l->out->name = "";
    sally_schema_defaults(&l->reader, &gateway_group, l->out);
    sally_schema_read(&l->reader, &gateway_group, group, l->out);
    for (size_t i = 0; i < SALLY_LEN(inner_groups); i++) {
        const struct sally_schema *s = &inner_groups[i];
        const config_setting_t *inner =
            group == NULL ? NULL : config_setting_get_member(group, s->name);

        sally_schema_defaults(&l->reader, s, l->out);
        if (inner != NULL)
            sally_schema_read(&l->reader, s, inner, l->out);
    }
    check_socket(l, group);
}
