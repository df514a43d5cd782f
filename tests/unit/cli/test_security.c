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

static int64_t number(struct sally_json row, const char *name)
{
    struct sally_json member;
    int64_t n = -1;

    if (!sally_json_member(row, name, &member) ||
        !sally_json_integer(member, &n))
        fail_msg("no number %s", name);
    return n;
}

/* A secure one has a handshake, longer messages, and takes memory. */
static void check_row(struct sally_json row, bool first)
{
    if (first) {
        assert_int_equal(number(row, "handshake_bytes"), 0);
        assert_in_range(number(row, "reading_bytes"), 30, 40);
        return;
    }
    assert_in_range(number(row, "handshake_bytes"), 1, 6000);
    assert_in_range(number(row, "reading_bytes"), 41, 200);
    assert_in_range(number(row, "memory"), 100, 20000);
}

static void each_mechanism_has_its_cost(void **state)
{
    const char *words[] = { "security", NULL };
    struct ran ran = run_verb("none", true, words);
    unsigned rows = 0;

    (void)state;
    if (ran.status != SALLY_EXIT_DONE)
        fail_msg("exit %d: %s", ran.status, ran.err);
    for (const char *at = ran.out; *at != '\0'; rows++) {
        size_t n = strcspn(at, "\n");
        struct sally_json row;

        assert_int_equal(sally_json_parse((struct sally_span){
                             (const uint8_t *)at, n }, 4096, &row),
                         SALLY_E_OK);
        check_row(row, rows == 0);
        sally_json_free(&row);
        at += n + (at[n] == '\n');
    }
    assert_in_range(rows, 2, 40);
    ran_free(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mechanism_has_its_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
