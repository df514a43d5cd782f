/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/side.h - the outer door's engine without sockets: sensors
 * that speak CoAP and MQTT, and an inner door that this test plays.         */
#ifndef TESTS_UNIT_INGRESS_SIDE_H
#define TESTS_UNIT_INGRESS_SIDE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingress/outer.h"
#include "unit/config/given.h"

#define UTC ((sally_msec_utc)1700000000000)
#define START (1000 * SALLY_SEC)
#define SIDE_SAID 4096

/* Numbers of the sensors. `both` has to prove its address and a password. */
enum { COAP_1, COAP_2, BOTH, MQTT_A, MQTT_B };

#ifndef SIDE_CONFIG /* a test may have one of its own */
#define SIDE_CONFIG                                                            \
    "gateway = { name = \"plant-7\"; };\n"                                     \
    "local = { coap = ( { port = 5683; } ); mqtt = ( { port = 1883; } ); };\n" \
    SERVERS                                                                    \
    "profiles = ( { name = \"c\"; maps = ( { topic = \"coap/temp\"; put = ( "  \
    "{ to = \"/3303/0/5700\"; } ); }, { topic = \"coap/a/b/c\"; put = ( { to " \
    "= \"/3303/0/5700\"; } ); }, { topic = \"coap/form\"; format = "        \
    "\"form\"; put = ( { from = \"t\"; to = \"/3303/0/5700\"; }, { from "  \
    "= \"h\"; to = \"/3303/1/5700\"; } ); }, { topic = \"coap/{id}/{any}\";" \
    " put = ( { to = \"/3303/1/5700\"; } ); } ); down = ( { on = "           \
    "\"/3306/0/5850\"; topic = \"coap/relay/set\"; payload = \"{value}\"; timeout = \"5s\"; }, " \
    "{ on = \"/3303/0/5605\"; topic = \"coap/reset\"; payload = "              \
    "\"{arguments}\"; timeout = \"5s\"; } ); },\n"                             \
    "{ name = \"m\"; maps = ( { topic = \"m/{id}/temp\"; put = ( { to = "      \
    "\"/3303/0/5700\"; } ); }, { topic = \"m/{id}/state\"; alive = ( "         \
    "(\"online\", true), (\"offline\", false) ); } ); down = ( { on = "        \
    "\"/3306/0/5850\"; topic = \"m/{id}/set\"; payload = \"{value}\"; "        \
    "timeout = \"5s\"; values = ( (true, \"ON\") ); } ); } );\n"               \
    "sensors = ( { id = \"c1\"; profile = \"c\"; accept_weak = true; "         \
    ACCOUNT "authenticate = ( { method = \"address\"; ip = \"192.0.2.1\"; "    \
    "interface = \"br-lan\"; } ); }, { id = \"c2\"; profile = \"c\"; accept_weak = true; " ACCOUNT        \
    "authenticate = ( { method = \"address\"; ip = \"192.0.2.2\"; } ); }, "    \
    "{ id = \"both\"; profile = \"c\"; require = \"all\"; " ACCOUNT            \
    "authenticate = ( { method = \"address\"; ip = \"192.0.2.3\"; }, "         \
    "{ method = \"password\"; username = \"both\"; } ); }, "                   \
    "{ id = \"ma\"; profile = \"m\"; " ACCOUNT "authenticate = ( { method = "  \
    "\"password\"; username = \"ua\"; } ); }, "                                \
    "{ id = \"mb\"; profile = \"m\"; " ACCOUNT "authenticate = ( { method = "  \
    "\"password\"; username = \"ub\"; } ); } );\n"
#endif

struct side {
    struct sally_config config;
    struct sally_outer *outer;
    uint64_t seed;
    sally_usec now;
    sally_msec_utc utc;
    bool inner_away;
    struct sally_bus_message *said; /* SIDE_SAID of them */
    size_t said_count;
};

static void side_random(void *state, uint8_t *out, size_t n)
{
    uint64_t *x = state;

    for (size_t i = 0; i < n; i++) {
        *x = *x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(*x >> 56);
    }
}

static bool side_to_inner(void *owner, struct sally_bus_message *m)
{
    struct side *s = owner;

    if (s->inner_away)
        return false;
    assert_true(s->said_count < SIDE_SAID);
    s->said[s->said_count++] = *m;
    return true;
}

static sally_msec_utc side_utc(void *owner)
{
    return ((struct side *)owner)->utc;
}

static const struct sally_outer_host side_host = { side_to_inner, side_utc };

/* How many messages of `type` the inner door got; *last is the newest. */
__attribute__((unused)) static size_t
side_said(const struct side *s, enum sally_bus_type type,
          const struct sally_bus_message **last)
{
    size_t count = 0;

    *last = NULL;
    for (size_t i = 0; i < s->said_count; i++)
        if (s->said[i].type == (uint32_t)type) {
            *last = &s->said[i];
            count++;
        }
    return count;
}

__attribute__((unused)) static size_t side_readings(const struct side *s)
{
    const struct sally_bus_message *last;

    return side_said(s, SALLY_BUS_READINGS, &last);
}

/* What became of the newest reading. */
__attribute__((unused)) static void side_accept(struct side *s,
                                                enum sally_accepted result)
{
    const struct sally_bus_message *last;
    struct sally_bus_accepted a;

    assert_true(side_said(s, SALLY_BUS_READINGS, &last) > 0);
    a = (struct sally_bus_accepted){ last->as.readings.ticket,
                                     (uint8_t)result };
    sally_outer_accepted(s->outer, &a, s->now);
}

/* The one outcome that the inner door was told since the last question. */
__attribute__((unused)) static enum sally_outcome
side_outcome(const struct side *s, uint32_t command)
{
    const struct sally_bus_message *last;

    assert_int_equal(side_said(s, SALLY_BUS_OUTCOME, &last), 1);
    assert_int_equal(last->as.outcome.command, command);
    return (enum sally_outcome)last->as.outcome.result;
}

/* A command that writes `on`, or executes, by the profile's rule `down`. */
__attribute__((unused)) static void
side_command(struct side *s, uint32_t number, uint32_t sensor, uint16_t down,
             bool execute, const struct sally_lwm2m_value *v)
{
    const struct sally_config_profile *p =
        &s->config.profiles[s->config.sensors[sensor].profile];
    struct sally_bus_message m;
    struct sally_bus_command *c = &m.as.command;

    sally_bus_begin(&m, SALLY_BUS_COMMAND);
    c->command = number;
    c->sensor = sensor;
    c->born = s->config.sensors[sensor].born;
    c->down = down;
    c->execute = execute;
    c->timeout_ms = 5000;
    assert_int_equal(sally_bus_put_value(&c->value, c->bytes, &c->used,
                                         &p->down[down].on, v),
                     SALLY_E_OK);
    s->said_count = 0;
    sally_outer_command(s->outer, c, s->now);
}

__attribute__((unused)) static void side_switch(struct side *s, uint32_t number,
                                                uint32_t sensor, bool on)
{
    const struct sally_lwm2m_value v = sally_value_boolean(on);

    side_command(s, number, sensor, 0, false, &v);
}

static struct side *side_open(void)
{
    struct side *s = calloc(1, sizeof(*s));
    char *report = NULL;

    assert_non_null(s);
    if (load_given(SIDE_CONFIG, NULL, "", &s->config, &report) != 0)
        fail_msg("%s", report);
    free(report);
    s->said = calloc(SIDE_SAID, sizeof(*s->said));
    assert_non_null(s->said);
    s->seed = 1;
    s->now = START;
    s->utc = UTC;
    assert_int_equal(sally_outer_create(&s->outer, &s->config,
                                        (struct sally_random){ side_random,
                                                               &s->seed },
                                        &side_host, s),
                     SALLY_E_OK);
    return s;
}

static void side_close(struct side *s)
{
    sally_outer_wipe(s->outer);
    sally_config_wipe(&s->config);
    free(s->said);
    free(s);
}

#endif
