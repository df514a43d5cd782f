/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_ask.c - status, sensors, show and values, against a
 * daemon that says what the row has.                                        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "cli/line.h"
#include "unit/cli/run.h"

static char folder[] = "/tmp/sally-ask-XXXXXX";

static int in_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int out_of_folder(void **state)
{
    (void)state;
    (void)unlink("socket");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

/* A child that answers one request, if it is the one expected. */
static pid_t serve(const char *request, const char *answer)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    char got[256] = "";
    pid_t child;
    int fd;

    memcpy(address.sun_path, "socket", sizeof("socket"));
    (void)unlink("socket");
    assert_int_equal(bind(listener, (struct sockaddr *)&address,
                          sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    child = fork();
    if (child != 0) {
        close(listener);
        return child;
    }
    fd = accept(listener, NULL, NULL);
    if (read(fd, got, sizeof(got) - 1) <= 0 || strcmp(got, request) != 0)
        _exit(1);
    if (write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer))
        _exit(1);
    _exit(0);
}

#define DONE "{\"done\":true}\n"
#define SENSOR                                                                 \
    "{\"id\":\"boiler\",\"online\":true,\"level\":\"secret\","                 \
    "\"method\":\"password\",\"last_seen\":\"2026-11-22T13:00:00Z\","          \
    "\"accounts\":[{\"server\":\"cloud\",\"state\":\"registered\","            \
    "\"secure\":true,\"suite\":\"PSK-AES128-CCM8\",\"waiting\":0,"             \
    "\"delivered\":123}]"

static const struct row {
    const char *what;
    bool json;
    const char *words[3];
    const char *request, *answer;
    int status;
    const char *out, *err;
} rows[] = {
    { "status", false, { "status" }, "status\n",
      "{\"uptime_s\":75,\"sensors\":2,\"spool_bytes\":4096,\"since\":null}\n"
      DONE, 0,
      "uptime s             75\n"
      "sensors              2\n"
      "spool bytes          4096\n", "" },
    { "status, for a program", true, { "status" }, "status\n",
      "{\"uptime_s\":75}\n" DONE, 0, "{\"uptime_s\":75}\n", "" },
    { "sensors", false, { "sensors" }, "sensors\n",
      SENSOR "}\n{\"id\":\"a-sensor-with-a-long-name\",\"online\":false,"
      "\"level\":\"none\",\"last_seen\":null,\"accounts\":[]}\n"
      "{\"id\":\"mute\",\"online\":true,\"silent\":true}\n" DONE, 0,
      "SENSOR             ONLINE LEVEL     LAST SEEN (UTC)     SERVER     "
      "STATE\n"
      "boiler             yes    secret    2026-11-22T13:00:00 cloud      "
      "registered\n"
      "a-sensor-with-a-lo no     none                                     "
      "\n"
      "mute               silent                                          "
      "\n", "" },
    { "no sensor at all", false, { "sensors" }, "sensors\n", DONE, 0, "", "" },
    { "show, hops as rows", false, { "show", "boiler" }, "show boiler\n",
      SENSOR "}\n"
      "{\"hop\":\"authenticated\",\"ok\":true,\"detail\":\"password\"}\n"
      "{\"hop\":\"mapped\",\"ok\":false,\"detail\":\"3 messages unmapped\"}\n"
      "{\"broken\":\"mapped\"}\n" DONE, 0,
      "id                   boiler\n"
      "online               yes\n"
      "level                secret\n"
      "method               password\n"
      "last seen            2026-11-22T13:00:00Z\n"
      "account\n"
      "  server               cloud\n"
      "  state                registered\n"
      "  secure               yes\n"
      "  suite                PSK-AES128-CCM8\n"
      "  waiting              0\n"
      "  delivered            123\n"
      "  ok  authenticated  password\n"
      "  --  mapped         3 messages unmapped\n"
      "broken at mapped\n", "" },
    { "show, hops as a list", false, { "show", "boiler" }, "show boiler\n",
      "{\"id\":\"boiler\",\"hops\":[{\"hop\":\"plain\",\"ok\":true,"
      "\"detail\":\"\"}],\"broken\":null}\n" DONE, 0,
      "id                   boiler\n"
      "  ok  plain          \n"
      "nothing is broken\n", "" },
    { "values", false, { "values", "boiler" }, "values boiler\n",
      "{\"sensor\":\"boiler\",\"path\":\"/3303/0/5700\",\"value\":21.4,"
      "\"unit\":\"Cel\","
      "\"time\":\"2026-11-22T13:00:00Z\"}\n"
      "{\"sensor\":\"boiler\",\"path\":\"/3306/0/5850\",\"value\":true,"
      "\"time\":null}\n" DONE, 0,
      "SENSOR         PATH             VALUE               UNIT   TIME (UTC)\n"
      "boiler         /3303/0/5700     21.4                Cel    "
      "2026-11-22T13:00:00\n"
      "boiler         /3306/0/5850     yes                        \n", "" },
    { "values of all", false, { "values" }, "values\n", DONE, 0, "", "" },
    { "a value that would move the cursor", false, { "values" }, "values\n",
      "{\"path\":\"/1\",\"value\":\"\\u001b[2J\\n\",\"unit\":\"\",\"time\":"
      "\"t\"}\n" DONE, 0,
      "SENSOR         PATH             VALUE               UNIT   TIME (UTC)\n"
      "               /1               ?[2J?                      t\n", "" },
    { "an error", false, { "show", "nobody" }, "show nobody\n",
      "{\"error\":\"there is no sensor \\\"nobody\\\"\"}\n", 1, "",
      "sallyportctl: there is no sensor \"nobody\"\n" },
    { "an answer that breaks off", false, { "status" }, "status\n",
      "{\"uptime_s\":75}\n", 1, "uptime s             75\n",
      "sallyportctl: the answer broke off\n" },
    { "an answer that breaks off in a line", false, { "status" }, "status\n",
      "{\"done\":true}", 1, "", "sallyportctl: the answer broke off\n" },
    { "no answer", false, { "status" }, "status\n", "", 1, "",
      "sallyportctl: the answer broke off\n" },
    { "lines that are no JSON", false, { "status" }, "status\n",
      "hello\n" DONE, 0, "", "" },
};

static void shows_each_row(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        pid_t child = serve(r->request, r->answer);
        const char *words[4] = { r->words[0], r->words[1], r->words[2], NULL };
        struct ran ran = run_verb("socket", r->json, words);
        int status = 0;

        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0 || ran.status != r->status ||
            strcmp(ran.out, r->out) != 0 || strcmp(ran.err, r->err) != 0) {
            print_error("%s: status %d, daemon %d\n%s%s", r->what, ran.status,
                        status, ran.out, ran.err);
            failed++;
        }
        ran_free(&ran);
    }
    assert_int_equal(failed, 0);
}

static const struct wrong_row {
    const char *what, *words[4];
    int status;
    const char *err;
} wrong_rows[] = {
    { "no daemon", { "status" }, 1,
      "sallyportctl: absent: No such file or directory; is sallyportd "
      "running?\n" },
    { "two requests in one", { "show", "a\nstatus" }, 2,
      "sallyportctl: a sensor's id has 1 to 64 letters, digits, '.', '_' or "
      "'-'\n" },
    { "no verb", { NULL }, 2, "sallyportctl: which verb? See --help\n" },
    { "a verb of a later version", { "approve", "x" }, 2,
      "sallyportctl: \"approve\" is no verb of this version; see --help\n" },
    { "too many words", { "status", "x" }, 2,
      "usage: sallyportctl [OPTIONS] status \n" },
};

static void refuses_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(wrong_rows); i++) {
        const struct wrong_row *r = &wrong_rows[i];
        struct ran ran = run_verb("absent", false, r->words);

        if (ran.status != r->status || strcmp(ran.err, r->err) != 0)
            fail_msg("%s: status %d: %s", r->what, ran.status, ran.err);
        ran_free(&ran);
    }
}

static const struct clean_row {
    const char *text, *want;
    size_t columns;
} clean_rows[] = {
    { "plain", "plain", 5 },
    { "\x1b[31m", "?[31m", 5 },
    { "a\tb\x7f", "a?b?", 4 },
    { "21 \xc2\xb0" "C", "21 \xc2\xb0" "C", 5 },
    { "\xc2\x9b" "2J", "?2J", 3 },
    { "\x9b" "2J", "?2J", 3 },
    { "\xe2\x82\xac", "\xe2\x82\xac", 1 },
};

static void cleans_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(clean_rows); i++) {
        char *got = NULL;
        size_t size;
        FILE *f = open_memstream(&got, &size);

        assert_int_equal(
            sally_print_clean(f, sally_span_of(clean_rows[i].text)),
            clean_rows[i].columns);
        fclose(f);
        assert_string_equal(got, clean_rows[i].want);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_each_row),
        cmocka_unit_test(refuses_each_row),
        cmocka_unit_test(cleans_each_row),
    };

    return cmocka_run_group_tests(tests, in_folder, out_of_folder);
}
