/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/gateway_group.c - the group `gateway` and those in it. */
#include "config/loader.h"
#include "config/master.h"

#include <string.h>

#define SOCKET_PATH_MAX 107 /* bytes that a Unix socket's address holds */

static const struct sally_word on_full[] = {
    { "oldest", SALLY_FULL_OLDEST },
    { "refuse", SALLY_FULL_REFUSE },
    { NULL, 0 },
};

static const struct sally_word on_stop[] = {
    { "deregister", SALLY_STOP_DEREGISTER },
    { "keep", SALLY_STOP_KEEP },
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
#define MAX_AGE 31536000000.0 /* ms in a year */

static const struct sally_key gateway_keys[] = {
    { "name", SALLY_KEY_NAME, AT(name), 0, 0, NULL, NULL, NULL,
      "of the gateway; the beginning of the endpoints" },
    { "state_dir", SALLY_KEY_FILE, AT(state_dir), 0, 0, NULL,
      "/var/lib/sallyport", NULL,
      "where readings wait; made if it is not there, mode 0700" },
    { "volatile", SALLY_KEY_BOOLEAN, AT(volatile_state), 0, 0, NULL, "false",
      NULL,
      "allow a `state_dir` in memory, where readings do not outlive a power "
      "cut" },
    { "master_key_file", SALLY_KEY_FILE, AT(master_key_file), 0, 0, NULL, "",
      NULL,
      "a key of 32 bytes in hexadecimal, as `openssl rand -hex 32` makes one, "
      "that seals what is kept of sessions; without it each restart costs a "
      "full handshake and a Register of every sensor; or "
      "\"credential:NAME\", of systemd, or \"keyring:NAME\", of the kernel" },
    { "machine_file", SALLY_KEY_FILE, AT(machine_file), 0, 0, NULL, "", NULL,
      "a file that says which machine this is, where its hardware does not, as "
      "in a container; what it holds must not be in a copy of `state_dir`" },
    { "anchor_file", SALLY_KEY_FILE, AT(anchor_file), 0, 0, NULL, "", NULL,
      "a file outside of `state_dir` and of its backups, which shows after a "
      "reboot that `state_dir` is no old copy; made if it is not there" },
    { "on_stop", SALLY_KEY_WORD, AT(on_stop), 0, 0, NULL, "deregister",
      on_stop,
      "sensors leave their servers when the gateway stops, or stay registered "
      "for a gateway that soon comes back" },
    { "max_sensors", SALLY_KEY_WHOLE, AT(max_sensors), 1, 100000, "sensors",
      "1000", NULL, "more sensors in the files are an error" },
    { "memory_limit_mb", SALLY_KEY_WHOLE, AT(memory_limit_mb), 8, 65536,
      "megabytes", "64", NULL,
      "data memory of each process but the supervisor and the verifier; more "
      "sensors need more" },
    SALLY_ROW_OTHER("spool", "a group", "readings on their way to a server"),
    SALLY_ROW_OTHER("log", "a group", "what is logged, how and where to"),
    SALLY_ROW_OTHER("console", "a group", "for `sallyportctl`"),
};

static const struct sally_key spool_keys[] = {
    { "max_mb", SALLY_KEY_WHOLE, AT(spool.max_mb), 1, 1048576, "megabytes",
      "64", NULL, "of all readings together" },
    { "max_age", SALLY_KEY_DURATION, AT(spool.max_age), 1000, MAX_AGE, NULL,
      "7d", NULL, "readings that wait longer go; the time that the gateway "
      "runs counts" },
    { "on_full", SALLY_KEY_WORD, AT(spool.on_full), 0, 0, NULL, "oldest",
      on_full,
      "the oldest reading of the sensor that takes most room goes, or the new "
      "one is refused: 5.03, no PUBACK" },
    { "per_sensor", SALLY_KEY_WHOLE, AT(spool.per_sensor), 1, 10000000,
      "messages", "10000", NULL, "of one sensor" },
    { "commit_ms", SALLY_KEY_WHOLE, AT(spool.commit_ms), 0, 1000,
      "milliseconds", "20", NULL,
      "from one commit to the next while readings keep coming, so an "
      "acknowledgement waits that long at most before it; the first after a "
      "pause does not wait, and 64 readings do not" },
};

static const struct sally_key log_keys[] = {
    { "level", SALLY_KEY_WORD, AT(log.level), 0, 0, NULL, "info", levels,
      "the least that is logged" },
    { "format", SALLY_KEY_WORD, AT(log.json), 0, 0, NULL, "logfmt", formats,
      "of a line" },
    { "target", SALLY_KEY_WORD, AT(log.syslog), 0, 0, NULL, "stderr", targets,
      "where lines go" },
    { "journal_lines", SALLY_KEY_WHOLE, AT(log.journal_lines), 100, 10000000,
      "lines", "20000", NULL,
      "of the security journal that are kept, some 200 bytes each" },
};

static const struct sally_key console_keys[] = {
    { "socket", SALLY_KEY_FILE, AT(console_socket), 0, 0, NULL,
      "/run/sallyport/control.sock", NULL,
      "of at most 107 bytes, for `sallyportctl`; mode 0660" },
    SALLY_ROW_LATER("metrics"),
    SALLY_ROW_LATER("page"),
};

const struct sally_schema sally_group_gateway = {
    "gateway", "The group `gateway`.", gateway_keys, SALLY_LEN(gateway_keys)
};

const struct sally_schema sally_group_spool = {
    "spool",
    "The group `spool` of `gateway`: readings on their way to a server.",
    spool_keys, SALLY_LEN(spool_keys)
};
const struct sally_schema sally_group_log = { "log",
                                              "The group `log` of `gateway`.",
                                              log_keys, SALLY_LEN(log_keys) };
const struct sally_schema sally_group_console = {
    "console", "The group `console` of `gateway`.", console_keys,
    SALLY_LEN(console_keys)
};

/* The groups within, which all write to the same struct. */
static const struct sally_schema *const inner_groups[] = {
    &sally_group_spool, &sally_group_log, &sally_group_console
};

static void check_socket(struct sally_loader *l, const config_setting_t *group)
{
    if (strlen(l->out->console_socket) > SOCKET_PATH_MAX)
        sally_complain(&l->reader, group, "socket",
                       "expected a path of at most %d bytes, got %zu",
                       SOCKET_PATH_MAX, strlen(l->out->console_socket));
}

/* Not a file of this directory: see master.h. */
static void take_master(struct sally_loader *l, const config_setting_t *group)
{
    const char *text;

    if (group != NULL &&
        config_setting_lookup_string(group, "master_key_file", &text) ==
            CONFIG_TRUE &&
        sally_master_is_elsewhere(text) && l->out->master_key_file[0] != '\0')
        l->out->master_key_file = sally_arena_format(l->reader.arena, "%s",
                                                     text);
}

void sally_load_gateway(struct sally_loader *l, const config_setting_t *root)
{
    const config_setting_t *group = config_setting_get_member(root, "gateway");

    l->out->name = l->out->master_key_file = l->out->machine_file =
        l->out->anchor_file = "";
    sally_schema_defaults(&l->reader, &sally_group_gateway, l->out);
    sally_schema_read(&l->reader, &sally_group_gateway, group, l->out);
    for (size_t i = 0; i < SALLY_LEN(inner_groups); i++) {
        const struct sally_schema *s = inner_groups[i];
        const config_setting_t *inner =
            group == NULL ? NULL : config_setting_get_member(group, s->name);

        sally_schema_defaults(&l->reader, s, l->out);
        if (inner != NULL)
            sally_schema_read(&l->reader, s, inner, l->out);
    }
    check_socket(l, group);
    take_master(l, group);
    sally_load_fixed_lines(l, group);
}
