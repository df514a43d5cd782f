/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/kinds.h - one value of each kind, from a setting or from the
 * text of a fallback, into its field. Used by schema.c only.                */
#ifndef SALLY_CONFIG_KINDS_H
#define SALLY_CONFIG_KINDS_H

#include "base/writer.h"
#include "config/schema.h"

#define SALLY_NAME_MAX 64 /* bytes of a value of kind NAME */

/* Stores `found` in the field of row `k` in the struct at `out`, or reports
 * what was expected instead. `found` may be NULL: reported as nothing.      */
void sally_kind_take(struct sally_reader *r, const struct sally_key *k,
                     const config_setting_t *group,
                     const config_setting_t *found, void *out);

/* Writes what the row expects: "a number", "\"all\" or \"any\"". */
void sally_kind_describe(const struct sally_key *k, struct sally_writer *w);

/* Stores the row's fallback; tests make sure that each fallback is right. */
void sally_kind_preset(struct sally_reader *r, const struct sally_key *k,
                       void *out);

#endif
