/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/bundle.h - all files of the configuration in one sealed piece
 * of memory, so that each process of the gateway parses the same bytes and
 * none opens a file.                                                        */
#ifndef SALLY_CONFIG_BUNDLE_H
#define SALLY_CONFIG_BUNDLE_H

#include "config/config.h"

/* Writes the files to a new memory file that nobody can change any more. *fd
 * is the caller's to close. IO.                                             */
enum sally_err sally_bundle_make(const struct sally_config_file *files,
                                 size_t count, int *fd) SALLY_MUST_USE;

/* The files of a bundle, borrowed from the mapping until it is wiped. */
struct sally_bundle {
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

#endif
