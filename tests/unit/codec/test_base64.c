/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/codec/test_base64.c - the vectors of RFC 4648 s.10, and strict
 * reading.                                                                  */
#include "codec/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct vector {
    const char *bytes, *text, *url;
} vectors[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xbf", "+/+/", "-_-_" },
};

static void writes_and_reads_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(vectors); i++) {
        uint8_t room[16], back[16];
        struct sally_buf out = SALLY_BUF(room), in = SALLY_BUF(back);
        struct sally_writer w = sally_writer_into(&out);

        sally_put_base64(&w, sally_span_of(vectors[i].bytes));
        assert_true(sally_span_is(sally_buf_span(&out), vectors[i].text));
        assert_int_equal(sally_base64_decode(sally_buf_span(&out), &in),
                         SALLY_E_OK);
        assert_true(sally_span_is(sally_buf_span(&in), vectors[i].bytes));
        out.len = in.len = 0;
        sally_put_base64url(&w, sally_span_of(vectors[i].bytes));
        assert_true(sally_span_is(sally_buf_span(&out), vectors[i].url));
        assert_int_equal(sally_base64url_decode(sally_buf_span(&out), &in),
                         SALLY_E_OK);
        assert_true(sally_span_is(sally_buf_span(&in), vectors[i].bytes));
    }
}

static const struct row {
    const char *what, *text;
    enum sally_err ordinary, url;
} rows[] = {
    { "right padding", "Zg==", SALLY_E_OK, SALLY_E_OK },
    { "no padding", "Zg", SALLY_E_MALFORMED, SALLY_E_OK },
    { "half the padding", "Zg=", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "padding alone", "====", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "three pads", "Z===", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "padding that is not needed", "Zm9v====", SALLY_E_MALFORMED,
      SALLY_E_MALFORMED },
    { "padding in the middle", "Zg==Zg==", SALLY_E_MALFORMED,
      SALLY_E_MALFORMED },
    { "one character", "Z", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "one character without bits", "A", SALLY_E_MALFORMED,
      SALLY_E_MALFORMED },
    { "five characters", "Zm9vZ", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "bits that belong to no byte", "Zh==", SALLY_E_MALFORMED,
      SALLY_E_MALFORMED },
    { "such bits after two bytes", "Zm9=", SALLY_E_MALFORMED,
      SALLY_E_MALFORMED },
    { "a space", "Zm 9", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "a line break", "Zm9v\n", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
    { "the ordinary 62 and 63", "++//", SALLY_E_OK, SALLY_E_MALFORMED },
    { "the URL-safe 62 and 63", "--__", SALLY_E_MALFORMED, SALLY_E_OK },
    { "a byte beyond ASCII", "Zm9\xff", SALLY_E_MALFORMED, SALLY_E_MALFORMED },
};

static void reads_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t back[16];
        struct sally_buf in = SALLY_BUF(back);
        enum sally_err got =
            sally_base64_decode(sally_span_of(rows[i].text), &in);

        if (got != rows[i].ordinary)
            fail_msg("%s: %s", rows[i].what, sally_err_text(got));
        if (got != SALLY_E_OK && in.len != 0)
            fail_msg("%s: left bytes behind", rows[i].what);
        in.len = 0;
        got = sally_base64url_decode(sally_span_of(rows[i].text), &in);
        if (got != rows[i].url)
            fail_msg("%s, url: %s", rows[i].what, sally_err_text(got));
    }
}

static void appends_and_stays_in_its_room(void **state)
{
    uint8_t back[4] = { 'x' };
    struct sally_buf in = { back, 1, 4 };

    (void)state;
    assert_int_equal(sally_base64_decode(sally_span_of("Zm9v"), &in),
                     SALLY_E_OK);
    assert_memory_equal(back, "xfoo", 4);
    assert_int_equal(sally_base64_decode(sally_span_of("Zg=="), &in),
                     SALLY_E_NO_ROOM);
    assert_int_equal(in.len, 4);
}

static void every_byte_comes_back(void **state)
{
    uint8_t all[256], text[400], back[256];

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)(255 - i);
    for (size_t len = 0; len <= sizeof(all); len++) {
        struct sally_buf out = SALLY_BUF(text), in = SALLY_BUF(back);
        struct sally_writer w = sally_writer_into(&out);

        sally_put_base64url(&w, (struct sally_span){ all, len });
        assert_int_equal(sally_base64url_decode(sally_buf_span(&out), &in),
                         SALLY_E_OK);
        assert_int_equal(in.len, len);
        assert_memory_equal(all, back, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_the_vectors),
        cmocka_unit_test(reads_strictly),
        cmocka_unit_test(appends_and_stays_in_its_room),
        cmocka_unit_test(every_byte_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
