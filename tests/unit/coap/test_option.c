/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_option.c - walking, checking and writing options. */
#include "coap/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...)                                                             \
    (const uint8_t[]) { __VA_ARGS__ }
#define B(...)                                                                 \
    {                                                                          \
        BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__))                         \
    }

static const struct list_row {
    const char *what;
    struct sally_span list;
    enum sally_err want;
} lists[] = {
    { "no options", { NULL, 0 }, SALLY_E_OK },
    { "two of them", B(0xb1, 'a', 0x01, 'b'), SALLY_E_OK },
    { "value cut short", B(0xb1, 'a', 0x02, 'b'), SALLY_E_TRUNCATED },
    { "a marker is no option", B(0xb1, 'a', 0xff), SALLY_E_MALFORMED },
    { "delta nibble 15", B(0xf1, 'a'), SALLY_E_MALFORMED },
    { "number above 65535", B(0xe0, 255, 255), SALLY_E_MALFORMED },
};

static void checks_each_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(lists); i++) {
        enum sally_err got = sally_coap_options_check(lists[i].list);

        if (got != lists[i].want)
            fail_msg("%s: got: %s", lists[i].what, sally_err_text(got));
    }
}

static const uint16_t known[] = { SALLY_OPTION_URI_HOST, SALLY_OPTION_URI_PATH,
                                  SALLY_OPTION_ACCEPT, SALLY_OPTION_BLOCK1 };

static const struct understood_row {
    const char *what;
    struct sally_span list;
    uint16_t culprit; /* 0: understood */
} understood[] = {
    { "nothing", { NULL, 0 }, 0 },
    { "a path", B(0xb1, 'a', 0x01, 'b'), 0 },
    { "unknown elective", B(0xc0), 0 },
    { "repeated elective", B(0xc0, 0x00), 0 },
    { "unknown critical", B(0x10), 1 },
    { "unknown critical behind a path", B(0xb1, 'a', 0xd0, 11), 35 },
    { "Accept twice", B(0xd0, 4, 0x00), 17 },
    { "Accept of three bytes", B(0xd3, 4, 1, 2, 3), 17 },
    { "Block1 of three bytes", B(0xd3, 14, 1, 2, 3), 0 },
    { "Block1 of four bytes", B(0xd4, 14, 1, 2, 3, 4), 27 },
    { "empty Uri-Host", B(0x30), 3 },
    { "empty Uri-Path", B(0xb0), 0 },
};

static void finds_what_is_not_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(understood); i++) {
        uint16_t culprit = 0;
        bool ok = sally_coap_options_understood(understood[i].list, known,
                                                SALLY_LEN(known), &culprit);

        if (ok != (understood[i].culprit == 0) ||
            culprit != understood[i].culprit)
            fail_msg("%s: culprit %u", understood[i].what, culprit);
    }
}

static void walks_in_order(void **state)
{
    static const uint8_t list[] = { 0xb1, 'a', 0x01, 'b', 0xd2, 4, 9, 8 };
    static const uint16_t numbers[] = { 11, 11, 28 };
    struct sally_coap_options walk = { { list, sizeof(list) }, 0 };
    struct sally_coap_option o;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        assert_true(sally_coap_option_next(&walk, &o));
        assert_int_equal(o.number, numbers[i]);
    }
    assert_int_equal(o.value.len, 2);
    assert_false(sally_coap_option_next(&walk, &o));
    assert_int_equal(walk.rest.len, 0);
}

static const struct uint_row {
    const char *what;
    struct sally_span list;
    bool found;
    uint32_t value;
} uints[] = {
    { "absent", B(0xb0), false, 0 },
    { "empty is 0", B(0xc0), true, 0 },
    { "one byte", B(0xc1, 42), true, 42 },
    { "leading zeros count", B(0xc3, 0, 1, 2), true, 258 },
    { "four bytes", B(0xc4, 255, 255, 255, 255), true, UINT32_MAX },
    { "five bytes", B(0xc5, 0, 0, 0, 0, 1), false, 0 },
    { "the first of two", B(0xc1, 1, 0x01, 2), true, 1 },
};

static void reads_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(uints); i++) {
        uint32_t value = 0;
        bool found = sally_coap_option_uint(
            uints[i].list, SALLY_OPTION_CONTENT_FORMAT, &value);

        if (found != uints[i].found || value != uints[i].value)
            fail_msg("%s: %d, %u", uints[i].what, found, value);
    }
}

/* Deltas and lengths on both sides of every step of the encoding. */
static const uint32_t steps[] = { 0, 1, 12, 13, 14, 268, 269, 270, 1000 };

static void writes_what_it_reads(void **state)
{
    static const uint8_t zeros[1000];
    uint8_t room[1100];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(steps) * SALLY_LEN(steps); i++) {
        uint16_t number = (uint16_t)steps[i / SALLY_LEN(steps)];
        size_t len = steps[i % SALLY_LEN(steps)];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_coap_option_writer w = sally_coap_options_into(&out);
        struct sally_span value;

        sally_coap_put_option(&w, number, (struct sally_span){ zeros, len });
        assert_int_equal(sally_coap_options_end(&w), SALLY_E_OK);
        assert_int_equal(sally_coap_options_check(sally_buf_span(&out)),
                         SALLY_E_OK);
        assert_true(
            sally_coap_option_find(sally_buf_span(&out), number, &value));
        assert_int_equal(value.len, len);
    }
}

static void writes_numbers_without_leading_zeros(void **state)
{
    static const struct {
        uint32_t value;
        size_t len; /* of the option, head included */
    } want[] = { { 0, 1 },        { 1, 2 },         { 255, 2 },
                 { 256, 3 },      { 0xffff, 3 },    { 0x10000, 4 },
                 { 1u << 24, 5 }, { UINT32_MAX, 5 } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(want); i++) {
        uint8_t room[8];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_coap_option_writer w = sally_coap_options_into(&out);
        uint32_t back;

        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, want[i].value);
        assert_int_equal(out.len, want[i].len);
        assert_true(sally_coap_option_uint(sally_buf_span(&out),
                                           SALLY_OPTION_CONTENT_FORMAT, &back));
        assert_int_equal(back, want[i].value);
    }
}

static void refuses_numbers_that_descend(void **state)
{
    uint8_t room[16];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&out);

    (void)state;
    sally_coap_put_uint(&w, 12, 1);
    sally_coap_put_uint(&w, 11, 1);
    sally_coap_put_uint(&w, 13, 1); /* the failure stays */
    assert_int_equal(sally_coap_options_end(&w), SALLY_E_BAD_STATE);
    assert_int_equal(out.len, 2);
}

static void leaves_a_whole_list_when_full(void **state)
{
    uint8_t room[5];

    (void)state;
    for (size_t size = 0; size <= sizeof(room); size++) {
        struct sally_buf out = { room, 0, size };
        struct sally_coap_option_writer w = sally_coap_options_into(&out);

        sally_coap_put_uint(&w, 12, 1);
        sally_coap_put_uint(&w, 60, 1);
        assert_int_equal(sally_coap_options_end(&w),
                         size < 5 ? SALLY_E_NO_ROOM : SALLY_E_OK);
        assert_int_equal(sally_coap_options_check(sally_buf_span(&out)),
                         SALLY_E_OK);
    }
}

static const struct path_row {
    const char *path;
    struct sally_span want;
} paths[] = {
    { "", { NULL, 0 } },
    { "/", { NULL, 0 } },
    { "a", B(0xb1, 'a') },
    { "/a", B(0xb1, 'a') },
    { "a/bc", B(0xb1, 'a', 0x02, 'b', 'c') },
    { "/a//b", B(0xb1, 'a', 0x00, 0x01, 'b') },
    { "%2f", B(0xb3, '%', '2', 'f') },
};

static void splits_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(paths); i++) {
        uint8_t room[32];
        struct sally_buf out = SALLY_BUF(room);
        struct sally_coap_option_writer w = sally_coap_options_into(&out);

        sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, paths[i].path);
        if (!sally_span_equal(sally_buf_span(&out), paths[i].want))
            fail_msg("path \"%s\"", paths[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_each_list),
        cmocka_unit_test(finds_what_is_not_understood),
        cmocka_unit_test(walks_in_order),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(writes_numbers_without_leading_zeros),
        cmocka_unit_test(refuses_numbers_that_descend),
        cmocka_unit_test(leaves_a_whole_list_when_full),
        cmocka_unit_test(splits_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
