/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/passage.h - one message on its way through the maps that
 * cover its topic.                                                          */
#ifndef SALLY_INGRESS_PASSAGE_H
#define SALLY_INGRESS_PASSAGE_H

#include "ingress/mapping.h"

struct sally_passage {
    const struct sally_config *config;
    struct sally_span payload;
    struct sally_bus_readings *out;
    struct sally_mapping_result *result;
};

/* Appends the readings that `map` makes, and notes what it tells of liveness
 * and what was refused or absent.                                           */
void sally_passage_take(struct sally_passage *p,
                        const struct sally_config_map *map);

/* Appends unit and label of those of the first `readings` that are of `map`;
 * called when all maps were asked, so that readings go first.               */
void sally_passage_units(struct sally_passage *p,
                         const struct sally_config_map *map, size_t readings);

#endif
