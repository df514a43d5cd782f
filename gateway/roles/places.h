/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/places.h - where the servers are: their addresses, as figures
 * in the configuration or as the resolver gave them.                        */
#ifndef SALLY_ROLES_PLACES_H
#define SALLY_ROLES_PLACES_H

#include "config/config.h"
#include "loop/bus.h"

struct sally_places;

/* `c` outlives the result. NO_MEMORY. */
enum sally_err sally_places_create(struct sally_places **out,
                                   const struct sally_config *c)
    SALLY_MUST_USE;
void sally_places_wipe(struct sally_places *p); /* NULL is allowed */

/* The address for the next attempt, in turn, so that a dead one does not hold
 * us; NULL: none is known yet. A name is looked up anew each time, for the
 * attempt after this. `resolver` may be NULL: it is away.                   */
const struct sally_bus_address *sally_places_next(struct sally_places *p,
                                                  uint32_t server,
                                                  struct sally_bus *resolver);

/* The resolver's answer. True: the server has an address now. No answer
 * leaves what was known before.                                             */
bool sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r);

/* The resolver is gone, and with it the answers that it owed. */
void sally_places_forget(struct sally_places *p);

#endif
