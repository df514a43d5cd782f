/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/test_uri.c - the URI of a server. */
#include "coap/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAME63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct row {
    const char *text;
    enum sally_err want;
    bool secure;
    enum sally_uri_host kind;
    const char *host;
    uint16_t port;
    const char *back; /* NULL: as it was */
} rows[] = {
    { "coap://a", SALLY_E_OK, false, SALLY_URI_NAME, "a", 5683, NULL },
    { "coaps://a", SALLY_E_OK, true, SALLY_URI_NAME, "a", 5684, NULL },
    { "COAPS://LwM2M.Example.COM/", SALLY_E_OK, true, SALLY_URI_NAME,
      "lwm2m.example.com", 5684, "coaps://lwm2m.example.com" },
    { "coap://a:5684", SALLY_E_OK, false, SALLY_URI_NAME, "a", 5684, NULL },
    { "coap://a:5683", SALLY_E_OK, false, SALLY_URI_NAME, "a", 5683,
      "coap://a" },
    { "coap://a:", SALLY_E_OK, false, SALLY_URI_NAME, "a", 5683, "coap://a" },
    { "coap://a:1/", SALLY_E_OK, false, SALLY_URI_NAME, "a", 1, "coap://a:1" },
    { "coap://a:65535", SALLY_E_OK, false, SALLY_URI_NAME, "a", 65535, NULL },
    { "coap://a:00080", SALLY_E_OK, false, SALLY_URI_NAME, "a", 80,
      "coap://a:80" },
    { "coap://a.b.", SALLY_E_OK, false, SALLY_URI_NAME, "a.b.", 5683, NULL },
    { "coap://my_host-1", SALLY_E_OK, false, SALLY_URI_NAME, "my_host-1", 5683,
      NULL },
    { "coap://" NAME63, SALLY_E_OK, false, SALLY_URI_NAME, NAME63, 5683, NULL },
    { "coap://192.168.0.10", SALLY_E_OK, false, SALLY_URI_IPV4, "192.168.0.10",
      5683, NULL },
    { "coap://[::1]", SALLY_E_OK, false, SALLY_URI_IPV6, "::1", 5683, NULL },
    { "coaps://[2001:DB8::1]:7", SALLY_E_OK, true, SALLY_URI_IPV6,
      "2001:db8::1", 7, "coaps://[2001:db8::1]:7" },
    { "coap://[1:2:3:4:5:6:7:8]", SALLY_E_OK, false, SALLY_URI_IPV6,
      "1:2:3:4:5:6:7:8", 5683, NULL },
    { "coap://[::]", SALLY_E_OK, false, SALLY_URI_IPV6, "::", 5683, NULL },
    { "coap://[1::]", SALLY_E_OK, false, SALLY_URI_IPV6, "1::", 5683, NULL },
    { "coap://[::ffff:10.0.0.1]", SALLY_E_OK, false, SALLY_URI_IPV6,
      "::ffff:10.0.0.1", 5683, NULL },
    { "coaps://[FE80::1%25Eth0.7]", SALLY_E_OK, true, SALLY_URI_IPV6,
      "fe80::1%Eth0.7", 5684, "coaps://[fe80::1%25Eth0.7]" },
    { "coap://[febf::1%251]:9", SALLY_E_OK, false, SALLY_URI_IPV6,
      "febf::1%1", 9, NULL },
    { "coap://[1:2:3:4:5:6:10.0.0.1]", SALLY_E_OK, false, SALLY_URI_IPV6,
      "1:2:3:4:5:6:10.0.0.1", 5683, NULL },
    { "coap+tcp://a", SALLY_E_OK, false, SALLY_URI_NAME, "a", 5683, NULL },
    { "CoAPs+TCP://a:5684", SALLY_E_OK, true, SALLY_URI_NAME, "a", 5684,
      "coaps+tcp://a" },
    { "coaps+tcp://[::1]:5683", SALLY_E_OK, true, SALLY_URI_IPV6, "::1", 5683,
      NULL },
    { "", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { "coap:/a", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { "http://a", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { "coap+tls://a", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { "coap+tcp:/a", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { " coap://a", SALLY_E_UNSUPPORTED, false, 0, NULL, 0, NULL },
    { "coap://", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap:///", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://:5683", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a ", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a/b", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a?b", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a#b", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://u@a", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a%2eb", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a..b", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://.a", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://-a", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a-", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://" NAME63 "a", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://" NAME63 "." NAME63 "." NAME63 "." NAME63, SALLY_E_TOO_LARGE,
      false, 0, NULL, 0, NULL },
    { "coap://a:0", SALLY_E_OUT_OF_RANGE, false, 0, NULL, 0, NULL },
    { "coap://a:65536", SALLY_E_OUT_OF_RANGE, false, 0, NULL, 0, NULL },
    { "coap://a:99999999999", SALLY_E_OUT_OF_RANGE, false, 0, NULL, 0, NULL },
    { "coap://a:1x", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://a:-1", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://256.0.0.1", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://1.2.3", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://010.0.0.1", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://2130706433", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[::1", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[:]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[:::]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[1::2::3]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[1:2:3:4:5:6:7]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[1:2:3:4:5:6:7:8:9]", SALLY_E_MALFORMED, false, 0, NULL, 0,
      NULL },
    { "coap://[1:2:3:4:5:6:7::8]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[12345::]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[g::]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[1:2:3:4:5:6:7:8:]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[fe80::1%25]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[fe80::1%eth0]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[fe80::1%25a/b]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[fe80::1%25abcdefghijklmnop]", SALLY_E_MALFORMED, false, 0, NULL,
      0, NULL },
    { "coap://[fec0::1%25eth0]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[2001:db8::1%25eth0]", SALLY_E_MALFORMED, false, 0, NULL, 0,
      NULL },
    { "coap://[%25eth0]", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
    { "coap://[::1]x", SALLY_E_MALFORMED, false, 0, NULL, 0, NULL },
};

static void parses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_uri uri = { .port = 0 };
        enum sally_err got = sally_uri_parse(sally_span_of(r->text), &uri);

        if (got != r->want)
            fail_msg("%s: got: %s", r->text, sally_err_text(got));
        if (got != SALLY_E_OK) {
            assert_int_equal(uri.port, 0);
            continue;
        }
        if (uri.stream != (strchr(r->text, '+') != NULL))
            fail_msg("%s: over the wrong transport", r->text);
        if (uri.secure != r->secure || uri.kind != r->kind ||
            uri.port != r->port || strcmp(uri.host, r->host) != 0)
            fail_msg("%s: host %s, port %u", r->text, uri.host, uri.port);
    }
}

static void writes_the_shortest_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        char text[SALLY_URI_TEXT];
        struct sally_uri uri;
        size_t len;

        if (sally_uri_parse(sally_span_of(r->text), &uri) != SALLY_E_OK)
            continue;
        len = sally_uri_text(&uri, text, sizeof(text));
        assert_int_equal(len, strlen(text));
        assert_string_equal(text, r->back == NULL ? r->text : r->back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_each_row),
        cmocka_unit_test(writes_the_shortest_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
