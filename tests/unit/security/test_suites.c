/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_suites.c - which suites an account offers.        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/suites.h"

#define LIST(...)                                                              \
    (const uint16_t[]) { __VA_ARGS__ }
static const struct row {
    const char *what;
    enum sally_security_mode mode;
    enum sally_tls_version least;
    const uint16_t *named;
    size_t count;
    const char *want; /* NULL: UNSUPPORTED */
} rows[] = {
    { "a key", SALLY_MODE_PSK, SALLY_TLS_ANY, NULL, 0,
      "TLS13-AES128-GCM-SHA256:TLS13-AES128-CCM-8-SHA256:"
      "TLS13-AES128-CCM-SHA256:PSK-AES128-CCM-8:ECDHE-PSK-AES128-GCM-SHA256:"
      "PSK-AES128-GCM-SHA256" },
    { "a raw key, 1.2 at least", SALLY_MODE_RPK, SALLY_TLS_1_2, NULL, 0,
      "TLS13-AES128-GCM-SHA256:TLS13-AES128-CCM-8-SHA256:"
      "TLS13-AES128-CCM-SHA256:ECDHE-ECDSA-AES128-CCM-8:"
      "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256" },
    { "1.3 only", SALLY_MODE_X509, SALLY_TLS_1_3, NULL, 0,
      "TLS13-AES128-GCM-SHA256:TLS13-AES128-CCM-8-SHA256:"
      "TLS13-AES128-CCM-SHA256" },
    { "named, in the account's order, once each", SALLY_MODE_PSK, SALLY_TLS_ANY,
      LIST(0xc037, 0xc0a8, 0xc037), 3,
      "ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-CCM-8" },
    { "of another kind", SALLY_MODE_PSK, SALLY_TLS_ANY, LIST(0xc0ae), 1, NULL },
    { "of a version too old", SALLY_MODE_PSK, SALLY_TLS_1_3, LIST(0xc0a8), 1,
      NULL },
    { "that nobody knows", SALLY_MODE_PSK, SALLY_TLS_ANY, LIST(0x0000), 1,
      NULL },
};

static void offers_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_credential c = { .mode = rows[i].mode,
                                            .min_version = rows[i].least,
                                            .suites = rows[i].named,
                                            .suite_count = rows[i].count };
        struct sally_suite_list list;
        enum sally_err e = sally_suites_of(&c, &list);

        if (rows[i].want == NULL
                ? e != SALLY_E_UNSUPPORTED
                : e != SALLY_E_OK || strcmp(list.names, rows[i].want) != 0)
            fail_msg("%s: %s, %s", rows[i].what, sally_err_text(e), list.names);
    }
}

/* What the configuration can name there is to offer. */
static void each_name_has_its_suite(void **state)
{
    static const uint16_t numbers[] = {
        0xc0a8, 0xc0a4, 0x00a8, 0x00ae, 0xd001, 0xc037, 0xc0ae, 0xc0ac, 0xc02b,
        0xc02c, 0xc023, 0xc02f, 0xc030, 0x1301, 0x1302, 0x1303, 0x1304, 0x1305,
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(numbers); i++) {
        struct sally_credential c = { .suites = &numbers[i], .suite_count = 1 };
        struct sally_suite_list list;
        bool found;

        c.mode = SALLY_MODE_PSK;
        found = sally_suites_of(&c, &list) == SALLY_E_OK;
        c.mode = SALLY_MODE_X509;
        if (!found && sally_suites_of(&c, &list) != SALLY_E_OK)
            fail_msg("%04x", numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_each_row),
        cmocka_unit_test(each_name_has_its_suite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
