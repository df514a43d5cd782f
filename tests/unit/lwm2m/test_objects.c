/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_objects.c - lib/lwm2m/objects: what is built in takes
 * the room that it says, and has what its definition demands.               */
#include "lwm2m/objects/builtin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum sally_err add_server(struct sally_resources *r)
{
    const struct sally_server_factory f = { .short_server_id = 123,
                                            .lifetime = 86400,
                                            .bootstrap = true,
                                            .binding = "UT" };

    return sally_server_object(r, &f);
}

static enum sally_err add_device(struct sally_resources *r)
{
    return sally_device_object(r, "maker", "model", "serial");
}

static enum sally_err add_provenance(struct sally_resources *r)
{
    return sally_provenance_object(r, "gateway");
}

static const struct row {
    const char *what;
    enum sally_err (*add)(struct sally_resources *r);
    size_t slots;
    uint16_t object;
    bool whole; /* it is all that the object must have */
} rows[] = {
    { "server", add_server, SALLY_SERVER_SLOTS, SALLY_OBJECT_SERVER, true },
    { "device", add_device, SALLY_DEVICE_SLOTS, SALLY_OBJECT_DEVICE, true },
    { "provenance", add_provenance, SALLY_PROVENANCE_SLOTS,
      SALLY_OBJECT_PROVENANCE, true },
    { "silence", sally_provenance_silence, SALLY_SILENCE_SLOTS,
      SALLY_OBJECT_PROVENANCE, false },
    { "log", sally_log_object, SALLY_LOG_SLOTS, SALLY_OBJECT_LOG, true },
};

static enum sally_err add(const struct sally_registry *registry,
                          const struct row *row, size_t slots,
                          struct sally_resources *r)
{
    enum sally_err e = sally_resources_init(
        r, registry, slots, SALLY_BUILTIN_ARENA + SALLY_LOG_ROOM);

    assert_int_equal(e, SALLY_E_OK);
    return row->add(r);
}

/* Each mandatory resource of the definition is there. */
static void look(const struct sally_registry *registry, const struct row *row,
                 struct sally_resources *r)
{
    const struct sally_object_definition *d =
        sally_registry_object(registry, row->object);

    assert_non_null(d);
    for (size_t i = 0; row->whole && i < d->count; i++) {
        struct sally_path at =
            sally_path_resource(row->object, 0, d->resources[i].id);

        if (!d->resources[i].mandatory)
            continue;
        if (d->resources[i].multiple)
            at.id[at.depth++] = 0;
        if (sally_resources_find(r, &at) == NULL)
            print_message("%s lacks %u\n", row->what, d->resources[i].id);
        assert_non_null(sally_resources_find(r, &at));
    }
}

static void each_takes_what_it_says(void **state)
{
    struct sally_registry registry = { .count = 0 };

    (void)state;
    assert_int_equal(sally_objects_builtin(&registry), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_resources r;

        print_message("%s\n", rows[i].what);
        assert_int_equal(add(&registry, &rows[i], rows[i].slots, &r),
                         SALLY_E_OK);
        look(&registry, &rows[i], &r);
        sally_resources_wipe(&r);
        assert_int_equal(add(&registry, &rows[i], rows[i].slots - 1, &r),
                         SALLY_E_NO_ROOM);
        sally_resources_wipe(&r);
    }
    sally_registry_wipe(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_takes_what_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
