/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/supervisor.h - starts the roles, connects them, restarts one that
 * dies, and ends all in order. It parses nothing that comes from a network. */
#ifndef SALLY_SUPERVISOR_H
#define SALLY_SUPERVISOR_H

#include "assets.h"

/* Runs until SIGTERM or SIGINT, or until the start fails. Returns the exit
 * code. `single`: all roles in this process, for debuggers.                 */
int sally_supervisor_run(struct sally_assets *assets, bool single);

#endif
