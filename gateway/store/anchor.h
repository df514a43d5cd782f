/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/anchor.h - what lies outside of the state directory and tells
 * whether an old copy of it was put back.
 *
 * A file of two records that take turns, each with the name of the database and
 * a count that only rises; a power cut in the middle of one leaves the other.
 */
#ifndef SALLY_STORE_ANCHOR_H
#define SALLY_STORE_ANCHOR_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_ANCHORS_MAX 2
#define SALLY_ANCHOR_NAME 16 /* bytes */

struct sally_anchor {
    int fd[SALLY_ANCHORS_MAX]; /* owned; -1: none */
    uint64_t count;
    uint8_t name[SALLY_ANCHOR_NAME]; /* of the database */
};

void sally_anchor_init(struct sally_anchor *a);
void sally_anchor_close(struct sally_anchor *a); /* safe twice */

/* Opens or makes the i-th file, mode 0600. IO, see errno. */
enum sally_err sally_anchor_open(struct sally_anchor *a, size_t i,
                                 const char *path) SALLY_MUST_USE;

/* The newest record of the i-th file. NOT_FOUND: it has none that is whole. */
enum sally_err sally_anchor_read(const struct sally_anchor *a, size_t i,
                                 uint64_t *count,
                                 uint8_t name[SALLY_ANCHOR_NAME])
    SALLY_MUST_USE;

/* Writes name and count to every file that is open, and syncs. IO. */
enum sally_err sally_anchor_write(const struct sally_anchor *a) SALLY_MUST_USE;

#endif
