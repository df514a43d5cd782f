/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/roster.h - what the store must know of a configuration. */
#ifndef SALLY_UPLINK_ROSTER_H
#define SALLY_UPLINK_ROSTER_H

#include "config/config.h"
#include "store/store.h"

/* Borrows from the configuration. */
struct sally_roster {
    struct sally_store_limits limits;
    struct sally_store_sensor *sensors; /* owned; by slot */
    const char **servers;               /* owned; one per account */
    size_t count;
};

/* NO_MEMORY; *out may be wiped in both cases. */
enum sally_err sally_roster_make(struct sally_roster *out,
                                 const struct sally_config *c) SALLY_MUST_USE;
void sally_roster_wipe(struct sally_roster *r); /* safe twice */

#endif
