/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_console.c - the operator's door on a real socket, with
 * doors that this test plays over real buses.                               */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console/console.h"
#include "roles/role.h"
#include "unit/config/given.h"

#define VALUES 2000 /* rows: more than a socket takes at once */

static struct sally_config config;
static struct sally_role_context context;
static struct sally_bus *outer, *inner;
static void *role;
static char path[64];
static char got[1024 * 1024];
static bool inner_is_silent;
static unsigned ready, done;

static void report(void *runner, enum sally_control what)
{
    (void)runner;
    ready += what == SALLY_CONTROL_READY;
    done += what == SALLY_CONTROL_DONE;
}

static void lost(void *runner, enum sally_role_name peer, enum sally_err why)
{
    (void)runner;
    (void)peer;
    (void)why;
}

/* --- The doors ----------------------------------------------------------- */

static void say(struct sally_bus *b, uint32_t ticket, bool last)
{
    struct sally_lwm2m_value value = sally_value_string("some text");
    struct sally_path at = sally_path_resource(3303, 0, 5701);
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_ROW);
    m.as.row.ticket = ticket;
    m.as.row.last = m.as.row.empty = last;
    assert_int_equal(sally_bus_put_value(&m.as.row.value, m.as.row.bytes,
                                         &m.as.row.used, &at, &value),
                     SALLY_E_OK);
    assert_int_equal(sally_bus_send(b, &m), SALLY_E_OK);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    unsigned count = m->as.query.what == SALLY_QUERY_VALUES ? VALUES : 0;

    (void)owner;
    (void)fd;
    (void)now;
    assert_int_equal(m->type, SALLY_BUS_QUERY);
    if (b == inner && inner_is_silent)
        return;
    for (unsigned i = 0; i < count; i++)
        say(b, m->as.query.ticket, false);
    say(b, m->as.query.ticket, true);
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    (void)owner;
    (void)b;
    (void)now;
    fail_msg("the console hung up: %s", sally_err_text(e));
}

static const struct sally_bus_upcalls upcalls = { .on_message = on_message,
                                                  .on_gone = on_gone };

static struct sally_bus *open_door(enum sally_role_name door)
{
    struct sally_bus *b;
    int fd[2];

    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    assert_int_equal(sally_bus_open(&b, context.loop, fd[1], door,
                                    SALLY_CONSOLE, 64, &upcalls, NULL),
                     SALLY_E_OK);
    sally_role_console.on_peer(role, door, fd[0]);
    return b;
}

/* --- The scene ----------------------------------------------------------- */

static int unix_socket(struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    *at = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(at->sun_path, path, strlen(path));
    return fd;
}

static int listen_there(void)
{
    struct sockaddr_un at;
    int fd = unix_socket(&at);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int open_scene(void **state)
{
    char *why = NULL;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/sallyport-console-%ld", (long)getpid());
    (void)unlink(path);
    if (load_given(GATEWAY LOCAL SERVERS PROFILES
                   "sensors = ( { id = \"a\"; profile = \"p\"; " PASSWORD
                   "server = \"cloud\"; } );", NULL, "", &config, &why) != 0)
        fail_msg("%s", why);
    free(why);
    config.console_socket = path;
    context = (struct sally_role_context){ .config = &config,
                                           .report = report,
                                           .lost = lost };
    ready = done = 0;
    inner_is_silent = false;
    assert_int_equal(sally_loop_open(&context.loop, 4), SALLY_E_OK);
    assert_int_equal(sally_role_console.create(&role, &context), SALLY_E_OK);
    sally_role_console.on_listener(role, SALLY_LISTENER_CONSOLE, 0,
                                   listen_there());
    outer = open_door(SALLY_OUTER);
    inner = open_door(SALLY_INNER);
    sally_role_console.start(role, 0);
    assert_int_equal(ready, 1);
    return 0;
}

static int close_scene(void **state)
{
    (void)state;
    sally_role_console.stop(role, 0);
    assert_int_equal(done, 1);
    sally_role_console.destroy(role);
    sally_bus_close(outer);
    sally_bus_close(inner);
    sally_loop_close(context.loop);
    sally_config_wipe(&config);
    (void)unlink(path);
    return 0;
}

static int connect_there(void)
{
    struct sockaddr_un at;
    int fd = unix_socket(&at);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Reads until the console ends the connection. */
static void read_all(int fd)
{
    size_t len = 0;

    for (int i = 0; i < 100000; i++) {
        ssize_t n = read(fd, &got[len], sizeof(got) - 1 - len);

        if (n == 0)
            break;
        if (n > 0)
            len += (size_t)n;
        else
            assert_int_equal(errno, EAGAIN);
        sally_loop_turn(context.loop, 0);
    }
    got[len] = '\0';
    (void)close(fd);
}

static void request(const char *line)
{
    int fd = connect_there();

    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    read_all(fd);
}

/* --- Tests --------------------------------------------------------------- */

static void status_is_answered_and_ends(void **state)
{
    (void)state;
    request("status\n");
    assert_non_null(strstr(got, "{\"gateway\":\"plant-7\""));
    assert_non_null(strstr(got, "}\n{\"done\":true}\n"));
}

static void many_requests_one_after_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * SALLY_CONSOLE_SESSIONS; i++) {
        request("status\n");
        assert_non_null(strstr(got, "{\"done\":true}\n"));
    }
}

static void long_answer_arrives_whole(void **state)
{
    unsigned lines = 0;

    (void)state;
    request("values a\n");
    for (const char *p = got; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, VALUES + 1);
    assert_non_null(strstr(got, "}\n{\"done\":true}\n"));
}

static void peer_that_leaves_is_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * SALLY_CONSOLE_SESSIONS; i++) {
        int fd = connect_there();

        assert_int_equal(write(fd, "values\n", 7), 7);
        for (int k = 0; k < i; k++)
            sally_loop_turn(context.loop, 0);
        (void)close(fd);
        for (int k = 0; k < 8; k++)
            sally_loop_turn(context.loop, 0);
    }
    request("status\n");
    assert_non_null(strstr(got, "{\"done\":true}\n"));
}

static void one_too_many_is_turned_away(void **state)
{
    int fd[SALLY_CONSOLE_SESSIONS];

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(fd); i++)
        fd[i] = connect_there();
    sally_loop_turn(context.loop, 0);
    read_all(connect_there());
    assert_string_equal(got, "");
    for (size_t i = 0; i < SALLY_LEN(fd); i++)
        (void)close(fd[i]);
}

static void restarted_door_is_told(void **state)
{
    int fd = connect_there();

    (void)state;
    inner_is_silent = true;
    assert_int_equal(write(fd, "status\n", 7), 7);
    for (int i = 0; i < 8; i++)
        sally_loop_turn(context.loop, 0);
    sally_bus_close(inner);
    read_all(fd);
    assert_string_equal(got, "{\"error\":\"inner door went away\"}\n");
    request("status\n");
    assert_string_equal(got, "{\"error\":\"inner door is away\"}\n");
    inner_is_silent = false;
    inner = open_door(SALLY_INNER);
    request("status\n");
    assert_non_null(strstr(got, "{\"done\":true}\n"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(status_is_answered_and_ends),
        TEST(many_requests_one_after_the_other),
        TEST(long_answer_arrives_whole),
        TEST(peer_that_leaves_is_forgotten),
        TEST(one_too_many_is_turned_away),
        TEST(restarted_door_is_told),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
