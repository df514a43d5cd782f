/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/role_process.h - the body of a process that is one role. */
#ifndef SALLY_ROLE_PROCESS_H
#define SALLY_ROLE_PROCESS_H

#include "roles/role.h"

/* Descriptors that the supervisor leaves open for it. */
#define SALLY_ROLE_PACE 3000 /* microseconds from turn to turn of its loop */
#define SALLY_ROLE_BUS_FD 3
#define SALLY_ROLE_BUNDLE_FD 4

#define SALLY_ROLE_ROWS 6
extern const struct sally_role_row *const sally_role_rows[SALLY_ROLE_ROWS];

/* Gives up rights, parses the configuration, runs the role until it has
 * finished. Returns the exit code.                                          */
int sally_role_process(const char *name);

#endif
