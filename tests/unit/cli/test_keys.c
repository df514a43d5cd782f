/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_keys.c - the verb keys, for a person and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "unit/cli/run.h"

static const struct row {
    const char *what;
    bool json;
    const char *group; /* NULL: all */
    int status;
    const char *out; /* what stands in the output, or in the error */
} rows[] = {
    { "a default", false, "spool", SALLY_EXIT_DONE,
      "\n  max_mb: a whole number of megabytes, 1 to 1048576; default 64\n"
      "    of all readings together\n" },
    { "a key that must be given", false, "gateway", SALLY_EXIT_DONE,
      "; must be given\n" },
    { "a meaning longer than a line", false, "server", SALLY_EXIT_DONE,
      "    `keepalive` updates the registration every 90 s, so that the path "
      "through\n    NAT stays open;" },
    { "all groups, the first", false, NULL, SALLY_EXIT_DONE,
      "sallyport.conf\n" },
    { "all groups, the last", false, NULL, SALLY_EXIT_DONE, "\nresource\n" },
    { "a group as JSON", true, "log", SALLY_EXIT_DONE,
      "{\"group\":\"log\",\"about\":\"The group `log` of `gateway`.\"}\n" },
    { "a key as JSON", true, "log", SALLY_EXIT_DONE,
      "{\"group\":\"log\",\"key\":\"format\",\"kind\":\"\\\"logfmt\\\" or "
      "\\\"json\\\"\",\"default\":\"logfmt\",\"must\":false,"
      "\"meaning\":\"of a line\"}\n" },
    { "no default as JSON", true, "gateway", SALLY_EXIT_DONE,
      "\"default\":null,\"must\":true" },
    { "no such group", false, "gatway", SALLY_EXIT_REFUSED,
      "no group gatway; the groups are sallyport.conf, gateway," },
};

static void prints_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        const char *words[] = { "keys", r->group, NULL };
        struct ran ran = run_verb("none", r->json, words);
        const char *text = ran.status == SALLY_EXIT_DONE ? ran.out : ran.err;

        if (ran.status != r->status || strstr(text, r->out) == NULL)
            fail_msg("%s: exit %d with\n%s", r->what, ran.status, text);
        ran_free(&ran);
    }
}

/* Each line has 80 columns at most, or the tables of a terminal break. */
static void fits_a_terminal(void **state)
{
    const char *words[] = { "keys", NULL };
    struct ran ran = run_verb("none", false, words);

    (void)state;
    for (const char *line = ran.out; line[0] != '\0';) {
        size_t len = strcspn(line, "\n");

        if (len > 80 && strncmp(line, "    ", 4) == 0)
            fail_msg("%zu columns: %.*s", len, (int)len, line);
        line += len + 1;
    }
    ran_free(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_each_row),
        cmocka_unit_test(fits_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
