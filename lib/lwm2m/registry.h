/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/registry.h - what objects and resources are: the OMA registry's
 * definitions, loaded at start from text by the gateway. Immutable and shared
 * by all clients of a process.                                              */
#ifndef SALLY_LWM2M_REGISTRY_H
#define SALLY_LWM2M_REGISTRY_H

#include "lwm2m/value.h"

enum { SALLY_OPERATION_READ = 1, SALLY_OPERATION_WRITE = 2,
       SALLY_OPERATION_EXECUTE = 4 };

struct sally_resource_definition {
    uint16_t id;
    enum sally_lwm2m_type type;
    uint8_t operations; /* set of SALLY_OPERATION_*; 0: bootstrap only */
    bool multiple, mandatory;
    bool bounded;    /* min and max hold: numbers, or length of a string */
    double min, max; /* inclusive */
    const char *name, *unit; /* owned by the registry; unit "" if none */
};

struct sally_object_definition {
    uint16_t id;
    bool multiple, mandatory;
    const char *name;
    const char *version; /* "1.0"; announced as ver= unless "1.0" */
    const struct sally_resource_definition *resources; /* ascending ids */
    size_t count;
};

struct sally_registry {
    struct sally_object_definition *objects; /* owned; ascending ids */
    size_t count, room;
};

/* Copies the definition and all it points to. DUPLICATE if the object is
 * there already; OUT_OF_RANGE for ids above 65534 or not ascending; NO_MEMORY.
 * The objects 0, 1, 2, 3, 20, 21 and 33001 are built in: see objects/.
 */
enum sally_err sally_registry_add(struct sally_registry *r,
                                  const struct sally_object_definition *d)
    SALLY_MUST_USE;

/* NULL if there is none. O(log n). */
const struct sally_object_definition *
sally_registry_object(const struct sally_registry *r, uint16_t object);
const struct sally_resource_definition *
sally_registry_resource(const struct sally_registry *r, uint16_t object,
                        uint16_t resource);

/* The same for a whole path, which must be as deep as the definition wants: 3,
 * or 4 in a multiple resource. NULL otherwise.                              */
const struct sally_resource_definition *
sally_registry_definition(const struct sally_registry *r,
                          const struct sally_path *path);

/* Type and range of a value for this resource, converting as
 * sally_value_convert() does; what object 21 had as text before its version 2.0
 * is taken as its bytes. WRONG_TYPE, OUT_OF_RANGE, NOT_FOUND.          */
enum sally_err sally_registry_admit(const struct sally_registry *r,
                                    const struct sally_path *path,
                                    const struct sally_lwm2m_value *v,
                                    struct sally_lwm2m_value *out)
    SALLY_MUST_USE;

/* The same, where a link may stand as text, as in CBOR, and in the SenML of
 * servers that say "vs" for it: only the definition tells that it is one.
 * MALFORMED besides.                                                        */
enum sally_err
sally_registry_admit_linked(const struct sally_registry *r,
                            const struct sally_path *path,
                            const struct sally_lwm2m_value *v,
                            struct sally_lwm2m_value *out) SALLY_MUST_USE;

void sally_registry_wipe(struct sally_registry *r);

#endif
