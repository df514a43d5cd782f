/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyfile.h - files that hold one key.
 *
 * One line of hexadecimal digits. The process that opens a key file checks
 * who else could read or change it; the process that uses the key reads it
 * from the descriptor, and no other ever sees it.                           */
#ifndef SALLY_CONFIG_KEYFILE_H
#define SALLY_CONFIG_KEYFILE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/secret.h"

#define SALLY_KEYFILE_WHY 240 /* bytes of a sentence, its zero included */
#define SALLY_KEY_ADVISED 16  /* bytes; LwM2M advises no shorter key */

/* Opens the file for reading and checks that it is a regular file of at most
 * 4 KiB, owned by root or by `service`, that the group cannot write and others
 * can neither read nor write. *fd is then the caller's to close. NO_CREDENTIAL:
 * it is not so, or IO: it cannot be opened; `why` is then a sentence that
 * names the file and says what to do.                                       */
enum sally_err sally_keyfile_open(const char *path, uid_t service, int *fd,
                                  char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

/* Reads the key, 1 to SALLY_SECRET_MAX bytes, from where the file begins; the
 * descriptor stays open. NO_CREDENTIAL or IO, with `why` as a clause that does
 * not repeat what the file holds. On success `why` is "", or a warning about a
 * key that is shorter than advised.                                         */
enum sally_err sally_keyfile_read(int fd, struct sally_secret *out,
                                  char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

#endif
