/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/units.h - the units that a reading can have: the registry of
 * SenML units (RFC 8428 s.12.1) and its secondary units (RFC 8798).         */
#ifndef SALLY_CONFIG_UNITS_H
#define SALLY_CONFIG_UNITS_H

#include <stdbool.h>

bool sally_unit_is_known(const char *unit);

/* What was meant, for units that people write otherwise: "C" is coulomb, and
 * a temperature is "Cel". NULL if nothing comes to mind.                    */
const char *sally_unit_meant(const char *unit);

#endif
