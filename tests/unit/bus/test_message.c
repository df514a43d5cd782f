/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/bus/test_message.c - what comes out of a frame is what went in,
 * and nothing that its sender may not say.                                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bus/message.h"

static uint8_t room[SALLY_BUS_FRAME];

/* A message of each type that is right in every field. */
static void make(struct sally_bus_message *m, enum sally_bus_type type)
{
    static const struct sally_path path = { 3, { 3303, 0, 5700, 0 } };
    struct sally_lwm2m_value text = sally_value_string("twenty-one");
    struct sally_bus_readings *r = &m->as.readings;

    sally_bus_begin(m, type);
    switch (type) {
    case SALLY_BUS_READINGS:
        r->count = 1;
        assert_int_equal(sally_bus_put_value(&r->value[0], r->bytes, &r->used,
                                             &path, &text), SALLY_E_OK);
        break;
    case SALLY_BUS_COMMAND:
        assert_int_equal(sally_bus_put_value(&m->as.command.value,
                                             m->as.command.bytes,
                                             &m->as.command.used, &path,
                                             &text), SALLY_E_OK);
        break;
    case SALLY_BUS_CHECK:
        m->as.check.log2_n = 14;
        m->as.check.r = 8;
        m->as.check.p = 1;
        break;
    case SALLY_BUS_RESOLVE:
        memcpy(m->as.resolve.host, "a.example", 10);
        break;
    case SALLY_BUS_RESOLVED:
        m->as.resolved.count = 1;
        m->as.resolved.address[0].family = 6;
        break;
    case SALLY_BUS_ROW:
        memcpy(m->as.row.name, "messages", 9);
        break;
    case SALLY_BUS_NOTE:
        m->as.note.used = 10;
        break;
    case SALLY_BUS_ACCEPTED:
    case SALLY_BUS_LIVENESS:
    case SALLY_BUS_OUTCOME:
    case SALLY_BUS_BLOCKED:
    case SALLY_BUS_CHECKED:
    case SALLY_BUS_QUERY:
    case SALLY_BUS_CONTROL:
    case SALLY_BUS_TYPES:
        break;
    }
}

/* Who says what to whom: one way for each type that is allowed. */
static const struct way {
    enum sally_bus_type type;
    enum sally_role_name from, to;
} ways[] = {
    { SALLY_BUS_READINGS, SALLY_OUTER, SALLY_INNER },
    { SALLY_BUS_ACCEPTED, SALLY_INNER, SALLY_OUTER },
    { SALLY_BUS_LIVENESS, SALLY_OUTER, SALLY_INNER },
    { SALLY_BUS_COMMAND, SALLY_INNER, SALLY_OUTER },
    { SALLY_BUS_OUTCOME, SALLY_OUTER, SALLY_INNER },
    { SALLY_BUS_BLOCKED, SALLY_INNER, SALLY_OUTER },
    { SALLY_BUS_CHECK, SALLY_OUTER, SALLY_VERIFIER },
    { SALLY_BUS_CHECKED, SALLY_VERIFIER, SALLY_OUTER },
    { SALLY_BUS_RESOLVE, SALLY_INNER, SALLY_RESOLVER },
    { SALLY_BUS_RESOLVED, SALLY_RESOLVER, SALLY_INNER },
    { SALLY_BUS_NOTE, SALLY_OUTER, SALLY_INNER },
    { SALLY_BUS_NOTE, SALLY_CONSOLE, SALLY_INNER },
    { SALLY_BUS_NOTE, SALLY_SUPERVISOR, SALLY_INNER },
    { SALLY_BUS_QUERY, SALLY_CONSOLE, SALLY_OUTER },
    { SALLY_BUS_QUERY, SALLY_CONSOLE, SALLY_INNER },
    { SALLY_BUS_ROW, SALLY_OUTER, SALLY_CONSOLE },
    { SALLY_BUS_ROW, SALLY_INNER, SALLY_CONSOLE },
};

static bool is_way(enum sally_bus_type type, unsigned from, unsigned to)
{
    for (size_t i = 0; i < SALLY_LEN(ways); i++)
        if (ways[i].type == type && ways[i].from == from && ways[i].to == to)
            return true;
    return false;
}

static enum sally_err pass(struct sally_bus_message *in,
                           enum sally_role_name from, enum sally_role_name to,
                           struct sally_bus_message *out)
{
    struct sally_buf frame = SALLY_BUF(room);
    struct sally_span rest;
    enum sally_err e;

    assert_int_equal(sally_bus_put(&frame, in), SALLY_E_OK);
    rest = sally_buf_span(&frame);
    e = sally_bus_take(&rest, from, to, out);
    if (e == SALLY_E_OK)
        assert_int_equal(rest.len, 0);
    return e;
}

static void each_type_travels_only_its_own_ways(void **state)
{
    (void)state;
    for (int type = 0; type < SALLY_BUS_CONTROL; type++)
        for (unsigned from = 0; from < SALLY_ROLE_COUNT; from++)
            for (unsigned to = 0; to < SALLY_ROLE_COUNT; to++) {
                struct sally_bus_message in, out;
                bool may = is_way((enum sally_bus_type)type, from, to);
                enum sally_err e;

                make(&in, (enum sally_bus_type)type);
                e = pass(&in, (enum sally_role_name)from,
                         (enum sally_role_name)to, &out);
                if ((e == SALLY_E_OK) != may)
                    fail_msg("type %d from %s to %s: %s", type,
                             sally_role_text((enum sally_role_name)from),
                             sally_role_text((enum sally_role_name)to),
                             sally_err_text(e));
                if (may)
                    assert_memory_equal(&in, &out, in.size);
            }
}

static const struct control_row {
    const char *what;
    enum sally_control control;
    enum sally_role_name from, to;
    uint32_t number;
    bool good;
} control_rows[] = {
    { "supervisor starts the inner door", SALLY_CONTROL_START,
      SALLY_SUPERVISOR, SALLY_INNER, 0, true },
    { "supervisor passes a bus", SALLY_CONTROL_PEER, SALLY_SUPERVISOR,
      SALLY_OUTER, SALLY_INNER, true },
    { "a bus to a role that is none", SALLY_CONTROL_PEER, SALLY_SUPERVISOR,
      SALLY_OUTER, SALLY_ROLE_COUNT, false },
    { "keys for the inner door", SALLY_CONTROL_KEYS, SALLY_SUPERVISOR,
      SALLY_INNER, 7, true },
    { "keys for the outer door", SALLY_CONTROL_KEYS, SALLY_SUPERVISOR,
      SALLY_OUTER, 7, false },
    { "local keys for the outer door", SALLY_CONTROL_LOCAL_KEYS,
      SALLY_SUPERVISOR, SALLY_OUTER, 0, true },
    { "local keys for the inner door", SALLY_CONTROL_LOCAL_KEYS,
      SALLY_SUPERVISOR, SALLY_INNER, 0, false },
    { "the outer door is ready", SALLY_CONTROL_READY, SALLY_OUTER,
      SALLY_SUPERVISOR, 0, true },
    { "the outer door has lost the inner one", SALLY_CONTROL_LOST,
      SALLY_OUTER, SALLY_SUPERVISOR, SALLY_INNER, true },
    { "the outer door has lost what is none", SALLY_CONTROL_LOST, SALLY_OUTER,
      SALLY_SUPERVISOR, SALLY_ROLE_COUNT, false },
    { "a reload is asked for by the console", SALLY_CONTROL_RELOAD,
      SALLY_CONSOLE, SALLY_SUPERVISOR, 0, true },
    { "a reload is asked for by the outer door", SALLY_CONTROL_RELOAD,
      SALLY_OUTER, SALLY_SUPERVISOR, 0, false },
    { "what it came to, for the console", SALLY_CONTROL_RELOADED,
      SALLY_SUPERVISOR, SALLY_CONSOLE, 1, true },
    { "what it came to, for the outer door", SALLY_CONTROL_RELOADED,
      SALLY_SUPERVISOR, SALLY_OUTER, 1, false },
    { "the supervisor commits", SALLY_CONTROL_COMMIT, SALLY_SUPERVISOR,
      SALLY_INNER, 0, true },
    { "the outer door commits the inner one", SALLY_CONTROL_COMMIT, SALLY_OUTER,
      SALLY_INNER, 0, false },
    { "the inner door has settled", SALLY_CONTROL_SETTLED, SALLY_INNER,
      SALLY_SUPERVISOR, 0, true },
    { "the outer door stops the supervisor", SALLY_CONTROL_STOP, SALLY_OUTER,
      SALLY_SUPERVISOR, 0, false },
    { "the outer door stops the inner one", SALLY_CONTROL_STOP, SALLY_OUTER,
      SALLY_INNER, 0, false },
    { "the supervisor reports", SALLY_CONTROL_DONE, SALLY_SUPERVISOR,
      SALLY_INNER, 0, false },
    { "the supervisor with itself", SALLY_CONTROL_START, SALLY_SUPERVISOR,
      SALLY_SUPERVISOR, 0, false },
};

static void orders_go_down_and_reports_go_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(control_rows); i++) {
        const struct control_row *row = &control_rows[i];
        struct sally_bus_message in, out;
        enum sally_err e;

        sally_bus_begin(&in, SALLY_BUS_CONTROL);
        in.as.control.what = (uint8_t)row->control;
        in.as.control.number = row->number;
        e = pass(&in, row->from, row->to, &out);
        if ((e == SALLY_E_OK) != row->good)
            fail_msg("%s: %s", row->what, sally_err_text(e));
    }
}

/* One field out of range in a message that was right. */
#define SPOIL(name, type, statement)                                           \
    static void spoil_##name(struct sally_bus_##type *m)                       \
    {                                                                          \
        statement;                                                             \
    }
SPOIL(no_values, readings, m->count = 0)
SPOIL(first, readings, m->first = 2)
SPOIL(many_values, readings, m->count = SALLY_BUS_VALUES + 1)
SPOIL(value_type, readings, m->value[0].type = SALLY_TYPE_CORELNK + 1)
SPOIL(value_none, readings, m->value[0].type = SALLY_TYPE_NONE)
SPOIL(value_depth, readings, m->value[0].depth = 5)
SPOIL(value_shallow, readings, m->value[0].depth = 2)
SPOIL(value_id, readings, m->value[0].id[2] = 65535)
SPOIL(value_offset, readings, m->value[0].offset = 1)
SPOIL(value_len, readings, m->value[0].len = 11)
SPOIL(value_wrap, readings, m->value[0].offset = 65535)
SPOIL(accepted, accepted, m->result = SALLY_ACCEPTED_FAILED + 1)
SPOIL(online, liveness, m->online = 2)
SPOIL(level, liveness, m->level = SALLY_BUS_LEVEL_MAX + 1)
SPOIL(execute, command, m->execute = 2)
SPOIL(command_len, command, m->value.len = 2000)
SPOIL(outcome, outcome, m->result = SALLY_OUTCOME_INVALID + 1)
SPOIL(blocked, blocked, m->blocked = 2)
SPOIL(cost, check, m->log2_n = SALLY_BUS_LOG2_N_MAX + 1)
SPOIL(scheme, check, m->scheme = SALLY_BUS_SCHEME_MAX + 1)
SPOIL(iterations, check, m->iterations = SALLY_BUS_ITERATIONS_MAX + 1)
SPOIL(salt, check, m->salt_len = 65)
SPOIL(hash, check, m->hash_len = 65)
SPOIL(password, check, m->password_len = 129)
SPOIL(good, checked, m->good = 2)
SPOIL(host, resolve, memset(m->host, 'a', sizeof(m->host)))
SPOIL(no_host, resolve, m->host[0] = '\0')
SPOIL(addresses, resolved, m->count = SALLY_BUS_ADDRESSES + 1)
SPOIL(family, resolved, m->address[0].family = 5)
SPOIL(query, query, m->what = SALLY_QUERY_REPLACE + 1)
SPOIL(state, row, memset(m->state, 'a', sizeof(m->state)))
SPOIL(name, row, memset(m->name, 'a', sizeof(m->name)))
SPOIL(empty, row, m->empty = 2)
SPOIL(asleep, row, m->asleep = 2)

static const struct spoiled {
    const char *what;
    enum sally_bus_type type;
    enum sally_role_name from, to;
    union {
#define X(name, member) void (*member)(struct sally_bus_##member *);
        SALLY_BUS_TABLE(X)
#undef X
    } how;
} spoiled_rows[] = {
#define ROW(what, TYPE, type, from, to, name) \
    { what, SALLY_BUS_##TYPE, SALLY_##from, SALLY_##to, \
      { .type = spoil_##name } }
    ROW("no values", READINGS, readings, OUTER, INNER, no_values),
    ROW("first is 2", READINGS, readings, OUTER, INNER, first),
    ROW("17 values", READINGS, readings, OUTER, INNER, many_values),
    ROW("unknown type", READINGS, readings, OUTER, INNER, value_type),
    ROW("reading without type", READINGS, readings, OUTER, INNER, value_none),
    ROW("path of depth 5", READINGS, readings, OUTER, INNER, value_depth),
    ROW("path of an instance", READINGS, readings, OUTER, INNER,
        value_shallow),
    ROW("id 65535", READINGS, readings, OUTER, INNER, value_id),
    ROW("text ends past the bytes", READINGS, readings, OUTER, INNER,
        value_len),
    ROW("text begins late", READINGS, readings, OUTER, INNER, value_offset),
    ROW("offset that wraps 16 bits", READINGS, readings, OUTER, INNER,
        value_wrap),
    ROW("unknown fate", ACCEPTED, accepted, INNER, OUTER, accepted),
    ROW("online is a flag", LIVENESS, liveness, OUTER, INNER, online),
    ROW("level beyond protected", LIVENESS, liveness, OUTER, INNER, level),
    ROW("execute is a flag", COMMAND, command, INNER, OUTER, execute),
    ROW("argument past the bytes", COMMAND, command, INNER, OUTER,
        command_len),
    ROW("unknown outcome", OUTCOME, outcome, OUTER, INNER, outcome),
    ROW("blocked is a flag", BLOCKED, blocked, INNER, OUTER, blocked),
    ROW("scrypt cost without end", CHECK, check, OUTER, VERIFIER, cost),
    ROW("unknown scheme", CHECK, check, OUTER, VERIFIER, scheme),
    ROW("iterations without end", CHECK, check, OUTER, VERIFIER, iterations),
    ROW("salt of 65 bytes", CHECK, check, OUTER, VERIFIER, salt),
    ROW("hash of 65 bytes", CHECK, check, OUTER, VERIFIER, hash),
    ROW("password of 129 bytes", CHECK, check, OUTER, VERIFIER, password),
    ROW("verdict is a flag", CHECKED, checked, VERIFIER, OUTER, good),
    ROW("host without end", RESOLVE, resolve, INNER, RESOLVER, host),
    ROW("no host", RESOLVE, resolve, INNER, RESOLVER, no_host),
    ROW("9 addresses", RESOLVED, resolved, RESOLVER, INNER, addresses),
    ROW("address family 5", RESOLVED, resolved, RESOLVER, INNER, family),
    ROW("unknown query", QUERY, query, CONSOLE, INNER, query),
    ROW("state without end", ROW, row, INNER, CONSOLE, state),
    ROW("name without end", ROW, row, INNER, CONSOLE, name),
    ROW("empty is a flag", ROW, row, INNER, CONSOLE, empty),
    ROW("asleep is a flag", ROW, row, INNER, CONSOLE, asleep),
#undef ROW
};

static void spoil(const struct spoiled *row, struct sally_bus_message *m)
{
    switch (row->type) {
#define X(name, member)                                                        \
    case SALLY_BUS_##name:                                                     \
        row->how.member(&m->as.member);                                        \
        break;
        SALLY_BUS_TABLE(X)
#undef X
    case SALLY_BUS_TYPES:
        break;
    }
}

static void refuses_each_field_out_of_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(spoiled_rows); i++) {
        const struct spoiled *row = &spoiled_rows[i];
        struct sally_bus_message in, out;
        enum sally_err e;

        make(&in, row->type);
        spoil(row, &in);
        e = pass(&in, row->from, row->to, &out);
        if (e != SALLY_E_MALFORMED)
            fail_msg("%s: %s", row->what, sally_err_text(e));
    }
}

static void refuses_lengths_that_do_not_fit(void **state)
{
    struct sally_buf frame = SALLY_BUF(room);
    struct sally_bus_message m, out;
    struct sally_span s;

    (void)state;
    make(&m, SALLY_BUS_READINGS);
    assert_int_equal(sally_bus_put(&frame, &m), SALLY_E_OK);
    for (size_t len = 0; len < frame.len; len++) {
        s = (struct sally_span){ room, len };
        assert_int_equal(sally_bus_take(&s, SALLY_OUTER, SALLY_INNER, &out),
                         SALLY_E_MALFORMED);
    }
    for (uint32_t size = 0; size < 4096; size++) {
        memcpy(room, &size, sizeof(size)); /* the header's own length */
        s = (struct sally_span){ room, sizeof(room) };
        assert_int_equal(sally_bus_take(&s, SALLY_OUTER, SALLY_INNER, &out),
                         size == m.size ? SALLY_E_OK : SALLY_E_MALFORMED);
    }
}

static void a_frame_holds_many_until_it_is_full(void **state)
{
    struct sally_buf frame = SALLY_BUF(room);
    struct sally_bus_message m, out;
    struct sally_span rest;
    unsigned in = 0;

    (void)state;
    make(&m, SALLY_BUS_READINGS);
    while (sally_bus_put(&frame, &m) == SALLY_E_OK)
        m.as.readings.ticket = ++in;
    assert_true(in > 50);
    rest = sally_buf_span(&frame);
    for (unsigned i = 0; i < in; i++) {
        assert_int_equal(sally_bus_take(&rest, SALLY_OUTER, SALLY_INNER, &out),
                         SALLY_E_OK);
        assert_int_equal(out.as.readings.ticket, i);
    }
    assert_int_equal(rest.len, 0);
}

static void will_not_send_what_has_no_shape(void **state)
{
    struct sally_buf frame = SALLY_BUF(room);
    struct sally_bus_message m;

    (void)state;
    sally_bus_begin(&m, SALLY_BUS_TYPES);
    assert_int_equal(sally_bus_put(&frame, &m), SALLY_E_BAD_STATE);
    make(&m, SALLY_BUS_READINGS);
    m.as.readings.used = SALLY_BUS_BYTES + 1;
    assert_int_equal(sally_bus_put(&frame, &m), SALLY_E_BAD_STATE);
    assert_int_equal(frame.len, 0);
}

/* --- Values -------------------------------------------------------------- */

static void values_come_back_as_they_went(void **state)
{
    static const uint8_t raw[] = { 0, 1, 255 };
    const struct sally_lwm2m_value values[] = {
        sally_value_integer(INT64_MIN),
        sally_value_unsigned(UINT64_MAX),
        sally_value_real(-21.5),
        sally_value_boolean(true),
        sally_value_string("Cel"),
        sally_value_string(""),
        sally_value_opaque((struct sally_span){ raw, sizeof(raw) }),
        { .type = SALLY_TYPE_TIME, .is.integer = 1700000000 },
        { .type = SALLY_TYPE_OBJLNK, .is.link = { 3303, 65535 } },
        { .type = SALLY_TYPE_CORELNK,
          .is.bytes = { (const uint8_t *)"</3>", 4 } },
        { .type = SALLY_TYPE_NONE },
    };
    const struct sally_path path = { 4, { 1, 2, 3, 65534 } };
    struct sally_bus_value slot;
    uint8_t bytes[SALLY_BUS_BYTES];
    uint16_t used = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(values); i++) {
        struct sally_lwm2m_record back;

        assert_int_equal(sally_bus_put_value(&slot, bytes, &used, &path,
                                             &values[i]), SALLY_E_OK);
        sally_bus_value(&slot, bytes, &back);
        assert_true(sally_path_equal(&path, &back.path));
        if (!sally_value_equal(&values[i], &back.value))
            fail_msg("value %zu of type %s", i,
                     sally_type_name(values[i].type));
    }
}

static void text_that_does_not_fit_changes_nothing(void **state)
{
    static uint8_t big[SALLY_BUS_BYTES];
    const struct sally_path path = { 3, { 3, 0, 0, 0 } };
    struct sally_lwm2m_value v =
        sally_value_opaque((struct sally_span){ big, sizeof(big) });
    struct sally_bus_value slot;
    uint8_t bytes[SALLY_BUS_BYTES];
    uint16_t used = 1;

    (void)state;
    assert_int_equal(sally_bus_put_value(&slot, bytes, &used, &path, &v),
                     SALLY_E_NO_ROOM);
    assert_int_equal(used, 1);
    used = 0;
    assert_int_equal(sally_bus_put_value(&slot, bytes, &used, &path, &v),
                     SALLY_E_OK);
    assert_int_equal(used, SALLY_BUS_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_travels_only_its_own_ways),
        cmocka_unit_test(orders_go_down_and_reports_go_up),
        cmocka_unit_test(refuses_each_field_out_of_range),
        cmocka_unit_test(refuses_lengths_that_do_not_fit),
        cmocka_unit_test(a_frame_holds_many_until_it_is_full),
        cmocka_unit_test(will_not_send_what_has_no_shape),
        cmocka_unit_test(values_come_back_as_they_went),
        cmocka_unit_test(text_that_does_not_fit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
