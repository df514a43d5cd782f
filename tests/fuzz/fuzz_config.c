/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_config.c - any bytes as the main file. Promises: as many
 * lines are reported as problems counted; what loads without a problem holds
 * nothing that another part would have to check again.                      */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static const char objects[] =
    "objects = ( { id = 3303; name = \"T\"; resources = ("
    "{ id = 5605; name = \"R\"; type = \"none\"; operations = \"E\"; },"
    "{ id = 5700; name = \"V\"; type = \"float\"; } ); },"
    "{ id = 3306; name = \"A\"; resources = ("
    "{ id = 5850; name = \"S\"; type = \"boolean\"; operations = \"RW\"; },"
    "{ id = 5853; name = \"M\"; type = \"string\"; operations = \"RW\"; } );"
    " } );";

/* libconfig 1.5 loses the text that it was reading when it met an error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

static void insist(bool promise)
{
    if (!promise)
        abort();
}

static void check_profile(const struct sally_config *c,
                          const struct sally_config_profile *p)
{
    for (size_t i = 0; i < p->map_count; i++) {
        const struct sally_config_map *m = &p->maps[i];

        insist(m->topic[0] != '\0' && strpbrk(m->topic, "+#") == NULL);
        for (size_t j = 0; j < m->put_count; j++) {
            insist(sally_registry_definition(&c->registry, &m->put[j].to) !=
                   NULL);
            insist(m->put[j].div != 0.0 && m->put[j].unit != NULL);
            insist(m->put[j].min <= m->put[j].max);
        }
        for (size_t j = 0; j < m->alive_count; j++)
            insist(m->alive[j].payload != NULL);
    }
    for (size_t i = 0; i < p->down_count; i++) {
        insist(sally_registry_definition(&c->registry, &p->down[i].on) !=
               NULL);
        insist(p->down[i].payload != NULL && p->down[i].timeout != 0);
    }
}

/* What the mode needs is there, and all of it has a row. */
static void check_account(const struct sally_config_account *a)
{
    insist(a->mode != SALLY_MODE_PSK ||
           (sally_config_part(a, SALLY_FIELD_IDENTITY) != NULL &&
            sally_config_part(a, SALLY_FIELD_SECRET_KEY) != NULL));
    for (size_t i = 0; i < a->part_count; i++) {
        const struct sally_credential_field *f =
            sally_credential_field(a->parts[i].kind);

        insist(f != NULL && (f->allowed_in & 1u << a->mode) != 0);
        insist(a->parts[i].bytes.len <= SALLY_CREDENTIAL_MAX);
    }
}

static void check_sensor(const struct sally_config *c, size_t number)
{
    const struct sally_config_sensor *s = &c->sensors[number];

    insist(s->id[0] != '\0' && strpbrk(s->id, "+#/{}") == NULL);
    insist(sally_config_sensor_named(c, sally_span_of(s->id)) == number);
    insist(s->endpoint[0] != '\0' && s->profile < c->profile_count);
    insist(s->auth_count != 0 && s->account_count != 0);
    for (size_t i = 0; i < s->account_count; i++) {
        const struct sally_config_account *a = &s->accounts[i];

        insist(a->server < c->server_count);
        insist(sally_stack_row(
                   a->mode,
                   sally_config_scheme(&c->servers[a->server].uri)) != NULL);
        check_account(a);
    }
}

static void check(const struct sally_config *c)
{
    insist(c->name[0] != '\0' && c->sensor_count <= c->max_sensors);
    insist(c->coap_count + c->mqtt_count != 0);
    for (size_t i = 0; i < c->server_count; i++)
        insist(c->servers[i].uri.port != 0 &&
               c->servers[i].short_server_id != 0);
    for (size_t i = 0; i < c->profile_count; i++)
        check_profile(c, &c->profiles[i]);
    for (size_t i = 0; i < c->sensor_count; i++)
        check_sensor(c, i);
}

static size_t lines_of(const char *report)
{
    size_t lines = 0;

    for (size_t i = 0; report[i] != '\0'; i++)
        lines += report[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sally_config_file files[] = {
        { "sallyport.conf", { data, size } },
        { "objects.d/o.conf", sally_span_of(objects) },
    };
    struct sally_config c;
    char *report = NULL;
    size_t report_size;
    FILE *stream = open_memstream(&report, &report_size);
    unsigned bad;

    if (stream == NULL)
        return 0;
    bad = sally_config_load(files, 2, &c, stream);
    fclose(stream);
    insist(lines_of(report) == bad);
    if (bad == 0)
        check(&c);
    sally_config_wipe(&c);
    free(report);
    return 0;
}
