/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/reload_host.h - reloads of a real gateway: its files, its sockets,
 * its children, its log and its operator.                                   */
#ifndef SALLY_RELOAD_HOST_H
#define SALLY_RELOAD_HOST_H

#include "child.h"
#include "reload.h"

struct sally_reloading {
    struct sally_reload steps;
    struct sally_family *family; /* its assets are the running ones */
    struct sally_child *children;
    struct sally_assets next;
    struct sally_timer patience;
    bool by_console;   /* the one under way was asked for there */
    bool console_asks; /* the next one is */
    int report; /* a memory file, made while there are descriptors; -1 */
};

/* `children`, by name, and `family` outlive it. */
void sally_reloading_init(struct sally_reloading *r,
                          struct sally_family *family,
                          struct sally_child *children);
void sally_reloading_wipe(struct sally_reloading *r);

/* For SIGHUP, or for the console, which is told the outcome. */
void sally_reloading_request(struct sally_reloading *r, bool by_console,
                             sally_usec now);

/* Returns the number of problems that a configuration is for --single, each
 * reported as a line: a server beyond this machine.                         */
unsigned sally_reloading_check_single(const struct sally_config *c,
                                      FILE *report);

#endif
