/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_credential_fields.c - the field table fits the
 * objects /0 and /21, and what is put field by field is what is made.       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "security/credential.h"

/* What of the objects is ours, by resource and type as the registry has it. */
static const struct resource {
    uint16_t object, resource;
    enum sally_credential_type type;
    bool secret;
} resources[] = {
    { 0, 2, SALLY_CREDENTIAL_INTEGER, false },
    { 0, 3, SALLY_CREDENTIAL_OPAQUE, false },
    { 0, 4, SALLY_CREDENTIAL_OPAQUE, false },
    { 0, 5, SALLY_CREDENTIAL_OPAQUE, true },
    { 0, 13, SALLY_CREDENTIAL_INTEGER, false },
    { 0, 14, SALLY_CREDENTIAL_TEXT, false },
    { 0, 15, SALLY_CREDENTIAL_INTEGER, false },
    { 0, 16, SALLY_CREDENTIAL_LIST, false },
    { 0, 17, SALLY_CREDENTIAL_LINK, false },
    { 21, 0, SALLY_CREDENTIAL_OPAQUE, true },
    { 21, 1, SALLY_CREDENTIAL_OPAQUE, false },
    { 21, 2, SALLY_CREDENTIAL_OPAQUE, false },
    { 21, 3, SALLY_CREDENTIAL_INTEGER, false },
    { 21, 4, SALLY_CREDENTIAL_INTEGER, false },
    { 21, 5, SALLY_CREDENTIAL_OPAQUE, true },
    { 21, 6, SALLY_CREDENTIAL_OPAQUE, false },
};

static const struct resource *resource_of(const struct sally_credential_field *f)
{
    for (size_t i = 0; i < SALLY_LEN(resources); i++)
        if (resources[i].object == f->object &&
            resources[i].resource == f->resource)
            return &resources[i];
    fail_msg("%s: /%d/x/%d is no resource of ours", f->config_key, f->object,
             f->resource);
    return NULL;
}

static void each_row_is_a_resource(void **state)
{
    size_t n;
    const struct sally_credential_field *all = sally_credential_fields(&n);

    (void)state;
    assert_int_equal(n, SALLY_FIELDS);
    for (size_t i = 0; i < n; i++) {
        const struct resource *r = resource_of(&all[i]);

        assert_int_equal(all[i].kind, i);
        assert_ptr_equal(sally_credential_field(all[i].kind), &all[i]);
        assert_int_equal(all[i].type, r->type);
        assert_int_equal(all[i].secret, r->secret);
        assert_true(all[i].from_file || !all[i].secret);
        assert_int_equal(all[i].needed_in & ~all[i].allowed_in, 0);
        assert_int_not_equal(all[i].allowed_in, 0);
        assert_true(all[i].min <= all[i].max);
        assert_non_null(all[i].config_key);
        assert_non_null(all[i].what);
    }
}

/* Once in each mode that has it, and never twice. */
static void each_resource_is_there_once(void **state)
{
    size_t n;
    const struct sally_credential_field *all = sally_credential_fields(&n);

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(resources); i++) {
        const struct resource *r = &resources[i];
        unsigned modes = 0;

        for (size_t j = 0; j < n; j++) {
            if (all[j].object != r->object || all[j].resource != r->resource)
                continue;
            if ((modes & all[j].allowed_in) != 0)
                fail_msg("%s: twice in a mode", all[j].config_key);
            modes |= all[j].allowed_in;
        }
        if (modes == 0)
            fail_msg("/%d/x/%d has no row", r->object, r->resource);
        for (int m = SALLY_MODE_PSK; m <= SALLY_MODE_NOSEC; m++)
            assert_int_equal(
                sally_credential_field_at(r->object, r->resource,
                                          (enum sally_security_mode)m) != NULL,
                (modes & 1u << m) != 0);
    }
}

static void config_keys_are_unique(void **state)
{
    size_t n;
    const struct sally_credential_field *all = sally_credential_fields(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(all[i].config_key, all[j].config_key);
}

static struct sally_credential_value number(int64_t n)
{
    return (struct sally_credential_value){ .number = n };
}

static struct sally_credential_value text(const char *t)
{
    return (struct sally_credential_value){ .bytes = sally_span_of(t) };
}

static enum sally_err put(struct sally_credential_draft *d,
                          enum sally_credential_kind kind,
                          struct sally_credential_value value)
{
    return sally_credential_put(d, sally_credential_field(kind), value);
}

static const struct given {
    enum sally_credential_kind kind;
    int64_t number;
    const char *text;
} given[] = {
    { SALLY_FIELD_MODE, SALLY_MODE_X509, NULL },
    { SALLY_FIELD_CERTIFICATE, 0, "certificate" },
    { SALLY_FIELD_SECRET_KEY, 0, "private" },
    { SALLY_FIELD_SERVER_KEY, 0, "anchor" },
    { SALLY_FIELD_USAGE, SALLY_USAGE_ANCHOR, NULL },
    { SALLY_FIELD_MATCHING, SALLY_MATCH_EXACT, NULL },
    { SALLY_FIELD_SERVER_NAME, 0, "example.com" },
    { SALLY_FIELD_SUITES, 0xc0ae, NULL },
    { SALLY_FIELD_SUITES, 0x1301, NULL },
    { SALLY_FIELD_OSCORE, 1, NULL },
    { SALLY_FIELD_MASTER_SECRET, 0, "a secret" },
    { SALLY_FIELD_MASTER_SALT, 0, "salt" },
    { SALLY_FIELD_SENDER_ID, 0, "a" },
    { SALLY_FIELD_RECIPIENT_ID, 0, "" },
    { SALLY_FIELD_ID_CONTEXT, 0, "context" },
    { SALLY_FIELD_AEAD, 24, NULL },
    { SALLY_FIELD_HKDF, 7, NULL },
};

static void what_is_put_is_made(void **state)
{
    struct sally_credential_draft d = { .given = 0 };
    struct sally_credential c = { .size = 0 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(given); i++)
        assert_int_equal(put(&d, given[i].kind,
                             given[i].text != NULL ? text(given[i].text)
                                                   : number(given[i].number)),
                         SALLY_E_OK);
    assert_int_equal(sally_credential_finish(&c, &d, NULL), SALLY_E_OK);
    assert_int_equal(c.mode, SALLY_MODE_X509);
    assert_true(sally_span_is(c.public_key, "certificate"));
    assert_true(sally_span_is(c.secret_key, "private"));
    assert_true(sally_span_is(c.server_public_key, "anchor"));
    assert_int_equal(c.usage, SALLY_USAGE_ANCHOR);
    assert_true(sally_span_is(c.server_name, "example.com"));
    assert_int_equal(c.suite_count, 2);
    assert_int_equal(c.suites[0], 0xc0ae);
    assert_int_equal(c.suites[1], 0x1301);
    assert_true(sally_span_is(c.oscore->master_secret, "a secret"));
    assert_true(sally_span_is(c.oscore->master_salt, "salt"));
    assert_true(sally_span_is(c.oscore->sender_id, "a"));
    assert_int_equal(c.oscore->recipient_id.len, 0);
    assert_true(sally_span_is(c.oscore->id_context, "context"));
    assert_true(c.oscore->has_id_context);
    assert_int_equal(c.oscore->aead, 24);
    assert_int_equal(c.oscore->hkdf, -11);
    sally_credential_wipe(&c);
}

static void what_is_beyond_the_limits_is_not_put(void **state)
{
    struct sally_credential_draft d = { .given = 0 };

    (void)state;
    assert_int_equal(put(&d, SALLY_FIELD_MODE, number(4)),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(put(&d, SALLY_FIELD_IDENTITY, text("")),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(put(&d, SALLY_FIELD_SENDER_ID, text("12345678")),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(put(&d, SALLY_FIELD_SUITES, number(65536)),
                     SALLY_E_OUT_OF_RANGE);
    assert_int_equal(put(&d, SALLY_FIELD_SERVER_NAME, text("192.0.2.1")),
                     SALLY_E_MALFORMED);
    assert_int_equal(put(&d, SALLY_FIELD_SERVER_NAME, text("2001:db8::1")),
                     SALLY_E_MALFORMED);
    assert_int_equal(d.given, 0);
    for (int i = 0; i < SALLY_SUITES_MAX; i++)
        assert_int_equal(put(&d, SALLY_FIELD_SUITES, number(1)), SALLY_E_OK);
    assert_int_equal(put(&d, SALLY_FIELD_SUITES, number(1)), SALLY_E_NO_ROOM);
}

/* An identifier may have no bytes, but must be said; a link can be undone. */
static void oscore_needs_its_identifiers(void **state)
{
    struct sally_credential_draft d = { .given = 0 };
    struct sally_credential c = { .size = 0 };
    const struct sally_credential_field *culprit = NULL;

    (void)state;
    assert_int_equal(put(&d, SALLY_FIELD_MODE, number(SALLY_MODE_NOSEC)),
                     SALLY_E_OK);
    assert_int_equal(put(&d, SALLY_FIELD_OSCORE, number(1)), SALLY_E_OK);
    assert_int_equal(put(&d, SALLY_FIELD_MASTER_SECRET, text("s")), SALLY_E_OK);
    assert_int_equal(put(&d, SALLY_FIELD_SENDER_ID, text("a")), SALLY_E_OK);
    assert_int_equal(sally_credential_finish(&c, &d, &culprit),
                     SALLY_E_NO_CREDENTIAL);
    assert_int_equal(culprit->kind, SALLY_FIELD_RECIPIENT_ID);
    assert_int_equal(put(&d, SALLY_FIELD_RECIPIENT_ID, text("")), SALLY_E_OK);
    assert_int_equal(sally_credential_finish(&c, &d, &culprit), SALLY_E_OK);
    assert_non_null(c.oscore);
    assert_false(c.oscore->has_id_context);
    assert_int_equal(put(&d, SALLY_FIELD_OSCORE, number(0)), SALLY_E_OK);
    assert_int_equal(sally_credential_finish(&c, &d, &culprit), SALLY_E_OK);
    assert_null(c.oscore);
    sally_credential_wipe(&c);
}

static void the_usage_is_domain_unless_said(void **state)
{
    struct sally_credential_draft d = { .given = 0 };
    struct sally_credential c = { .size = 0 };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(put(&d, given[i].kind,
                             given[i].text != NULL ? text(given[i].text)
                                                   : number(given[i].number)),
                         SALLY_E_OK);
    assert_int_equal(sally_credential_finish(&c, &d, NULL), SALLY_E_OK);
    assert_int_equal(c.usage, SALLY_USAGE_DOMAIN);
    sally_credential_wipe(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_a_resource),
        cmocka_unit_test(each_resource_is_there_once),
        cmocka_unit_test(config_keys_are_unique),
        cmocka_unit_test(what_is_put_is_made),
        cmocka_unit_test(what_is_beyond_the_limits_is_not_put),
        cmocka_unit_test(oscore_needs_its_identifiers),
        cmocka_unit_test(the_usage_is_domain_unless_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
