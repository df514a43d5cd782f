/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/test_mechanisms.c - every mechanism in every weather, many times.
 * SALLY_SIM_SEEDS sets how many seeds each pair gets; a fault names the seed
 * that shows it again.                                                      */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/nonces.h"
#include "sim/world.h"

static const struct sim_mechanism mechanisms[] = {
    { .name = "none", .scheme = SALLY_SCHEME_COAP },
    { .name = "tcp", .scheme = SALLY_SCHEME_COAP_TCP },
    { .name = "dtls-psk",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "PSK-AES128-CCM-8" },
    { .name = "dtls-ecdhe-psk",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "ECDHE-PSK-AES128-GCM-SHA256" },
    { .name = "dtls-rpk",
      .scheme = SALLY_SCHEME_COAPS,
      .mode = SALLY_MODE_RPK,
      .server_suites = "ECDHE-ECDSA-AES128-CCM-8" },
    { .name = "dtls-x509",
      .scheme = SALLY_SCHEME_COAPS,
      .mode = SALLY_MODE_X509,
      .server_suites = "ECDHE-ECDSA-AES128-CCM-8" },
    { .name = "dtls1.3-psk",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "TLS13-AES128-GCM-SHA256" },
    { .name = "dtls1.3-rpk",
      .scheme = SALLY_SCHEME_COAPS,
      .mode = SALLY_MODE_RPK,
      .server_suites = "TLS13-AES128-GCM-SHA256" },
    { .name = "dtls1.3-x509",
      .scheme = SALLY_SCHEME_COAPS,
      .mode = SALLY_MODE_X509,
      .server_suites = "TLS13-AES128-GCM-SHA256" },
    { .name = "tls-psk",
      .scheme = SALLY_SCHEME_COAPS_TCP,
      .server_suites = "PSK-AES128-CCM-8" },
    { .name = "tls13-psk",
      .scheme = SALLY_SCHEME_COAPS_TCP,
      .server_suites = "TLS13-AES128-GCM-SHA256" },
    { .name = "tls13-x509",
      .scheme = SALLY_SCHEME_COAPS_TCP,
      .mode = SALLY_MODE_X509,
      .server_suites = "TLS13-AES128-GCM-SHA256" },
    { .name = "dtls-psk, CID",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "PSK-AES128-CCM-8",
      .connection_id = true },
    { .name = "dtls1.3-psk, CID",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "TLS13-AES128-GCM-SHA256",
      .connection_id = true },
    { .name = "dtls1.3-psk, CCM_8",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "TLS13-AES128-CCM-8-SHA256" },
    { .name = "oscore",
      .scheme = SALLY_SCHEME_COAP,
      .oscore = true,
      .start = SALLY_OSCORE_B2 },
    { .name = "oscore, B.1",
      .scheme = SALLY_SCHEME_COAP,
      .oscore = true,
      .start = SALLY_OSCORE_B1 },
    { .name = "dtls-psk+oscore",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "PSK-AES128-CCM-8",
      .oscore = true,
      .start = SALLY_OSCORE_AUTO },
    { .name = "tcp+oscore",
      .scheme = SALLY_SCHEME_COAP_TCP,
      .oscore = true,
      .start = SALLY_OSCORE_B2 },
};

#define DELAY (400 * SALLY_MSEC)

static const struct climate {
    const char *what;
    struct sim_weather weather;
    bool secure_only; /* damage needs somebody who notices it */
} climates[] = {
    { "calm", { 0, 0, 0, 0, SALLY_MSEC, 0 }, false },
    { "reordered", { 0, 5, 0, 5, DELAY, 0 }, false },
    { "20 % lost", { 20, 5, 0, 5, DELAY, 0 }, false },
    { "40 % lost", { 40, 5, 0, 5, DELAY, 0 }, false },
    { "damaged", { 0, 0, 10, 0, DELAY, 0 }, true },
    { "20 % lost, damaged", { 20, 10, 10, 20, DELAY, 0 }, true },
    { "40 % lost, damaged", { 40, 5, 5, 10, DELAY, 0 }, true },
};

static uint64_t seeds(void)
{
    const char *text = getenv("SALLY_SIM_SEEDS");

    return text == NULL ? 40 : strtoull(text, NULL, 10);
}

/* What was known of us outlives a session, unless the keys are new ones. */
static bool resumes(const struct sim_mechanism *m)
{
    return m->oscore ? m->start == SALLY_OSCORE_B1 : m->server_suites != NULL;
}

/* Runs one world to its goal, or to `steps`. */
static void live(const struct sim_mechanism *m, const struct climate *c,
                 uint64_t seed, unsigned flaps, unsigned long steps,
                 struct sim_world *w)
{
    bool reached;

    sim_world_open(w, m, &c->weather, seed);
    w->flaps = flaps;
    reached = sim_world_run(w, steps);
    if (!reached && w->fault[0] == '\0' && steps > 10000)
        fail_msg("%s, %s, seed %llu: not done: %u and %u answered, %u restarts",
                 m->name, c->what, (unsigned long long)seed,
                 w->ends[0].answered, w->ends[1].answered, w->restarts);
    sim_world_close(w);
    if (reached) /* or there was nothing to look at */
        assert_true((sim_nonces_count() > 0) == m->oscore);
    if (w->fault[0] != '\0')
        fail_msg("%s, %s, seed %llu: %s", m->name, c->what,
                 (unsigned long long)seed, w->fault);
}

static void for_each(unsigned flaps, unsigned long steps_max, bool cut)
{
    static struct sim_world w;
    uint64_t count = seeds();

    for (size_t m = 0; m < SALLY_LEN(mechanisms); m++) {
        unsigned long worlds = 0, restarts = 0, resumed = 0;

        for (size_t c = 0; c < SALLY_LEN(climates); c++) {
            if (climates[c].secure_only && !sim_is_secure(&mechanisms[m]))
                continue;
            for (uint64_t seed = 1; seed <= count; seed++) {
                struct sim_chance cutter = { seed };
                unsigned long steps =
                    cut ? sim_below(&cutter, steps_max) : steps_max;

                live(&mechanisms[m], &climates[c], seed, flaps, steps, &w);
                worlds++;
                restarts += w.restarts;
                resumed += w.resumed;
            }
        }
        print_message("%s: %lu worlds, %lu restarts, %lu resumed\n",
                      mechanisms[m].name, worlds, restarts, resumed);
        /* Loss alone hardly ever ends a handshake, and damage not often. */
        if (flaps == 0)
            assert_true(2 * restarts <= worlds);
        else if (resumes(&mechanisms[m]) && !cut)
            assert_true(2 * resumed > restarts);
    }
}

static void every_exchange_ends_right(void **state)
{
    (void)state;
    for_each(0, 200000, false);
}

static void so_it_does_when_the_uplink_flaps(void **state)
{
    (void)state;
    for_each(10, 200000, false);
}

static void a_wipe_at_any_point_leaves_nothing(void **state)
{
    (void)state;
    for_each(10, 300, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_exchange_ends_right),
        cmocka_unit_test(so_it_does_when_the_uplink_flaps),
        cmocka_unit_test(a_wipe_at_any_point_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
