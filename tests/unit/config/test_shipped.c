/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_shipped.c - the configuration that is installed
 * loads as it is, and its objects and profiles together.                    */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>

#include "config/files.h"

#define FILES_MAX 256

/* All of conf/, laid out as it is when installed. */
struct shipped {
    struct sally_config_file files[FILES_MAX];
    struct sally_arena arena;
    size_t count;
};

static const char *conf_dir(void)
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

static void add_folder(struct shipped *s, const char *from, const char *as)
{
    const char *path = sally_arena_format(&s->arena, "%s/conf/%s", conf_dir(),
                                          from);
    DIR *dir = opendir(path);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".conf") == NULL)
            continue;
        assert_true(s->count < FILES_MAX);
        s->files[s->count].path = sally_arena_format(&s->arena, "%s/%s", as,
                                                     entry->d_name);
        s->files[s->count].text =
            slurp(&s->arena, sally_arena_format(&s->arena, "%s/%s", path,
                                                entry->d_name));
        s->count++;
    }
    closedir(dir);
}

static void gather(struct shipped *s)
{
    memset(s, 0, sizeof(*s));
    s->files[0].path = "sallyport.conf";
    s->files[0].text = slurp(
        &s->arena, sally_arena_format(&s->arena, "%s/conf/sallyport.conf",
                                      conf_dir()));
    s->count = 1;
    add_folder(s, "objects", "objects.d");
    add_folder(s, "profiles", "profiles.d");
}

static void loads_as_it_is(void **state)
{
    static struct shipped s;
    struct sally_config c;

    (void)state;
    gather(&s);
    assert_int_equal(sally_config_load(s.files, s.count, &c, stderr), 0);
    assert_true(c.profile_count >= 8);
    assert_non_null(sally_registry_object(&c.registry, 3303));
    assert_int_equal(c.sensor_count, 0);
    assert_string_equal(c.coap[0].address, "127.0.0.1");
    sally_config_wipe(&c);
    sally_arena_wipe(&s.arena);
}

/* What stands behind "# " in the example of a sensor, without the "# ". */
static const char *example_of(struct sally_arena *a, const char *text)
{
    const char *at = strstr(text, "# sensors = (");
    const char *result = "";

    assert_non_null(at);
    while (at[0] == '#') {
        size_t len = strcspn(at, "\n");

        result = sally_arena_format(a, "%s%.*s\n", result, (int)len - 1,
                                    &at[1]);
        at = &at[len + 1];
    }
    return result;
}

static void its_example_of_a_sensor_loads(void **state)
{
    static struct shipped s;
    const struct sally_config_part *part;
    struct sally_config c;

    (void)state;
    gather(&s);
    s.files[s.count].path = "sensors.d/boiler.conf";
    s.files[s.count].text = sally_span_of(
        example_of(&s.arena, (const char *)s.files[0].text.at));
    s.count++;
    assert_int_equal(sally_config_load(s.files, s.count, &c, stderr), 0);
    assert_int_equal(c.sensor_count, 1);
    assert_string_equal(c.sensors[0].endpoint, "gateway-boiler");
    part = sally_config_part(&c.sensors[0].accounts[0], SALLY_FIELD_SECRET_KEY);
    assert_non_null(part);
    assert_true(sally_span_is(part->bytes, "keys/boiler.psk"));
    sally_config_wipe(&c);
    sally_arena_wipe(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_as_it_is),
        cmocka_unit_test(its_example_of_a_sensor_loads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
