/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_admission.c - what an outer door that is not honest
 * any more could say, and what comes of it.                                 */
#include "unit/uplink/door.h"

#include "uplink/admission.h"

#include <math.h>

#define TWO_RULES                                                              \
    GATEWAY LOCAL DOOR_SERVER("")                                              \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"t/{id}\"; put = ( "     \
    "{ to = \"/3303/0/5700\"; unit = \"Cel\"; range = ( 0.0, 50.0 ); }, "      \
    "{ to = \"/3306/0/5850\"; } ); }, { topic = \"u/{id}\"; "              \
    "put = ( { to = \"/3303/0/5700\"; range = ( 100.0, 125.0 ); }, "           \
    "{ to = \"/3303/1/5700\"; } ); } ); } );\n"                                \
    "sensors = ( " DOOR_SENSOR("one") " );\n"

#define REAL(n) { .type = SALLY_TYPE_FLOAT, .is.real = (n) }
#define TEXT(t) { .type = SALLY_TYPE_STRING,                                   \
                  .is.bytes = { (const uint8_t *)(t), sizeof(t) - 1 } }
#define AT(o, i, r) { .depth = 3, .id = { o, i, r } }

static const struct row {
    const char *what;
    struct {
        struct sally_path at;
        struct sally_lwm2m_value is;
    } said[3]; /* as far as the depth is not 0 */
    enum sally_err want;
    size_t kept;
} rows[] = {
    { "in the first rule's range", { { AT(3303, 0, 5700), REAL(20) } },
      SALLY_E_OK, 1 },
    { "in another rule's range", { { AT(3303, 0, 5700), REAL(110) } },
      SALLY_E_OK, 1 },
    { "in no rule's range", { { AT(3303, 0, 5700), REAL(75) } },
      SALLY_E_OUT_OF_RANGE, 0 },
    { "no number", { { AT(3303, 0, 5700), REAL(NAN) } }, SALLY_E_OUT_OF_RANGE,
      0 },
    { "no number, and no range", { { AT(3303, 1, 5700), REAL(NAN) } },
      SALLY_E_OUT_OF_RANGE, 0 },
    { "infinite, and no range", { { AT(3303, 1, 5700), REAL(INFINITY) } },
      SALLY_E_OUT_OF_RANGE, 0 },
    { "path that no rule gives", { { AT(3303, 2, 5700), REAL(20) } },
      SALLY_E_NOT_ALLOWED, 0 },
    { "the account's own object", { { AT(1, 0, 1), REAL(20) } },
      SALLY_E_NOT_ALLOWED, 0 },
    { "wrong type", { { AT(3303, 0, 5700), TEXT("20") } },
      SALLY_E_WRONG_TYPE, 0 },
    { "fixed text beside the value",
      { { AT(3303, 0, 5700), REAL(20) }, { AT(3303, 0, 5701), TEXT("Cel") } },
      SALLY_E_OK, 1 },
    { "fixed text alone", { { AT(3303, 0, 5701), TEXT("Cel") } },
      SALLY_E_NOT_ALLOWED, 0 },
    { "the same path twice: the later one counts",
      { { AT(3303, 0, 5700), REAL(75) }, { AT(3303, 0, 5700), REAL(30) } },
      SALLY_E_OK, 1 },
    { "one bad value spoils all",
      { { AT(3303, 1, 5700), REAL(20) }, { AT(3303, 0, 5700), REAL(75) } },
      SALLY_E_OUT_OF_RANGE, 0 },
};

static struct sally_config config;
static struct sally_uplink_sensor sensor;

static void say(struct sally_bus_readings *r, const struct row *row)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_READINGS);
    *r = m.as.readings;
    for (size_t i = 0; i < 3 && row->said[i].at.depth != 0; i++)
        assert_int_equal(sally_bus_put_value(&r->value[r->count++], r->bytes,
                                             &r->used, &row->said[i].at,
                                             &row->said[i].is),
                         SALLY_E_OK);
}

static void looks_at_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct sally_bus_readings in, out;
        enum sally_err e;

        say(&in, &rows[i]);
        e = sally_admission_check(&config.registry, &sensor, &in,
                                  START + i * SALLY_SEC, &out);
        if (e != rows[i].want)
            fail_msg("%s: %s", rows[i].what, sally_err_text(e));
        if (e == SALLY_E_OK && out.count != rows[i].kept)
            fail_msg("%s: %u kept", rows[i].what, out.count);
    }
}

static void of_two_the_later_one_is_kept(void **state)
{
    struct sally_bus_readings in, out;
    struct sally_lwm2m_record r;

    (void)state;
    say(&in, &rows[11]);
    assert_int_equal(sally_admission_check(&config.registry, &sensor, &in,
                                           START + 100 * SALLY_SEC, &out),
                     SALLY_E_OK);
    sally_bus_value(&out.value[0], out.bytes, &r);
    assert_true(r.value.is.real > 29 && r.value.is.real < 31);
}

static void is_not_to_be_flooded(void **state)
{
    struct sally_bus_readings in, out;
    const sally_usec now = START + 200 * SALLY_SEC;
    enum sally_err e = SALLY_E_OK;
    unsigned passed = 0;

    (void)state;
    say(&in, &rows[0]);
    for (; e == SALLY_E_OK && passed < 10000; passed++)
        e = sally_admission_check(&config.registry, &sensor, &in, now, &out);
    assert_int_equal(e, SALLY_E_NO_ROOM);
    assert_in_range(passed, SALLY_ADMISSION_RATE, SALLY_ADMISSION_RATE + 2);
    assert_int_equal(sally_admission_check(&config.registry, &sensor, &in,
                                           now + 2 * SALLY_MSEC, &out),
                     SALLY_E_OK);
}

static int set_up(void **state)
{
    char *report = NULL;

    (void)state;
    if (load_given(TWO_RULES, NULL, "", &config, &report) != 0)
        fail_msg("%s", report);
    free(report);
    sensor.config = &config.sensors[0];
    sensor.profile = &config.profiles[0];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sally_config_wipe(&config);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_at_each_row),
        cmocka_unit_test(of_two_the_later_one_is_kept),
        cmocka_unit_test(is_not_to_be_flooded),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
