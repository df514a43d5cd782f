/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/answerer.h - what resolver and verifier have in common: a role
 * that answers the questions of one peer, one after the other, and nothing
 * else. It may block while it works out an answer; that is what it is a
 * process of its own for.                                                   */
#ifndef SALLY_ROLES_ANSWERER_H
#define SALLY_ROLES_ANSWERER_H

#include "roles/role.h"

/* Fills in `answer` for `question`; false: there is none. */
typedef bool sally_answer(const struct sally_bus_message *question,
                          struct sally_bus_message *answer);

/* For the role's own `create`: `peer` is the only one it will talk to. The
 * rest of its row are the functions below. NO_MEMORY.                       */
enum sally_err sally_answerer_create(void **out,
                                     const struct sally_role_context *context,
                                     enum sally_role_name self,
                                     enum sally_role_name peer,
                                     sally_answer *answer) SALLY_MUST_USE;

void sally_answerer_on_peer(void *role, enum sally_role_name peer, int fd);
void sally_answerer_start(void *role, sally_usec now);
void sally_answerer_stop(void *role, sally_usec now);
void sally_answerer_destroy(void *role);

#endif
