/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_payloads.c - messages of devices and maps as an
 * operator writes them or as they are installed, with the objects that are
 * installed, to readings.                                                   */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "config/arena.h"
#include "config/files.h"
#include "ingress/mapping.h"

#define FILES_MAX 128
#define MESSAGES_MAX 4

#define CONFIGURATION                                                          \
    "gateway = { name = \"g\"; };\n"                                           \
    "local = { mqtt = ( { port = 1883; } ); };\n"                              \
    "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]:5684\"; "           \
    "short_server_id = 1; } );\n"                                              \
    "sensors = ( { id = \"d\"; profile = \"%s\"; server = \"cloud\"; %s "       \
    "authenticate = ( { method = \"password\"; username = \"u\"; } ); } );\n"  \
    "profiles = ( { name = \"own\"; maps = (\n%s\n); } );\n"

struct message {
    const char *topic, *text; /* the payload, or */
    const char *hex;          /* the same in hexadecimal */
    const char *want;         /* "path=text " of each reading */
    unsigned refused, absent;
    enum sally_err why; /* OK: any */
    bool foreign;
    enum { NOTHING, ONLINE, OFFLINE } tells;
};

/* A Write, and what goes down for it. */
struct command {
    const char *path;
    double value;
    const char *topic, *payload;
};

struct device {
    const char *what, *maps;
    struct message messages[MESSAGES_MAX];
    const char *profile; /* NULL: `maps`; else one that is installed */
    const char *alias; /* NULL: none */
    struct command command;
};

static const struct device devices[] = {
#include "unit/ingress/payloads_families.inc"
#include "unit/ingress/payloads_installed.inc"
#include "unit/ingress/payloads_nested.inc"
#include "unit/ingress/payloads_plain.inc"
#include "unit/ingress/payloads_rules.inc"
};

static const char *source_dir(void)
{
    const char *source = getenv("srcdir");

    return source == NULL ? "." : source;
}

static struct sally_span slurp(struct sally_arena *a, const char *path)
{
    static uint8_t room[SALLY_CONFIG_FILE_MAX];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(room, 1, sizeof(room), f);
    fclose(f);
    return sally_span_of(sally_arena_text(a, (struct sally_span){ room, n }));
}

/* Files of `folder` that are installed, behind the first `n`. */
static size_t read_installed(struct sally_arena *a, const char *folder,
                             struct sally_config_file *files, size_t n)
{
    const char *path =
        sally_arena_format(a, "%s/conf/%s", source_dir(), folder);
    DIR *dir = opendir(path);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".conf") == NULL)
            continue;
        assert_true(n < FILES_MAX);
        files[n].path =
            sally_arena_format(a, "%s.d/%s", folder, entry->d_name);
        files[n].text =
            slurp(a, sally_arena_format(a, "%s/%s", path, entry->d_name));
        n++;
    }
    closedir(dir);
    return n;
}

static void describe(const struct sally_bus_readings *r, char *out, size_t size)
{
    struct sally_buf buf = { (uint8_t *)out, 0, size - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_lwm2m_record record;

    for (size_t i = 0; i < r->count; i++) {
        sally_bus_value(&r->value[i], r->bytes, &record);
        sally_path_put(&w, &record.path);
        sally_put_u8(&w, '=');
        (void)!sally_value_put_text(&w, &record.value);
        sally_put_u8(&w, ' ');
    }
    out[buf.len] = '\0';
}

static struct sally_span payload_of(const struct message *m,
                                    struct sally_buf *room)
{
    if (m->hex == NULL)
        return sally_span_of(m->text);
    assert_int_equal(sally_text_hex(sally_span_of(m->hex), room), SALLY_E_OK);
    return sally_buf_span(room);
}

static void check_message(const struct device *d, const struct message *m,
                          const struct sally_mapping *mapping)
{
    static struct sally_bus_readings out;
    struct sally_mapping_result result;
    uint8_t bytes[1024];
    struct sally_buf room = SALLY_BUF(bytes);
    char got[2048];

    sally_mapping_apply(mapping, 0, sally_span_of(m->topic),
                        payload_of(m, &room), &out, &result);
    describe(&out, got, sizeof(got));
    if (result.tells_liveness != (m->tells != NOTHING) ||
        result.online != (m->tells == ONLINE))
        fail_msg("%s: %s: not %s", d->what, m->topic,
                 m->tells == ONLINE ? "online" : "offline");
    if (strcmp(got, m->want) != 0 || result.matched == m->foreign ||
        result.refused != m->refused || result.absent != m->absent ||
        (m->why != SALLY_E_OK && result.why != m->why))
        fail_msg("%s: %s: \"%s\", refused %u (%s), absent %u", d->what,
                 m->topic, got, result.refused, sally_err_text(result.why),
                 result.absent);
}

static void check_command(const struct device *d,
                          const struct sally_mapping *mapping)
{
    struct sally_lwm2m_value v = sally_value_real(d->command.value);
    struct sally_bus_command c = { .sensor = 0 };
    uint8_t topic_room[128], payload_room[128];
    struct sally_buf topic = SALLY_BUF(topic_room);
    struct sally_buf payload = SALLY_BUF(payload_room);
    struct sally_path path;

    assert_int_equal(sally_path_parse(sally_span_of(d->command.path), &path),
                     SALLY_E_OK);
    assert_int_equal(sally_bus_put_value(&c.value, c.bytes, &c.used, &path, &v),
                     SALLY_E_OK);
    assert_int_equal(sally_mapping_render(mapping, &c, &topic, &payload),
                     SALLY_E_OK);
    assert_true(sally_span_is(sally_buf_span(&topic), d->command.topic));
    assert_true(sally_span_is(sally_buf_span(&payload), d->command.payload));
}

static void check_device(const struct device *d,
                         struct sally_config_file *files, size_t count,
                         struct sally_arena *a)
{
    struct sally_mapping *mapping;
    struct sally_config config;
    const char *alias = "";

    files[0].path = "sallyport.conf";
    if (d->alias != NULL)
        alias = sally_arena_format(a, "alias = \"%s\";", d->alias);
    files[0].text =
        sally_span_of(sally_arena_format(
            a, CONFIGURATION, d->profile == NULL ? "own" : d->profile, alias,
            d->profile == NULL ? d->maps : "{ topic = \"t\"; alive = ( ); }"));
    if (sally_config_load(files, count, &config, stderr) != 0)
        fail_msg("%s: its maps do not load", d->what);
    assert_int_equal(sally_mapping_compile(&mapping, &config), SALLY_E_OK);
    for (size_t i = 0; i < MESSAGES_MAX && d->messages[i].topic != NULL; i++)
        check_message(d, &d->messages[i], mapping);
    if (d->command.path != NULL)
        check_command(d, mapping);
    sally_mapping_wipe(mapping);
    sally_config_wipe(&config);
}

static void maps_what_each_device_says(void **state)
{
    static struct sally_config_file files[FILES_MAX];
    struct sally_arena arena = { 0 };
    size_t count = read_installed(&arena, "objects", files, 1);

    (void)state;
    count = read_installed(&arena, "profiles", files, count);
    for (size_t i = 0; i < SALLY_LEN(devices); i++)
        check_device(&devices[i], files, count, &arena);
    sally_arena_wipe(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_what_each_device_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
