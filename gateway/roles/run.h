/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/run.h - runs one role on a loop, under a supervisor. */
#ifndef SALLY_ROLES_RUN_H
#define SALLY_ROLES_RUN_H

#include "roles/role.h"

struct sally_runner;

/* How many timers the loop of a role needs; of all of them together, too. */
size_t sally_runner_timers(const struct sally_config *c);

/* Creates the role and listens to the supervisor on `bus_fd`. That and the
 * configuration, of sally_bundle_load(), are taken in every case.
 * `ended` is called when the role is finished (0), has failed or has lost its
 * supervisor (1).                                                           */
enum sally_err sally_runner_open(struct sally_runner **out,
                                 const struct sally_role_row *row,
                                 struct sally_loop *loop,
                                 struct sally_config *config, int bus_fd,
                                 void (*ended)(void *owner, int status),
                                 void *owner) SALLY_MUST_USE;
void sally_runner_close(struct sally_runner *r); /* NULL is allowed */

#endif
