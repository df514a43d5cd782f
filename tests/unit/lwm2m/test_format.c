/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_format.c - the table, and what all its rows promise:
 * what is written reads back as the same records.                           */
#include "lwm2m/format.h"
#include "unit/lwm2m/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sally_registry registry;

static const struct row {
    uint16_t number;
    const char *name;
    bool single, timed;
    uint8_t min_version;
} rows[] = {
    { 0, "text", true, false, 10 },
    { 42, "opaque", true, false, 10 },
    { 60, "cbor", true, false, 11 },
    { 110, "senml-json", false, true, 11 },
    { 112, "senml-cbor", false, true, 11 },
    { 11542, "tlv", false, false, 10 },
    { 11544, "lwm2m-cbor", false, false, 12 },
};

static void finds_each_row(void **state)
{
    size_t count;

    (void)state;
    (void)sally_formats(&count);
    assert_int_equal(count, SALLY_LEN(rows));
    assert_null(sally_format_find(11543));
    assert_null(sally_format_find(40));
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct sally_lwm2m_format *f = sally_format_find(rows[i].number);

        assert_non_null(f);
        assert_string_equal(f->name, rows[i].name);
        assert_int_equal(f->single, rows[i].single);
        assert_int_equal(f->timed, rows[i].timed);
        assert_int_equal(f->min_version, rows[i].min_version);
    }
}

/* xorshift64*: the same numbers in every run. */
static uint64_t seed = 88172645463325252u;

static uint64_t draw(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 2685821657736338717u;
}

static uint64_t draw_below(uint64_t limit)
{
    return draw() % limit;
}

/* As often a small number as one near a power of two. */
static uint64_t draw_number(void)
{
    uint64_t shift = draw_below(64);

    return draw_below(2) == 0 ? draw() >> shift
                              : (UINT64_C(1) << shift) + draw_below(3) - 1;
}

static double draw_real(void)
{
    static const double special[] = { 0,    -0.0,  0.1,    21.5,    65504,
                                      1e20, 1e-20, 1e308, 5e-324,  65520,
                                      3.4028234663852886e38,
                                      6.103515625e-05, 6.097555160522461e-05 };
    uint64_t bits = draw();
    double n;

    if (draw_below(3) == 0)
        return special[draw_below(SALLY_LEN(special))];
    if (draw_below(2) == 0)
        return (double)(int64_t)draw_below(200000) / 100 - 1000;
    memcpy(&n, &bits, sizeof(n));
    return isfinite(n) ? n : 1;
}

static uint8_t pool[64][80];

static struct sally_span draw_bytes(size_t slot, bool text)
{
    static const char *const texts[] = { "", "a", "\303\244\"\\\n", "</3/0>",
                                         "thirty bytes of text, or so, .." };
    size_t len = draw_below(70);

    if (text)
        return sally_span_of(texts[draw_below(SALLY_LEN(texts))]);
    for (size_t i = 0; i < len; i++)
        pool[slot][i] = (uint8_t)draw();
    return (struct sally_span){ pool[slot], len };
}

static struct sally_lwm2m_value draw_value(enum sally_lwm2m_type type,
                                           size_t slot)
{
    struct sally_lwm2m_value v = { .type = type };

    switch (type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        v.is.bytes = draw_bytes(slot, true);
        break;
    case SALLY_TYPE_OPAQUE:
        v.is.bytes = draw_bytes(slot, false);
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        v.is.integer = (int64_t)draw_number();
        break;
    case SALLY_TYPE_UNSIGNED:
        v.is.unsigned_number = draw_number();
        break;
    case SALLY_TYPE_FLOAT:
        v.is.real = draw_real();
        break;
    case SALLY_TYPE_BOOLEAN:
        v.is.boolean = draw_below(2) == 0;
        break;
    case SALLY_TYPE_OBJLNK:
        v.is.link.object = (uint16_t)draw();
        v.is.link.instance = (uint16_t)draw();
        break;
    }
    return v;
}

/* A record of the object 9000, whose resources 1 to 9 are single and 11 to 19
 * multiple, of the types in their order.                                    */
static struct sally_lwm2m_record draw_record(size_t slot, bool timed)
{
    static const enum sally_lwm2m_type types[] = {
        SALLY_TYPE_STRING,  SALLY_TYPE_INTEGER, SALLY_TYPE_UNSIGNED,
        SALLY_TYPE_FLOAT,   SALLY_TYPE_BOOLEAN, SALLY_TYPE_OPAQUE,
        SALLY_TYPE_TIME,    SALLY_TYPE_OBJLNK,  SALLY_TYPE_CORELNK
    };
    size_t which = draw_below(SALLY_LEN(types));
    bool multiple = draw_below(2) == 0;
    struct sally_lwm2m_record r = { .path = sally_path_resource(
                                        9000, (uint16_t)draw_below(3),
                                        (uint16_t)(which + 1)) };

    if (multiple) {
        r.path.id[2] = (uint16_t)(which + 11);
        r.path.id[3] = (uint16_t)draw_below(draw_below(2) == 0 ? 4 : 65535);
        r.path.depth = SALLY_DEPTH_RESOURCE_INSTANCE;
    }
    r.value = draw_value(types[which], slot);
    if (timed)
        r.time = 1700000000000 + (int64_t)draw_below(100000000);
    return r;
}

static bool same(const struct sally_lwm2m_record *a,
                 const struct sally_lwm2m_record *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!sally_path_equal(&a[i].path, &b[i].path) ||
            !sally_value_equal(&a[i].value, &b[i].value) ||
            a[i].time != b[i].time)
            return false;
    return true;
}

static void check_round(const struct sally_lwm2m_format *f,
                        const struct sally_path *base,
                        const struct sally_lwm2m_record *records, size_t count)
{
    static uint8_t wire[16384], kept[16384];
    struct sally_lwm2m_record back[SALLY_RECORDS_MAX];
    struct sally_buf out = SALLY_BUF(wire), scratch = SALLY_BUF(kept);
    struct sally_writer w = sally_writer_into(&out);
    size_t got = 0;
    enum sally_err e = f->encode(base, records, count, &w);

    if (e != SALLY_E_OK)
        fail_msg("%s: write: %s", f->name, sally_err_text(e));
    e = f->decode(&registry, base, sally_buf_span(&out), &scratch, back,
                  SALLY_LEN(back), &got);
    if (e != SALLY_E_OK)
        fail_msg("%s: read: %s", f->name, sally_err_text(e));
    if (got != count || !same(records, back, count))
        fail_msg("%s: other records came back", f->name);
}

/* A base that covers all records: as often the object as their common path. */
static struct sally_path draw_base(const struct sally_lwm2m_record *records,
                                   size_t count, bool root)
{
    struct sally_path base = records[0].path;
    struct sally_path top = root ? (struct sally_path){ .depth = 0 }
                                 : sally_path_object(9000);

    for (size_t i = 1; i < count; i++)
        while (!sally_path_covers(&base, &records[i].path))
            base.id[--base.depth] = 0;
    return draw_below(2) == 0 ? top : base;
}

static void many_records_come_back(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct sally_lwm2m_record records[8];
        size_t count = 1 + draw_below(SALLY_LEN(records));
        size_t which = 3 + draw_below(4);
        const struct sally_lwm2m_format *f =
            sally_format_find(rows[which].number);
        bool timed = f->timed && draw_below(2) == 0;
        struct sally_path base;

        for (size_t i = 0; i < count; i++)
            records[i] = draw_record(i, timed && draw_below(5) != 0);
        base = draw_base(records, count, f->number != SALLY_FORMAT_TLV);
        check_round(f, &base, records, count);
    }
}

static void single_values_come_back(void **state)
{
    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct sally_lwm2m_record record = draw_record(0, false);

        check_round(sally_format_find(SALLY_FORMAT_TEXT), &record.path, &record,
                    1);
        check_round(sally_format_find(SALLY_FORMAT_CBOR), &record.path, &record,
                    1);
        if (record.value.type == SALLY_TYPE_OPAQUE)
            check_round(sally_format_find(SALLY_FORMAT_OPAQUE), &record.path,
                        &record, 1);
    }
}

static int open_registry(void **state)
{
    (void)state;
    sample_registry(&registry);
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    sally_registry_wipe(&registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_row),
        cmocka_unit_test(many_records_come_back),
        cmocka_unit_test(single_values_come_back),
    };

    return cmocka_run_group_tests(tests, open_registry, close_registry);
}
