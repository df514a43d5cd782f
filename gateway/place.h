/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/place.h - the state directory and the operator's socket: made when
 * the gateway starts, and the same until it ends.                           */
#ifndef SALLY_PLACE_H
#define SALLY_PLACE_H

#include "config/config.h"

/* Makes the state directory. Returns the number of problems, each reported as a
 * line; one is a directory in memory that the configuration does not expect. */
unsigned sally_place_state(const struct sally_config *c, FILE *report);

/* Binds the operator's socket; *fd is the caller's. Likewise. */
unsigned sally_place_console(const struct sally_config *c, int *fd,
                             FILE *report);

#endif
