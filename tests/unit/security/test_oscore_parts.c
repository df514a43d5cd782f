/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_oscore_parts.c - the option's decoder, the place of
 * each registered option, and the replay window.                            */
#include "base/span.h"
#include "coap/option.h"
#include "security/oscore/option.h"
#include "security/oscore/proxy_uri.h"
#include "security/oscore/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }
#define B(...) { BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) }

static const struct row {
    const char *what;
    struct sally_span value;
    enum sally_err want;
} rows[] = {
    { "nothing", { NULL, 0 }, SALLY_E_OK },
    { "number 0", B(0x01, 0), SALLY_E_OK },
    { "number of five bytes", B(0x05, 1, 2, 3, 4, 5), SALLY_E_OK },
    { "kid of no bytes", B(0x09, 0x14), SALLY_E_OK },
    { "kid context of no bytes", B(0x19, 0x14, 0), SALLY_E_OK },
    { "all three", B(0x19, 0x14, 1, 'c', 'k'), SALLY_E_OK },
    { "one byte of zeros instead of none", B(0x00), SALLY_E_MALFORMED },
    { "reserved bit 80", B(0x89, 0x14), SALLY_E_MALFORMED },
    { "reserved bit 40", B(0x49, 0x14), SALLY_E_MALFORMED },
    { "reserved bit 20", B(0x29, 0x14), SALLY_E_MALFORMED },
    { "number of six bytes", B(0x06, 1, 2, 3, 4, 5, 6), SALLY_E_MALFORMED },
    { "number of seven", B(0x07, 1, 2, 3, 4, 5, 6, 7), SALLY_E_MALFORMED },
    { "number cut off", B(0x02, 1), SALLY_E_MALFORMED },
    { "number with a zero in front", B(0x02, 0, 1), SALLY_E_MALFORMED },
    { "kid context without its length", B(0x11, 1), SALLY_E_MALFORMED },
    { "kid context past the end", B(0x11, 1, 2, 'c'), SALLY_E_MALFORMED },
    { "bytes that nothing announces", B(0x01, 1, 'x'), SALLY_E_MALFORMED },
    { "and after a kid context", B(0x11, 1, 1, 'c', 'x'), SALLY_E_MALFORMED },
};

static void decodes_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_oscore_option o = { .has_kid = true, .kid = { NULL, 9 } };
        enum sally_err got = sally_oscore_option_decode(rows[i].value, &o);

        if (got != rows[i].want)
            fail_msg("%s: got: %s", rows[i].what, sally_err_text(got));
        if (got != SALLY_E_OK && o.kid.len != 9)
            fail_msg("%s: the result was touched", rows[i].what);
    }
}

static void is_at_most_255_bytes(void **state)
{
    uint8_t long_kid[256] = { 0x09, 1 };
    struct sally_oscore_option o;

    (void)state;
    assert_int_equal(
        sally_oscore_option_decode((struct sally_span){ long_kid, 255 }, &o),
        SALLY_E_OK);
    assert_int_equal(o.kid.len, 253);
    assert_int_equal(
        sally_oscore_option_decode((struct sally_span){ long_kid, 256 }, &o),
        SALLY_E_MALFORMED);
}

static const struct form {
    uint64_t number;
    struct sally_span piv;
} forms[] = {
    { 0, B(0) },
    { 255, B(0xff) },
    { 256, B(1, 0) },
    { 65535, B(0xff, 0xff) },
    { 65536, B(1, 0, 0) },
    { (UINT64_C(1) << 40) - 1, B(0xff, 0xff, 0xff, 0xff, 0xff) },
};

static void numbers_take_their_shortest_form(void **state)
{
    uint8_t room[SALLY_OSCORE_PIV_MAX];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(forms); i++) {
        struct sally_span got = sally_oscore_piv(forms[i].number, room);

        assert_true(sally_span_equal(got, forms[i].piv));
        assert_int_equal(sally_oscore_piv_number(got), forms[i].number);
    }
}

/* All registered options. RFC 8613 figure 5; later ones by their RFCs. */
static void each_option_has_its_place(void **state)
{
    static const uint16_t inside[] = { 1,    4,    5,    8,    11,  12,  13,
                                       14,   15,   16,   17,   19,  20,  23,
                                       27,   28,   31,   60,   252, 258, 292,
                                       2049, 2053, 2055, 65000 };
    static const uint16_t outside[] = { 3, 7, 21, 35, 39 };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(inside); i++)
        if (sally_oscore_class(inside[i]) != SALLY_OSCORE_E)
            fail_msg("option %u is not inside", inside[i]);
    for (size_t i = 0; i < SALLY_LEN(outside); i++)
        if (sally_oscore_class(outside[i]) != SALLY_OSCORE_U)
            fail_msg("option %u is not outside", outside[i]);
    assert_int_equal(sally_oscore_class(6), SALLY_OSCORE_BOTH);
    assert_int_equal(sally_oscore_class(9), SALLY_OSCORE_NEVER);
}

/* What a Proxy-Uri comes apart into, each option as "NUMBER:VALUE ". */
static const struct split_row {
    const char *uri, *want; /* NULL: MALFORMED */
} split_rows[] = {
    { "coap://h", "35:coap://h " },
    { "coap://h/", "35:coap://h " },
    { "coap://h:61616/a/b?x=1&y", "11:a 11:b 15:x=1 15:y 35:coap://h:61616 " },
    { "coaps+tcp://[2001:db8::1]/a", "11:a 35:coaps+tcp://[2001:db8::1] " },
    { "coap://h/a%2Fb/%25?q=%26&r", "11:a/b 11:% 15:q=& 15:r 35:coap://h " },
    { "coap://h/a/", "11:a 11: 35:coap://h " },
    { "coap://h//a", "11: 11:a 35:coap://h " },
    { "coap://h?x", "15:x 35:coap://h " },
    { "coap://h?x?y/z", "15:x?y/z 35:coap://h " },
    { "coap://h?", "15: 35:coap://h " },
    { "http://h/a:b://c", "11:a:b: 11: 11:c 35:http://h " },
    { "", NULL },
    { "h/a", NULL },
    { "/a", NULL },
    { "://h/a", NULL },
    { "coap:///a", NULL },
    { "coap://?a", NULL },
    { "coap://h/a#b", NULL },
    { "coap://who@h/a", NULL },
    { "coap://h/%4", NULL },
    { "coap://h/%", NULL },
    { "coap://h/%zz", NULL },
    { "coap://h?%4x", NULL },
};

static void list_text(struct sally_span list, char *out, size_t size)
{
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;
    size_t n = 0;

    out[0] = '\0';
    while (sally_coap_option_next(&walk, &o) && n < size)
        n += (size_t)snprintf(&out[n], size - n, "%u:%.*s ", o.number,
                              (int)o.value.len, (const char *)o.value.at);
}

static void splits_each_proxy_uri(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(split_rows); i++) {
        const struct split_row *r = &split_rows[i];
        uint8_t given[128], room[128];
        struct sally_buf in = SALLY_BUF(given), out = SALLY_BUF(room);
        struct sally_coap_option_writer w = sally_coap_options_into(&in);
        enum sally_err e;
        char got[128];

        sally_coap_put_option(&w, SALLY_OPTION_PROXY_URI,
                              sally_span_of(r->uri));
        assert_int_equal(sally_coap_options_end(&w), SALLY_E_OK);
        e = sally_oscore_split(sally_buf_span(&in), &out);
        if (e != (r->want == NULL ? SALLY_E_MALFORMED : SALLY_E_OK))
            fail_msg("%s: got: %s", r->uri, sally_err_text(e));
        if (e != SALLY_E_OK)
            continue;
        list_text(sally_buf_span(&out), got, sizeof(got));
        if (strcmp(got, r->want) != 0)
            fail_msg("%s: got: %s", r->uri, got);
    }
}

/* Among other options; and not beside those that it stands for. */
static void a_proxy_uri_stands_alone(void **state)
{
    static const uint16_t replaced[] = { 3, 7, 11, 15 };
    uint8_t given[64], room[64];
    struct sally_buf in = SALLY_BUF(given), out = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&in);
    char got[64];

    (void)state;
    sally_coap_put_option(&w, 6, sally_span_of(""));
    sally_coap_put_option(&w, 12, sally_span_of("f"));
    sally_coap_put_option(&w, 17, sally_span_of("g"));
    sally_coap_put_option(&w, 35, sally_span_of("coap://h/a?b"));
    sally_coap_put_option(&w, 60, sally_span_of("z"));
    sally_coap_put_option(&w, 65535, sally_span_of("q"));
    assert_int_equal(sally_oscore_split(sally_buf_span(&in), &out), SALLY_E_OK);
    list_text(sally_buf_span(&out), got, sizeof(got));
    assert_string_equal(got, "6: 11:a 12:f 15:b 17:g 35:coap://h 60:z "
                             "65535:q ");
    for (size_t i = 0; i < SALLY_LEN(replaced); i++) {
        in = SALLY_BUF(given);
        out = SALLY_BUF(room);
        w = sally_coap_options_into(&in);
        sally_coap_put_option(&w, replaced[i], sally_span_of("x"));
        sally_coap_put_option(&w, 35, sally_span_of("coap://h/a?b"));
        assert_int_equal(sally_oscore_split(sally_buf_span(&in), &out),
                         SALLY_E_MALFORMED);
    }
}

/* A part has 255 bytes at most, and the options their room. */
static void a_long_proxy_uri_is_refused(void **state)
{
    uint8_t given[320], room[400];
    char uri[280] = "coap://h/";
    struct sally_buf in, out;

    (void)state;
    for (size_t n = 255; n <= 256; n++) {
        struct sally_coap_option_writer w;

        memset(&uri[9], 'a', n);
        in = SALLY_BUF(given);
        out = SALLY_BUF(room);
        w = sally_coap_options_into(&in);
        sally_coap_put_option(&w, 35, (struct sally_span){ (uint8_t *)uri,
                                                           9 + n });
        assert_int_equal(sally_oscore_split(sally_buf_span(&in), &out),
                         n == 255 ? SALLY_E_OK : SALLY_E_MALFORMED);
    }
    out = (struct sally_buf){ room, 0, 20 };
    memset(&uri[9], '/', 30);
    in.len = 0;
    {
        struct sally_coap_option_writer w = sally_coap_options_into(&in);

        sally_coap_put_option(&w, 35, (struct sally_span){ (uint8_t *)uri, 39 });
    }
    assert_int_equal(sally_oscore_split(sally_buf_span(&in), &out),
                     SALLY_E_NO_ROOM);
}

/* A word for each message: its number, and whether it is taken. */
#define END UINT64_MAX
static const struct window_row {
    const char *what;
    struct {
        uint64_t number;
        bool taken;
    } message[12];
} window_rows[] = {
    { "in order", { { 0, 1 }, { 1, 1 }, { 2, 1 }, { END, 0 } } },
    { "twice", { { 0, 1 }, { 0, 0 }, { 5, 1 }, { 5, 0 }, { END, 0 } } },
    { "late, once",
      { { 5, 1 }, { 3, 1 }, { 3, 0 }, { 4, 1 }, { 0, 1 }, { END, 0 } } },
    { "a late one lowers nothing",
      { { 10, 1 }, { 3, 1 }, { 10, 0 }, { 11, 1 }, { 11, 0 }, { 3, 0 },
        { END, 0 } } },
    { "a gap, and late ones in it",
      { { 1100, 1 }, { 1102, 1 }, { 1100, 0 }, { 1101, 1 }, { 1101, 0 },
        { 1102, 0 }, { 1099, 1 }, { END, 0 } } },
    { "the oldest that counts",
      { { 100, 1 }, { 37, 1 }, { 36, 0 }, { 37, 0 }, { 35, 0 }, { 34, 0 },
        { END, 0 } } },
    { "a jump of less than the window",
      { { 0, 1 }, { 63, 1 }, { 0, 0 }, { 1, 1 }, { END, 0 } } },
    { "a jump of the window",
      { { 0, 1 }, { 64, 1 }, { 0, 0 }, { 1, 1 }, { 64, 0 }, { END, 0 } } },
    { "a jump of more",
      { { 0, 1 }, { 65, 1 }, { 1, 0 }, { 2, 1 }, { END, 0 } } },
    { "a jump of one more than the window",
      { { 0, 1 }, { 1, 1 }, { 66, 1 }, { 65, 1 }, { 64, 1 }, { 3, 1 },
        { 2, 0 }, { END, 0 } } },
    { "a jump of two windows",
      { { 3, 1 }, { 131, 1 }, { 67, 0 }, { 68, 1 }, { 131, 0 }, { END, 0 } } },
    { "past one byte",
      { { 255, 1 }, { 256, 1 }, { 255, 0 }, { 256, 0 }, { 0, 0 },
        { END, 0 } } },
    { "past two bytes",
      { { 65535, 1 }, { 65536, 1 }, { 65535, 0 }, { 65536, 0 }, { 0, 0 },
        { 65472, 0 }, { 65473, 1 }, { END, 0 } } },
    { "past 32 bits",
      { { 0xffffffff, 1 }, { 0x100000000, 1 }, { 0xffffffff, 0 }, { 0, 0 },
        { 0xfffffffe, 1 }, { END, 0 } } },
    { "the last numbers",
      { { 0xffffffffff, 1 }, { 0xfffffffffe, 1 }, { 0xffffffffff, 0 },
        { END, 0 } } },
};

static void the_window_takes_each_number_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(window_rows); i++) {
        struct sally_oscore_window w = { .state = SALLY_WINDOW_EMPTY };

        for (size_t j = 0; window_rows[i].message[j].number != END; j++) {
            uint64_t n = window_rows[i].message[j].number;
            enum sally_err e = sally_oscore_window_check(&w, n);

            if ((e == SALLY_E_OK) != window_rows[i].message[j].taken)
                fail_msg("%s: %llu: %s", window_rows[i].what,
                         (unsigned long long)n, sally_err_text(e));
            if (e == SALLY_E_OK)
                sally_oscore_window_accept(&w, n);
        }
    }
}

/* A check alone leaves no trace: the tag may be wrong. */
static void a_check_moves_nothing(void **state)
{
    struct sally_oscore_window w = { .state = SALLY_WINDOW_EMPTY }, before;

    (void)state;
    sally_oscore_window_accept(&w, 10);
    before = w;
    assert_int_equal(sally_oscore_window_check(&w, 1000), SALLY_E_OK);
    assert_int_equal(sally_oscore_window_check(&w, 10), SALLY_E_REPLAYED);
    assert_memory_equal(&w, &before, sizeof(w));
}

static void nothing_below_a_new_begin_counts(void **state)
{
    struct sally_oscore_window w = { .state = SALLY_WINDOW_UNKNOWN };

    (void)state;
    assert_int_equal(sally_oscore_window_check(&w, 3), SALLY_E_OK);
    sally_oscore_window_begin(&w, 50);
    assert_int_equal(sally_oscore_window_check(&w, 50), SALLY_E_REPLAYED);
    assert_int_equal(sally_oscore_window_check(&w, 49), SALLY_E_REPLAYED);
    assert_int_equal(sally_oscore_window_check(&w, 51), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_row),
        cmocka_unit_test(is_at_most_255_bytes),
        cmocka_unit_test(numbers_take_their_shortest_form),
        cmocka_unit_test(each_option_has_its_place),
        cmocka_unit_test(splits_each_proxy_uri),
        cmocka_unit_test(a_proxy_uri_stands_alone),
        cmocka_unit_test(a_long_proxy_uri_is_refused),
        cmocka_unit_test(the_window_takes_each_number_once),
        cmocka_unit_test(a_check_moves_nothing),
        cmocka_unit_test(nothing_below_a_new_begin_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
