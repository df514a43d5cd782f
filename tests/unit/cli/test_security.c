/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_security.c - the verb security measures what was made:
 * what holds on every machine is checked, no time.                          */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "unit/cli/run.h"

/* What each has, in this order. Bytes of a handshake differ by some where there
 * are signatures, and by many with what the library adds to its messages. What
 * a reading takes is what the RFCs say of it.                               */
static const struct want {
    const char *mechanism, *suite;
    int64_t handshake_min, handshake_max, reading, memory_max;
} wants[] = {
    { "none", "", 0, 0, 36, 100 },
    { "OSCORE", "", 60, 200, 61, 1000 },
    { "DTLS 1.2 PSK", "PSK-AES128-CCM-8", 400, 800, 94, 6000 },
    { "DTLS 1.2 ECDHE-PSK", "ECDHE-PSK-AES128-GCM-SHA256", 600, 1000, 110,
      6000 },
    { "DTLS 1.2 RPK", "ECDHE-ECDSA-AES128-CCM-8", 900, 1500, 94, 6000 },
    { "DTLS 1.2 X.509", "ECDHE-ECDSA-AES128-CCM-8", 1300, 2200, 94, 6000 },
    { "DTLS 1.3 PSK", "TLS13-AES128-GCM-SHA256", 900, 1800, 80, 7000 },
    { "DTLS 1.3 RPK", "TLS13-AES128-GCM-SHA256", 1200, 2300, 80, 7000 },
    { "DTLS 1.3 X.509", "TLS13-AES128-GCM-SHA256", 1600, 2800, 80, 7000 },
    { "DTLS 1.2 PSK + OSCORE", "PSK-AES128-CCM-8", 500, 1000, 119, 7000 },
    { "TCP", "", 4, 60, 32, 2000 },
    { "TCP + OSCORE", "", 64, 260, 58, 3000 },
    { "TLS 1.2 PSK", "PSK-AES128-CCM-8", 200, 600, 74, 8000 },
    { "TLS 1.2 RPK", "ECDHE-ECDSA-AES128-CCM-8", 600, 1300, 74, 8000 },
    { "TLS 1.2 X.509", "ECDHE-ECDSA-AES128-CCM-8", 1000, 1900, 74, 8000 },
    { "TLS 1.3 PSK", "TLS13-AES128-GCM-SHA256", 500, 1300, 76, 8000 },
    { "TLS 1.3 RPK", "TLS13-AES128-GCM-SHA256", 900, 1800, 76, 8000 },
    { "TLS 1.3 X.509", "TLS13-AES128-GCM-SHA256", 1300, 2300, 76, 8000 },
};

static int64_t number(struct sally_json row, const char *name)
{
    struct sally_json member;
    int64_t n = -1;

    if (!sally_json_member(row, name, &member) ||
        !sally_json_integer(member, &n))
        fail_msg("no number %s", name);
    return n;
}

static void check_text(struct sally_json row, const char *name,
                       const char *want)
{
    struct sally_json member;
    struct sally_span text;

    if (!sally_json_member(row, name, &member) ||
        !sally_json_string(member, &text) || !sally_span_is(text, want))
        fail_msg("%s is not \"%s\"", name, want);
}

static void check_row(struct sally_json row, const struct want *w)
{
    int64_t shake = number(row, "handshake_bytes");
    int64_t memory = number(row, "memory");

    check_text(row, "mechanism", w->mechanism);
    check_text(row, "suite", w->suite);
    if (shake < w->handshake_min || shake > w->handshake_max)
        fail_msg("%s: handshake of %lld bytes", w->mechanism,
                 (long long)shake);
    if (number(row, "reading_bytes") != w->reading)
        fail_msg("%s: reading of %lld bytes", w->mechanism,
                 (long long)number(row, "reading_bytes"));
    if (memory > w->memory_max)
        fail_msg("%s: %lld bytes of memory", w->mechanism, (long long)memory);
    assert_int_equal(number(row, "handshake_datagrams") != 0, shake != 0);
    assert_true(number(row, "handshakes") > 0);
    assert_true(number(row, "readings") > 0);
    /* Both are there, or the machine counts neither. */
    assert_int_equal(number(row, "handshake_instructions") != 0,
                     number(row, "reading_instructions") != 0);
}

static size_t check_rows(const char *printed, const struct want *w)
{
    size_t rows = 0;

    for (const char *at = printed; *at != '\0'; rows++) {
        size_t n = strcspn(at, "\n");
        struct sally_json row;

        assert_int_equal(sally_json_parse((struct sally_span){
                             (const uint8_t *)at, n }, 4096, &row),
                         SALLY_E_OK);
        if (w + rows == wants + SALLY_LEN(wants))
            fail_msg("one too many: %s", at);
        check_row(row, &w[rows]);
        sally_json_free(&row);
        at += n + (at[n] == '\n');
    }
    return rows;
}

static void each_mechanism_has_its_cost(void **state)
{
    const char *words[] = { "security", NULL };
    struct ran ran = run_verb("none", true, words);

    (void)state;
    if (ran.status != SALLY_EXIT_DONE)
        fail_msg("exit %d: %s", ran.status, ran.err);
    assert_int_equal(check_rows(ran.out, wants), SALLY_LEN(wants));
    ran_free(&ran);
}

static void one_is_measured_alone(void **state)
{
    const struct want *w = &wants[12];
    const char *words[] = { "security", w->mechanism, NULL };
    struct ran ran = run_verb("none", true, words);

    (void)state;
    assert_int_equal(ran.status, SALLY_EXIT_DONE);
    assert_int_equal(check_rows(ran.out, w), 1);
    ran_free(&ran);
}

static void what_is_none_is_told(void **state)
{
    const char *words[] = { "security", "DTLS 1.2", NULL };
    struct ran ran = run_verb("none", true, words);

    (void)state;
    assert_int_equal(ran.status, SALLY_EXIT_USAGE);
    assert_string_equal(ran.out, "");
    assert_non_null(strstr(ran.err, "\"DTLS 1.2\" is no mechanism"));
    assert_non_null(strstr(ran.err, "\"TLS 1.3 X.509\""));
    ran_free(&ran);
}

static void a_table_for_people(void **state)
{
    const char *words[] = { "security", "TCP", NULL };
    struct ran ran = run_verb("none", false, words);

    (void)state;
    assert_int_equal(ran.status, SALLY_EXIT_DONE);
    assert_non_null(strstr(ran.out, "K INSTR"));
    assert_non_null(strstr(ran.out, "\nTCP  "));
    for (const char *at = ran.out; *at != '\0';) {
        size_t n = strcspn(at, "\n");

        assert_in_range(n, 40, 80);
        at += n + (at[n] == '\n');
    }
    ran_free(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mechanism_has_its_cost),
        cmocka_unit_test(one_is_measured_alone),
        cmocka_unit_test(what_is_none_is_told),
        cmocka_unit_test(a_table_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
