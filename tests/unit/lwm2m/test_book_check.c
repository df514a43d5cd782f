/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_book_check.c - which accounts are whole: each row takes
 * away or puts something, and says what is wrong then, and where.           */
#include "security/credential.h"
#include "security/trust.h"
#include "unit/lwm2m/accounts.h"
#include "unit/security/mint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sally_registry registry;
static struct sally_book book;

static int open_all(void **state)
{
    (void)state;
    return sally_objects_builtin(&registry) == SALLY_E_OK &&
                   sally_book_open(&book, SALLY_BOOK_MAX) == SALLY_E_OK
               ? 0
               : -1;
}

static int close_all(void **state)
{
    (void)state;
    sally_book_wipe(&book);
    sally_registry_wipe(&registry);
    return 0;
}

static void begin(void)
{
    const struct sally_path all = { .depth = 0 };

    sally_book_cut(&book, &all);
    accounts_fill(&book, &registry, accounts_usual);
}

/* A row without a value takes away what is at or below its path. */
static void apply(const char *row)
{
    const char *text;
    struct sally_path path = accounts_path(row, &text);

    if (strchr(row, '=') == NULL)
        sally_book_cut(&book, &path);
    else
        accounts_put(&book, &registry, row);
}

static enum sally_err check(char culprit[SALLY_PATH_TEXT])
{
    struct sally_path path;
    enum sally_err e = sally_book_check(&book, &registry, NULL, &path);

    (void)sally_path_text(&path, culprit);
    return e;
}

#define OSCORE(i, id) "/21/" i "/0=master", "/21/" i "/1=" id, "/21/" i "/2=srv"
#define NOSEC "/0/1/2=3", "/0/1/0=coap://a"

static const struct row {
    const char *what, *changes[10];
    enum sally_err want;
    const char *culprit;
} rows[] = {
    { "as usual", { NULL }, SALLY_E_OK, "/" },
    { "no bootstrap account", { "/0/0" }, SALLY_E_OK, "/" },
    { "no server", { "/0/1", "/1/0" }, SALLY_E_OK, "/" },
    { "nothing", { "/" }, SALLY_E_OK, "/" },
    { "empty keys are none", { NOSEC, "/0/1/3=", "/0/1/5=" }, SALLY_E_OK, "/" },
    { "NoSec without keys", { NOSEC, "/0/1/3", "/0/1/4", "/0/1/5" },
      SALLY_E_OK, "/" },
    { "OSCORE inside", { "/0/1/17=21:0", OSCORE("0", "me") }, SALLY_E_OK, "/" },
    { "OSCORE alone", { NOSEC, "/0/1/17=21:0", OSCORE("0", "") }, SALLY_E_OK,
      "/" },
    { "a second URI", { "/0/1/25/0=coaps+tcp://a" }, SALLY_E_OK, "/" },
    { "suites and SNI, of no use to a key",
      { "/0/1/16/0=49320", "/0/1/14=x", "/0/1/13=1" }, SALLY_E_OK, "/" },
    { "access control", { "/2/0/0=3", "/2/0/1=0", "/2/0/2/123=15",
                          "/2/0/2/0=1", "/2/0/3=65535" },
      SALLY_E_OK, "/" },

    { "no URI", { "/0/1/0" }, SALLY_E_NO_CREDENTIAL, "/0/1/0" },
    { "no URI of the bootstrap server", { "/0/0/0" }, SALLY_E_NO_CREDENTIAL,
      "/0/0/0" },
    { "not said whose", { "/0/1/1" }, SALLY_E_NO_CREDENTIAL, "/0/1/1" },
    { "no mode", { "/0/1/2" }, SALLY_E_NO_CREDENTIAL, "/0/1/2" },
    { "no identity", { "/0/1/3" }, SALLY_E_NO_CREDENTIAL, "/0/1/3" },
    { "no key", { "/0/1/5=" }, SALLY_E_NO_CREDENTIAL, "/0/1/5" },
    { "no Short Server ID", { "/0/1/10" }, SALLY_E_NO_CREDENTIAL, "/0/1/10" },
    { "no Short Server ID of the server", { "/1/0/0" }, SALLY_E_NO_CREDENTIAL,
      "/1/0/0" },
    { "no lifetime", { "/1/0/1" }, SALLY_E_NO_CREDENTIAL, "/1/0/1" },
    { "no storing", { "/1/0/6" }, SALLY_E_NO_CREDENTIAL, "/1/0/6" },
    { "no binding", { "/1/0/7" }, SALLY_E_NO_CREDENTIAL, "/1/0/7" },
    { "an owner missing", { "/2/0/0=3", "/2/0/1=0" }, SALLY_E_NO_CREDENTIAL,
      "/2/0/3" },
    { "no Master Secret", { "/0/1/17=21:0", OSCORE("0", "me"), "/21/0/0" },
      SALLY_E_NO_CREDENTIAL, "/21/0/0" },
    { "no Sender ID", { "/0/1/17=21:0", OSCORE("0", "me"), "/21/0/1" },
      SALLY_E_NO_CREDENTIAL, "/21/0/1" },

    { "an account without its server", { "/1/0" }, SALLY_E_NOT_FOUND,
      "/0/1/10" },
    { "a server without its account", { "/0/1" }, SALLY_E_NOT_FOUND, "/1/0/0" },
    { "one that only the bootstrap account has", { "/0/0/10=123", "/0/1" },
      SALLY_E_NOT_FOUND, "/1/0/0" },
    { "another Short Server ID", { "/0/1/10=7" }, SALLY_E_NOT_FOUND,
      "/0/1/10" },
    { "keys that are not there", { "/0/1/17=21:4" }, SALLY_E_NOT_FOUND,
      "/0/1/17" },
    { "keys of nobody", { OSCORE("0", "me") }, SALLY_E_NOT_FOUND, "/21/0" },
    { "a right of nobody", { "/2/0/0=3", "/2/0/1=0", "/2/0/2/9=15",
                             "/2/0/3=123" },
      SALLY_E_NOT_FOUND, "/2/0/2/9" },
    { "an owner that is not there", { "/2/0/0=3", "/2/0/1=0", "/2/0/3=9" },
      SALLY_E_NOT_FOUND, "/2/0/3" },

    { "a Short Server ID twice",
      { "/0/2/0=coap://a", "/0/2/1=0", "/0/2/2=3", "/0/2/10=123" },
      SALLY_E_DUPLICATE, "/0/2/10" },
    { "a server twice",
      { "/1/1/0=123", "/1/1/1=60", "/1/1/6=1", "/1/1/7=U" },
      SALLY_E_DUPLICATE, "/1/0/0" },
    { "two bootstrap accounts", { "/0/2/0=coap://a", "/0/2/1=1", "/0/2/2=3" },
      SALLY_E_DUPLICATE, "/0/2/1" },
    { "keys of two accounts",
      { "/0/0/17=21:0", "/0/1/17=21:0", OSCORE("0", "me") },
      SALLY_E_DUPLICATE, "/0/1/17" },

    { "no such scheme", { "/0/1/0=mqtts://a" }, SALLY_E_UNSUPPORTED,
      "/0/1/0" },
    { "no host", { "/0/1/0=coaps://" }, SALLY_E_MALFORMED, "/0/1/0" },
    { "a URI with a path", { "/0/1/0=coaps://a/rd" }, SALLY_E_MALFORMED,
      "/0/1/0" },
    { "a key without a handshake", { "/0/1/0=coap://a" }, SALLY_E_UNSUPPORTED,
      "/0/1/2" },
    { "none with one", { "/0/1/2=3" }, SALLY_E_UNSUPPORTED, "/0/1/2" },
    { "EST", { "/0/1/2=4" }, SALLY_E_UNSUPPORTED, "/0/1/2" },
    { "a second URI that is less safe", { "/0/1/25/0=coap://a" },
      SALLY_E_UNSUPPORTED, "/0/1/25/0" },
    { "COSE", { "/0/1/27/0=23:0" }, SALLY_E_UNSUPPORTED, "/0/1/27/0" },
    { "a link to something else", { "/0/1/17=23:0" }, SALLY_E_UNSUPPORTED,
      "/0/1/17" },
    { "an algorithm that we do not have",
      { "/0/1/17=21:0", OSCORE("0", "me"), "/21/0/3=99" },
      SALLY_E_UNSUPPORTED, "/21/0/3" },

    { "a long identity",
      { "/0/1/3=0123456789012345678901234567890123456789012345678901234567890"
        "1234567890123456789012345678901234567890123456789012345678901234567" },
      SALLY_E_OK, "/" },
    { "one that is too long",
      { "/0/1/3=0123456789012345678901234567890123456789012345678901234567890"
        "12345678901234567890123456789012345678901234567890123456789012345678" },
      SALLY_E_OUT_OF_RANGE, "/0/1/3" },
    { "a key of 65 bytes",
      { "/0/1/5=01234567890123456789012345678901234567890123456789012345678901"
        "234" },
      SALLY_E_OUT_OF_RANGE, "/0/1/5" },
    { "a Sender ID of 8 bytes",
      { "/0/1/17=21:0", OSCORE("0", "sensor-1") }, SALLY_E_OUT_OF_RANGE,
      "/21/0/1" },
    { "both ends of one name", { "/0/1/17=21:0", OSCORE("0", "srv") },
      SALLY_E_MALFORMED, "/21/0/2" },
};

static void finds_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        char culprit[SALLY_PATH_TEXT];
        enum sally_err e;

        begin();
        for (size_t k = 0; k < SALLY_LEN(row->changes) &&
                           row->changes[k] != NULL; k++)
            apply(row->changes[k]);
        e = check(culprit);
        if (e != row->want || strcmp(culprit, row->culprit) != 0)
            fail_msg("%s: %s at %s", row->what, sally_err_text(e), culprit);
    }
}

/* wolfSSL takes identities as C strings. */
static void an_identity_with_a_zero_byte_is_refused(void **state)
{
    const struct sally_path path = sally_path_resource(0, 1, 3);
    const struct sally_lwm2m_value v = sally_value_opaque(
        (struct sally_span){ (const uint8_t *)"sen\0sor", 7 });
    char culprit[SALLY_PATH_TEXT];

    (void)state;
    begin();
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
    assert_int_equal(check(culprit), SALLY_E_MALFORMED);
    assert_string_equal(culprit, "/0/1/3");
}

/* A book that was read back may hold what its registry would not admit. */
static void types_and_ranges_are_looked_at(void **state)
{
    static const struct {
        uint16_t object, resource;
        int64_t number;
        enum sally_err want;
    } numbers[] = {
        { 0, 10, 0, SALLY_E_OUT_OF_RANGE },
        { 0, 10, 65535, SALLY_E_OUT_OF_RANGE },
        { 1, 0, 65535, SALLY_E_OUT_OF_RANGE },
        { 0, 2, 5, SALLY_E_OUT_OF_RANGE },
        { 0, 0, 1, SALLY_E_WRONG_TYPE },
        { 0, 1, 1, SALLY_E_WRONG_TYPE },
        { 1, 99, 1, SALLY_E_NOT_FOUND },
        { 0, 16, 1, SALLY_E_NOT_FOUND },
    };
    char culprit[SALLY_PATH_TEXT];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        const struct sally_path path = sally_path_resource(
            numbers[i].object, numbers[i].object == 0, numbers[i].resource);
        const struct sally_lwm2m_value v =
            sally_value_integer(numbers[i].number);

        begin();
        assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
        assert_int_equal(check(culprit), numbers[i].want);
    }
}

/* --- Raw keys and certificates ------------------------------------------ */

static void put_bytes(uint16_t resource, struct sally_span bytes)
{
    const struct sally_path path = sally_path_resource(0, 1, resource);
    const struct sally_lwm2m_value v = sally_value_opaque(bytes);

    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
}

static void keys_must_go_together(void **state)
{
    struct mint_pair own, other, server;
    char culprit[SALLY_PATH_TEXT];

    (void)state;
    mint_open();
    own = mint_pair();
    other = mint_pair();
    server = mint_pair();
    begin();
    accounts_put(&book, &registry, "/0/1/2=1");
    put_bytes(3, own.public);
    put_bytes(4, server.public);
    put_bytes(5, own.secret);
    assert_int_equal(check(culprit), SALLY_E_OK);
    put_bytes(5, other.secret);
    assert_int_equal(check(culprit), SALLY_E_NO_CREDENTIAL);
    assert_string_equal(culprit, "/0/1/5");
    mint_close();
}

static void certificates_lead_somewhere(void **state)
{
    struct mint_pair root, own;
    struct mint_card card = { .subject = "root", .issuer = "root", .key = &root,
                              .signer = &root, .ca = true };
    struct sally_span anchor;
    struct sally_trust_parts parts = { .anchors = { NULL, 0 } };
    struct sally_trust *trust = NULL;
    struct sally_path path;
    char culprit[SALLY_PATH_TEXT];

    (void)state;
    mint_open();
    root = mint_pair();
    own = mint_pair();
    anchor = mint_certificate(&card);
    card = (struct mint_card){ .subject = "sensor", .issuer = "root",
                               .key = &own, .signer = &root };
    begin();
    accounts_put(&book, &registry, "/0/1/2=2");
    put_bytes(3, mint_certificate(&card));
    put_bytes(4, anchor);
    put_bytes(5, own.secret);
    accounts_put(&book, &registry, "/0/1/15=2");
    assert_int_equal(check(culprit), SALLY_E_OK);
    put_bytes(4, own.public);
    assert_int_equal(check(culprit), SALLY_E_NO_CREDENTIAL);
    assert_string_equal(culprit, "/0/1/4");
    put_bytes(4, anchor);
    accounts_put(&book, &registry, "/0/1/15=0"); /* and nothing above it */
    assert_int_equal(check(culprit), SALLY_E_NO_CREDENTIAL);
    assert_string_equal(culprit, "/0/1/15");
    parts.anchors = anchor;
    assert_int_equal(sally_trust_make(&trust, &parts), SALLY_E_OK);
    assert_int_equal(sally_book_check(&book, &registry, trust, &path),
                     SALLY_E_OK);
    sally_trust_wipe(trust);
    mint_close();
}

/* --- What an account is ------------------------------------------------- */

static void an_account_is_whole(void **state)
{
    struct sally_credential c = { .bytes = NULL };
    struct sally_account a;
    struct sally_path culprit;
    uint16_t instance = 99;

    (void)state;
    begin();
    apply("/0/1/17=21:3");
    apply("/21/3/0=master");
    apply("/21/3/1=me");
    apply("/21/3/2=srv");
    apply("/21/3/3=30");
    assert_true(sally_book_bootstrap(&book, 0, &instance));
    assert_int_equal(instance, 0);
    assert_false(sally_book_bootstrap(&book, 1, &instance));
    assert_int_equal(sally_book_servers(&book), 1);
    assert_int_equal(sally_book_account(&book, 0, &a, &culprit), SALLY_E_OK);
    assert_true(a.bootstrap);
    assert_int_equal(a.hold_off, 1);
    assert_int_equal(a.timeout, 0);
    assert_int_equal(a.uri.port, 5684);
    assert_int_equal(sally_book_account(&book, 1, &a, &culprit), SALLY_E_OK);
    assert_false(a.bootstrap);
    assert_int_equal(a.short_id, 123);
    assert_true(a.has_server);
    assert_int_equal(a.server_instance, 0);
    assert_int_equal(a.scheme, SALLY_SCHEME_COAPS);
    assert_string_equal(a.uri.host, "lwm2m.example.com");
    assert_true(a.has_oscore);
    assert_int_equal(a.oscore_instance, 3);
    assert_int_equal(sally_book_credential(&a, NULL, &c, &culprit),
                     SALLY_E_OK);
    assert_true(sally_span_is(c.identity, "sensor"));
    assert_true(sally_span_is(c.secret_key, "sixteen byte key"));
    assert_int_equal(c.server_public_key.len, 0);
    assert_int_equal(c.server_name.len, 0);
    assert_int_equal(c.oscore->aead, 30);
    assert_true(sally_span_is(c.oscore->sender_id, "me"));
    sally_credential_wipe(&c);
    assert_int_equal(sally_book_account(&book, 2, &a, &culprit),
                     SALLY_E_NOT_FOUND);
}

/* --- What is left over -------------------------------------------------- */

static const struct left {
    const char *what, *changes[8], *gone[4], *stays[4];
} lefts[] = {
    { "nothing changes", { NULL }, { NULL },
      { "/1/0", "/21/1", "/2/0/2/123", NULL } },
    { "an account goes", { "/0/1" },
      { "/1/0", "/21/1", "/2/0/2/123", NULL }, { "/21/0", "/2/0/2/0", NULL } },
    { "it comes back", { "/0/1", "/0/2/10=123", "/0/2/1=0" },
      { "/21/1", NULL }, { "/1/0", "/2/0/2/123", NULL } },
    { "keys that are new stay", { "/0/1", "/21/4/0=new" }, { "/1/0", NULL },
      { "/21/4", NULL } },
    { "so does a server that is new", { "/1/5/0=77" }, { NULL },
      { "/1/5", NULL } },
};

static void tidies_what_an_account_leaves(void **state)
{
    static const char *const more[] = {
        "/0/0/17=21:0", "/0/1/17=21:1", "/21/0/0=a", "/21/1/0=b", "/2/0/0=3",
        "/2/0/1=0", "/2/0/2/0=1", "/2/0/2/123=15", "/2/0/3=123", NULL
    };
    struct sally_book before = { .at = NULL };

    (void)state;
    assert_int_equal(sally_book_open(&before, SALLY_BOOK_MAX), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(lefts); i++) {
        const char *nothing;

        begin();
        accounts_fill(&book, &registry, more);
        assert_int_equal(sally_book_copy(&book, &before), SALLY_E_OK);
        for (size_t k = 0; lefts[i].changes[k] != NULL; k++)
            apply(lefts[i].changes[k]);
        sally_book_tidy(&book, &before);
        for (size_t k = 0; lefts[i].gone[k] != NULL; k++) {
            struct sally_path at = accounts_path(lefts[i].gone[k], &nothing);

            if (sally_book_has(&book, &at))
                fail_msg("%s: %s is there", lefts[i].what, lefts[i].gone[k]);
        }
        for (size_t k = 0; lefts[i].stays[k] != NULL; k++) {
            struct sally_path at = accounts_path(lefts[i].stays[k], &nothing);

            if (!sally_book_has(&book, &at))
                fail_msg("%s: %s is gone", lefts[i].what, lefts[i].stays[k]);
        }
    }
    sally_book_wipe(&before);
}

static void an_owner_that_goes_leaves_it_to_the_bootstrap_server(void **state)
{
    static const char *const more[] = { "/2/0/0=3", "/2/0/1=0", "/2/0/3=123",
                                        NULL };
    const struct sally_path owner = sally_path_resource(2, 0, 3);
    struct sally_book before = { .at = NULL };
    struct sally_lwm2m_value v;
    char culprit[SALLY_PATH_TEXT];

    (void)state;
    begin();
    accounts_fill(&book, &registry, more);
    assert_int_equal(sally_book_open(&before, SALLY_BOOK_MAX), SALLY_E_OK);
    assert_int_equal(sally_book_copy(&book, &before), SALLY_E_OK);
    apply("/0/1");
    sally_book_tidy(&book, &before);
    assert_true(sally_book_find(&book, &owner, &v));
    assert_int_equal(v.is.integer, 65535);
    assert_int_equal(check(culprit), SALLY_E_OK);
    sally_book_wipe(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_wrong),
        cmocka_unit_test(an_identity_with_a_zero_byte_is_refused),
        cmocka_unit_test(types_and_ranges_are_looked_at),
        cmocka_unit_test(keys_must_go_together),
        cmocka_unit_test(certificates_lead_somewhere),
        cmocka_unit_test(an_account_is_whole),
        cmocka_unit_test(tidies_what_an_account_leaves),
        cmocka_unit_test(an_owner_that_goes_leaves_it_to_the_bootstrap_server),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
