/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/lookup.h - questions that block, asked side by side: a few
 * threads, so that a name whose servers are silent does not hold up others. */
#ifndef SALLY_ROLES_LOOKUP_H
#define SALLY_ROLES_LOOKUP_H

#include "bus/message.h"

#define SALLY_LOOKUP_THREADS 4
#define SALLY_LOOKUP_JOBS 32 /* asked and not taken yet */

struct sally_lookup;

/* Answers one question, in a thread of its own; may block. */
typedef void sally_lookup_answer(const struct sally_bus_resolve *question,
                                 struct sally_bus_resolved *answer);

/* NO_MEMORY, IO. */
enum sally_err sally_lookup_create(struct sally_lookup **out,
                                   sally_lookup_answer *answer) SALLY_MUST_USE;

/* Does not wait for a thread that blocks: what it works on goes when it is
 * done. NULL is allowed.                                                    */
void sally_lookup_destroy(struct sally_lookup *l);

/* False: too many are open, or no thread can be had. */
bool sally_lookup_ask(struct sally_lookup *l,
                      const struct sally_bus_resolve *question);

/* Readable when there are answers. */
int sally_lookup_descriptor(const struct sally_lookup *l);

/* The next answer; false: no more now. */
bool sally_lookup_take(struct sally_lookup *l,
                       struct sally_bus_resolved *answer);

#endif
