/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/codec/test_linkformat.c - links written, and links read from
 * whoever sends them.                                                       */
#include "codec/linkformat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void writes_links(void **state)
{
    uint8_t room[128];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_links l = sally_links_into(&out);

    (void)state;
    sally_put_link(&l, "/");
    sally_put_quoted(&l, "rt", sally_span_of("oma.lwm2m"));
    sally_put_attribute(&l, "ct", "110");
    sally_put_link(&l, "/3303");
    sally_put_attribute(&l, "ver", "1.1");
    sally_put_link(&l, "/3/0");
    sally_put_attribute(&l, "obs", NULL);
    sally_put_quoted(&l, "title", sally_span_of("a \"b\" \\c"));
    assert_int_equal(sally_links_end(&l), SALLY_E_OK);
    assert_true(sally_span_is(
        sally_buf_span(&out),
        "</>;rt=\"oma.lwm2m\";ct=110,</3303>;ver=1.1,"
        "</3/0>;obs;title=\"a \\\"b\\\" \\\\c\""));
}

static void says_when_there_is_no_room(void **state)
{
    uint8_t room[8];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_links l = sally_links_into(&out);

    (void)state;
    sally_put_link(&l, "/3303/0/5700");
    assert_int_equal(sally_links_end(&l), SALLY_E_NO_ROOM);
}

/* Each link as "target attributes|". */
static const struct row {
    const char *what, *text, *links;
    bool good;
} rows[] = {
    { "nothing", "", "", true },
    { "one link", "</3/0>", "/3/0 |", true },
    { "several links", "</1/0>,</3/0>,</5>", "/1/0 |/3/0 |/5 |", true },
    { "attributes", "</3>;pmin=1;obs;rt=\"a b\"", "/3 ;pmin=1;obs;rt=\"a b\"|",
      true },
    { "a comma between quotes", "</3>;t=\"a,b;c>\",</4>",
      "/3 ;t=\"a,b;c>\"|/4 |", true },
    { "an escaped quote", "</3>;t=\"a\\\"b\",</4>", "/3 ;t=\"a\\\"b\"|/4 |",
      true },
    { "an empty target", "<>", " |", true },
    { "an empty quoted value", "</3>;t=\"\"", "/3 ;t=\"\"|", true },
    { "a space after the comma", "</3>, </4>", "/3 |/4 |", true },
    { "an equals sign in a value", "</3>;a=b=c", "/3 ;a=b=c|", true },
    { "no bracket", "/3/0", "", false },
    { "no closing bracket", "</3/0", "", false },
    { "a comma at the end", "</3>,", "", false },
    { "two commas", "</3>,,</4>", "/3 |", false },
    { "a semicolon at the end", "</3>;", "", false },
    { "no name", "</3>;=1", "", false },
    { "no value", "</3>;a=", "", false },
    { "no closing quote", "</3>;a=\"b", "", false },
    { "an escape at the end", "</3>;a=\"b\\", "", false },
    { "text after the quote", "</3>;a=\"b\"c", "", false },
    { "a quote inside a value", "</3>;a=b\"c\"", "", false },
    { "a quote after a name", "</3>;a\"c\"", "", false },
    { "text after the target", "</3>x", "", false },
};

static const char *told(struct sally_span in, bool *good)
{
    static char text[256];
    struct sally_buf buf = { (uint8_t *)text, 0, sizeof(text) - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    struct sally_cursor c = sally_cursor_over(in);
    struct sally_span target, attributes;

    while (sally_take_link(&c, &target, &attributes)) {
        sally_put(&w, target);
        sally_put_u8(&w, ' ');
        sally_put(&w, attributes);
        sally_put_u8(&w, '|');
    }
    *good = !c.failed;
    text[buf.len] = '\0';
    return text;
}

static void reads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        bool good;
        const char *links = told(sally_span_of(rows[i].text), &good);

        if (good != rows[i].good || strcmp(links, rows[i].links) != 0)
            fail_msg("%s: %s", rows[i].what, links);
    }
}

static void never_reads_past_a_cut(void **state)
{
    static const char whole[] = "</3>;pmin=1;rt=\"a \\\" b\",</4/0/1>;obs";

    (void)state;
    for (size_t cut = 0; cut < sizeof(whole); cut++) {
        uint8_t *in = malloc(cut == 0 ? 1 : cut); /* for the sanitizer */
        bool good;

        memcpy(in, whole, cut);
        (void)told((struct sally_span){ in, cut }, &good);
        free(in);
    }
}

static void finds_attributes(void **state)
{
    struct sally_span all =
        sally_span_of(";pmin=1;obs;rt=\"a;pmax=9\";pmax=60;pmax=61");
    struct sally_span value;

    (void)state;
    assert_true(sally_link_attribute(all, "pmin", &value));
    assert_true(sally_span_is(value, "1"));
    assert_true(sally_link_attribute(all, "obs", &value));
    assert_int_equal(value.len, 0);
    assert_true(sally_link_attribute(all, "rt", &value));
    assert_true(sally_span_is(value, "a;pmax=9"));
    assert_true(sally_link_attribute(all, "pmax", &value));
    assert_true(sally_span_is(value, "60"));
    assert_false(sally_link_attribute(all, "pm", &value));
    assert_false(sally_link_attribute(sally_span_of(""), "rt", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_links),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(reads_each_row),
        cmocka_unit_test(never_reads_past_a_cut),
        cmocka_unit_test(finds_attributes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
