/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/value.c - making, comparing and converting values. */
#include "lwm2m/value.h"

#include "base/text.h"

#include <math.h>

/* Exact as a double; the first whole number that no type has room for. */
#define TWO_TO_64 18446744073709551616.0

static const char *const type_names[] = {
    [SALLY_TYPE_NONE] = "none",         [SALLY_TYPE_STRING] = "string",
    [SALLY_TYPE_INTEGER] = "integer",   [SALLY_TYPE_UNSIGNED] = "unsigned",
    [SALLY_TYPE_FLOAT] = "float",       [SALLY_TYPE_BOOLEAN] = "boolean",
    [SALLY_TYPE_OPAQUE] = "opaque",     [SALLY_TYPE_TIME] = "time",
    [SALLY_TYPE_OBJLNK] = "objlnk",     [SALLY_TYPE_CORELNK] = "corelnk",
};

struct sally_lwm2m_value sally_value_integer(int64_t n)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_INTEGER,
                                       .is.integer = n };
}

struct sally_lwm2m_value sally_value_unsigned(uint64_t n)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_UNSIGNED,
                                       .is.unsigned_number = n };
}

struct sally_lwm2m_value sally_value_real(double n)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_FLOAT, .is.real = n };
}

struct sally_lwm2m_value sally_value_boolean(bool b)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_BOOLEAN,
                                       .is.boolean = b };
}

struct sally_lwm2m_value sally_value_text(struct sally_span text)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_STRING,
                                       .is.bytes = text };
}

struct sally_lwm2m_value sally_value_string(const char *text)
{
    return sally_value_text(sally_span_of(text));
}

struct sally_lwm2m_value sally_value_opaque(struct sally_span bytes)
{
    return (struct sally_lwm2m_value){ .type = SALLY_TYPE_OPAQUE,
                                       .is.bytes = bytes };
}

bool sally_value_equal(const struct sally_lwm2m_value *a,
                       const struct sally_lwm2m_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case SALLY_TYPE_NONE:
        return true;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        return a->is.integer == b->is.integer;
    case SALLY_TYPE_UNSIGNED:
        return a->is.unsigned_number == b->is.unsigned_number;
    case SALLY_TYPE_FLOAT:
        return a->is.real == b->is.real;
    case SALLY_TYPE_BOOLEAN:
        return a->is.boolean == b->is.boolean;
    case SALLY_TYPE_OBJLNK:
        return a->is.link.object == b->is.link.object &&
               a->is.link.instance == b->is.link.instance;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        return sally_span_equal(a->is.bytes, b->is.bytes);
    }
    return false;
}

static bool is_number(enum sally_lwm2m_type t)
{
    return t == SALLY_TYPE_INTEGER || t == SALLY_TYPE_TIME ||
           t == SALLY_TYPE_UNSIGNED || t == SALLY_TYPE_FLOAT ||
           t == SALLY_TYPE_BOOLEAN;
}

static bool is_text(enum sally_lwm2m_type t)
{
    return t == SALLY_TYPE_STRING || t == SALLY_TYPE_CORELNK;
}

bool sally_value_as_real(const struct sally_lwm2m_value *v, double *out)
{
    if (!is_number(v->type))
        return false;
    if (v->type == SALLY_TYPE_FLOAT)
        *out = v->is.real;
    else if (v->type == SALLY_TYPE_UNSIGNED)
        *out = (double)v->is.unsigned_number;
    else if (v->type == SALLY_TYPE_BOOLEAN)
        *out = v->is.boolean;
    else
        *out = (double)v->is.integer;
    return true;
}

/* A whole number of any size that the numeric types have. */
struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool whole_from_real(double real, struct whole *out)
{
    double size = fabs(real);

    if (!(size < TWO_TO_64) || floor(size) != size)
        return false;
    *out = (struct whole){ real < 0, (uint64_t)size };
    return true;
}

/* False if `v` has a fraction or is too large. */
static bool whole_from(const struct sally_lwm2m_value *v, struct whole *out)
{
    if (v->type == SALLY_TYPE_FLOAT)
        return whole_from_real(v->is.real, out);
    if (v->type == SALLY_TYPE_UNSIGNED)
        *out = (struct whole){ false, v->is.unsigned_number };
    else if (v->type == SALLY_TYPE_BOOLEAN)
        *out = (struct whole){ false, v->is.boolean };
    else if (v->is.integer >= 0)
        *out = (struct whole){ false, (uint64_t)v->is.integer };
    else
        *out = (struct whole){ true, (uint64_t)-(v->is.integer + 1) + 1 };
    return true;
}

static enum sally_err whole_to_integer(struct whole n, int64_t *out)
{
    if (n.magnitude > (uint64_t)INT64_MAX + n.negative)
        return SALLY_E_OUT_OF_RANGE;
    if (n.negative && n.magnitude != 0)
        *out = -(int64_t)(n.magnitude - 1) - 1;
    else
        *out = (int64_t)n.magnitude;
    return SALLY_E_OK;
}

static enum sally_err whole_to_real(struct whole n, double *out)
{
    double size = (double)n.magnitude;

    if (size >= TWO_TO_64 || (uint64_t)size != n.magnitude)
        return SALLY_E_OUT_OF_RANGE;
    *out = n.negative ? -size : size;
    return SALLY_E_OK;
}

static enum sally_err number_to_real(const struct sally_lwm2m_value *v,
                                     double *out)
{
    struct whole n;

    if (v->type != SALLY_TYPE_FLOAT)
        return whole_from(v, &n) ? whole_to_real(n, out)
                                 : SALLY_E_OUT_OF_RANGE;
    if (!isfinite(v->is.real))
        return SALLY_E_OUT_OF_RANGE;
    *out = v->is.real;
    return SALLY_E_OK;
}

static enum sally_err number_to(const struct sally_lwm2m_value *v,
                                enum sally_lwm2m_type to,
                                struct sally_lwm2m_value *out)
{
    struct whole n;

    if (to == SALLY_TYPE_FLOAT)
        return number_to_real(v, &out->is.real);
    if (!whole_from(v, &n))
        return SALLY_E_OUT_OF_RANGE;
    if (to == SALLY_TYPE_INTEGER || to == SALLY_TYPE_TIME)
        return whole_to_integer(n, &out->is.integer);
    if (n.negative && n.magnitude != 0)
        return SALLY_E_OUT_OF_RANGE;
    if (to == SALLY_TYPE_BOOLEAN) {
        out->is.boolean = n.magnitude != 0;
        return n.magnitude <= 1 ? SALLY_E_OK : SALLY_E_OUT_OF_RANGE;
    }
    out->is.unsigned_number = n.magnitude;
    return SALLY_E_OK;
}

enum sally_err sally_value_convert(const struct sally_lwm2m_value *v,
                                   enum sally_lwm2m_type to,
                                   struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value made = *v;
    enum sally_err e = SALLY_E_OK;

    made.type = to;
    if (is_number(v->type) && is_number(to))
        e = number_to(v, to, &made);
    else if (is_text(v->type) && is_text(to))
        e = sally_text_is_utf8(v->is.bytes) ? SALLY_E_OK : SALLY_E_WRONG_TYPE;
    else if (v->type != to || to == SALLY_TYPE_NONE)
        e = SALLY_E_WRONG_TYPE;
    if (e == SALLY_E_OK)
        *out = made;
    return e;
}

const char *sally_type_name(enum sally_lwm2m_type t)
{
    return (size_t)t < SALLY_LEN(type_names) ? type_names[t] : "none";
}

enum sally_lwm2m_type sally_type_named(struct sally_span name)
{
    for (size_t i = 0; i < SALLY_LEN(type_names); i++)
        if (sally_span_is(name, type_names[i]))
            return (enum sally_lwm2m_type)i;
    return SALLY_TYPE_NONE;
}
