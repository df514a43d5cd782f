/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/test_replace.c - the verb replace, against a daemon that looks
 * at the files as it is asked: what is new lies beside what holds until the
 * daemon has done its part, and nothing is left where it cannot.            */
#include "unit/cli/folder.h"
#include "unit/cli/run.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/span.h"

#define OLD_KEY "00112233445566778899aabbccddeeff\n"
#define OLD_LINE "boiler:$scrypt$ln=14,r=8,p=1$old$old\n"
#define OTHER_LINE "valve:$scrypt$ln=14,r=8,p=1$its$own\n"
#define MAC "00:24:be:80:4f:f1"

#define SERVERS                                                                \
    "gateway = { name = \"plant-7\"; master_key_file = \"m\"; };\n"            \
    "local = { mqtt = ( { address = \"127.0.0.1\"; } ); coap = ( { address = " \
    "\"127.0.0.1\"; } ); };\n"                                                 \
    "servers = ( { name = \"cloud\"; uri = \"coaps://127.0.0.1\"; "            \
    "short_server_id = 1; }, { name = \"boot\"; uri = \"coaps://127.0.0.2\"; " \
    "bootstrap = true; } );\n"                                                 \
    "objects = ( { id = 3303; name = \"Temperature\"; multiple = true; "       \
    "mandatory = false; resources = ( { id = 5700; name = \"Value\"; type = "  \
    "\"float\"; operations = \"R\"; mandatory = true; multiple = false; } ); " \
    "} );\n"                                                                   \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"t/{id}\"; put = ( { "   \
    "to = \"/3303/0/5700\"; } ); } ); } );\n"
#define SENSOR(id, proof, server)                                              \
    "{ id = \"" id "\"; profile = \"p\"; accept_weak = true; "                 \
    "authenticate = ( { " proof " } ); accounts = ( { server = \"" server      \
    "\"; mode = \"psk\"; key_file = \"keys/boiler.psk\"; } ); }"
#define PASSWORD "method = \"password\"; username = \"boiler\";"
#define KNOWN_MAC "method = \"address\"; mac = \"" MAC "\";"
#define KNOWN_IP "method = \"address\"; ip = \"127.0.0.21\";"
#define ONE(sensor) SERVERS "sensors = ( # the one at the door\n" sensor " );\n"

static int in_plant(void **state)
{
    if (in_folder(state) != 0 || mkdir("keys", 0750) != 0)
        return -1;
    write_file("keys/boiler.psk", OLD_KEY);
    write_file("passwords", OTHER_LINE OLD_LINE);
    return chmod("keys/boiler.psk", 0640);
}

/* --- A daemon ------------------------------------------------------------- */

/* `as` says whether the files are as they should be at this request. */
struct answer {
    const char *request, *says;
    bool (*as)(void);
};

#define DONE "{\"done\":true}\n"

static bool has_old_password(void)
{
    return strstr(read_file("passwords"), OLD_LINE) != NULL;
}

static bool has_old_key(void)
{
    return strcmp(read_file("keys/boiler.psk"), OLD_KEY) == 0;
}

static bool as_before(void)
{
    return has_old_key() && has_old_password();
}

static bool beside_each_other(void)
{
    return !has_old_key() && has_old_password() &&
           exists("keys/boiler.psk.replaced") &&
           strcmp(read_file("keys/boiler.psk.replaced"), OLD_KEY) == 0;
}

static bool key_in_place(void)
{
    return !has_old_key() && !exists("keys/boiler.psk.replaced");
}

static bool in_place(void)
{
    return key_in_place() && !has_old_password();
}

static void answer_one(int listener, const struct answer *a)
{
    char got[256] = "";
    int fd = accept(listener, NULL, NULL);
    ssize_t len = (ssize_t)strlen(a->says);

    if (read(fd, got, sizeof(got) - 1) <= 0 || strcmp(got, a->request) != 0 ||
        !a->as() || write(fd, a->says, strlen(a->says)) != len)
        _exit(1);
    close(fd);
}

/* A child that answers these requests, until one is NULL. */
static pid_t serve(const struct answer *all)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = "socket" };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t child;

    (void)unlink("socket");
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 2), 0);
    child = fork();
    if (child == 0) {
        (void)alarm(60);
        for (; all->request != NULL; all++)
            answer_one(listener, all);
        _exit(0);
    }
    close(listener);
    return child;
}

static void served(pid_t child, const char *what, const struct ran *r)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s: another request, or the files were not so then\n%s", what,
                 r->err);
}

/* --- Each way it ends ----------------------------------------------------- */

static const struct row {
    const char *what, *config;
    const char *more[8];
    struct answer asked[3];
    int status;
    bool (*after)(void);
    const char *out, *err; /* begin so */
} rows[] = {
    { "all is well", ONE(SENSOR("boiler", PASSWORD, "cloud")), { "boiler" },
      { { "replace boiler\n", DONE, beside_each_other },
        { "reload\n", DONE, in_place } },
      SALLY_EXIT_DONE, in_place,
      "{\"id\":\"boiler\",\"endpoint\":\"plant-7-boiler\",\"keys\":1,"
      "\"bootstrap\":false,\"users\":[{\"username\":\"boiler\","
      "\"password\":\"", "" },
    { "the daemon refuses", ONE(SENSOR("boiler", PASSWORD, "cloud")),
      { "boiler" },
      { { "replace boiler\n", "{\"error\":\"not now\"}\n",
          beside_each_other } },
      SALLY_EXIT_REFUSED, as_before, "", "sallyportctl: not now\n" },
    { "the daemon dies", ONE(SENSOR("boiler", PASSWORD, "cloud")), { "boiler" },
      { { "replace boiler\n", "", beside_each_other } },
      SALLY_EXIT_REFUSED, as_before, "", "sallyportctl: " },
    { "there is none", ONE(SENSOR("boiler", PASSWORD, "cloud")), { "boiler" },
      { { NULL, NULL, NULL } },
      SALLY_EXIT_REFUSED, as_before, "", "sallyportctl: " },
    { "no reload after it", ONE(SENSOR("boiler", PASSWORD, "cloud")),
      { "boiler" },
      { { "replace boiler\n", DONE, beside_each_other },
        { "reload\n", "{\"error\":\"a mistake\"}\n", in_place } },
      SALLY_EXIT_REFUSED, in_place, "{\"id\":\"boiler\",",
      "sallyportctl: a mistake\nsallyportctl: what is new is written and does "
      "not count yet" },
    { "a bootstrap server gives the keys",
      ONE(SENSOR("boiler", KNOWN_IP, "boot")), { "-i", "::1", "boiler" },
      { { "replace boiler\n", DONE, as_before },
        { "reload\n", DONE, as_before } },
      SALLY_EXIT_DONE, as_before,
      "{\"id\":\"boiler\",\"endpoint\":\"plant-7-boiler\",\"keys\":0,"
      "\"bootstrap\":true,\"users\":[]}\n", "" },
    { "another has the same key",
      ONE(SENSOR("boiler", PASSWORD, "cloud") ","
          SENSOR("valve", KNOWN_IP, "cloud")), { "boiler" },
      { { NULL, NULL, NULL } },
      SALLY_EXIT_REFUSED, as_before, "", "sallyportctl: " },
    { "no such sensor", ONE(SENSOR("boiler", PASSWORD, "cloud")), { "kettle" },
      { { NULL, NULL, NULL } }, SALLY_EXIT_REFUSED, as_before, "",
      "sallyportctl: kettle: no such sensor\n" },
    { "a password on the command line",
      ONE(SENSOR("boiler", PASSWORD, "cloud")), { "-p", "secret", "boiler" },
      { { NULL, NULL, NULL } }, SALLY_EXIT_USAGE, as_before, "",
      "usage: sallyportctl" },
    { "no password to set", ONE(SENSOR("boiler", KNOWN_IP, "cloud")),
      { "-p", "-", "-i", "::1", "boiler" }, { { NULL, NULL, NULL } },
      SALLY_EXIT_REFUSED, as_before, "",
      "sallyportctl: boiler: it has no password\n" },
    { "no word that could be one", ONE(SENSOR("boiler", PASSWORD, "cloud")),
      { "-p", "-", "boiler" }, { { NULL, NULL, NULL } }, SALLY_EXIT_REFUSED,
      as_before, "", "sallyportctl: boiler: the password is empty\n" },
    { "an authority without its key", ONE(SENSOR("boiler", PASSWORD, "cloud")),
      { "-c", "ca.pem", "boiler" }, { { NULL, NULL, NULL } }, SALLY_EXIT_USAGE,
      as_before, "", "usage: sallyportctl" },
    { "an address that is to be told", ONE(SENSOR("boiler", KNOWN_IP, "cloud")),
      { "boiler" }, { { NULL, NULL, NULL } }, SALLY_EXIT_REFUSED, as_before, "",
      "sallyportctl: boiler: it is known by its IP address: expected -i" },
    { "a MAC that is to be told", ONE(SENSOR("boiler", KNOWN_MAC, "cloud")),
      { "boiler" }, { { NULL, NULL, NULL } }, SALLY_EXIT_REFUSED, as_before, "",
      "sallyportctl: boiler: it is known by its MAC address: expected -m" },
    { "the MAC of the old device", ONE(SENSOR("boiler", KNOWN_MAC, "cloud")),
      { "-m", "00:24:BE:80:4F:F1", "boiler" }, { { NULL, NULL, NULL } },
      SALLY_EXIT_REFUSED, as_before, "",
      "sallyportctl: 00:24:BE:80:4F:F1: is that of the old device" },
    { "an address that stands there twice",
      ONE(SENSOR("boiler", KNOWN_IP, "cloud") " # \"127.0.0.21\"\n"),
      { "-i", "::1", "boiler" }, { { NULL, NULL, NULL } }, SALLY_EXIT_REFUSED,
      as_before, "",
      "sallyportctl: sallyport.conf: expected its ip there once" },
};

static bool begins(const char *text, const char *with)
{
    return with[0] == '\0' ? text[0] == '\0'
                           : strncmp(text, with, strlen(with)) == 0;
}

static struct ran run_row(const struct row *row)
{
    const char *words[12] = { "replace" };
    pid_t child = row->asked[0].request != NULL ? serve(row->asked) : -1;
    struct ran r;

    for (size_t i = 0; row->more[i] != NULL; i++)
        words[1 + i] = row->more[i];
    write_file("sallyport.conf", row->config);
    r = run_verb("socket", true, words);
    if (child >= 0)
        served(child, row->what, &r);
    return r;
}

static void ends_as_each_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct ran r;

        assert_int_equal(in_plant(NULL), 0);
        r = run_row(row);
        if (r.status != row->status || !begins(r.out, row->out) ||
            !begins(r.err, row->err))
            fail_msg("%s: exit %d with\n%s%s", row->what, r.status, r.out,
                     r.err);
        if (!row->after() || exists("keys/boiler.psk.replaced"))
            fail_msg("%s: the files are not so", row->what);
        if (row->after == as_before && r.status != SALLY_EXIT_DONE &&
            strcmp(read_file("sallyport.conf"), row->config) != 0)
            fail_msg("%s: the configuration is another", row->what);
        ran_free(&r);
        assert_int_equal(out_of_folder(NULL), 0);
    }
}

/* --- What is new ---------------------------------------------------------- */

static void others_are_as_they_were(void **state)
{
    struct ran r = run_row(&rows[0]);
    struct stat s;

    (void)state;
    assert_int_equal(r.status, SALLY_EXIT_DONE);
    assert_non_null(strstr(read_file("passwords"), OTHER_LINE));
    assert_non_null(strstr(read_file("passwords"), "\nboiler:$scrypt$"));
    assert_int_equal(strspn(read_file("keys/boiler.psk"), "0123456789abcdef"),
                     32);
    assert_int_equal(stat("keys/boiler.psk", &s), 0);
    assert_int_equal(s.st_mode & 07777, 0640);
    assert_string_equal(read_file("sallyport.conf"), rows[0].config);
    ran_free(&r);
}

static void a_new_address_is_all_that_changes(void **state)
{
    static const struct row row = {
        "another MAC", ONE(SENSOR("boiler", KNOWN_MAC, "cloud")),
        { "-m", "00:24:be:80:4f:f2", "boiler" },
        { { "replace boiler\n", DONE, beside_each_other },
          { "reload\n", DONE, key_in_place } },
        SALLY_EXIT_DONE, key_in_place, "", "" };
    char want[FILE_MAX];
    struct ran r;

    (void)state;
    memcpy(want, row.config, strlen(row.config) + 1);
    strstr(want, MAC)[sizeof(MAC) - 2] = '2';
    r = run_row(&row);
    assert_int_equal(r.status, SALLY_EXIT_DONE);
    assert_string_equal(read_file("sallyport.conf"), want);
    assert_false(exists("sallyport.conf.replaced"));
    ran_free(&r);
}

int main(void)
{
#define IN_PLANT(f) cmocka_unit_test_setup_teardown(f, in_plant, out_of_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_as_each_row_says),
        IN_PLANT(others_are_as_they_were),
        IN_PLANT(a_new_address_is_all_that_changes),
    };

    /* Where it reads a password, there is none. */
    if (freopen("/dev/null", "r", stdin) == NULL)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
