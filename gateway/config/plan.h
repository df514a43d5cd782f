/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/plan.h - which sensor of a new configuration is which of the
 * running one.
 *
 * A sensor or server has a slot: its index, in every table and on every bus.
 * What a new configuration says about it in the same way keeps slot and `born`;
 * all else gets a slot and the new generation as its `born`, so that (slot,
 * born) names one thing for ever. A slot without an owner is vacant. The
 * supervisor makes the plan, and every role arranges its own parse by it.   */
#ifndef SALLY_CONFIG_PLAN_H
#define SALLY_CONFIG_PLAN_H

#include "config/config.h"

struct sally_place {
    uint32_t slot, born; /* born: 1 and up */
};

/* Of sensors, then of servers, in the order in which the files have them. */
struct sally_plan {
    uint32_t generation; /* 1 at the start, one more with each reload */
    size_t count;
    struct sally_place *places; /* owned, or borrowed from a bundle */
};

/* Sensors as a reload leaves them. */
struct sally_plan_counts {
    size_t added, changed, removed, unchanged;
};

/* Each at the place where it stands, generation 1. NO_MEMORY. */
enum sally_err sally_plan_first(const struct sally_config *c,
                                struct sally_plan *out) SALLY_MUST_USE;

/* `running` is arranged, `next` as it was loaded; `sensors[i]`: sensor i of
 * `next` has changed, though the files say the same of it; likewise `servers`,
 * NULL: none. NO_MEMORY.                                                    */
enum sally_err sally_plan_next(const struct sally_config *running,
                               const struct sally_config *next,
                               const bool *sensors, const bool *servers,
                               struct sally_plan *out,
                               struct sally_plan_counts *counts)
    SALLY_MUST_USE;

void sally_plan_wipe(struct sally_plan *p); /* of one that owns its places */

/* Puts each thing of a configuration, as it was loaded, in its slot. MALFORMED:
 * the plan is for another configuration; NO_MEMORY.                         */
enum sally_err sally_config_arrange(struct sally_config *c,
                                    const struct sally_plan *p) SALLY_MUST_USE;

#endif
