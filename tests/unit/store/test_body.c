/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_body.c - messages to database bytes and back, and
 * bytes that a damaged disk gave back.                                      */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "store/inside.h"

static const uint8_t raw[] = { 0, 1, 255 };

static void add(struct sally_bus_readings *r, struct sally_path path,
                struct sally_lwm2m_value v)
{
    assert_int_equal(sally_bus_put_value(&r->value[r->count++], r->bytes,
                                         &r->used, &path, &v), SALLY_E_OK);
}

static void make(struct sally_bus_readings *r)
{
    const struct sally_lwm2m_value link = { .type = SALLY_TYPE_OBJLNK,
                                            .is.link = { 3303, 1 } };
    const struct sally_path deep = { 4, { 1, 2, 3, 65534 } };

    memset(r, 0, sizeof(*r));
    add(r, sally_path_resource(3303, 0, 5700), sally_value_real(-21.5));
    add(r, sally_path_resource(3303, 0, 5701), sally_value_string("Cel"));
    add(r, sally_path_resource(3303, 0, 1), sally_value_integer(INT64_MIN));
    add(r, sally_path_resource(3303, 0, 2), sally_value_unsigned(UINT64_MAX));
    add(r, sally_path_resource(3303, 0, 3), sally_value_boolean(true));
    add(r, sally_path_resource(3303, 0, 4), sally_value_string(""));
    add(r, sally_path_resource(3303, 0, 5), link);
    add(r, deep, sally_value_opaque((struct sally_span){ raw, sizeof(raw) }));
}

static void messages_come_back_as_they_went(void **state)
{
    static struct sally_store_item item;
    struct sally_bus_readings in, out;

    (void)state;
    make(&in);
    assert_int_equal(sally_body_from_readings(&in, &item), SALLY_E_OK);
    assert_int_equal(sally_body_to_readings(
                         (struct sally_span){ item.body, item.len }, &out),
                     SALLY_E_OK);
    assert_int_equal(out.count, in.count);
    assert_int_equal(out.used, in.used);
    assert_memory_equal(out.value, in.value, sizeof(in.value));
    assert_memory_equal(out.bytes, in.bytes, in.used);
}

static void the_largest_message_fits(void **state)
{
    static struct sally_store_item item;
    static uint8_t big[SALLY_BUS_BYTES / SALLY_BUS_VALUES];
    struct sally_bus_readings in;

    (void)state;
    memset(&in, 0, sizeof(in));
    for (uint16_t i = 0; i < SALLY_BUS_VALUES; i++)
        add(&in, (struct sally_path){ 4, { 3303, 0, 5700, i } },
            sally_value_opaque((struct sally_span){ big, sizeof(big) }));
    assert_int_equal(in.used, SALLY_BUS_BYTES);
    assert_int_equal(sally_body_from_readings(&in, &item), SALLY_E_OK);
}

static void a_cut_body_is_refused_at_every_length(void **state)
{
    static struct sally_store_item item;
    struct sally_bus_readings r;

    (void)state;
    make(&r);
    assert_int_equal(sally_body_from_readings(&r, &item), SALLY_E_OK);
    for (size_t len = 0; len < item.len; len++)
        if (sally_body_to_readings((struct sally_span){ item.body, len },
                                   &r) != SALLY_E_MALFORMED)
            fail_msg("%zu bytes of %u are taken", len, item.len);
}

/* Whatever a flipped bit makes of it, what comes out is in range. */
static void a_flipped_bit_gives_nothing_out_of_range(void **state)
{
    static struct sally_store_item item;
    struct sally_bus_readings r;

    (void)state;
    make(&r);
    assert_int_equal(sally_body_from_readings(&r, &item), SALLY_E_OK);
    for (size_t bit = 0; bit < item.len * 8u; bit++) {
        struct sally_bus_message m, back;
        struct sally_buf frame;
        struct sally_span rest;
        uint8_t room[4096];

        item.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        sally_bus_begin(&m, SALLY_BUS_READINGS);
        frame = SALLY_BUF(room);
        if (sally_body_to_readings(
                (struct sally_span){ item.body, item.len },
                &m.as.readings) == SALLY_E_OK) {
            assert_int_equal(sally_bus_put(&frame, &m), SALLY_E_OK);
            rest = sally_buf_span(&frame);
            /* a shorter path or no type is for the reader to refuse */
            (void)!sally_bus_take(&rest, SALLY_OUTER, SALLY_INNER, &back);
            for (size_t i = 0; i < m.as.readings.count; i++) {
                const struct sally_bus_value *v = &m.as.readings.value[i];

                assert_true(v->depth <= 4 && v->type <= SALLY_TYPE_CORELNK);
                assert_true(v->offset + v->len <= m.as.readings.used);
            }
        }
        item.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void commands_come_back_as_they_went(void **state)
{
    static struct sally_store_item item;
    static const struct sally_path path = { 3, { 3306, 0, 5850, 0 } };
    struct sally_lwm2m_value text = sally_value_string("0='on'");
    struct sally_bus_command in = { .timeout_ms = 5000, .down = 7,
                                    .execute = 1 };
    struct sally_bus_command out;

    (void)state;
    assert_int_equal(sally_bus_put_value(&in.value, in.bytes, &in.used, &path,
                                         &text), SALLY_E_OK);
    assert_int_equal(sally_body_from_command(&in, &item), SALLY_E_OK);
    assert_int_equal(sally_body_to_command(
                         (struct sally_span){ item.body, item.len }, &out),
                     SALLY_E_OK);
    assert_memory_equal(&in, &out, sizeof(in));
    assert_int_equal(sally_body_to_command(
                         (struct sally_span){ item.body, item.len - 1u },
                         &out), SALLY_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back_as_they_went),
        cmocka_unit_test(the_largest_message_fits),
        cmocka_unit_test(a_cut_body_is_refused_at_every_length),
        cmocka_unit_test(a_flipped_bit_gives_nothing_out_of_range),
        cmocka_unit_test(commands_come_back_as_they_went),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
