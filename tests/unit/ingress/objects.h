/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/objects.h - a registry with the objects that the tests of
 * the mapping write to.                                                     */
#ifndef SALLY_TEST_INGRESS_OBJECTS_H
#define SALLY_TEST_INGRESS_OBJECTS_H

#include "config/config.h"

#define R SALLY_OPERATION_READ
#define RW (SALLY_OPERATION_READ | SALLY_OPERATION_WRITE)
#define ROW(id, type, ops) { id, SALLY_TYPE_##type, ops, false, false, false, \
                             0, 0, "", "" }
#define BOUNDED(id, type, ops, min, max) { id, SALLY_TYPE_##type, ops, false, \
                                           false, true, min, max, "", "" }

static const struct sally_resource_definition device[] = {
    ROW(0, STRING, R),
    { 7, SALLY_TYPE_INTEGER, R, true, false, false, 0, 0, "", "mV" },
    BOUNDED(9, INTEGER, R, 0, 100),
    ROW(13, TIME, RW),
};
static const struct sally_resource_definition connectivity[] = {
    ROW(2, INTEGER, R), ROW(3, INTEGER, R),
};
static const struct sally_resource_definition contact[] = {
    ROW(5500, BOOLEAN, R), ROW(5501, INTEGER, R), ROW(5750, STRING, RW),
};
static const struct sally_resource_definition generic[] = {
    ROW(5605, NONE, SALLY_OPERATION_EXECUTE), ROW(5700, FLOAT, R),
    ROW(5701, STRING, R), ROW(5750, STRING, RW),
};
static const struct sally_resource_definition power[] = {
    ROW(5800, FLOAT, R), ROW(5805, FLOAT, R),
};
static const struct sally_resource_definition set_point[] = {
    ROW(5701, STRING, R), ROW(5900, FLOAT, RW),
};
static const struct sally_resource_definition actuation[] = {
    ROW(5850, BOOLEAN, RW), BOUNDED(5851, INTEGER, RW, 0, 100),
};
static const struct sally_resource_definition display[] = {
    ROW(5527, STRING, RW), ROW(5528, OPAQUE, RW), ROW(5529, UNSIGNED, RW),
    ROW(5530, OBJLNK, RW),
};
static const struct sally_resource_definition battery[] = {
    ROW(3, FLOAT, R),
};

#define OBJECT(id, resources) { id, true, false, "", "1.0", resources, \
                                SALLY_LEN(resources) }

static const struct sally_object_definition objects[] = {
    OBJECT(3, device),     OBJECT(4, connectivity), OBJECT(3200, contact),
    OBJECT(3301, generic), OBJECT(3303, generic),   OBJECT(3304, generic),
    OBJECT(3305, power),   OBJECT(3306, actuation), OBJECT(3308, set_point),
    OBJECT(3316, generic), OBJECT(3317, generic),   OBJECT(3318, generic),
    OBJECT(3320, generic), OBJECT(3328, generic),   OBJECT(3341, display),
    OBJECT(3342, contact), OBJECT(3411, battery),
};

static inline bool objects_load(struct sally_registry *r)
{
    *r = (struct sally_registry){ .count = 0 };
    for (size_t i = 0; i < SALLY_LEN(objects); i++)
        if (sally_registry_add(r, &objects[i]) != SALLY_E_OK)
            return false;
    return true;
}

/* The type that the configuration would have put into a rule. */
static inline enum sally_lwm2m_type type_at(const struct sally_registry *r,
                                            const struct sally_path *path)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(r, path);

    return d == NULL ? SALLY_TYPE_NONE : d->type;
}

#endif
