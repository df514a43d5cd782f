/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_security_objects.c - the credential table and the
 * objects /0 and /21 are about the same resources, which no server can reach
 * and no client ever lists.                                                 */
#include "unit/lwm2m/world.h"

#include "security/credential.h"

static const struct kind {
    enum sally_credential_type field;
    enum sally_lwm2m_type resource, other;
    bool multiple;
} kinds[] = {
    { SALLY_CREDENTIAL_INTEGER, SALLY_TYPE_INTEGER, SALLY_TYPE_UNSIGNED,
      false },
    { SALLY_CREDENTIAL_TEXT, SALLY_TYPE_STRING, SALLY_TYPE_STRING, false },
    { SALLY_CREDENTIAL_OPAQUE, SALLY_TYPE_OPAQUE, SALLY_TYPE_OPAQUE, false },
    { SALLY_CREDENTIAL_LIST, SALLY_TYPE_UNSIGNED, SALLY_TYPE_INTEGER, true },
    { SALLY_CREDENTIAL_LINK, SALLY_TYPE_OBJLNK, SALLY_TYPE_OBJLNK, false },
};

static void check_field(const struct sally_registry *r,
                        const struct sally_credential_field *f)
{
    const struct sally_resource_definition *d =
        sally_registry_resource(r, f->object, f->resource);

    if (d == NULL)
        fail_msg("%s: /%u/x/%u is not defined", f->config_key, f->object,
                 f->resource);
    for (size_t i = 0; i < SALLY_LEN(kinds); i++)
        if (kinds[i].field == f->type &&
            ((d->type != kinds[i].resource && d->type != kinds[i].other) ||
             d->multiple != kinds[i].multiple))
            fail_msg("%s: /%u/x/%u has another type", f->config_key, f->object,
                     f->resource);
    assert_int_equal(d->operations, 0);
}

static void each_field_is_a_resource(void **state)
{
    struct sally_registry r = { .count = 0 };
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);

    (void)state;
    assert_int_equal(sally_objects_builtin(&r), SALLY_E_OK);
    for (size_t i = 0; i < count; i++)
        check_field(&r, &f[i]);
    sally_registry_wipe(&r);
}

/* Those of /0 that are more than keys and what goes with them, and those that
 * nothing here acts on: SMS, what TLS may use, other transports.            */
static bool is_of_credential(uint16_t object, uint16_t resource)
{
    static const uint16_t others[] = { 0,  1,  6,  7,  8,  9,  10, 11, 12, 18,
                                       19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
                                       29, 30 };

    for (size_t i = 0; object == 0 && i < SALLY_LEN(others); i++)
        if (others[i] == resource)
            return false;
    return true;
}

static void each_resource_is_a_field(void **state)
{
    static const uint16_t both[] = { SALLY_OBJECT_SECURITY,
                                     SALLY_OBJECT_OSCORE };
    struct sally_registry r = { .count = 0 };

    (void)state;
    assert_int_equal(sally_objects_builtin(&r), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(both); i++)
        for (uint16_t id = 0; id < 40; id++) {
            bool known = false;

            if (sally_registry_resource(&r, both[i], id) == NULL ||
                !is_of_credential(both[i], id))
                continue;
            for (int m = SALLY_MODE_PSK; m <= SALLY_MODE_X509; m++)
                known |= sally_credential_field_at(
                             both[i], id, (enum sally_security_mode)m) != NULL;
            if (!known)
                fail_msg("/%u/x/%u has no row", both[i], id);
        }
    sally_registry_wipe(&r);
}

/* In no Register; world.h keeps its payload. */
static void no_client_lists_them(void **state)
{
    struct world *w = world_registered(11);
    static const char *const hidden[] = { "</0", "</21", "<0", "<21" };

    (void)state;
    assert_non_null(strstr(w->links, "</3303/0>"));
    for (size_t i = 0; i < SALLY_LEN(hidden); i++)
        assert_null(strstr(w->links, hidden[i]));
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_a_resource),
        cmocka_unit_test(each_resource_is_a_field),
        cmocka_unit_test(no_client_lists_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
