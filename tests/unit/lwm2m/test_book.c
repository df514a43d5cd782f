/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_book.c - a book keeps what is put into it, in order,
 * within its bounds, and comes back from its bytes.                         */
#include "unit/lwm2m/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct sally_registry registry;
static struct sally_book book;

static int open_book(void **state)
{
    (void)state;
    return sally_objects_builtin(&registry) == SALLY_E_OK &&
                   sally_book_open(&book, SALLY_BOOK_MAX) == SALLY_E_OK
               ? 0
               : -1;
}

static int close_book(void **state)
{
    (void)state;
    sally_book_wipe(&book);
    sally_registry_wipe(&registry);
    return 0;
}

/* "/0/0/0 /0/0/1 ", as a walk gives them. */
static const char *paths_of(const struct sally_book *b)
{
    static char text[2048];
    struct sally_buf out = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&out);
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_lwm2m_value v;
    struct sally_path path;

    while (sally_book_next(&walk, &path, &v)) {
        sally_path_put(&w, &path);
        sally_put_u8(&w, ' ');
    }
    assert_int_equal(walk.rest.len, 0);
    text[out.len] = '\0';
    return text;
}

static void keeps_values_of_each_type_in_order(void **state)
{
    static const char *const rows[] = {
        "/2/3/2/7=5", "/0/1/16/9=49320", "/0/1/0=coap://a", "/21/0/0=secret",
        "/0/1/16/1=174", "/1/0/23=1", "/0/1/17=21:0", "/1/0/12=1500000000",
        "/0/0/5=key", NULL
    };

    (void)state;
    accounts_fill(&book, &registry, rows);
    assert_string_equal(paths_of(&book),
                        "/0/0/5 /0/1/0 /0/1/16/1 /0/1/16/9 /0/1/17 /1/0/12 "
                        "/1/0/23 /2/3/2/7 /21/0/0 ");
    for (size_t i = 0; rows[i] != NULL; i++) {
        const char *text;
        const struct sally_path path = accounts_path(rows[i], &text);
        const struct sally_lwm2m_value want =
            accounts_value(&registry, &path, text);
        struct sally_lwm2m_value got;

        assert_true(sally_book_find(&book, &path, &got));
        assert_true(sally_value_equal(&got, &want));
    }
}

static void a_put_replaces(void **state)
{
    static const char *const texts[] = { "coap://a", "coaps://longer.example",
                                         "", "coap://b" };
    const struct sally_path uri = sally_path_resource(0, 1, 0);
    struct sally_lwm2m_value got;
    char before[512];

    (void)state;
    accounts_fill(&book, &registry, accounts_usual);
    snprintf(before, sizeof(before), "%s", paths_of(&book));
    for (size_t i = 0; i < SALLY_LEN(texts); i++) {
        const struct sally_lwm2m_value v = sally_value_string(texts[i]);

        assert_int_equal(sally_book_put(&book, &uri, &v), SALLY_E_OK);
        assert_true(sally_book_find(&book, &uri, &got));
        assert_true(sally_span_is(got.is.bytes, texts[i]));
        assert_string_equal(paths_of(&book), before);
    }
}

static void refuses_what_is_no_value_of_an_account(void **state)
{
    const struct sally_lwm2m_value v = sally_value_integer(1);
    const struct sally_lwm2m_value none = { .type = SALLY_TYPE_NONE };
    struct sally_path path = sally_path_resource(3, 0, 9);

    (void)state;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_NOT_FOUND);
    path = sally_path_instance(0, 1);
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_NOT_FOUND);
    path = sally_path_resource(1, 0, 8);
    assert_int_equal(sally_book_put(&book, &path, &none), SALLY_E_WRONG_TYPE);
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
    path.id[path.depth++] = 4;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_WRONG_TYPE);
    assert_string_equal(paths_of(&book), "/1/0/8 ");
}

static void bounds_instances(void **state)
{
    static const struct {
        uint16_t object, most;
    } rows[] = { { 0, 8 }, { 1, 8 }, { 2, 16 }, { 21, 8 } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_lwm2m_value v = sally_value_integer(1);
        struct sally_path path = sally_path_resource(rows[i].object, 0, 3);

        for (path.id[1] = 0; path.id[1] < rows[i].most; path.id[1]++)
            assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
        assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_TOO_LARGE);
        path.id[1] = 2; /* one that is there may grow */
        path.id[2] = 4;
        assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
    }
}

static void a_full_book_stays_as_it_is(void **state)
{
    static uint8_t bytes[SALLY_BOOK_MAX + 1];
    struct sally_path path = sally_path_resource(0, 1, 5);
    struct sally_lwm2m_value v = sally_value_opaque(
        (struct sally_span){ bytes, SALLY_BOOK_MAX - 10 + 1 });
    struct sally_book before = { .at = NULL };

    (void)state;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_NO_ROOM);
    v.is.bytes.len--;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
    assert_int_equal(sally_book_open(&before, SALLY_BOOK_MAX), SALLY_E_OK);
    assert_int_equal(sally_book_copy(&book, &before), SALLY_E_OK);
    path.id[2] = 3;
    v.is.bytes.len = 0;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_NO_ROOM);
    assert_true(sally_book_equal(&book, &before));
    path.id[2] = 5;
    assert_int_equal(sally_book_put(&book, &path, &v), SALLY_E_OK);
    assert_false(sally_book_equal(&book, &before));
    sally_book_wipe(&before);
}

/* What was a key is nowhere in the memory any more. */
static bool holds(const struct sally_book *b, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= b->room; i++)
        if (memcmp(&b->at[i], text, n) == 0)
            return true;
    return false;
}

static void what_goes_is_wiped(void **state)
{
    const struct sally_path key = sally_path_resource(0, 1, 5);
    const struct sally_path all = { .depth = 0 };

    (void)state;
    accounts_fill(&book, &registry, accounts_usual);
    assert_true(holds(&book, "sixteen byte key"));
    accounts_put(&book, &registry, "/0/1/5=another");
    assert_false(holds(&book, "sixteen byte"));
    sally_book_cut(&book, &key);
    assert_false(holds(&book, "another"));
    sally_book_cut(&book, &all);
    assert_int_equal(book.len, 0);
    assert_false(holds(&book, "boot"));
}

static const struct deletion {
    const char *what, *path, *left;
    enum sally_err want;
} deletions[] = {
    { "all", "/", "/0/3 /21/5 ", SALLY_E_OK },
    { "security", "/0", "/0/3 /1/0 /1/1 /2/0 /21/1 /21/5 ", SALLY_E_OK },
    { "OSCORE", "/21", "/0/1 /0/2 /0/3 /1/0 /1/1 /2/0 /21/5 ", SALLY_E_OK },
    { "servers", "/1", "/0/1 /0/2 /0/3 /2/0 /21/1 /21/5 ", SALLY_E_OK },
    { "an account", "/0/2", "/0/1 /0/3 /1/0 /1/1 /2/0 /21/1 /21/5 ",
      SALLY_E_OK },
    { "the bootstrap account", "/0/3", NULL, SALLY_E_NOT_ALLOWED },
    { "its keys", "/21/5", NULL, SALLY_E_NOT_ALLOWED },
    { "one that is not there", "/0/7", NULL, SALLY_E_NOT_FOUND },
    { "a resource", "/1/0/1", NULL, SALLY_E_NOT_ALLOWED },
    { "another object", "/3", NULL, SALLY_E_NOT_FOUND },
    { "an instance of another object", "/3/0", NULL, SALLY_E_NOT_FOUND },
};

/* "/0/1 /1/0 " */
static const char *instances_of(const struct sally_book *b)
{
    static const uint16_t objects[] = { 0, 1, 2, 21 };
    static char text[512];
    uint16_t i;
    size_t n = 0;

    text[0] = '\0';
    for (size_t o = 0; o < SALLY_LEN(objects); o++)
        for (uint32_t from = 0;
             sally_book_instance(b, objects[o], from, &i); from = i + 1u)
            n += (size_t)snprintf(&text[n], sizeof(text) - n, "/%u/%u ",
                                  objects[o], i);
    return text;
}

static void delete_spares_the_bootstrap_account(void **state)
{
    static const char *const rows[] = {
        "/0/1/1=0", "/0/1/17=21:1", "/0/2/1=0", "/0/3/1=1", "/0/3/17=21:5",
        "/0/2/17=21:5", /* which is wrong, and no reason to let them go */
        "/1/0/0=1", "/1/1/0=2", "/2/0/3=1", "/21/1/0=a", "/21/5/0=b", NULL
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(deletions); i++) {
        const struct deletion *row = &deletions[i];
        const struct sally_path all = { .depth = 0 };
        const char *nothing;
        struct sally_path path;
        char before[512];

        sally_book_cut(&book, &all);
        accounts_fill(&book, &registry, rows);
        snprintf(before, sizeof(before), "%s", instances_of(&book));
        path = accounts_path(row->path, &nothing);
        if (sally_book_delete(&book, &path, UINT16_MAX) != row->want)
            fail_msg("%s: not %s", row->what, sally_err_text(row->want));
        if (strcmp(instances_of(&book),
                   row->left != NULL ? row->left : before) != 0)
            fail_msg("%s: left %s", row->what, instances_of(&book));
    }
}

static void an_account_moves_with_all_its_values(void **state)
{
    static const uint16_t numbers[] = { 7, 0, 2, 65534 };
    uint16_t at = 1;

    (void)state;
    accounts_fill(&book, &registry, accounts_usual);
    accounts_put(&book, &registry, "/0/3/1=0");
    assert_int_equal(sally_book_move(&book, 5, 6), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_book_move(&book, 0, 3), SALLY_E_DUPLICATE);
    assert_int_equal(sally_book_move(&book, 0, 5), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        struct sally_path key = sally_path_resource(0, numbers[i], 5);
        struct sally_path last = { .depth = 0 }, path;
        struct sally_book_walk walk;
        struct sally_lwm2m_value v;
        size_t count = 0;

        assert_int_equal(sally_book_move(&book, at, numbers[i]), SALLY_E_OK);
        at = numbers[i];
        assert_true(sally_book_find(&book, &key, &v));
        assert_true(sally_span_is(v.is.bytes, "sixteen byte key"));
        for (walk.rest = sally_book_span(&book);
             sally_book_next(&walk, &path, &v); last = path, count++)
            assert_true(sally_path_order(&last, &path) < 0);
        assert_int_equal(count, SALLY_LEN(accounts_usual) - 1 + 1);
    }
}

static void comes_back_from_its_bytes(void **state)
{
    uint8_t room[2048];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_book back = { .at = NULL };

    (void)state;
    accounts_fill(&book, &registry, accounts_usual);
    assert_int_equal(sally_book_write(&book, &w), SALLY_E_OK);
    assert_int_equal(sally_book_open(&back, out.len - 2), SALLY_E_OK);
    assert_int_equal(sally_book_read(&back, sally_buf_span(&out)),
                     SALLY_E_NO_ROOM);
    sally_book_wipe(&back);
    assert_int_equal(sally_book_open(&back, out.len), SALLY_E_OK);
    assert_int_equal(sally_book_read(&back, sally_buf_span(&out)), SALLY_E_OK);
    assert_true(sally_book_equal(&back, &book));
    for (size_t cut = 0; cut < out.len; cut++) {
        enum sally_err e =
            sally_book_read(&back, (struct sally_span){ room, cut });

        /* Between two entries a shorter book ends. */
        assert_true(e == SALLY_E_OK || e == SALLY_E_TRUNCATED);
    }
    sally_book_wipe(&back);
}

#define ROW(...) { (const uint8_t[]){ __VA_ARGS__ }, \
                   sizeof((const uint8_t[]){ __VA_ARGS__ }) }
#define ENTRY(o, i, r) 3, 0, o, 0, i, 0, r, SALLY_TYPE_BOOLEAN, 0, 1, 1

static const struct damaged {
    const char *what;
    struct sally_span bytes;
    enum sally_err want;
} damaged[] = {
    { "nothing", { NULL, 0 }, SALLY_E_TRUNCATED },
    { "an empty book", ROW(1), SALLY_E_OK },
    { "a later form", ROW(2), SALLY_E_UNSUPPORTED },
    { "no form", ROW(0), SALLY_E_MALFORMED },
    { "one value", ROW(1, ENTRY(0, 0, 1)), SALLY_E_OK },
    { "an instance", ROW(1, 2, 0, 0, 0, 0, SALLY_TYPE_BOOLEAN, 0, 1, 1),
      SALLY_E_MALFORMED },
    { "five ids", ROW(1, 5, 0, 0), SALLY_E_MALFORMED },
    { "another object", ROW(1, ENTRY(3, 0, 1)), SALLY_E_MALFORMED },
    { "id 65535", ROW(1, 3, 0, 0, 255, 255, 0, 1, SALLY_TYPE_BOOLEAN, 0, 1, 1),
      SALLY_E_MALFORMED },
    { "no value", ROW(1, 3, 0, 0, 0, 0, 0, 1, SALLY_TYPE_NONE, 0, 0),
      SALLY_E_MALFORMED },
    { "no such type", ROW(1, 3, 0, 0, 0, 0, 0, 1, 200, 0, 0),
      SALLY_E_MALFORMED },
    { "a truth of 2", ROW(1, 3, 0, 0, 0, 0, 0, 1, SALLY_TYPE_BOOLEAN, 0, 1, 2),
      SALLY_E_MALFORMED },
    { "a number of 4 bytes",
      ROW(1, 3, 0, 0, 0, 0, 0, 2, SALLY_TYPE_INTEGER, 0, 4, 0, 0, 0, 1),
      SALLY_E_MALFORMED },
    { "out of order", ROW(1, ENTRY(0, 0, 2), ENTRY(0, 0, 1)),
      SALLY_E_MALFORMED },
    { "twice", ROW(1, ENTRY(0, 0, 1), ENTRY(0, 0, 1)), SALLY_E_MALFORMED },
    { "single and multiple",
      ROW(1, ENTRY(0, 0, 1), 4, 0, 0, 0, 0, 0, 1, 0, 0, SALLY_TYPE_BOOLEAN, 0,
          1, 1),
      SALLY_E_MALFORMED },
    { "a length past the end",
      ROW(1, 3, 0, 0, 0, 0, 0, 0, SALLY_TYPE_STRING, 255, 255, 'c'),
      SALLY_E_TRUNCATED },
    { "nine accounts",
      ROW(1, ENTRY(0, 0, 1), ENTRY(0, 1, 1), ENTRY(0, 2, 1), ENTRY(0, 3, 1),
          ENTRY(0, 4, 1), ENTRY(0, 5, 1), ENTRY(0, 6, 1), ENTRY(0, 7, 1),
          ENTRY(0, 8, 1)),
      SALLY_E_MALFORMED },
};

static void refuses_damaged_bytes(void **state)
{
    struct sally_book kept = { .at = NULL };

    (void)state;
    accounts_fill(&book, &registry, accounts_usual);
    assert_int_equal(sally_book_open(&kept, SALLY_BOOK_MAX), SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(damaged); i++) {
        enum sally_err e;

        assert_int_equal(sally_book_copy(&book, &kept), SALLY_E_OK);
        e = sally_book_read(&kept, damaged[i].bytes);
        if (e != damaged[i].want)
            fail_msg("%s: %s", damaged[i].what, sally_err_text(e));
        if (e != SALLY_E_OK && !sally_book_equal(&book, &kept))
            fail_msg("%s: changed", damaged[i].what);
    }
    sally_book_wipe(&kept);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_book, close_book)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_values_of_each_type_in_order),
        TEST(a_put_replaces),
        TEST(refuses_what_is_no_value_of_an_account),
        TEST(bounds_instances),
        TEST(a_full_book_stays_as_it_is),
        TEST(what_goes_is_wiped),
        TEST(delete_spares_the_bootstrap_account),
        TEST(an_account_moves_with_all_its_values),
        TEST(comes_back_from_its_bytes),
        TEST(refuses_damaged_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
