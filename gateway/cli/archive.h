/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/archive.h - the file of a backup: what was kept, record by
 * record, sealed with the gateway's master key.
 *
 * A line that says what it is, 16 bytes that name the backup, then records of a
 * length (4 bytes, most significant first) and as many bytes, each sealed for
 * its place in this backup; the last one says that it is, so nothing can be
 * taken out, exchanged or cut off. A record is a kind, the length of a name,
 * name and body.                                                            */
#ifndef SALLY_CLI_ARCHIVE_H
#define SALLY_CLI_ARCHIVE_H

#include <stdio.h>

#include "security/seal.h"
#include "store/store.h"

#define SALLY_ARCHIVE_NAME 16 /* bytes */

struct sally_archive {
    FILE *file; /* owned */
    const struct sally_sealer *sealer;
    uint8_t name[SALLY_ARCHIVE_NAME];
    uint64_t count; /* records so far */
};

/* A new file, mode 0600. IO, see errno; one that is there is not touched. */
enum sally_err sally_archive_make(struct sally_archive *a, const char *path,
                                  const struct sally_sealer *s) SALLY_MUST_USE;
enum sally_err sally_archive_put(struct sally_archive *a,
                                 const struct sally_kept_place *at,
                                 struct sally_span body) SALLY_MUST_USE;

/* Writes the end, and waits for the disk. */
enum sally_err sally_archive_finish(struct sally_archive *a) SALLY_MUST_USE;

/* IO; MALFORMED: this is no backup. */
enum sally_err sally_archive_open(struct sally_archive *a, const char *path,
                                  const struct sally_sealer *s) SALLY_MUST_USE;

/* Calls `each` for all records, from the first one on. UNAUTHENTIC: damaged, or
 * sealed with another master key; TRUNCATED: its end is missing; MALFORMED; IO.
 * What came before is authentic all the same.                               */
enum sally_err sally_archive_read(struct sally_archive *a,
                                  sally_store_kept_row *each,
                                  void *owner) SALLY_MUST_USE;

void sally_archive_close(struct sally_archive *a); /* safe twice */

#endif
