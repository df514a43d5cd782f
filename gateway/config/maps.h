/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/maps.h - the two lists of rules that a profile consists of;
 * a sensor may have them itself.                                            */
#ifndef SALLY_CONFIG_MAPS_H
#define SALLY_CONFIG_MAPS_H

#include "config/loader.h"

/* `maps` of the group: messages to readings. */
void sally_maps_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_profile *out);

/* `down` of the group: commands to messages. */
void sally_down_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_profile *out);

#endif
