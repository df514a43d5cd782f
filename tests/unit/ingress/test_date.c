/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_date.c - dates to seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/date.h"

static const struct row {
    const char *text;
    enum sally_err want;
    int64_t seconds;
} rows[] = {
    { "1970-01-01T00:00:00Z", SALLY_E_OK, 0 },
    { "2024-11-05T14:22:00Z", SALLY_E_OK, 1730816520 },
    { "2024-11-05T14:22:10.123456+00:00", SALLY_E_OK, 1730816530 },
    { "2024-11-05 14:22:10.9z", SALLY_E_OK, 1730816530 },
    { "2024-11-05t15:22:10+01:00", SALLY_E_OK, 1730816530 },
    { "2024-11-05T08:52:10-05:30", SALLY_E_OK, 1730816530 },
    { "2024-02-29T00:00:00Z", SALLY_E_OK, 1709164800 },
    { "2024-03-01T00:00:00Z", SALLY_E_OK, 1709251200 },
    { "2000-02-29T12:00:00Z", SALLY_E_OK, 951825600 },
    { "2016-12-31T23:59:60Z", SALLY_E_OK, 1483228800 },
    { "1969-12-31T23:59:59Z", SALLY_E_OK, -1 },
    { "0001-01-01T00:00:00Z", SALLY_E_OK, -62135596800 },
    { "9999-12-31T23:59:59Z", SALLY_E_OK, 253402300799 },
    { "2023-02-29T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "1900-02-29T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-04-31T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-00-01T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-13-01T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-01-00T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-01-01T24:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-01-01T00:60:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-01-01T00:00:61Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "0000-01-01T00:00:00Z", SALLY_E_OUT_OF_RANGE, 0 },
    { "2024-11-05T14:22:10", SALLY_E_MALFORMED, 0 },
    { "2024-11-05", SALLY_E_MALFORMED, 0 },
    { "2024-11-05T14:22Z", SALLY_E_MALFORMED, 0 },
    { "2024-11-05T14:22:10.Z", SALLY_E_MALFORMED, 0 },
    { "2024-11-05T14:22:10+0100", SALLY_E_MALFORMED, 0 },
    { "2024-11-05T14:22:10+24:00", SALLY_E_MALFORMED, 0 },
    { "2024-11-05T14:22:10Z ", SALLY_E_MALFORMED, 0 },
    { "2024-1-05T14:22:10Z", SALLY_E_MALFORMED, 0 },
    { "1730816530", SALLY_E_MALFORMED, 0 },
    { "", SALLY_E_MALFORMED, 0 },
};

static void reads_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        int64_t got = 0;
        enum sally_err e =
            sally_date_parse(sally_span_of(rows[i].text), &got);

        if (e != rows[i].want || got != rows[i].seconds)
            fail_msg("%s: %s, %lld", rows[i].text, sally_err_text(e),
                     (long long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
