/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml_write.c - which names and times SenML records carry. */
#include "lwm2m/senml.h"

#include <math.h>

/* A time that a receiver would take for a relative one is not sent. */
static bool is_timed(const struct sally_lwm2m_record *record)
{
    return record->time >= SALLY_SENML_ABSOLUTE;
}

static enum sally_err check(const struct sally_path *base,
                            const struct sally_lwm2m_record *record)
{
    if (record->path.depth < SALLY_DEPTH_RESOURCE ||
        !sally_path_covers(base, &record->path))
        return SALLY_E_NOT_ALLOWED;
    if (record->value.type == SALLY_TYPE_NONE)
        return SALLY_E_WRONG_TYPE;
    if (record->value.type == SALLY_TYPE_FLOAT &&
        !isfinite(record->value.is.real))
        return SALLY_E_OUT_OF_RANGE;
    return SALLY_E_OK;
}

enum sally_err sally_senml_make_plan(const struct sally_path *base,
                                     const struct sally_lwm2m_record *records,
                                     size_t count,
                                     struct sally_senml_plan *out)
{
    struct sally_senml_plan plan = { base, base->depth != SALLY_DEPTH_ROOT,
                                     true };

    for (size_t i = 0; i < count; i++) {
        enum sally_err e = check(base, &records[i]);

        if (e != SALLY_E_OK)
            return e;
        if (records[i].path.depth == base->depth)
            plan.slash = false;
        if (!is_timed(&records[i]))
            plan.all_timed = false;
    }
    *out = plan;
    return SALLY_E_OK;
}

void sally_senml_put_base_name(const struct sally_senml_plan *plan,
                               struct sally_writer *w)
{
    sally_path_put(w, plan->base); /* "/" for the root */
    if (plan->slash)
        sally_put_u8(w, '/');
}

void sally_senml_put_name(const struct sally_senml_plan *plan,
                          const struct sally_lwm2m_record *record,
                          struct sally_writer *w)
{
    bool joined = plan->slash || plan->base->depth == SALLY_DEPTH_ROOT;

    for (size_t i = plan->base->depth; i < record->path.depth; i++) {
        if (!joined)
            sally_put_u8(w, '/');
        sally_put_decimal(w, record->path.id[i]);
        joined = false;
    }
}

sally_msec_utc sally_senml_base_time(const struct sally_senml_plan *plan,
                                     const struct sally_lwm2m_record *records,
                                     size_t count)
{
    return plan->all_timed && count != 0 ? records[0].time : 0;
}

sally_msec_utc sally_senml_time(const struct sally_senml_plan *plan,
                                     const struct sally_lwm2m_record *records,
                                size_t i)
{
    if (plan->all_timed)
        return records[i].time - records[0].time;
    return is_timed(&records[i]) ? records[i].time : 0;
}
