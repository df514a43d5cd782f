/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/assets.h - what the supervisor reads, opens and binds once, with the
 * rights it was started with: configuration, key files, sockets.            */
#ifndef SALLY_ASSETS_H
#define SALLY_ASSETS_H

#include "config/files.h"
#include "config/plan.h"
#include "keys.h"
#include "sockets.h"

struct sally_assets {
    struct sally_config_files files;
    struct sally_config config; /* without its sensors after _rest() */
    struct sally_plan plan; /* by which `config` was arranged */
    int bundle; /* plan and files as sealed memory, -1: not made */
    struct sally_keys keys;
    struct sally_keys local; /* of the outer door */
    int master; /* what the master key makes for the state; -1: none */
    int holder; /* under what secrets are held; both are keyrings */
    struct sally_plan_counts counts; /* against those before */
    struct sally_sockets sockets;
    int console;
    int passwords; /* -1: there is no such file */
};

void sally_assets_init(struct sally_assets *a); /* empty */

/* Reads and checks everything that can be checked without binding anything:
 * the configuration, its key files and who may read the passwords, whose file
 * it opens. Returns the number of problems, each reported as a line. *a must be
 * wiped in both cases.                                                      */
unsigned sally_assets_read(struct sally_assets *a, const char *main_file,
                           FILE *report);

/* Makes the bundle and the state directory, and binds the sockets. Returns the
 * number of problems.                                                       */
unsigned sally_assets_open(struct sally_assets *a, FILE *report);

/* Gives back what only starts and reloads look at. */
void sally_assets_rest(struct sally_assets *a);

/* What comes after `a`: read, checked, and opened beside it. Nothing happens to
 * `a`; what both have is a second descriptor in *next. On success the report
 * ends with a line about what changes. Returns the number of problems; *next
 * must be adopted or wiped in both cases.                                   */
unsigned sally_assets_next(struct sally_assets *next,
                           const struct sally_assets *a, FILE *report);

/* *next takes the place of *a and is empty afterwards. */
void sally_assets_adopt(struct sally_assets *a, struct sally_assets *next);

void sally_assets_wipe(struct sally_assets *a);

#endif
