/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/top/test_sockets.c - listeners keep their slots and sockets from
 * one configuration to the next, and what is missing is bound later.        */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/udp.h"
#include "sockets.h"

/* Ports of this test's own, below those that the system gives out. */
static uint16_t port;

static struct sally_config_listener at(const char *interface,
                                       const char *address, uint16_t offset)
{
    return (struct sally_config_listener){ interface, address,
                                           (uint16_t)(port + offset), 1,
                                           SALLY_SECURE_NO };
}

static struct sally_config config_of(const struct sally_config_listener *coap,
                                     size_t coap_count,
                                     const struct sally_config_listener *mqtt,
                                     size_t mqtt_count)
{
    return (struct sally_config){ .coap = coap,
                                  .coap_count = coap_count,
                                  .mqtt = mqtt,
                                  .mqtt_count = mqtt_count };
}

/* Plans, and gives what was reported. */
static unsigned plan(struct sally_sockets *out, const struct sally_config *c,
                     const struct sally_sockets *running, char **report)
{
    size_t size;
    FILE *stream = open_memstream(report, &size);
    unsigned bad;

    assert_non_null(stream);
    bad = sally_sockets_plan(out, c, running, stream);
    fclose(stream);
    return bad;
}

static void plan_well(struct sally_sockets *out, const struct sally_config *c,
                      const struct sally_sockets *running)
{
    char *report;

    if (plan(out, c, running, &report) != 0)
        fail_msg("%s", report);
    assert_string_equal(report, "");
    free(report);
}

static size_t slot_of(const struct sally_sockets *s, enum sally_listener kind,
                      uint16_t offset)
{
    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++)
        if (s->slot[i].used && s->slot[i].kind == kind &&
            s->slot[i].port == port + offset)
            return i;
    return SIZE_MAX;
}

static bool same_socket(int a, int b)
{
    struct stat one, other;

    return fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
           one.st_ino == other.st_ino;
}

static unsigned bound;
static uint32_t bound_slot;

static void on_bound(void *owner, uint32_t slot, const struct sally_socket *one)
{
    (void)owner;
    assert_true(one->fd >= 0);
    bound++;
    bound_slot = slot;
}

static void what_stays_keeps_slot_and_socket(void **state)
{
    const struct sally_config_listener old_coap[] = {
        at("lo", "127.0.0.1", 0), at("", "127.0.0.1", 1)
    };
    const struct sally_config_listener new_coap[] = {
        at("lo", "127.0.0.1", 2), at("", "127.0.0.1", 1)
    };
    const struct sally_config_listener mqtt[] = { at("lo", "", 0) };
    struct sally_config before = config_of(old_coap, 2, mqtt, 1);
    struct sally_config after = config_of(new_coap, 2, mqtt, 1);
    struct sally_sockets running, next;
    size_t kept, telnet, fresh;
    int fd;

    (void)state;
    plan_well(&running, &before, NULL);
    kept = slot_of(&running, SALLY_LISTENER_COAP, 1);
    telnet = slot_of(&running, SALLY_LISTENER_MQTT, 0);
    fd = running.slot[kept].fd;
    plan_well(&next, &after, &running);
    assert_int_equal(slot_of(&next, SALLY_LISTENER_COAP, 1), kept);
    assert_int_equal(slot_of(&next, SALLY_LISTENER_MQTT, 0), telnet);
    assert_true(same_socket(next.slot[kept].fd, fd));
    fresh = slot_of(&next, SALLY_LISTENER_COAP, 2);
    assert_false(running.slot[fresh].used); /* no slot of one that runs */
    assert_int_equal(slot_of(&next, SALLY_LISTENER_COAP, 0), SIZE_MAX);
    assert_int_equal(running.slot[kept].fd, fd); /* nothing happened to it */
    assert_true(running.slot[slot_of(&running, SALLY_LISTENER_COAP, 0)].fd >= 0);

    sally_sockets_commit(&running, &next);
    assert_false(next.slot[kept].used);
    assert_int_equal(slot_of(&running, SALLY_LISTENER_COAP, 1), kept);
    bound = 0;
    sally_sockets_poll(&running, on_bound, NULL);
    assert_int_equal(bound, 0); /* all is there */
    sally_sockets_wipe(&running);
}

static void a_plan_can_be_thrown_away(void **state)
{
    const struct sally_config_listener one[] = { at("", "127.0.0.1", 3) };
    struct sally_config c = config_of(one, 1, one, 1);
    struct sally_sockets running, next;
    struct stat st;
    int fd;

    (void)state;
    plan_well(&running, &c, NULL);
    fd = running.slot[0].fd;
    plan_well(&next, &c, &running);
    sally_sockets_wipe(&next);
    assert_int_equal(fstat(fd, &st), 0);
    sally_sockets_wipe(&running);
    assert_int_not_equal(fstat(fd, &st), 0);
}

static const struct early_row {
    const char *what, *interface, *address;
} early_rows[] = {
    { "an interface that is not there", "sally9", "" },
    { "an address that is not there", "", "192.0.2.77" },
    { "an IPv6 address that is not there", "lo", "2001:db8::77" },
};

static void what_is_not_there_yet_is_waited_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(early_rows); i++) {
        const struct sally_config_listener one[] = { at(
            early_rows[i].interface, early_rows[i].address, 4) };
        struct sally_config c = config_of(one, 1, NULL, 0);
        struct sally_sockets s;
        char *report;

        if (plan(&s, &c, NULL, &report) != 0 || s.slot[0].fd >= 0)
            fail_msg("%s: %s", early_rows[i].what, report);
        free(report);
        bound = 0;
        sally_sockets_poll(&s, on_bound, NULL);
        assert_int_equal(bound, 0);
        assert_int_equal(s.slot[0].told, SALLY_SOCKET_WAITING);
        sally_sockets_wipe(&s);
    }
}

/* The port is free as soon as the listener that had it is closed, which is
 * after the commit.                                                         */
static void what_stands_in_its_own_way_waits(void **state)
{
    const struct sally_config_listener any[] = { at("", "", 5) };
    const struct sally_config_listener one[] = { at("lo", "127.0.0.1", 5) };
    struct sally_config before = config_of(any, 1, NULL, 0);
    struct sally_config after = config_of(one, 1, NULL, 0);
    struct sally_sockets running, next;
    size_t slot;

    (void)state;
    plan_well(&running, &before, NULL);
    plan_well(&next, &after, &running);
    slot = slot_of(&next, SALLY_LISTENER_COAP, 5);
    assert_int_equal(next.slot[slot].fd, -1);
    sally_sockets_commit(&running, &next);
    bound = 0;
    sally_sockets_poll(&running, on_bound, NULL);
    assert_int_equal(bound, 1);
    assert_int_equal(bound_slot, slot);
    assert_int_equal(running.slot[slot].told, SALLY_SOCKET_LISTENING);
    sally_sockets_wipe(&running);
}

static void what_others_hold_is_an_error(void **state)
{
    const struct sally_config_listener one[] = { at("", "127.0.0.1", 6) };
    struct sally_config c = config_of(one, 1, NULL, 0);
    struct sally_sockets other, s;
    char *report;

    (void)state;
    plan_well(&other, &c, NULL);
    assert_int_equal(plan(&s, &c, NULL, &report), 1);
    assert_non_null(strstr(report, "local.coap: cannot listen on port"));
    assert_non_null(strstr(report, "at 127.0.0.1"));
    free(report);
    sally_sockets_wipe(&s);
    sally_sockets_wipe(&other);
}

static void an_interface_that_became_another_is_bound_anew(void **state)
{
    const struct sally_config_listener one[] = { at("lo", "127.0.0.1", 7) };
    struct sally_config c = config_of(NULL, 0, one, 1);
    struct sally_sockets s;

    (void)state;
    plan_well(&s, &c, NULL);
    assert_int_equal(s.slot[0].index, if_nametoindex("lo"));
    s.slot[0].index = 9999; /* as if it had been that one */
    bound = 0;
    sally_sockets_poll(&s, on_bound, NULL);
    assert_int_equal(bound, 1);
    assert_int_equal(s.slot[0].index, if_nametoindex("lo"));
    sally_sockets_wipe(&s);
}

/* Looking needs a descriptor: without one, no news is no news. */
static void nothing_is_lost_for_want_of_a_descriptor(void **state)
{
    const struct sally_config_listener one[] = { at("lo", "127.0.0.1", 8) };
    struct sally_config c = config_of(one, 1, NULL, 0);
    struct rlimit limit, none;
    struct sally_sockets s;
    int fd;

    (void)state;
    plan_well(&s, &c, NULL);
    fd = s.slot[0].fd;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bound = 0;
    sally_sockets_poll(&s, on_bound, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(s.slot[0].fd, fd);
    assert_int_equal(bound, 0);
    assert_int_equal(s.slot[0].told, SALLY_SOCKET_LISTENING);
    sally_sockets_wipe(&s);
}

static void too_many_are_told(void **state)
{
    struct sally_config_listener many[SALLY_SOCKETS_KIND + 1];
    struct sally_config c =
        config_of(many, SALLY_SOCKETS_KIND + 1, NULL, 0);
    struct sally_sockets s;
    char *report;

    (void)state;
    for (uint16_t i = 0; i <= SALLY_SOCKETS_KIND; i++)
        many[i] = at("", "127.0.0.1", (uint16_t)(10 + i));
    assert_int_equal(plan(&s, &c, NULL, &report), 1);
    assert_non_null(strstr(report, "at most 16 listeners"));
    free(report);
    sally_sockets_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stays_keeps_slot_and_socket),
        cmocka_unit_test(a_plan_can_be_thrown_away),
        cmocka_unit_test(what_is_not_there_yet_is_waited_for),
        cmocka_unit_test(what_stands_in_its_own_way_waits),
        cmocka_unit_test(what_others_hold_is_an_error),
        cmocka_unit_test(an_interface_that_became_another_is_bound_anew),
        cmocka_unit_test(nothing_is_lost_for_want_of_a_descriptor),
        cmocka_unit_test(too_many_are_told),
    };

    port = (uint16_t)(12000 + 40 * (getpid() % 200));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
