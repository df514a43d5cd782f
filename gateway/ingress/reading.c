/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/reading.c - look-up, scaling, types and ranges. */
#include "ingress/reading.h"

#include "base/text.h"
#include "ingress/date.h"

#include <math.h>
#include <strings.h>

static const struct {
    const char *word;
    bool is;
} booleans[] = {
    { "true", true },   { "false", false }, { "1", true },
    { "0", false },     { "on", true },     { "off", false },
};

static enum sally_err boolean_word(struct sally_span text, bool *out)
{
    char word[8];

    if (!sally_span_text(text, word, sizeof(word)))
        return SALLY_E_MALFORMED;
    for (size_t i = 0; i < SALLY_LEN(booleans); i++)
        if (strcasecmp(word, booleans[i].word) == 0) {
            *out = booleans[i].is;
            return SALLY_E_OK;
        }
    return SALLY_E_MALFORMED;
}

/* Whole where it is written so, so that large counters stay exact. */
static enum sally_err number_word(struct sally_span text,
                                  struct sally_lwm2m_value *out)
{
    int64_t whole = 0;
    uint64_t large = 0;
    double real = 0;
    enum sally_err e;

    if (sally_text_int(text, &whole) == SALLY_E_OK) {
        *out = sally_value_integer(whole);
        return SALLY_E_OK;
    }
    if (sally_text_uint(text, &large) == SALLY_E_OK) {
        *out = sally_value_unsigned(large);
        return SALLY_E_OK;
    }
    e = sally_text_real(text, &real);
    if (e == SALLY_E_OK)
        *out = sally_value_real(real);
    return e;
}

/* The number that a value is, or that untyped text reads as. */
static enum sally_err number_of(const struct sally_decoded *in,
                                struct sally_lwm2m_value *out)
{
    if (!in->typed && in->value.type == SALLY_TYPE_STRING)
        return number_word(in->value.is.bytes, out);
    if (in->value.type != SALLY_TYPE_INTEGER &&
        in->value.type != SALLY_TYPE_UNSIGNED &&
        in->value.type != SALLY_TYPE_FLOAT)
        return SALLY_E_WRONG_TYPE;
    *out = in->value;
    return SALLY_E_OK;
}

static bool is_whole_type(enum sally_lwm2m_type t)
{
    return t == SALLY_TYPE_INTEGER || t == SALLY_TYPE_UNSIGNED ||
           t == SALLY_TYPE_TIME;
}

/* Registers come as unsigned numbers where they are signed: 65531 as -5. */
static enum sally_err reread(unsigned bits, struct sally_lwm2m_value *n)
{
    const int64_t limit = INT64_C(1) << bits;
    struct sally_lwm2m_value whole;
    enum sally_err e = sally_value_convert(n, SALLY_TYPE_INTEGER, &whole);

    if (e != SALLY_E_OK)
        return e;
    if (whole.is.integer < -limit / 2 || whole.is.integer >= limit)
        return SALLY_E_OUT_OF_RANGE;
    if (whole.is.integer >= limit / 2)
        whole.is.integer -= limit;
    *n = whole;
    return SALLY_E_OK;
}

/* x / 10 is correctly rounded, x * 0.1 is not: scale and div are two steps. */
static enum sally_err make_number(const struct sally_config_put *put,
                                  const struct sally_decoded *in,
                                  struct sally_lwm2m_value *out)
{
    bool as_it_is = put->scale == 1.0 && put->div == 1.0 && put->offset == 0.0;
    struct sally_lwm2m_value n;
    enum sally_err e = number_of(in, &n);
    double real;

    if (e == SALLY_E_OK && put->as_bits != 0)
        e = reread(put->as_bits, &n);
    if (e != SALLY_E_OK)
        return e;
    if (!as_it_is && sally_value_as_real(&n, &real))
        n = sally_value_real(real * put->scale / put->div + put->offset);
    if (n.type == SALLY_TYPE_FLOAT && !isfinite(n.is.real))
        return SALLY_E_OUT_OF_RANGE;
    if (n.type == SALLY_TYPE_FLOAT && is_whole_type(put->type))
        n = sally_value_real(round(n.is.real));
    if (n.type != SALLY_TYPE_FLOAT && put->type == SALLY_TYPE_FLOAT &&
        sally_value_as_real(&n, &real))
        n = sally_value_real(real);
    *out = n;
    return SALLY_E_OK;
}

/* A date is text that holds more than digits. */
static enum sally_err make_time(const struct sally_config_put *put,
                                const struct sally_decoded *in,
                                struct sally_lwm2m_value *out)
{
    int64_t seconds = 0;

    if (in->value.type != SALLY_TYPE_STRING ||
        sally_date_parse(in->value.is.bytes, &seconds) != SALLY_E_OK)
        return make_number(put, in, out);
    *out = sally_value_integer(seconds);
    return SALLY_E_OK;
}

static enum sally_err make_boolean(const struct sally_decoded *in,
                                   struct sally_lwm2m_value *out)
{
    double real;
    bool is = false;
    enum sally_err e;

    if (in->value.type != SALLY_TYPE_STRING) {
        if (!sally_value_as_real(&in->value, &real))
            return SALLY_E_WRONG_TYPE;
        if (real != 0.0 && real != 1.0)
            return SALLY_E_OUT_OF_RANGE;
        *out = sally_value_boolean(real != 0.0);
        return SALLY_E_OK;
    }
    e = boolean_word(in->value.is.bytes, &is);
    if (e == SALLY_E_OK)
        *out = sally_value_boolean(is);
    return e;
}

static enum sally_err make_text(const struct sally_config_put *put,
                                const struct sally_decoded *in,
                                struct sally_buf *scratch,
                                struct sally_lwm2m_value *out)
{
    if (in->value.type != SALLY_TYPE_STRING) {
        *out = in->value;
        return out->type == put->type ? SALLY_E_OK : SALLY_E_WRONG_TYPE;
    }
    return sally_value_from_text(in->value.is.bytes, put->type, scratch, out);
}

/* True if the sensor's value is the word of a pair: JSON's true is "true", and
 * numbers are compared as numbers.                                          */
bool sally_reading_is(const struct sally_decoded *in, const char *word)
{
    struct sally_lwm2m_value ours, theirs;
    double a, b;

    if (in->value.type == SALLY_TYPE_STRING &&
        sally_span_is(in->value.is.bytes, word))
        return true;
    if (in->value.type == SALLY_TYPE_BOOLEAN)
        return sally_span_is(sally_span_of(word),
                             in->value.is.boolean ? "true" : "false");
    return number_of(in, &theirs) == SALLY_E_OK &&
           number_word(sally_span_of(word), &ours) == SALLY_E_OK &&
           sally_value_as_real(&theirs, &a) &&
           sally_value_as_real(&ours, &b) && !(a < b) && !(a > b);
}

static enum sally_err look_up(const struct sally_config_put *put,
                              const struct sally_decoded *in,
                              struct sally_lwm2m_value *out)
{
    for (size_t i = 0; i < put->value_count; i++)
        if (sally_reading_is(in, put->values[i].from)) {
            *out = put->values[i].to;
            return SALLY_E_OK;
        }
    return SALLY_E_OUT_OF_RANGE;
}

static enum sally_err make(const struct sally_config_put *put,
                           const struct sally_decoded *in,
                           struct sally_buf *scratch,
                           struct sally_lwm2m_value *out)
{
    if (put->value_count != 0)
        return look_up(put, in, out);
    switch (put->type) {
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_UNSIGNED:
    case SALLY_TYPE_FLOAT:
        return make_number(put, in, out);
    case SALLY_TYPE_TIME:
        return make_time(put, in, out);
    case SALLY_TYPE_BOOLEAN:
        return make_boolean(in, out);
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_OBJLNK:
        return make_text(put, in, scratch, out);
    case SALLY_TYPE_NONE:
        return SALLY_E_WRONG_TYPE;
    }
    return SALLY_E_WRONG_TYPE;
}

static bool in_range(const struct sally_lwm2m_value *v, bool has_range,
                     double min, double max)
{
    double n;

    return !has_range || !sally_value_as_real(v, &n) || (n >= min && n <= max);
}

enum sally_err sally_reading_make(const struct sally_registry *registry,
                                  const struct sally_config_put *put,
                                  const struct sally_decoded *in,
                                  struct sally_buf *scratch,
                                  struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value made;
    enum sally_err e = make(put, in, scratch, &made);

    if (e != SALLY_E_OK)
        return e;
    if (!in_range(&made, put->has_range, put->min, put->max))
        return SALLY_E_OUT_OF_RANGE;
    return sally_registry_admit(registry, &put->to, &made, out);
}

static enum sally_err word_of_pair(const struct sally_config_down *down,
                                   const struct sally_lwm2m_value *v,
                                   struct sally_writer *w)
{
    for (size_t i = 0; i < down->value_count; i++)
        if (sally_value_equal(&down->values[i].to, v)) {
            sally_put_text(w, down->values[i].from);
            return sally_writer_end(w);
        }
    return SALLY_E_OUT_OF_RANGE;
}

enum sally_err sally_reading_word(const struct sally_config_down *down,
                                  const struct sally_lwm2m_value *v,
                                  struct sally_buf *out, bool *is_text)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_lwm2m_value own = *v;
    enum sally_err e = SALLY_E_OK;

    *is_text = false;
    if (!down->execute)
        e = sally_value_convert(v, down->type, &own);
    if (e != SALLY_E_OK)
        return e;
    if (!in_range(&own, down->has_range, down->min, down->max))
        return SALLY_E_OUT_OF_RANGE;
    if (down->value_count != 0)
        return word_of_pair(down, &own, &w);
    if (own.type == SALLY_TYPE_BOOLEAN) {
        sally_put_text(&w, own.is.boolean ? "true" : "false");
        return sally_writer_end(&w);
    }
    *is_text = own.type == SALLY_TYPE_STRING || own.type == SALLY_TYPE_CORELNK;
    return sally_value_put_text(&w, &own);
}
