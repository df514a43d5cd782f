/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_run.c - a role that this test plays, under a supervisor
 * that it plays too: what each order of a reload comes to.                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "config/bundle.h"
#include "roles/run.h"
#include "unit/config/given.h"

#define TURN (50 * SALLY_MSEC)

/* The part that the role plays. */
static struct {
    const struct sally_role_context *context;
    enum sally_err prepare, prepared;
    bool settles;
    unsigned prepares, commits, aborts, listeners, listeners_gone;
    uint32_t was, is; /* generations at COMMIT */
} part;

static struct sally_loop *loop;
static struct sally_bus *bus;
static struct sally_runner *runner;
static int ended;
static char reports[64]; /* one letter each */
static bool goes = true; /* listeners are to be closed, not opened */

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    part.context = context;
    *out = &part;
    return SALLY_E_OK;
}

static void destroy(void *role) { (void)role; }

static void on_listener(void *role, enum sally_listener kind, uint32_t index,
                        int fd)
{
    (void)role;
    (void)kind;
    (void)index;
    part.listeners_gone += fd < 0;
    part.listeners += fd >= 0;
    if (fd >= 0)
        (void)close(fd);
}

static enum sally_err prepare(void *role, const struct sally_config *next,
                              sally_usec now)
{
    (void)role;
    (void)now;
    part.prepares++;
    assert_ptr_not_equal(next, part.context->config);
    return part.prepare;
}

static enum sally_err prepared(void *role)
{
    (void)role;
    assert_non_null(part.context->next);
    return part.prepared;
}

static void commit(void *role, const struct sally_config *previous,
                   sally_usec now)
{
    (void)role;
    (void)now;
    part.commits++;
    part.was = previous->generation;
    part.is = part.context->config->generation;
    assert_null(part.context->next);
    if (part.settles)
        part.context->report(part.context->runner, SALLY_CONTROL_SETTLED);
}

static void undo(void *role)
{
    (void)role;
    part.aborts++;
}

static const struct sally_role_row door = { .name = SALLY_OUTER,
                                            .create = create,
                                            .on_listener = on_listener,
                                            .prepare = prepare,
                                            .prepared = prepared,
                                            .commit = commit,
                                            .abort = undo,
                                            .destroy = destroy };
static const struct sally_role_row plain = { .name = SALLY_VERIFIER,
                                             .create = create,
                                             .destroy = destroy };

/* --- The supervisor ------------------------------------------------------- */

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    static const char letters[] = {
        [SALLY_CONTROL_PREPARED] = 'p',  [SALLY_CONTROL_REFUSED] = 'r',
        [SALLY_CONTROL_COMMITTED] = 'c', [SALLY_CONTROL_SETTLED] = 's',
        [SALLY_CONTROL_LOST] = '?',
    };

    (void)owner;
    (void)b;
    (void)fd;
    (void)now;
    reports[strlen(reports)] = letters[m->as.control.what];
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    (void)owner;
    (void)b;
    (void)e;
    (void)now;
}

static const struct sally_bus_upcalls upcalls = { .on_message = on_message,
                                                  .on_gone = on_gone };

static void on_end(void *owner, int status)
{
    (void)owner;
    ended = status;
}

static void turns(void)
{
    for (unsigned i = 0; i < 4; i++)
        sally_loop_turn(loop, sally_loop_now(loop) + TURN / 4);
}

static void order(enum sally_control what, int fd)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_CONTROL);
    m.as.control.what = (uint8_t)what;
    if (what == SALLY_CONTROL_LISTENER)
        m.as.control.extra = goes ? SALLY_LISTENER_NONE : SALLY_LISTENER_MQTT;
    assert_int_equal(sally_bus_send_with(bus, &m, fd), SALLY_E_OK);
}

/* A bundle of this generation. */
static int bundle(uint32_t generation, const char *sensors)
{
    char text[2048];
    const struct sally_config_file files[] = {
        { "etc/sallyport.conf", { (const uint8_t *)text, 0 } },
        { "etc/objects.d/test.conf", sally_span_of(OBJECTS) },
    };
    struct sally_config_file copy[SALLY_LEN(files)];
    struct sally_config c;
    struct sally_plan p;
    int fd = -1;

    memcpy(copy, files, sizeof(copy));
    (void)snprintf(text, sizeof(text), "%s%s", BASE PROFILES, sensors);
    copy[0].text = sally_span_of(text);
    assert_int_equal(sally_config_load(copy, 2, &c, stderr), 0);
    assert_int_equal(sally_plan_first(&c, &p), SALLY_E_OK);
    p.generation = generation;
    assert_int_equal(sally_bundle_make(&p, copy, 2, &fd), SALLY_E_OK);
    sally_plan_wipe(&p);
    sally_config_wipe(&c);
    return fd;
}

static void start(const struct sally_role_row *row)
{
    struct sally_config *c;
    int fd[2], first = bundle(1, SENSORS);

    memset(&part, 0, sizeof(part));
    memset(reports, 0, sizeof(reports));
    part.settles = true;
    ended = -1;
    assert_int_equal(sally_loop_open(&loop, 8), SALLY_E_OK);
    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    assert_int_equal(sally_bus_open(&bus, loop, fd[0], SALLY_SUPERVISOR,
                                    row->name, 8, &upcalls, NULL),
                     SALLY_E_OK);
    assert_int_equal(sally_bundle_load(first, &c, stderr), SALLY_E_OK);
    close(first);
    assert_int_equal(sally_runner_open(&runner, row, loop, c, fd[1], on_end,
                                       NULL),
                     SALLY_E_OK);
}

static void finish(void)
{
    sally_runner_close(runner);
    sally_bus_close(bus);
    sally_loop_close(loop);
}

/* --- Tests ---------------------------------------------------------------- */

static void prepares_and_commits(void **state)
{
    (void)state;
    start(&door);
    for (uint32_t generation = 2; generation < 5; generation++) {
        memset(reports, 0, sizeof(reports));
        order(SALLY_CONTROL_CONFIG, bundle(generation, SENSORS));
        order(SALLY_CONTROL_LISTENER, -1);
        order(SALLY_CONTROL_PREPARE, -1);
        turns();
        assert_string_equal(reports, "p");
        order(SALLY_CONTROL_COMMIT, -1);
        turns();
        assert_string_equal(reports, "pcs");
        assert_int_equal(part.was, generation - 1);
        assert_int_equal(part.is, generation);
    }
    assert_int_equal(part.commits, 3);
    assert_int_equal(part.listeners_gone, 3);
    finish();
}

static void keeps_the_old_one_until_it_is_settled(void **state)
{
    (void)state;
    start(&door);
    part.settles = false;
    order(SALLY_CONTROL_CONFIG, bundle(2, SENSORS));
    order(SALLY_CONTROL_PREPARE, -1);
    order(SALLY_CONTROL_COMMIT, -1);
    turns();
    assert_string_equal(reports, "pc");
    order(SALLY_CONTROL_CONFIG, bundle(3, SENSORS)); /* too early */
    order(SALLY_CONTROL_PREPARE, -1);
    turns();
    assert_string_equal(reports, "pcr");
    part.context->report(part.context->runner, SALLY_CONTROL_SETTLED);
    turns();
    assert_string_equal(reports, "pcrs");
    assert_int_equal(part.prepares, 1);
    finish();
}

static void forgets_what_is_aborted(void **state)
{
    (void)state;
    start(&door);
    order(SALLY_CONTROL_CONFIG, bundle(2, SENSORS));
    order(SALLY_CONTROL_ABORT, -1);
    turns();
    assert_int_equal(part.aborts, 1);
    assert_null(part.context->next);
    assert_int_equal(part.context->config->generation, 1);
    order(SALLY_CONTROL_ABORT, -1); /* there is nothing to abort */
    order(SALLY_CONTROL_LISTENER, -1);
    turns();
    assert_int_equal(part.aborts, 1);
    assert_int_equal(part.listeners_gone, 0);
    finish();
}

static void refuses(enum sally_err at_config, enum sally_err at_prepare,
                    int fd, unsigned aborts)
{
    start(&door);
    part.prepare = at_config;
    part.prepared = at_prepare;
    order(SALLY_CONTROL_CONFIG, fd);
    order(SALLY_CONTROL_LISTENER, open("/dev/null", O_RDONLY));
    order(SALLY_CONTROL_PREPARE, -1);
    turns();
    assert_string_equal(reports, "r");
    /* What is of a configuration that is none is nothing to the one in force. */
    assert_int_equal(part.listeners, aborts);
    order(SALLY_CONTROL_LISTENER, -1);
    assert_int_equal(part.listeners_gone, 0);
    order(SALLY_CONTROL_ABORT, -1);
    turns();
    assert_int_equal(part.aborts, aborts);
    assert_int_equal(part.context->config->generation, 1);
    assert_int_equal(ended, -1);
    finish();
}

static void refuses_what_it_cannot_build(void **state)
{
    (void)state;
    refuses(SALLY_E_NO_MEMORY, SALLY_E_OK, bundle(2, SENSORS), 0);
    refuses(SALLY_E_OK, SALLY_E_NO_CREDENTIAL, bundle(2, SENSORS), 1);
    refuses(SALLY_E_OK, SALLY_E_OK, open("/dev/null", O_RDONLY), 0);
    refuses(SALLY_E_OK, SALLY_E_OK, -1, 0);
}

/* A process without room for one more descriptor gets the order, not it. */
static void refuses_what_lost_a_descriptor(void **state)
{
    (void)state;
    start(&door);
    order(SALLY_CONTROL_CONFIG, bundle(2, SENSORS));
    goes = false;
    order(SALLY_CONTROL_LISTENER, -1);
    goes = true;
    order(SALLY_CONTROL_PREPARE, -1);
    turns();
    assert_string_equal(reports, "r");
    order(SALLY_CONTROL_CONFIG, bundle(2, SENSORS)); /* another attempt */
    order(SALLY_CONTROL_PREPARE, -1);
    turns();
    assert_string_equal(reports, "rp");
    finish();
}

static void ends_when_it_cannot_follow(void **state)
{
    (void)state;
    start(&door);
    order(SALLY_CONTROL_COMMIT, -1);
    turns();
    assert_int_equal(ended, 1);
    assert_int_equal(part.commits, 0);
    finish();
}

static void a_plain_role_keeps_none(void **state)
{
    (void)state;
    start(&plain);
    assert_null(part.context->config);
    order(SALLY_CONTROL_CONFIG, bundle(2, SENSORS));
    order(SALLY_CONTROL_COMMIT, -1);
    turns();
    assert_string_equal(reports, "cs");
    assert_null(part.context->config);
    order(SALLY_CONTROL_CONFIG, bundle(3, SENSORS));
    order(SALLY_CONTROL_COMMIT, -1);
    turns();
    assert_string_equal(reports, "cscs");
    assert_null(part.context->next);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepares_and_commits),
        cmocka_unit_test(keeps_the_old_one_until_it_is_settled),
        cmocka_unit_test(forgets_what_is_aborted),
        cmocka_unit_test(refuses_what_it_cannot_build),
        cmocka_unit_test(refuses_what_lost_a_descriptor),
        cmocka_unit_test(ends_when_it_cannot_follow),
        cmocka_unit_test(a_plain_role_keeps_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
