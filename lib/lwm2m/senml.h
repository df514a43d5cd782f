/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml.h - what SenML in JSON and in CBOR have in common: the
 * fields of a record, and how base fields and records make up values.
 * RFC 8428 s.4; LwM2M Core 1.1 s.7.4.5.                                     */
#ifndef SALLY_LWM2M_SENML_H
#define SALLY_LWM2M_SENML_H

#include "lwm2m/registry.h"

/* Times below 2^28 s are relative to a "now" that the receiver has to know
 * (RFC 8428 s.4.5.3). We know none: such a record is read as one without a
 * time, and such a time is not written. In milliseconds.                    */
#define SALLY_SENML_ABSOLUTE ((sally_msec_utc)268435456 * 1000)

/* Fields that mean something here. All others are ignored, except those that
 * must be understood: their names end in "_" (RFC 8428 s.4.4).              */
enum sally_senml_field {
    SALLY_SENML_BASE_NAME,
    SALLY_SENML_BASE_TIME,
    SALLY_SENML_BASE_UNIT,
    SALLY_SENML_BASE_VALUE,
    SALLY_SENML_BASE_VERSION,
    SALLY_SENML_NAME,
    SALLY_SENML_UNIT,
    SALLY_SENML_TIME,
    SALLY_SENML_VALUE,
    SALLY_SENML_STRING,
    SALLY_SENML_BOOLEAN,
    SALLY_SENML_DATA,
    SALLY_SENML_LINK, /* "vlo", which LwM2M added */
    SALLY_SENML_IGNORED,
    SALLY_SENML_REFUSED
};

/* By the name in JSON. */
enum sally_senml_field sally_senml_field_named(struct sally_span name);

/* By the label in CBOR; IGNORED if there is none. */
enum sally_senml_field sally_senml_field_labelled(int64_t label);

/* One record as it stands in the payload. Spans are borrowed. */
struct sally_senml_entry {
    uint32_t seen; /* set of 1 << enum sally_senml_field */
    struct sally_span base_name, name, base_unit, unit;
    sally_msec_utc base_time, time;
    double base_value;
    struct sally_lwm2m_value value; /* NONE until a value field was seen */
};

/* Puts one field into `entry`; `v` is its value as the encoding has it:
 * numbers of any type, STRING, BOOLEAN or OPAQUE.
 *   MALFORMED     seen before, a second value, or not the field's type
 *   OUT_OF_RANGE  a time that no clock will show
 *   UNSUPPORTED   a later version of SenML, or a field that we must know    */
enum sally_err sally_senml_note(struct sally_senml_entry *entry,
                                enum sally_senml_field field,
                                const struct sally_lwm2m_value *v)
    SALLY_MUST_USE;

/* Adds the base value to a number; leaves others. OUT_OF_RANGE if the sum is
 * not finite.                                                               */
enum sally_err sally_senml_add_base(double base,
                                    struct sally_lwm2m_value *value)
    SALLY_MUST_USE;

/* Where the records of one payload go, and the base fields so far. */
struct sally_senml {
    const struct sally_registry *registry;
    const struct sally_path *base; /* records are at or below it */
    struct sally_lwm2m_record *records;
    size_t room, count;
    struct sally_span base_name;
    sally_msec_utc base_time;
    double base_value;
};

/* Makes a record of `entry`, or only takes over its base fields if it has no
 * others. Errors as sally_lwm2m_format.decode has them.                     */
enum sally_err sally_senml_resolve(struct sally_senml *s,
                                   const struct sally_senml_entry *entry)
    SALLY_MUST_USE;

/* Writing: what the i-th record says about its name and time. `name` is the
 * part after the base name, empty if that is the whole path already.        */
struct sally_senml_plan {
    const struct sally_path *base;
    bool slash;     /* the base name ends in "/" */
    bool all_timed; /* base time in the first record, others relative */
};

#define SALLY_SENML_NAME_MAX 32

/* NOT_ALLOWED if a record is not at or below `base`; WRONG_TYPE if one has no
 * value; OUT_OF_RANGE if one is not finite.                                 */
enum sally_err sally_senml_make_plan(const struct sally_path *base,
                                     const struct sally_lwm2m_record *records,
                                     size_t count,
                                     struct sally_senml_plan *out)
    SALLY_MUST_USE;
void sally_senml_put_base_name(const struct sally_senml_plan *plan,
                               struct sally_writer *w);
void sally_senml_put_name(const struct sally_senml_plan *plan,
                          const struct sally_lwm2m_record *record,
                          struct sally_writer *w);

/* The time field of the i-th record in milliseconds, relative to the base
 * time if there is one; 0: none.                                            */
sally_msec_utc sally_senml_time(const struct sally_senml_plan *plan,
                                     const struct sally_lwm2m_record *records,
                                size_t i);

/* The base time in milliseconds; 0: none. */
sally_msec_utc sally_senml_base_time(const struct sally_senml_plan *plan,
                                     const struct sally_lwm2m_record *records,
                                     size_t count);

#endif
