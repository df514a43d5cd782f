/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/parts.h - what an account consists of, as its group says it:
 * the credential table (security/credential.h) is the list of keys.         */
#ifndef SALLY_CONFIG_PARTS_H
#define SALLY_CONFIG_PARTS_H

#include "config/loader.h"

#define SALLY_PARTS_MAX (SALLY_FIELDS + SALLY_SUITES_MAX)

/* Parts on their way into an account. */
struct sally_parts {
    struct sally_config_part all[SALLY_PARTS_MAX];
    size_t count;
};

/* Adds what `group` says of the fields of object 0 or 21. What is wrong is
 * reported.                                                                 */
void sally_parts_read(struct sally_loader *l, uint16_t object,
                      const config_setting_t *group, struct sally_parts *out);

/* The part of this kind, or NULL. */
struct sally_config_part *sally_parts_find(struct sally_parts *p,
                                           enum sally_credential_kind kind);

/* Adds one; there is room for all fields and a full list of suites. */
void sally_parts_add(struct sally_parts *p, struct sally_config_part part);

/* Gives the account a copy that lives as long as `a`. */
void sally_parts_settle(struct sally_arena *a, const struct sally_parts *p,
                        struct sally_config_account *out);

#endif
