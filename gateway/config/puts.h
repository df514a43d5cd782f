/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/puts.h - the list `put` of a map. */
#ifndef SALLY_CONFIG_PUTS_H
#define SALLY_CONFIG_PUTS_H

#include "config/loader.h"

/* Reads `put` of the map `group`, whose format is known, into `m`. */
void sally_puts_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_map *m);

#endif
