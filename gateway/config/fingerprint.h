/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/fingerprint.h - whether two readings of a configuration say
 * the same about a thing.
 *
 * A fingerprint is made of what the file says, not of what we make of it: a key
 * that is added to the format one day is in it without a line of code here.
 * Where it stands, comments and the order of a group's keys make no difference;
 * the order of a list does. The hash has a constant key, since the operator
 * writes both sides. Never a proof, never for secrets.                      */
#ifndef SALLY_CONFIG_FINGERPRINT_H
#define SALLY_CONFIG_FINGERPRINT_H

#include <libconfig.h>

#include "base/span.h"

/* Each gives `before` with something more folded in. */
uint64_t sally_fingerprint_bytes(uint64_t before, struct sally_span bytes);
uint64_t sally_fingerprint_number(uint64_t before, uint64_t number);

/* The setting with all below it; NULL: that it is absent. */
uint64_t sally_fingerprint_setting(uint64_t before, const config_setting_t *s);

#endif
