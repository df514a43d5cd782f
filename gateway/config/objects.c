/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/objects.c - the list `objects`: definitions of LwM2M objects
 * that need no code, as the OMA registry has them.                          */
#include "config/loader.h"

#include "lwm2m/objects/builtin.h"

#define ID_MAX 65534

static const struct sally_word types[] = {
    { "none", SALLY_TYPE_NONE },
    { "string", SALLY_TYPE_STRING },
    { "integer", SALLY_TYPE_INTEGER },
    { "unsigned", SALLY_TYPE_UNSIGNED },
    { "float", SALLY_TYPE_FLOAT },
    { "boolean", SALLY_TYPE_BOOLEAN },
    { "opaque", SALLY_TYPE_OPAQUE },
    { "time", SALLY_TYPE_TIME },
    { "objlnk", SALLY_TYPE_OBJLNK },
    { "corelnk", SALLY_TYPE_CORELNK },
    { NULL, 0 },
};

static const struct sally_word operations[] = {
    { "", 0 },
    { "R", SALLY_OPERATION_READ },
    { "W", SALLY_OPERATION_WRITE },
    { "RW", SALLY_OPERATION_READ | SALLY_OPERATION_WRITE },
    { "E", SALLY_OPERATION_EXECUTE },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_object_definition, field)

static const struct sally_key object_keys[] = {
    { "id", SALLY_KEY_WHOLE, AT(id), 0, ID_MAX, NULL, NULL, NULL,
      "not 0, 1, 3, 20, 21 or 33001, which are built in; unique" },
    { "name", SALLY_KEY_TEXT, AT(name), 1, 128, "a name", NULL, NULL,
      "of the object" },
    { "version", SALLY_KEY_TEXT, AT(version), 3, 7, "a version", "1.0", NULL,
      "of the definition" },
    { "multiple", SALLY_KEY_BOOLEAN, AT(multiple), 0, 0, NULL, "true", NULL,
      "it may have several instances" },
    { "mandatory", SALLY_KEY_BOOLEAN, AT(mandatory), 0, 0, NULL, "false", NULL,
      "a client must have it" },
    SALLY_ROW_OTHER("resources", "a list of resources",
                    "in rising order of their ids; must be given"),
};
#undef AT

#define AT(field) SALLY_FIELD(sally_resource_definition, field)

static const struct sally_key resource_keys[] = {
    { "id", SALLY_KEY_WHOLE, AT(id), 0, ID_MAX, NULL, NULL, NULL,
      "of the resource" },
    { "name", SALLY_KEY_TEXT, AT(name), 1, 128, "a name", NULL, NULL,
      "of the resource" },
    { "type", SALLY_KEY_WORD, AT(type), 0, 0, NULL, NULL, types,
      "of its value; `none` goes with `E` and only there" },
    { "operations", SALLY_KEY_WORD, AT(operations), 0, 0, NULL, "R", operations,
      "that a server may do" },
    { "mandatory", SALLY_KEY_BOOLEAN, AT(mandatory), 0, 0, NULL, "false", NULL,
      "an instance must have it" },
    { "multiple", SALLY_KEY_BOOLEAN, AT(multiple), 0, 0, NULL, "false", NULL,
      "it may have several instances" },
    { "unit", SALLY_KEY_TEXT, AT(unit), 0, 16, "a unit", "", NULL,
      "of its value" },
    { "min", SALLY_KEY_REAL, AT(min), 0, 0, NULL, "", NULL,
      "of a number, or in bytes of a string; with `max`" },
    { "max", SALLY_KEY_REAL, AT(max), 0, 0, NULL, "", NULL,
      "of a number, or in bytes of a string; with `min`" },
};

const struct sally_schema sally_group_object = {
    "object", "An entry of the list `objects`.", object_keys,
    SALLY_LEN(object_keys)
};
const struct sally_schema sally_group_resource = {
    "resource", "An entry of `resources` of an object.", resource_keys,
    SALLY_LEN(resource_keys)
};

static void take_resource(struct sally_loader *l, const config_setting_t *group,
                          struct sally_resource_definition *out)
{
    unsigned before = l->reader.bad;
    bool has_min, has_max;

    *out = (struct sally_resource_definition){ .name = "", .unit = "" };
    sally_schema_defaults(&l->reader, &sally_group_resource, out);
    sally_schema_read(&l->reader, &sally_group_resource, group, out);
    if (l->reader.bad != before)
        return;
    has_min = config_setting_get_member(group, "min") != NULL;
    has_max = config_setting_get_member(group, "max") != NULL;
    out->bounded = has_min && has_max;
    if (has_min != has_max || out->min > out->max)
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "max"), "max",
                       "both min and max, and max not below min");
    if ((out->type == SALLY_TYPE_NONE) !=
        (out->operations == SALLY_OPERATION_EXECUTE))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "operations"),
                       "operations",
                       "\"E\" with type \"none\" and only "
                       "there");
}

static void take_resources(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_object_definition *o)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, "resources", "groups { }", &list);
    struct sally_resource_definition *all =
        sally_arena_take(&l->scratch, count, sizeof(*all));

    if (all == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *one =
            config_setting_get_elem(list, (unsigned)i);

        take_resource(l, one, &all[i]);
        if (i != 0 && all[i].id <= all[i - 1].id)
            sally_expected(&l->reader, one,
                           config_setting_is_group(one)
                               ? config_setting_get_member(one, "id")
                               : one,
                           "id", "resources in rising order of their ids");
    }
    o->resources = all;
    o->count = count;
}

static void take_object(struct sally_loader *l, const config_setting_t *group,
                        void *context)
{
    struct sally_object_definition o = { .name = "", .version = "" };
    const config_setting_t *id = config_setting_get_member(group, "id");
    unsigned before = l->reader.bad;

    (void)context;
    l->common = sally_fingerprint_setting(l->common, group);
    sally_schema_defaults(&l->reader, &sally_group_object, &o);
    sally_schema_read(&l->reader, &sally_group_object, group, &o);
    take_resources(l, group, &o);
    if (l->reader.bad != before)
        return;
    if (o.count == 0) {
        sally_expected(&l->reader, group, NULL, "resources",
                       "at least one resource");
        return;
    }
    switch (sally_registry_add(&l->out->registry, &o)) {
    case SALLY_E_OK: return;
    case SALLY_E_DUPLICATE:
        sally_expected(&l->reader, group, id, "id",
                       "an object that is not built in or defined before");
        return;
    default:
        sally_complain(&l->reader, group, "objects",
                       "there is not enough memory for object %u", o.id);
    }
}

void sally_load_objects(struct sally_loader *l)
{
    if (sally_objects_builtin(&l->out->registry) != SALLY_E_OK)
        sally_complain_at(&l->reader, l->out->file, 1, "objects",
                          "there is not enough memory for the built-in ones");
    sally_load_each(l, "objects", take_object, NULL);
}
