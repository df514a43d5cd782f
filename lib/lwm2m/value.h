/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/value.h - one value of one resource. LwM2M Core 1.1 app. C. */
#ifndef SALLY_LWM2M_VALUE_H
#define SALLY_LWM2M_VALUE_H

#include "base/error.h"
#include "base/span.h"
#include "base/time.h"
#include "lwm2m/path.h"

enum sally_lwm2m_type {
    SALLY_TYPE_NONE, /* no value: executable resources */
    SALLY_TYPE_STRING,
    SALLY_TYPE_INTEGER,
    SALLY_TYPE_UNSIGNED,
    SALLY_TYPE_FLOAT,
    SALLY_TYPE_BOOLEAN,
    SALLY_TYPE_OPAQUE,
    SALLY_TYPE_TIME, /* seconds since 1970 UTC, in `integer` */
    SALLY_TYPE_OBJLNK,
    SALLY_TYPE_CORELNK /* text */
};

struct sally_lwm2m_value {
    enum sally_lwm2m_type type;
    union {
        int64_t integer;          /* INTEGER, TIME */
        uint64_t unsigned_number; /* UNSIGNED */
        double real;              /* FLOAT */
        bool boolean;
        struct sally_span bytes; /* STRING, OPAQUE, CORELNK: borrowed */
        struct {
            uint16_t object, instance;
        } link;
    } is;
};

/* One value with its place and time; what formats carry and what Send,
 * notifications and the spool are made of.                                  */
struct sally_lwm2m_record {
    struct sally_path path; /* depth 3, or 4 for a resource instance */
    struct sally_lwm2m_value value;
    sally_msec_utc time; /* when it was taken; 0: now, or not known */
};

struct sally_lwm2m_value sally_value_integer(int64_t n);
struct sally_lwm2m_value sally_value_unsigned(uint64_t n);
struct sally_lwm2m_value sally_value_real(double n);
struct sally_lwm2m_value sally_value_boolean(bool b);
struct sally_lwm2m_value sally_value_string(const char *text); /* borrows */
struct sally_lwm2m_value sally_value_text(struct sally_span text);
struct sally_lwm2m_value sally_value_opaque(struct sally_span bytes);

bool sally_value_equal(const struct sally_lwm2m_value *a,
                       const struct sally_lwm2m_value *b);

/* A number of any numeric type, TIME and BOOLEAN (0, 1) as a double; false
 * for other types.                                                          */
bool sally_value_as_real(const struct sally_lwm2m_value *v, double *out);

/* Turns `v` into type `to` when that loses nothing: 21 to 21.0, 21.0 to 21,
 * 1 to true, "x" to CORELNK. WRONG_TYPE, or OUT_OF_RANGE if it would lose
 * something (21.5 to INTEGER, NaN, 2^70).                                   */
enum sally_err sally_value_convert(const struct sally_lwm2m_value *v,
                                   enum sally_lwm2m_type to,
                                   struct sally_lwm2m_value *out)
    SALLY_MUST_USE;

/* The value as LwM2M plain text has it (Core 1.1 s.7.4.1, app. C): decimal
 * numbers, "0" and "1", "object:instance", opaque in base64. NO_ROOM.       */
enum sally_err sally_value_put_text(struct sally_writer *w,
                                    const struct sally_lwm2m_value *v)
    SALLY_MUST_USE;

/* The other way; text of type STRING borrows from `text`, an OPAQUE is
 * written to `scratch`. MALFORMED, OUT_OF_RANGE, NO_ROOM.                   */
enum sally_err sally_value_from_text(struct sally_span text,
                                     enum sally_lwm2m_type type,
                                     struct sally_buf *scratch,
                                     struct sally_lwm2m_value *out)
    SALLY_MUST_USE;

/* "float"; and back, NONE for an unknown word. */
const char *sally_type_name(enum sally_lwm2m_type t);
enum sally_lwm2m_type sally_type_named(struct sally_span name);

#endif
