/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/test_outage.c - the server in a black hole for an hour, and one
 * that hangs up on everybody: the back-off of /1/x/17-20 under a virtual clock.
 * SALLY_SIM_SEEDS sets how many seeds each mechanism gets (20).             */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/station.h"

#define HOUR (3600 * SALLY_SEC)

/* From the last transmission that was lost to where an attempt is given up and
 * the next one waits: RFC 7252 s.4.8.2, MAX_TRANSMIT_WAIT.                  */
#define MOST_OF_AN_ATTEMPT (93 * SALLY_SEC)

static const struct sim_mechanism mechanisms[] = {
    { .name = "none", .scheme = SALLY_SCHEME_COAP },
    { .name = "dtls-psk",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "PSK-AES128-CCM-8" },
    { .name = "oscore",
      .scheme = SALLY_SCHEME_COAP,
      .oscore = true,
      .start = SALLY_OSCORE_B2 },
    { .name = "oscore, B.1",
      .scheme = SALLY_SCHEME_COAP,
      .oscore = true,
      .start = SALLY_OSCORE_B1 },
};
static const struct sim_weather calm = { .delay_max = SALLY_MSEC };

static struct sim_station s;

static uint64_t seeds(void)
{
    const char *text = getenv("SALLY_SIM_SEEDS");

    return text == NULL ? 20 : strtoull(text, NULL, 10);
}

static bool observing(const struct sim_station *t)
{
    return t->server.observing;
}

static bool never(const struct sim_station *t)
{
    (void)t;
    return false;
}

/* A registration that was alive is taken up within two seconds; then 5 s that
 * double, six times in all, then 300 s, and again; each up to a quarter more.
 * `jitter` gets the sum of what is above the least.                         */
static void check_waits(const char *name, uint64_t seed, sally_usec *jitter)
{
    static const unsigned steps[] = { 1, 5, 10, 20, 40, 80, 160, 300 };

    if (s.wait_count < 8)
        fail_msg("%s, seed %llu: %u attempts in an hour", name,
                 (unsigned long long)seed, s.wait_count);
    for (unsigned i = 0; i < s.wait_count; i++) {
        sally_usec least =
            (i < SALLY_LEN(steps) ? steps[i] : steps[1 + (i - 1) % 7]) *
            SALLY_SEC;
        sally_usec most = i == 0 ? 2 * least : least + least / 4;

        if (s.waits[i] < least || s.waits[i] > most)
            fail_msg("%s, seed %llu: wait %u is %.1f s", name,
                     (unsigned long long)seed, i,
                     (double)s.waits[i] / SALLY_SEC);
        *jitter += s.waits[i] - least;
    }
}

/* With keys that go on from where they were an Update is enough. */
static bool goes_on(const struct sim_mechanism *m)
{
    return m->oscore && m->start == SALLY_OSCORE_B1;
}

static void black_hole(const struct sim_mechanism *m, uint64_t seed,
                       sally_usec *jitter, sally_usec *longest)
{
    sally_usec back;
    unsigned registers;

    sim_station_open(&s, m, &calm, seed);
    assert_true(sim_station_run(&s, observing, 60 * SALLY_SEC));
    s.network.weather.lost = 100;
    assert_false(sim_station_run(
        &s, never, HOUR + sim_below(&s.chance, HOUR / 6))); /* any phase */
    check_waits(m->name, seed, jitter);
    s.network.weather.lost = 0;
    back = s.now;
    registers = s.server.registers;
    s.server.observing = false;
    if (!sim_station_run(&s, observing, 375 * SALLY_SEC + MOST_OF_AN_ATTEMPT))
        fail_msg("%s, seed %llu: not back", m->name, (unsigned long long)seed);
    if (s.now - back > *longest)
        *longest = s.now - back;
    assert_true(s.server.registers == registers + !goes_on(m));
    assert_true(s.shortest >= SALLY_SEC);
    sim_station_close(&s);
    assert_string_equal(s.fault, "");
}

static void an_hour_without_a_server(void **state)
{
    (void)state;
    for (size_t m = 0; m < SALLY_LEN(mechanisms); m++) {
        sally_usec jitter = 0, last = 0, longest = 0;
        unsigned different = 0;

        for (uint64_t seed = 1; seed <= seeds(); seed++) {
            jitter = 0;
            black_hole(&mechanisms[m], seed, &jitter, &longest);
            different += jitter != last;
            last = jitter;
        }
        assert_true(different == seeds()); /* no two clients in step */
        print_message("%s: back and observed %.1f s after the server at "
                      "most\n", mechanisms[m].name,
                      (double)longest / SALLY_SEC);
    }
}

static bool handshaking_again(const struct sim_station *t)
{
    return t->handshakes > 1;
}

static bool updated(const struct sim_station *t)
{
    return t->server.updates > 0;
}

/* A NAT that forgot the mapping: the server hears nothing any more, until the
 * client comes from a new port. The session is resumed, and an Update takes
 * the registration up where it was (Transport 1.1 s.5.2).                   */
static void a_forgotten_mapping_costs_an_update(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        sally_usec lost;

        sim_station_open(&s, &mechanisms[1], &calm, seed);
        assert_true(sim_station_run(&s, observing, 60 * SALLY_SEC));
        s.network.weather.lost = 100;
        lost = s.now;
        assert_true(sim_station_run(&s, handshaking_again, 300 * SALLY_SEC));
        s.network.weather.lost = 0;
        assert_true(sim_station_run(&s, updated, 10 * SALLY_SEC));
        assert_int_equal(s.server.registers, 1);
        assert_int_equal(s.handshakes, 2);
        /* To the next Update, one exchange, the wait before a new handshake,
         * whose first message is still lost, and its way there and back.   */
        assert_true(s.now - lost < (90 + 93 + 2 + 2 + 1) * SALLY_SEC);
        sim_station_close(&s);
        assert_string_equal(s.fault, "");
    }
}

/* A server that takes a Register and then closes the session: the client comes
 * again, and not faster than once a second.                                 */
static void a_server_that_hangs_up_is_not_stormed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        sim_station_open(&s, &mechanisms[1], &calm, seed);
        s.server.hangs_up = true;
        assert_false(sim_station_run(&s, never, 600 * SALLY_SEC));
        if (s.handshakes < 2 || s.shortest < SALLY_SEC)
            fail_msg("seed %llu: %u handshakes, two of them %.2f s apart",
                     (unsigned long long)seed, s.handshakes,
                     (double)s.shortest / SALLY_SEC);
        sim_station_close(&s);
        assert_string_equal(s.fault, "");
    }
    print_message("%u handshakes in 600 s\n", s.handshakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_without_a_server),
        cmocka_unit_test(a_forgotten_mapping_costs_an_update),
        cmocka_unit_test(a_server_that_hangs_up_is_not_stormed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
