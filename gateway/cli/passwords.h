/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/passwords.h - changes the file `passwords`, which holds a line
 *   NAME:$scrypt$ln=14,r=8,p=1$SALT$HASH     (base64 without padding)
 * for each user; lines of others, blank ones and comments stay as they are. */
#ifndef SALLY_CLI_PASSWORDS_H
#define SALLY_CLI_PASSWORDS_H

#include <stdio.h>

#include "base/error.h"
#include "base/random.h"
#include "base/span.h"

#define SALLY_PASSWORD_LINE 256 /* bytes of a line, with its zero */

/* The line for a password under a fresh salt, zero-terminated and without a
 * line break. CRYPTO, NO_MEMORY; NO_ROOM if the name is too long.           */
enum sally_err sally_passwords_line(const char *name,
                                    struct sally_span password,
                                    const struct sally_random *random,
                                    char out[SALLY_PASSWORD_LINE])
    SALLY_MUST_USE;

/* Sets (or with `line` NULL deletes) the line of `name` in the file, which is
 * made if it does not exist: written beside it with mode 0640 and the owner of
 * the old one (of the folder, if there was none), made durable, and moved into
 * its place, so that a reader sees the old file or the new one. Calls at the
 * same time wait for each other. NOT_FOUND: there was no line to delete. IO:
 * errno tells; the old file stays.                                          */
enum sally_err sally_passwords_change(const char *path, const char *name,
                                      const char *line) SALLY_MUST_USE;

#endif
