/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/load.c - from the bytes of all files to one configuration. */
#include "config/loader.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"

#define OBJECTS                                                                \
    SALLY_ROW_OTHER("objects", "a list of groups",                             \
                    "LwM2M objects that need no code; also in `objects.d`")
#define PROFILES                                                               \
    SALLY_ROW_OTHER("profiles", "a list of groups",                            \
                    "device models: how payloads become resources; also in "   \
                    "`profiles.d`")
#define SENSORS                                                                \
    SALLY_ROW_OTHER("sensors", "a list of groups", "also in `sensors.d`")

static const struct sally_key main_keys[] = {
    SALLY_ROW_OTHER("gateway", "a group", "must be given"),
    SALLY_ROW_OTHER("local", "a group", "must be given"),
    SALLY_ROW_OTHER("servers", "a list of groups", "must be given"),
    SALLY_ROW_OTHER("sensor_defaults", "a group",
                    "what holds for each sensor that does not say otherwise"),
    SENSORS,
    PROFILES,
    OBJECTS,
};
static const struct sally_key objects_keys[] = { OBJECTS };
static const struct sally_key profiles_keys[] = { PROFILES };
static const struct sally_key sensors_keys[] = { SENSORS };

const struct sally_schema sally_group_file = { "sallyport.conf",
                                               "The main file.", main_keys,
                                               SALLY_LEN(main_keys) };
static const struct sally_schema objects_folder = { "objects.d", NULL,
                                                    objects_keys, 1 };
static const struct sally_schema profiles_folder = { "profiles.d", NULL,
                                                     profiles_keys, 1 };
static const struct sally_schema sensors_folder = { "sensors.d", NULL,
                                                    sensors_keys, 1 };

/* What a file may hold, by where it lies. */
static const struct place {
    const char *folder;
    const struct sally_schema *schema;
} places[] = {
    [SALLY_PLACE_MAIN] = { "", &sally_group_file },
    [SALLY_PLACE_OBJECTS] = { "objects.d", &objects_folder },
    [SALLY_PLACE_PROFILES] = { "profiles.d", &profiles_folder },
    [SALLY_PLACE_SENSORS] = { "sensors.d", &sensors_folder },
};

/* The folder that the file lies in directly tells. */
static enum sally_place place_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t end = slash == NULL ? 0 : (size_t)(slash - path);
    size_t begin = end;
    struct sally_span folder;

    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    folder = sally_span_sub(sally_span_of(path), begin, end - begin);
    for (size_t i = 1; i < SALLY_LEN(places); i++)
        if (sally_span_is(folder, places[i].folder))
            return (enum sally_place)i;
    return SALLY_PLACE_SENSORS;
}

static bool is_list_key(enum sally_place place, const char *key)
{
    const struct sally_schema *s = places[place].schema;

    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->keys[i].name, key) == 0)
            return true;
    return false;
}

size_t sally_load_each(struct sally_loader *l, const char *key,
                       void (*each)(struct sally_loader *l,
                                    const config_setting_t *group,
                                    void *context),
                       void *context)
{
    size_t count = 0;

    for (size_t i = 0; i < l->source_count; i++) {
        const struct sally_source *s = &l->sources[i];
        const config_setting_t *list =
            s->parsed && is_list_key(s->place, key)
                ? config_setting_get_member(config_root_setting(&s->config),
                                            key)
                : NULL;
        int length = list != NULL && config_setting_is_list(list)
                         ? config_setting_length(list)
                         : 0;

        l->reader.file = s->path;
        for (int j = 0; j < length; j++) {
            const config_setting_t *one =
                config_setting_get_elem(list, (unsigned)j);

            if (!config_setting_is_group(one))
                continue; /* check_lists has said so */
            count++;
            if (each != NULL)
                each(l, one, context);
        }
    }
    return count;
}

/* The lists of a file are lists, and of groups. */
static void check_lists(struct sally_loader *l, const config_setting_t *root)
{
    static const char *const keys[] = { "servers", "objects", "profiles",
                                        "sensors" };

    for (size_t i = 0; i < SALLY_LEN(keys); i++) {
        const config_setting_t *list;
        size_t count =
            sally_schema_list(&l->reader, root, keys[i], "groups { }", &list);

        for (size_t j = 0; j < count; j++) {
            const config_setting_t *one =
                config_setting_get_elem(list, (unsigned)j);

            if (!config_setting_is_group(one))
                sally_expected(&l->reader, list, one, keys[i],
                               "a group { } of keys");
        }
    }
}

static void complain_syntax(struct sally_loader *l, const config_t *config)
{
    const char *text = config_error_text(config);

    sally_complain_at(&l->reader, l->reader.file,
                      (unsigned)config_error_line(config), "syntax", "%s",
                      text == NULL ? "cannot be read" : text);
}

static void parse(struct sally_loader *l, struct sally_source *s,
                  struct sally_span text)
{
    const char *copy;

    l->reader.file = s->path;
    l->incomplete = true; /* until it turns out to be fine */
    if (!sally_scan_text(&l->reader, text))
        return;
    copy = sally_arena_text(&l->scratch, text);
    config_init(&s->config);
    config_set_include_dir(&s->config, "/dev/null");
    if (config_read_string(&s->config, copy) == CONFIG_TRUE) {
        s->parsed = true;
        l->incomplete = false;
        sally_schema_read(&l->reader, places[s->place].schema,
                          config_root_setting(&s->config), NULL);
        check_lists(l, config_root_setting(&s->config));
        return;
    }
    complain_syntax(l, &s->config);
    config_destroy(&s->config);
}

/* All files, before anything is made of them. */
static void parse_all(struct sally_loader *l,
                      const struct sally_config_file *files, size_t count)
{
    bool incomplete = false;

    l->sources = sally_arena_take(&l->scratch, count, sizeof(*l->sources));
    if (l->sources == NULL)
        return;
    l->source_count = count;
    for (size_t i = 0; i < count; i++) {
        struct sally_source *s = &l->sources[i];

        s->path =
            sally_arena_text(&l->out->details, sally_span_of(files[i].path));
        s->place = i == 0 ? SALLY_PLACE_MAIN : place_of(s->path);
        parse(l, s, files[i].text);
        incomplete = incomplete || l->incomplete;
    }
    l->incomplete = incomplete;
}

static int by_id(const void *a, const void *b, void *context)
{
    const struct sally_config *c = context;
    const uint32_t *left = a, *right = b;

    return strcmp(c->sensors[*left].id, c->sensors[*right].id);
}

static void index_sensors(struct sally_config *c)
{
    uint32_t *index =
        sally_arena_take(&c->details, c->sensor_count, sizeof(*index));

    if (index == NULL)
        return;
    for (size_t i = 0; i < c->sensor_count; i++)
        index[i] = (uint32_t)i;
    qsort_r(index, c->sensor_count, sizeof(*index), by_id, c);
    c->by_id = index;
    c->sensor_live = c->sensor_count;
}

static void load_groups(struct sally_loader *l)
{
    l->reader.file = l->out->file;
    if (l->sources[0].parsed) {
        const config_setting_t *root =
            config_root_setting(&l->sources[0].config);

        sally_load_gateway(l, root);
        sally_load_local(l, root);
        sally_load_servers(l, root);
    }
    sally_load_objects(l);
    sally_load_profiles(l);
    sally_load_sensors(l);
    sally_servers_check(l);
    index_sensors(l->out);
}

static void beside(struct sally_config *c)
{
    const char *slash = strrchr(c->file, '/');
    int dir = slash == NULL ? 0 : (int)(slash - c->file) + 1;

    c->passwords_file =
        sally_arena_format(&c->arena, "%.*spasswords", dir, c->file);
}

static void release(struct sally_loader *l)
{
    for (size_t i = 0; i < l->source_count; i++)
        if (l->sources[i].parsed)
            config_destroy(&l->sources[i].config);
    sally_names_wipe(&l->servers);
    sally_names_wipe(&l->profiles);
    sally_arena_wipe(&l->scratch);
    (void)malloc_trim(0); /* trees of many files: more than what is kept */
}

unsigned sally_config_load(const struct sally_config_file *files, size_t count,
                           struct sally_config *out, FILE *report)
{
    struct sally_loader l = { .reader = { .out = report,
                                          .arena = &out->arena,
                                          .file = files[0].path },
                              .out = out };
    bool memory;

    *out = (struct sally_config){ .name = "",
                                  .generation = 1,
                                  .min_assurance = SALLY_ASSURANCE_SECRET };
    out->file = sally_arena_text(&out->arena, sally_span_of(files[0].path));
    beside(out);
    parse_all(&l, files, count);
    memory = l.sources != NULL &&
             sally_names_init(&l.servers, &l.scratch, 16) == SALLY_E_OK &&
             sally_names_init(&l.profiles, &l.scratch, 256) == SALLY_E_OK;
    if (memory)
        load_groups(&l);
    if (!memory || out->arena.failed || out->slots.failed ||
        out->details.failed || l.scratch.failed)
        sally_complain_at(&l.reader, out->file, 1, "memory",
                          "not enough for this configuration");
    release(&l);
    return l.reader.bad;
}

void sally_config_wipe(struct sally_config *c)
{
    sally_registry_wipe(&c->registry);
    sally_arena_wipe(&c->arena);
    sally_arena_wipe(&c->slots);
    sally_arena_wipe(&c->details);
    *c = (struct sally_config){ .file = "" };
}

void sally_config_forget_sensors(struct sally_config *c)
{
    c->sensors = NULL;
    c->by_id = NULL;
    c->profiles = NULL;
    c->sensor_count = c->profile_count = 0;
    sally_arena_wipe(&c->slots);
    sally_arena_wipe(&c->details);
    (void)malloc_trim(0);
}

size_t sally_config_sensor_named(const struct sally_config *c,
                                 struct sally_span id)
{
    size_t low = 0, high = c->by_id == NULL ? 0 : c->sensor_live;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t number = c->by_id[middle];
        int order = sally_span_order(sally_span_of(c->sensors[number].id), id);

        if (order == 0)
            return number;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}
