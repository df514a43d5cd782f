/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/sparkplug.c - metrics of Sparkplug B, which is Protocol
 * Buffers: a payload has metrics, a metric has a name, a type and a value.
 *
 * A selector is the name of a metric; of several with one name the last counts.
 * A birth names all metrics; later messages may do with the numbers that it
 * gave them, which nobody here remembers: those are absent.                 */
#include "base/cursor.h"
#include "base/text.h"
#include "decoders/decoder.h"

#include <math.h>
#include <string.h>

enum wire { VARINT, FIXED64, BYTES, FIXED32 = 5 };

/* Fields of a payload and of a metric that mean something here. */
enum { PAYLOAD_METRIC = 2 };
enum {
    METRIC_NAME = 1,
    METRIC_TYPE = 4,
    METRIC_NULL = 7,
    METRIC_INT = 10,
    METRIC_LONG,
    METRIC_FLOAT,
    METRIC_DOUBLE,
    METRIC_BOOLEAN,
    METRIC_TEXT,
    METRIC_BYTES
};

enum { TYPE_INT8 = 1, TYPE_INT16, TYPE_INT32, TYPE_INT64 };

struct field {
    uint64_t number;
    enum wire wire;
    uint64_t value;          /* VARINT, FIXED32, FIXED64 */
    struct sally_span bytes; /* BYTES */
};

struct metric {
    struct sally_span name;
    uint64_t type;
    bool null;
    struct field value; /* number 0: none that means something */
};

/* Seven bits a byte, the lowest first; ten bytes at most. */
static uint64_t take_varint(struct sally_cursor *c)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = sally_take_u8(c);

        n |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return n;
    }
    c->failed = true;
    return 0;
}

static uint64_t take_fixed(struct sally_cursor *c, unsigned width)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < width; i++)
        n |= (uint64_t)sally_take_u8(c) << (8 * i);
    return n;
}

static struct sally_span take_bytes(struct sally_cursor *c)
{
    uint64_t len = take_varint(c);

    c->failed = c->failed || len > c->rest.len;
    return sally_take(c, c->failed ? 0 : (size_t)len);
}

/* False at the end, and for what is no field. */
static bool take_field(struct sally_cursor *c, struct field *out)
{
    uint64_t tag;

    if (c->rest.len == 0)
        return false;
    tag = take_varint(c);
    *out = (struct field){ .number = tag >> 3, .wire = (enum wire)(tag & 7) };
    switch (out->wire) {
    case VARINT: out->value = take_varint(c); break;
    case FIXED64: out->value = take_fixed(c, 8); break;
    case BYTES: out->bytes = take_bytes(c); break;
    case FIXED32: out->value = take_fixed(c, 4); break;
    default: c->failed = true; break;
    }
    c->failed = c->failed || out->number == 0;
    return !c->failed;
}

/* How a field that means something is written; false: it means nothing. */
static bool wire_of(uint64_t number, enum wire *out)
{
    static const enum wire wires[] = {
        [METRIC_NAME] = BYTES,     [METRIC_TYPE] = VARINT,
        [METRIC_NULL] = VARINT,    [METRIC_INT] = VARINT,
        [METRIC_LONG] = VARINT,    [METRIC_FLOAT] = FIXED32,
        [METRIC_DOUBLE] = FIXED64, [METRIC_BOOLEAN] = VARINT,
        [METRIC_TEXT] = BYTES,     [METRIC_BYTES] = BYTES,
    };

    if (number != METRIC_NAME && number != METRIC_TYPE &&
        (number < METRIC_NULL || number >= SALLY_LEN(wires) ||
         (number > METRIC_NULL && number < METRIC_INT)))
        return false;
    *out = wires[number];
    return true;
}

static bool take_metric(struct sally_span bytes, struct metric *out)
{
    struct sally_cursor c = sally_cursor_over(bytes);
    struct field f;
    enum wire wire;

    *out = (struct metric){ .type = 0 };
    while (take_field(&c, &f)) {
        if (!wire_of(f.number, &wire))
            continue;
        if (f.wire != wire)
            return false;
        if (f.number == METRIC_NAME)
            out->name = f.bytes;
        else if (f.number == METRIC_TYPE)
            out->type = f.value;
        else if (f.number == METRIC_NULL)
            out->null = f.value != 0;
        else
            out->value = f;
    }
    return !c.failed && sally_text_is_utf8(out->name) &&
           (out->value.number != METRIC_TEXT ||
            sally_text_is_utf8(out->value.bytes));
}

/* Walks all metrics, so that each is checked; finds the last one of that name.
 * False if the payload is broken.                                           */
static bool walk(struct sally_span payload, const char *name,
                 struct metric *found, bool *is_there)
{
    struct sally_cursor c = sally_cursor_over(payload);
    struct metric m;
    struct field f;

    *is_there = false;
    while (take_field(&c, &f)) {
        if (f.number != PAYLOAD_METRIC)
            continue;
        if (f.wire != BYTES || !take_metric(f.bytes, &m))
            return false;
        if (!sally_span_is(m.name, name))
            continue;
        *found = m;
        *is_there = true;
    }
    return !c.failed;
}

static enum sally_err open_sparkplug(struct sally_span payload,
                                     const struct sally_config_map *map,
                                     struct sally_decoder_state *out)
{
    struct metric m;
    bool is_there;

    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    if (!walk(payload, "", &m, &is_there))
        return SALLY_E_MALFORMED;
    *out = (struct sally_decoder_state){ .payload = payload };
    return SALLY_E_OK;
}

/* Signed types stand as unsigned numbers of their bits, or of more. */
static struct sally_lwm2m_value whole_of(const struct metric *m)
{
    switch (m->type) {
    case TYPE_INT8: return sally_value_integer((int8_t)m->value.value);
    case TYPE_INT16: return sally_value_integer((int16_t)m->value.value);
    case TYPE_INT32: return sally_value_integer((int32_t)m->value.value);
    case TYPE_INT64: return sally_value_integer((int64_t)m->value.value);
    default: return sally_value_unsigned(m->value.value);
    }
}

static enum sally_err real_of(const struct metric *m,
                              struct sally_lwm2m_value *out)
{
    uint32_t bits = (uint32_t)m->value.value;
    double real;
    float single;

    memcpy(&single, &bits, sizeof(single));
    memcpy(&real, &m->value.value, sizeof(real));
    *out = sally_value_real(m->value.number == METRIC_FLOAT ? (double)single
                                                            : real);
    return isfinite(out->is.real) ? SALLY_E_OK : SALLY_E_OUT_OF_RANGE;
}

static enum sally_err value_of(const struct metric *m,
                               struct sally_lwm2m_value *out)
{
    if (m->null)
        return SALLY_E_WRONG_TYPE;
    switch (m->value.number) {
    case METRIC_INT:
    case METRIC_LONG: *out = whole_of(m); return SALLY_E_OK;
    case METRIC_FLOAT:
    case METRIC_DOUBLE: return real_of(m, out);
    case METRIC_BOOLEAN:
        *out = sally_value_boolean(m->value.value != 0);
        return SALLY_E_OK;
    case METRIC_TEXT:
        *out = sally_value_text(m->value.bytes);
        return SALLY_E_OK;
    case METRIC_BYTES:
        *out = sally_value_opaque(m->value.bytes);
        return SALLY_E_OK;
    default: return SALLY_E_WRONG_TYPE;
    }
}

static enum sally_err select_sparkplug(const struct sally_decoder_state *state,
                                       const char *selector,
                                       struct sally_decoded *out)
{
    struct metric m;
    bool is_there;

    if (!walk(state->payload, selector, &m, &is_there) || !is_there)
        return SALLY_E_NOT_FOUND;
    out->typed = true;
    return value_of(&m, &out->value);
}

static void close_sparkplug(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_sparkplug = {
    "sparkplug", open_sparkplug, select_sparkplug, close_sparkplug
};
