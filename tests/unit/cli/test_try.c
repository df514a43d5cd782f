/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_try.c - the verb try on a small configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/span.h"
#include "unit/cli/run.h"

static const char config[] =
    "gateway = { name = \"g\"; };\n"
    "local = { mqtt = ( { } ); };\n"
    "servers = ( { name = \"c\"; uri = \"coaps://[::1]\"; "
    "short_server_id = 1; } );\n"
    "objects = ( { id = 3303; name = \"T\"; resources = (\n"
    "{ id = 5700; name = \"V\"; type = \"float\"; },\n"
    "{ id = 5701; name = \"U\"; type = \"string\"; } ); },\n"
    "{ id = 3306; name = \"A\"; resources = (\n"
    "{ id = 5850; name = \"S\"; type = \"boolean\"; operations = \"RW\"; },\n"
    "{ id = 5853; name = \"M\"; type = \"string\"; operations = \"RW\"; } ); }"
    " );\n"
    "profiles = ( { name = \"p\"; maps = (\n"
    "{ topic = \"t/{id}/temp\"; put = (\n"
    "{ to = \"/3303/0/5700\"; unit = \"Cel\"; range = ( -40, 125 ); } ); },\n"
    "{ topic = \"t/{id}/all\"; format = \"json\"; put = (\n"
    "{ from = \"a\"; to = \"/3303/0/5700\"; div = 10; },\n"
    "{ from = \"b\"; to = \"/3306/0/5850\"; },\n"
    "{ from = \"c\"; to = \"/3306/0/5853\"; } ); },\n"
    "{ topic = \"t/{id}/bin\"; format = \"bin\"; put = (\n"
    "{ from = \"0:i16be\"; to = \"/3303/0/5700\"; div = 10; } ); },\n"
    "{ topic = \"t/{id}/state\"; alive = ( (\"on\", true), (\"off\", false) );"
    " }\n); } );\n"
    "sensors = ( { id = \"s\"; profile = \"p\"; server = \"c\"; "
    "authenticate = ( { method = \"password\"; username = \"u\"; } ); } );\n";

static char folder[] = "/tmp/sally-try-XXXXXX";

static int in_folder(void **state)
{
    FILE *f;

    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 ||
        (f = fopen("sallyport.conf", "w")) == NULL)
        return -1;
    fputs(config, f);
    return fclose(f);
}

static int out_of_folder(void **state)
{
    (void)state;
    (void)unlink("sallyport.conf");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

#define USAGE                                                                  \
    "usage: sallyportctl [OPTIONS] try [--hex] PROFILE TOPIC PAYLOAD\n"        \
    "       sallyportctl [OPTIONS] try [--hex] --sensor ID TOPIC PAYLOAD\n"

static const struct row {
    const char *what;
    bool json;
    const char *words[6]; /* behind "try" */
    int status;
    const char *out, *err;
} rows[] = {
    { "a number", false, { "p", "t/x/temp", "21.4" }, 0,
      "/3303/0/5700 = 21.4 Cel\n", "" },
    { "a number, for a program", true, { "p", "t/x/temp", "21.4" }, 0,
      "{\"path\":\"/3303/0/5700\",\"value\":21.4,\"unit\":\"Cel\","
      "\"label\":\"\"}\n", "" },
    { "a sensor's own topic", false,
      { "--sensor", "s", "t/s/temp", "0" }, 0, "/3303/0/5700 = 0 Cel\n", "" },
    { "another sensor's topic", false,
      { "--sensor", "s", "t/x/temp", "0" }, 1, "",
      "sallyportctl: try: no map of the profile covers this topic\n" },
    { "out of range", false, { "p", "t/x/temp", "999" }, 1,
      "/3303/0/5700: refused: value is outside the allowed range "
      "(sallyport.conf:12)\n", "" },
    { "out of range, for a program", true, { "p", "t/x/temp", "999" }, 1,
      "{\"path\":\"/3303/0/5700\",\"refused\":\"value is outside the allowed "
      "range\",\"file\":\"sallyport.conf\",\"line\":12}\n", "" },
    { "three values of one message", false,
      { "p", "t/x/all", "{\"a\":214,\"b\":true,\"c\":\"hi\"}" }, 0,
      "/3303/0/5700 = 21.4\n/3306/0/5850 = true\n/3306/0/5853 = hi\n", "" },
    { "one of them absent, one of the wrong type", false,
      { "p", "t/x/all", "{\"a\":\"warm\",\"b\":true}" }, 1,
      "/3303/0/5700: refused: value does not have the resource's type "
      "(sallyport.conf:14)\n"
      "/3306/0/5850 = true\n"
      "/3306/0/5853: absent: c (sallyport.conf:16)\n", "" },
    { "nothing that a rule asks for", false, { "p", "t/x/all", "{}" }, 1,
      "/3303/0/5700: absent: a (sallyport.conf:14)\n"
      "/3306/0/5850: absent: b (sallyport.conf:15)\n"
      "/3306/0/5853: absent: c (sallyport.conf:16)\n",
      "sallyportctl: try: the message says nothing that a rule asks for\n" },
    { "text that would move the cursor", false,
      { "p", "t/x/all", "{\"a\":1,\"b\":true,\"c\":\"\\u001b[2J\\u009b\"}" },
      0, "/3303/0/5700 = 0.1\n/3306/0/5850 = true\n/3306/0/5853 = ?[2J?\n",
      "" },
    { "text with a quote, for a program", true,
      { "p", "t/x/all", "{\"a\":1,\"b\":true,\"c\":\"\\\"\"}" }, 0,
      "{\"path\":\"/3303/0/5700\",\"value\":0.1,\"unit\":\"\",\"label\":\"\"}\n"
      "{\"path\":\"/3306/0/5850\",\"value\":true,\"unit\":\"\","
      "\"label\":\"\"}\n"
      "{\"path\":\"/3306/0/5853\",\"value\":\"\\\"\",\"unit\":\"\","
      "\"label\":\"\"}\n", "" },
    { "liveness", false, { "p", "t/x/state", "off" }, 0,
      "the sensor is offline\n", "" },
    { "liveness, for a program", true, { "p", "t/x/state", "on" }, 0,
      "{\"online\":true}\n", "" },
    { "no such profile", false, { "q", "t/x/temp", "1" }, 1, "",
      "sallyportctl: q: there is no such profile\n" },
    { "no such sensor", false, { "--sensor", "q", "t/x/temp", "1" }, 1, "",
      "sallyportctl: q: there is no such sensor\n" },
    { "too few words", false, { "p", "t/x/temp" }, 2, "",
      "usage: sallyportctl [OPTIONS] try PROFILE TOPIC PAYLOAD\n" },
    { "too few words for a sensor", false, { "--sensor", "s", "t/s/temp" }, 2,
      "", USAGE },
    { "bytes", false, { "--hex", "p", "t/x/bin", "ffdd" }, 0,
      "/3303/0/5700 = -3.5\n", "" },
    { "bytes of a sensor", false, { "--hex", "--sensor", "s", "t/s/bin", "0000" },
      0, "/3303/0/5700 = 0\n", "" },
    { "the other way round", false,
      { "--sensor", "--hex", "s", "t/s/bin", "0000" }, 0,
      "/3303/0/5700 = 0\n", "" },
    { "half a byte", false, { "--hex", "p", "t/x/bin", "ffd" }, 1, "",
      "sallyportctl: ffd: expected bytes in hexadecimal, two digits each\n" },
    { "an unknown option", false, { "--hax", "p", "t/x/bin", "ff" }, 2, "",
      USAGE },
};

static void tries_each_row(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const char *words[8] = { "try" };
        struct ran ran;

        memcpy(&words[1], r->words, sizeof(r->words));
        ran = run_verb("", r->json, words);
        if (ran.status != r->status || strcmp(ran.out, r->out) != 0 ||
            strcmp(ran.err, r->err) != 0) {
            print_error("%s: status %d\n%s%s", r->what, ran.status, ran.out,
                        ran.err);
            failed++;
        }
        ran_free(&ran);
    }
    assert_int_equal(failed, 0);
}

static void says_what_is_wrong_with_the_configuration(void **state)
{
    static const char *const words[] = { "try", "p", "t", "1", NULL };
    FILE *f = fopen("sallyport.conf", "a");
    struct ran ran;

    (void)state;
    fputs("gatway = { };\n", f);
    fclose(f);
    ran = run_verb("", false, words);
    assert_int_equal(ran.status, 1);
    assert_non_null(strstr(ran.err, "gatway: no such key"));
    ran_free(&ran);
    unlink("sallyport.conf");
    ran = run_verb("", false, words);
    assert_int_equal(ran.status, 1);
    assert_string_equal(ran.err, "sallyport.conf: No such file or directory\n");
    ran_free(&ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_each_row),
        cmocka_unit_test(says_what_is_wrong_with_the_configuration),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
