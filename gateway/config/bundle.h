/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/bundle.h - all files of the configuration in one sealed piece
 * of memory, so that each process of the gateway parses the same bytes and
 * none opens a file.                                                        */
#ifndef SALLY_CONFIG_BUNDLE_H
#define SALLY_CONFIG_BUNDLE_H

#include "config/plan.h"

/* Writes the plan and the files to a new memory file that nobody can change any
 * more. *fd is the caller's to close. IO.                                   */
enum sally_err sally_bundle_make(const struct sally_plan *plan,
                                 const struct sally_config_file *files,
                                 size_t count, int *fd) SALLY_MUST_USE;

/* A bundle; the files borrow from the mapping until it is wiped. */
struct sally_bundle {
    struct sally_plan plan;          /* owned */
    struct sally_config_file *files; /* owned */
    size_t count;                    /* at least 1 */
    void *mapping;                   /* owned */
    size_t size;
};

/* Maps a bundle; the descriptor may be closed afterwards. MALFORMED: it is
 * none; BAD_STATE: it is not sealed, so it could change under its reader;
 * IO, NO_MEMORY.                                                            */
enum sally_err sally_bundle_map(int fd, struct sally_bundle *out)
    SALLY_MUST_USE;

void sally_bundle_wipe(struct sally_bundle *b); /* safe twice */

/* The configuration of a bundle, parsed and arranged, on the heap: what each
 * role does with the descriptor that it gets, which stays open. Problems of the
 * files are reported as by sally_config_load(). Errors of _map() and
 * sally_config_arrange().                                                   */
enum sally_err sally_bundle_load(int fd, struct sally_config **out,
                                 FILE *report) SALLY_MUST_USE;

/* Wipes and frees what _load() gave; NULL is allowed. */
void sally_bundle_config_free(struct sally_config *c);

#endif
