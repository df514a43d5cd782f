/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/test_wrong.c - what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "unit/config/given.h"

#define AT "etc/sallyport.conf:"
#define MAP(inner)                                                             \
    "profiles = ( { name = \"p\"; maps = ( { " inner " } ); } );\n"
#define PUT(inner) MAP("topic = \"t\"; put = ( { " inner " } );")
#define FORMAT(word, inner)                                                    \
    MAP("topic = \"t\"; format = \"" word "\"; put = ( { " inner " } );")
#define JSON(inner) FORMAT("json", inner)
#define DOWN(inner)                                                            \
    "profiles = ( { name = \"p\"; down = ( { " inner " } ); } );\n"
#define SENSOR(inner)                                                          \
    "sensors = ( { id = \"a\"; profile = \"p\"; " inner " } );\n"
#define TWO(first, second)                                                     \
    "sensors = ( { profile = \"p\"; " ACCOUNT first " },\n"                    \
    "{ profile = \"p\"; " ACCOUNT second " } );\n"
#define SERVER(inner) "servers = ( { name = \"cloud\"; " inner " } );\n"
#define USER(name)                                                             \
    "authenticate = ( { method = \"password\"; username = \"" name "\"; } );"
#define ADDRESS(inner)                                                         \
    "accept_weak = true; authenticate = ( { method = \"address\"; " inner      \
    " } );"
#define AN_ACCOUNT(inner)                                                      \
    SENSOR(PASSWORD "accounts = ( { server = \"cloud\"; " inner " } );")
#define TCP_MODES "\"nosec\""
#define OPEN_SERVER                                                            \
    SERVER("uri = \"coap://127.0.0.1\"; short_server_id = 1;")
#define BOOTSTRAP                                                              \
    "servers = ( { name = \"b\"; uri = \"coaps://b\"; bootstrap = true; "       \
    "}, { name = \"c\"; uri = \"coaps://c\"; bootstrap = true; }, "             \
    "{ name = \"cloud\"; short_server_id = 1; } );\n"
#define MANY(n)                                                                \
    "{ name = \"s" #n "\"; uri = \"coaps://s\"; short_server_id = " #n "; }"
#define OF_MANY(n) "{ server = \"s" #n "\"; key_file = \"k" #n "\"; }"
#define SEALED                                                                 \
    "gateway = { name = \"gw\"; master_key_file = \"master\"; };\n"
#define GIVEN GATEWAY LOCAL SERVERS PROFILES SENSORS

static const struct row {
    const char *what;
    const char *main_text;
    const char *path, *text; /* one more file, or NULL */
    const char *want;        /* the whole report */
} rows[] = {
#include "unit/config/wrong_groups.inc"
#include "unit/config/wrong_rules.inc"
#include "unit/config/wrong_sensors.inc"
#include "unit/config/wrong_security.inc"
};

static void refuses_each_row(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_config c;
        char *report = NULL;
        unsigned bad =
            load_given(r->main_text, r->path, r->text, &c, &report);
        unsigned lines = 0;

        for (size_t j = 0; report[j] != '\0'; j++)
            lines += report[j] == '\n';
        if (bad == 0 || bad != lines || strcmp(report, r->want) != 0) {
            print_error("%s: %u wrong\n  got:  %s\n  want: %s\n", r->what, bad,
                        report, r->want);
            failed++;
        }
        free(report);
        sally_config_wipe(&c);
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(refuses_each_row) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
