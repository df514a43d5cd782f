/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_bootstrap_request.c - what a bootstrap server may see,
 * write and delete, and what it is answered. OMA ETS 1.1-int-0, -8; GW-07.  */
#include "unit/lwm2m/bootworld.h"

/* --- Discover ----------------------------------------------------------- */

static void discover_tells_what_is_there_and_no_secret(void **state)
{
    static const char *const more[] = { "/0/1/17=21:2", "/21/2/0=master",
                                        "/21/2/1=me", "/21/2/2=srv", NULL };
    static const char *const secrets[] = { "boot", "sensor", "key", "master",
                                           "srv", "bs.example" };
    static const struct {
        const char *path, *want;
        uint8_t version;
    } rows[] = {
        { "/", "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=123;"
               "uri=\"coaps://lwm2m.example.com:5684\",</1/0>;ssid=123,"
               "</21/2>", 11 },
        { "/0", "</>;lwm2m=1.2,</0/0>,</0/1>;ssid=123;"
                "uri=\"coaps://lwm2m.example.com:5684\"", 12 },
        { "/1", "</>;lwm2m=1.0,</1/0>;ssid=123", 10 },
        { "/2", "</>;lwm2m=1.1", 11 },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct bootworld *w = boot_open(rows[i].version, accounts_usual);

        accounts_fill(&w->current, &w->registry, more);
        assert_int_equal(sally_book_copy(&w->current, &w->before), SALLY_E_OK);
        boot_start(w);
        assert_int_equal(boot_get(w, rows[i].path, 40), SALLY_CODE_CONTENT);
        assert_int_equal(w->format, 40);
        assert_string_equal(w->body, rows[i].want);
        for (size_t k = 0; k < SALLY_LEN(secrets); k++)
            assert_null(strstr(w->body, secrets[k]));
        boot_close(w);
    }
}

static void discover_shows_what_is_staged(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    assert_int_equal(boot_delete(w, "/0"), SALLY_CODE_DELETED);
    assert_int_equal(boot_write(w, "/1/4/0", 0, ROWS("/1/4/0=9")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_finish(w), SALLY_CODE_NOT_ACCEPTABLE);
    assert_int_equal(boot_get(w, "/", 40), SALLY_CODE_CONTENT);
    assert_string_equal(w->body, "</>;lwm2m=1.1,</0/0>,</1/0>;ssid=123,"
                                 "</1/4>;ssid=9");
    boot_close(w);
}

/* --- Read: int-8 -------------------------------------------------------- */

static const struct reading {
    const char *path;
    uint32_t accept;
    uint8_t version, code;
} readings[] = {
    { "/1", 112, 11, SALLY_CODE_CONTENT },
    { "/1/0", 110, 11, SALLY_CODE_CONTENT },
    { "/1/0", 11542, 11, SALLY_CODE_CONTENT },
    { "/1", 11544, 12, SALLY_CODE_CONTENT },
    { "/1", NO_FORMAT, 11, SALLY_CODE_CONTENT },
    { "/2", 112, 11, SALLY_CODE_CONTENT },
    { "/2/0", 112, 11, SALLY_CODE_CONTENT },
    { "/1/7", 112, 11, SALLY_CODE_NOT_FOUND },
    { "/1", 11544, 11, SALLY_CODE_NOT_ACCEPTABLE },
    { "/1", 11543, 11, SALLY_CODE_NOT_ACCEPTABLE },
    { "/1/0", 0, 11, SALLY_CODE_NOT_ACCEPTABLE },
    { "/1", 11542, 10, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "/1/0/1", 0, 11, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "/", 112, 11, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "/3", 112, 11, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "/3/0/13", 0, 11, SALLY_CODE_METHOD_NOT_ALLOWED },
    { "/0", 112, 11, SALLY_CODE_UNAUTHORIZED },
    { "/0/1", 11542, 11, SALLY_CODE_UNAUTHORIZED },
    { "/0/1/5", 42, 11, SALLY_CODE_UNAUTHORIZED },
    { "/0/0/0", 0, 10, SALLY_CODE_UNAUTHORIZED },
    { "/21", 112, 11, SALLY_CODE_UNAUTHORIZED },
    { "/21/0/0", 42, 11, SALLY_CODE_UNAUTHORIZED },
    { "/23", 112, 11, SALLY_CODE_UNAUTHORIZED },
};

static void read_gives_servers_and_access_control_only(void **state)
{
    static const char *const access[] = { "/2/0/0=3", "/2/0/1=0",
                                          "/2/0/2/123=15", "/2/0/3=123", NULL };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(readings); i++) {
        struct bootworld *w = boot_open(readings[i].version, accounts_usual);

        accounts_fill(&w->current, &w->registry, access);
        assert_int_equal(sally_book_copy(&w->current, &w->before), SALLY_E_OK);
        boot_start(w);
        if (boot_get(w, readings[i].path, readings[i].accept) !=
            readings[i].code)
            fail_msg("%s: %u.%02u", readings[i].path, w->code >> 5,
                     w->code & 31u);
        if (readings[i].code != SALLY_CODE_CONTENT)
            assert_int_equal(w->body_len, 0);
        boot_close(w);
    }
}

static void a_read_is_exact(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    assert_int_equal(boot_get(w, "/1/0", 110), SALLY_CODE_CONTENT);
    assert_string_equal(w->body,
                        "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":123},"
                        "{\"n\":\"1\",\"v\":300},{\"n\":\"6\",\"vb\":true},"
                        "{\"n\":\"7\",\"vs\":\"U\"}]");
    boot_close(w);
}

/* --- Write -------------------------------------------------------------- */

static const struct writing {
    const char *what, *base;
    uint32_t format;
    const char *payload; /* text; or NULL: rows */
    const char *rows[6];
    uint8_t version, code;
    const char *path, *value; /* afterwards */
} writings[] = {
    { "an object in TLV", "/0", 11542, NULL,
      { "/0/1/0=coaps://b", "/0/3/1=0" }, 10, SALLY_CODE_CHANGED, "/0/3/1",
      "0" },
    { "an object in SenML", "/1", 110, NULL, { "/1/0/1=77", "/1/5/0=9" }, 11,
      SALLY_CODE_CHANGED, "/1/5/0", "9" },
    { "an object in LwM2M CBOR", "/1", 11544, NULL, { "/1/0/1=77" }, 12,
      SALLY_CODE_CHANGED, "/1/0/1", "77" },
    { "an instance", "/0/1", 112, NULL, { "/0/1/5=key 2" }, 11,
      SALLY_CODE_CHANGED, "/0/1/5", "key 2" },
    { "what it does not name stays", "/0/1", 112, NULL, { "/0/1/5=key 2" }, 11,
      SALLY_CODE_CHANGED, "/0/1/3", "sensor" },
    { "an instance that was not there", "/0/9", 11542, NULL, { "/0/9/1=0" }, 11,
      SALLY_CODE_CHANGED, "/0/9/1", "0" },
    { "a resource as text", "/0/1/0", 0, "coaps://c", { NULL }, 10,
      SALLY_CODE_CHANGED, "/0/1/0", "coaps://c" },
    { "a resource as bytes", "/0/1/5", 42, "raw", { NULL }, 10,
      SALLY_CODE_CHANGED, "/0/1/5", "raw" },
    { "a resource as CBOR", "/1/0/1", 60, "\x18\x63", { NULL }, 11,
      SALLY_CODE_CHANGED, "/1/0/1", "99" },
    { "what a server may only read", "/1/0/0", 0, "77", { NULL }, 11,
      SALLY_CODE_CHANGED, "/1/0/0", "77" },
    { "an instance of a resource", "/0/1/16/3", 112, NULL,
      { "/0/1/16/3=49320" }, 11, SALLY_CODE_CHANGED, "/0/1/16/3", "49320" },
    { "a link", "/0/1/17", 112, NULL, { "/0/1/17=21:4" }, 11,
      SALLY_CODE_CHANGED, "/0/1/17", "21:4" },
    { "OSCORE keys as text, as its versions 1.x have them", "/21/4/0", 110,
      "[{\"bn\":\"/21/4/0\",\"vs\":\"master\"}]", { NULL }, 11,
      SALLY_CODE_CHANGED, "/21/4/0", "master" },
    { "OSCORE keys as bytes", "/21/4", 112, NULL,
      { "/21/4/0=master", "/21/4/1=", "/21/4/3=30" }, 11, SALLY_CODE_CHANGED,
      "/21/4/0", "master" },
    { "a right", "/2/0", 11542, NULL,
      { "/2/0/0=3", "/2/0/1=0", "/2/0/2/123=15", "/2/0/3=123" }, 11,
      SALLY_CODE_CHANGED, "/2/0/2/123", "15" },
    { "nothing of an instance", "/1/0", 11542, "", { NULL }, 11,
      SALLY_CODE_CHANGED, "/1/0/1", "300" },

    { "another object", "/3/0/14", 0, "+01:00", { NULL }, 11,
      SALLY_CODE_NOT_FOUND, "/1/0/1", "300" },
    { "the root", "/", 112, NULL, { "/1/0/1=77" }, 11,
      SALLY_CODE_METHOD_NOT_ALLOWED, "/1/0/1", "300" },
    { "no such resource", "/1/0/99", 0, "1", { NULL }, 11,
      SALLY_CODE_NOT_FOUND, "/1/0/1", "300" },
    { "an object in text", "/1", 0, "77", { NULL }, 11,
      SALLY_CODE_BAD_REQUEST, "/1/0/1", "300" },
    { "an executable", "/1/0/8", 0, "1", { NULL }, 11, SALLY_CODE_BAD_REQUEST,
      "/1/0/1", "300" },
    { "a wrong type", "/1/0/1", 0, "soon", { NULL }, 11,
      SALLY_CODE_BAD_REQUEST, "/1/0/1", "300" },
    { "out of range", "/0/1/10", 0, "65535", { NULL }, 11,
      SALLY_CODE_BAD_REQUEST, "/0/1/10", "123" },
    { "broken TLV", "/1/0", 11542, "\xc8\x01", { NULL }, 11,
      SALLY_CODE_BAD_REQUEST, "/1/0/1", "300" },
    { "outside of its path", "/1/0", 110,
      "[{\"bn\":\"/1/1/1\",\"v\":77}]", { NULL }, 11, SALLY_CODE_BAD_REQUEST,
      "/1/0/1", "300" },
    { "one good, one bad: neither", "/1/0", 110,
      "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":77},{\"n\":\"7\",\"v\":1}]",
      { NULL }, 11, SALLY_CODE_BAD_REQUEST, "/1/0/1", "300" },
    { "an unknown format", "/1/0", 11543, "{}", { NULL }, 11,
      SALLY_CODE_UNSUPPORTED_FORMAT, "/1/0/1", "300" },
    { "a later format", "/1/0", 11544, NULL, { "/1/0/1=77" }, 11,
      SALLY_CODE_UNSUPPORTED_FORMAT, "/1/0/1", "300" },
    { "SenML in 1.0", "/1/0", 112, NULL, { "/1/0/1=77" }, 10,
      SALLY_CODE_UNSUPPORTED_FORMAT, "/1/0/1", "300" },
    { "no format", "/1/0/1", NO_FORMAT, "77", { NULL }, 11,
      SALLY_CODE_UNSUPPORTED_FORMAT, "/1/0/1", "300" },
    { "no payload", "/1/0/1", NO_FORMAT, "", { NULL }, 11,
      SALLY_CODE_METHOD_NOT_ALLOWED, "/1/0/1", "300" },
};

static void writes_are_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(writings); i++) {
        const struct writing *row = &writings[i];
        struct bootworld *w = boot_begun(row->version, accounts_usual);
        uint8_t room[1024];
        struct sally_span payload =
            row->payload != NULL
                ? sally_span_of(row->payload)
                : boot_payload(w, row->base, (uint16_t)row->format, row->rows,
                               room, sizeof(room));
        uint8_t code = boot_ask(w, SALLY_CODE_PUT, row->base, NO_FORMAT,
                                row->format, payload);
        const char *value =
            boot_value(sally_bootstrap_staged(&w->client), row->path);

        if (code != row->code)
            fail_msg("%s: %u.%02u", row->what, code >> 5, code & 31u);
        if (strcmp(value, row->value) != 0)
            fail_msg("%s: %s is %s", row->what, row->path, value);
        if (row->code != SALLY_CODE_CHANGED)
            assert_true(sally_book_equal(
                sally_bootstrap_staged(&w->client), &w->current));
        boot_close(w);
    }
}

static void a_multiple_resource_is_what_was_written_last(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);
    const struct sally_book *staged = sally_bootstrap_staged(&w->client);

    (void)state;
    assert_int_equal(boot_write(w, "/0/1", 112,
                                ROWS("/0/1/16/0=49320", "/0/1/16/1=174")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_write(w, "/0/1", 11542, ROWS("/0/1/16/5=168")),
                     SALLY_CODE_CHANGED);
    assert_string_equal(boot_value(staged, "/0/1/16/0"), "");
    assert_string_equal(boot_value(staged, "/0/1/16/1"), "");
    assert_string_equal(boot_value(staged, "/0/1/16/5"), "168");
    assert_int_equal(boot_write(w, "/0/1/16/6", 112, ROWS("/0/1/16/6=172")),
                     SALLY_CODE_CHANGED);
    assert_string_equal(boot_value(staged, "/0/1/16/5"), "168");
    boot_close(w);
}

/* In blocks of 16 bytes it is the same Write. */
static void a_write_may_come_in_blocks(void **state)
{
    static const size_t sizes[] = { 16, 64, 512, 1024 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(sizes); i++) {
        struct bootworld *w = boot_begun(11, accounts_usual);
        char key[1800];

        memset(key, 'k', sizeof(key));
        memcpy(key, "/0/1/4=", 7);
        key[sizeof(key) - 1] = '\0';
        w->parameters.block_size = sizes[i];
        assert_int_equal(boot_write(w, "/0/1", 112,
                                    ROWS("/0/1/3=sensor 2", key)),
                         SALLY_CODE_CHANGED);
        assert_string_equal(boot_value(sally_bootstrap_staged(&w->client),
                                       "/0/1/3"),
                            "sensor 2");
        boot_close(w);
    }
}

/* Nine accounts do not fit, and none of the Write is kept. */
static void too_much_is_refused_whole(void **state)
{
    struct bootworld *w = boot_begun(11, accounts_usual);
    char rows[9][24];
    const char *lines[10] = { NULL };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        snprintf(rows[i], sizeof(rows[i]), "/1/%zu/0=%zu", i + 1, i + 200);
        lines[i] = rows[i];
    }
    assert_int_equal(boot_write(w, "/1", 112, lines), SALLY_CODE_TOO_LARGE);
    assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                 &w->current));
    boot_close(w);
}

/* What does not fit to what there is says so, and is not called too large. */
static void a_write_that_does_not_fit_the_book_is_bad(void **state)
{
    struct bootworld *w = boot_open(11, accounts_usual);
    const struct sally_path hash = sally_path_resource(0, 1, 16);
    const struct sally_lwm2m_value one = sally_value_integer(168);

    (void)state;
    assert_int_equal(sally_book_put(&w->current, &hash, &one), SALLY_E_OK);
    assert_int_equal(sally_book_copy(&w->current, &w->before), SALLY_E_OK);
    boot_start(w);
    assert_int_equal(boot_write(w, "/0/1/16/6", 112, ROWS("/0/1/16/6=172")),
                     SALLY_CODE_BAD_REQUEST);
    assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                 &w->current));
    boot_close(w);
}

/* --- Delete: GW-07 ------------------------------------------------------ */

static void delete_spares_what_it_must(void **state)
{
    static const struct {
        const char *path;
        uint8_t code;
        const char *left;
    } rows[] = {
        { "/", SALLY_CODE_DELETED, "</>;lwm2m=1.1,</0/2>,</21/5>" },
        { "/0", SALLY_CODE_DELETED,
          "</>;lwm2m=1.1,</0/2>,</1/0>;ssid=123,</21/5>" },
        { "/0/2", SALLY_CODE_BAD_REQUEST, NULL },
        { "/21/5", SALLY_CODE_BAD_REQUEST, NULL },
        { "/21", SALLY_CODE_DELETED, NULL },
        { "/2", SALLY_CODE_DELETED, NULL },
        { "/1/9", SALLY_CODE_NOT_FOUND, NULL },
        { "/1/0/1", SALLY_CODE_METHOD_NOT_ALLOWED, NULL },
        { "/3", SALLY_CODE_METHOD_NOT_ALLOWED, NULL },
        { "/3/0", SALLY_CODE_METHOD_NOT_ALLOWED, NULL },
    };
    static const char *const accounts[] = {
        "/0/1/0=coap://a", "/0/1/1=0", "/0/1/2=3", "/0/1/10=123",
        "/0/2/0=coap://bs", "/0/2/1=1", "/0/2/2=3", "/0/2/17=21:5",
        "/1/0/0=123", "/1/0/1=60", "/1/0/6=1", "/1/0/7=U", "/21/5/0=m",
        "/21/5/1=c", "/21/5/2=s", NULL
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct bootworld *w = boot_begun(11, accounts);

        if (boot_delete(w, rows[i].path) != rows[i].code)
            fail_msg("%s: %u.%02u", rows[i].path, w->code >> 5, w->code & 31u);
        if (rows[i].left == NULL) {
            assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                         &w->current));
        } else {
            assert_int_equal(boot_get(w, "/", 40), SALLY_CODE_CONTENT);
            assert_string_equal(w->body, rows[i].left);
        }
        boot_close(w);
    }
}

/* Of two bootstrap accounts the first stays: here the new one. The number of
 * the other is free then, for any account.                                  */
static void an_account_that_was_deleted_is_not_moved(void **state)
{
    static const char *const accounts[] = { "/0/2/0=coap://bs", "/0/2/1=1",
                                            "/0/2/2=3", NULL };
    struct bootworld *w = boot_begun(11, accounts);

    (void)state;
    assert_int_equal(boot_write(w, "/0/0", 112,
                                ROWS("/0/0/0=coap://bs", "/0/0/1=1",
                                     "/0/0/2=3")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_delete(w, "/0/2"), SALLY_CODE_DELETED);
    assert_int_equal(boot_write(w, "/0/2", 112,
                                ROWS("/0/2/0=coap://a", "/0/2/1=0",
                                     "/0/2/2=3", "/0/2/10=7")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_write(w, "/1/0", 112,
                                ROWS("/1/0/0=7", "/1/0/1=60", "/1/0/6=1",
                                     "/1/0/7=U")),
                     SALLY_CODE_CHANGED);
    assert_int_equal(boot_finish(w), 0); /* the owner's turn */
    assert_string_equal(boot_value(&w->shown, "/0/2/10"), "7");
    boot_close(w);
}

/* While a new one is staged, the account in use is what "/" and "/0" spare,
 * whatever its number; each of the two can go by its own.                   */
static void delete_spares_the_account_in_use(void **state)
{
    static const char *const accounts[] = {
        "/0/2/0=coap://bs", "/0/2/1=1", "/0/2/2=3", "/0/2/17=21:5",
        "/21/5/0=m", "/21/5/1=c", "/21/5/2=s", NULL
    };
    static const struct {
        const char *path, *left;
    } rows[] = {
        { "/", "</>;lwm2m=1.1,</0/2>,</21/5>" },
        { "/0", "</>;lwm2m=1.1,</0/2>,</21/5>" },
        { "/21", "</>;lwm2m=1.1,</0/0>,</0/2>,</21/5>" },
        { "/0/0", "</>;lwm2m=1.1,</0/2>,</21/5>" },
        { "/0/2", "</>;lwm2m=1.1,</0/0>,</21/5>" },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct bootworld *w = boot_begun(11, accounts);

        assert_int_equal(boot_write(w, "/0/0", 112,
                                    ROWS("/0/0/0=coap://new", "/0/0/1=1",
                                         "/0/0/2=3")),
                         SALLY_CODE_CHANGED);
        assert_int_equal(boot_delete(w, rows[i].path), SALLY_CODE_DELETED);
        assert_int_equal(boot_get(w, "/", 40), SALLY_CODE_CONTENT);
        if (strcmp(w->body, rows[i].left) != 0)
            fail_msg("%s: left %s", rows[i].path, w->body);
        boot_close(w);
    }
}

/* --- Everything else ---------------------------------------------------- */

static void other_requests_are_refused(void **state)
{
    static const struct {
        uint8_t method;
        const char *path;
        uint8_t code;
    } rows[] = {
        { SALLY_CODE_POST, "/1/0/8", SALLY_CODE_METHOD_NOT_ALLOWED },
        { SALLY_CODE_POST, "/3/0/4", SALLY_CODE_METHOD_NOT_ALLOWED },
        { SALLY_CODE_POST, "/0", SALLY_CODE_METHOD_NOT_ALLOWED },
        { SALLY_CODE_FETCH, "/", SALLY_CODE_METHOD_NOT_ALLOWED },
        { SALLY_CODE_IPATCH, "/", SALLY_CODE_METHOD_NOT_ALLOWED },
        { SALLY_CODE_GET, "/bs", SALLY_CODE_NOT_FOUND },
        { SALLY_CODE_POST, "/rd", SALLY_CODE_NOT_FOUND },
        { SALLY_CODE_PUT, "/bs", SALLY_CODE_NOT_FOUND },
        { SALLY_CODE_POST, "/bs/bs", SALLY_CODE_NOT_FOUND },
    };
    struct bootworld *w = boot_begun(11, accounts_usual);

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (boot_ask(w, rows[i].method, rows[i].path, NO_FORMAT, NO_FORMAT,
                     (struct sally_span){ NULL, 0 }) != rows[i].code)
            fail_msg("%s: %u.%02u", rows[i].path, w->code >> 5, w->code & 31u);
    assert_int_equal(boot_ask(w, SALLY_CODE_POST, "/bs", NO_FORMAT, 0,
                              sally_span_of("x")),
                     SALLY_CODE_NOT_FOUND); /* Finish says nothing more */
    assert_int_equal(w->finishes, 0);
    assert_true(sally_book_equal(sally_bootstrap_staged(&w->client),
                                 &w->current));
    boot_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discover_tells_what_is_there_and_no_secret),
        cmocka_unit_test(discover_shows_what_is_staged),
        cmocka_unit_test(read_gives_servers_and_access_control_only),
        cmocka_unit_test(a_read_is_exact),
        cmocka_unit_test(writes_are_all_or_nothing),
        cmocka_unit_test(a_multiple_resource_is_what_was_written_last),
        cmocka_unit_test(a_write_may_come_in_blocks),
        cmocka_unit_test(too_much_is_refused_whole),
        cmocka_unit_test(a_write_that_does_not_fit_the_book_is_bad),
        cmocka_unit_test(delete_spares_what_it_must),
        cmocka_unit_test(an_account_that_was_deleted_is_not_moved),
        cmocka_unit_test(delete_spares_the_account_in_use),
        cmocka_unit_test(other_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
