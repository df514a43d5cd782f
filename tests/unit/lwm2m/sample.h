/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/sample.h - a small registry for tests: the objects of the
 * specification's examples, and one with a resource of every type.          */
#ifndef SALLY_TESTS_LWM2M_SAMPLE_H
#define SALLY_TESTS_LWM2M_SAMPLE_H

#include "lwm2m/registry.h"

#include <stdlib.h>

#define R SALLY_OPERATION_READ
#define RW (SALLY_OPERATION_READ | SALLY_OPERATION_WRITE)
#define ONE(id, type, operations)                                              \
    { id, SALLY_TYPE_##type, operations, false, false, false, 0, 0, #type, "" }
#define MANY(id, type, operations)                                             \
    { id, SALLY_TYPE_##type, operations, true, false, false, 0, 0, #type, "" }
#define BOUND(id, type, low, high)                                             \
    { id, SALLY_TYPE_##type, RW, false, false, true, low, high, #type, "" }

static const struct sally_resource_definition server_resources[] = {
    ONE(0, INTEGER, R), ONE(1, INTEGER, RW), ONE(6, BOOLEAN, RW),
    ONE(7, STRING, RW)
};
static const struct sally_resource_definition access_resources[] = {
    ONE(0, INTEGER, R), ONE(1, INTEGER, R), MANY(2, INTEGER, RW),
    ONE(3, INTEGER, RW)
};
static const struct sally_resource_definition device_resources[] = {
    ONE(0, STRING, R),    ONE(1, STRING, R),     ONE(2, STRING, R),
    ONE(3, STRING, R),    ONE(4, NONE, SALLY_OPERATION_EXECUTE),
    MANY(6, INTEGER, R),  MANY(7, INTEGER, R),   MANY(8, INTEGER, R),
    ONE(9, INTEGER, R),   ONE(10, INTEGER, R),   MANY(11, INTEGER, R),
    ONE(13, TIME, RW),    ONE(14, STRING, RW),   ONE(16, STRING, R)
};
static const struct sally_resource_definition linking_resources[] = {
    MANY(0, OBJLNK, RW), ONE(1, STRING, RW), ONE(2, INTEGER, RW)
};
static const struct sally_resource_definition linked_resources[] = {
    ONE(0, STRING, RW), ONE(1, STRING, RW), ONE(2, OBJLNK, RW)
};
static const struct sally_resource_definition temperature_resources[] = {
    ONE(5601, FLOAT, R), ONE(5605, NONE, SALLY_OPERATION_EXECUTE),
    ONE(5700, FLOAT, R), ONE(5701, STRING, R)
};
static const struct sally_resource_definition every_type[] = {
    ONE(1, STRING, RW),   ONE(2, INTEGER, RW),  ONE(3, UNSIGNED, RW),
    ONE(4, FLOAT, RW),    ONE(5, BOOLEAN, RW),  ONE(6, OPAQUE, RW),
    ONE(7, TIME, RW),     ONE(8, OBJLNK, RW),   ONE(9, CORELNK, RW),
    MANY(11, STRING, RW), MANY(12, INTEGER, RW), MANY(13, UNSIGNED, RW),
    MANY(14, FLOAT, RW),  MANY(15, BOOLEAN, RW), MANY(16, OPAQUE, RW),
    MANY(17, TIME, RW),   MANY(18, OBJLNK, RW), MANY(19, CORELNK, RW),
    ONE(20, NONE, SALLY_OPERATION_EXECUTE),
    BOUND(21, FLOAT, -10, 10), BOUND(22, STRING, 2, 4),
    BOUND(23, INTEGER, 0, 100), BOUND(24, OPAQUE, 0, 3),
    ONE(300, INTEGER, RW)
};

static const struct sally_object_definition sample_objects[] = {
    { 1, true, true, "Server", "1.1", server_resources,
      SALLY_LEN(server_resources) },
    { 2, true, false, "Access Control", "1.0", access_resources,
      SALLY_LEN(access_resources) },
    { 3, false, true, "Device", "1.1", device_resources,
      SALLY_LEN(device_resources) },
    { 65, true, false, "Linking", "1.0", linking_resources,
      SALLY_LEN(linking_resources) },
    { 66, true, false, "Linked", "1.0", linked_resources,
      SALLY_LEN(linked_resources) },
    { 3303, true, false, "Temperature", "1.1", temperature_resources,
      SALLY_LEN(temperature_resources) },
    { 9000, true, false, "Every type", "1.0", every_type,
      SALLY_LEN(every_type) },
};

#undef R
#undef RW
#undef ONE
#undef MANY
#undef BOUND

static inline void sample_registry(struct sally_registry *r)
{
    *r = (struct sally_registry){ .objects = NULL };
    for (size_t i = 0; i < SALLY_LEN(sample_objects); i++)
        if (sally_registry_add(r, &sample_objects[i]) != SALLY_E_OK)
            abort();
}

/* A path from text that is known to be right. */
static inline struct sally_path sample_path(const char *text)
{
    struct sally_path p;

    if (sally_path_parse(sally_span_of(text), &p) != SALLY_E_OK)
        abort();
    return p;
}

/* Records as text, one after the other: "/3/0/9=100 ", with the time in
 * milliseconds behind an "@" where there is one. Valid until the next call. */
static inline const char *sample_told(const struct sally_lwm2m_record *records,
                                      size_t count)
{
    static char text[4096];
    struct sally_buf buf = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&buf);

    for (size_t i = 0; i < count; i++) {
        sally_path_put(&w, &records[i].path);
        sally_put_u8(&w, '=');
        if (sally_value_put_text(&w, &records[i].value) != SALLY_E_OK)
            return "no text";
        if (records[i].time != 0) {
            sally_put_u8(&w, '@');
            sally_put_integer(&w, records[i].time);
        }
        sally_put_u8(&w, ' ');
    }
    text[buf.len] = '\0';
    return text;
}

#endif
