/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyfile.h - files that hold keys or certificates. Who opens
 * one checks who else could read or change it; what it holds is for
 * security/credential_file.h to say.                                        */
#ifndef SALLY_CONFIG_KEYFILE_H
#define SALLY_CONFIG_KEYFILE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/span.h"

#define SALLY_KEYFILE_WHY 240 /* bytes of a sentence, its zero included */
#define SALLY_KEYFILE_MAX 524288 /* bytes; one account has far less */

/* Opens the file for reading and checks that it is a regular file that is not
 * too large, owned by root or by `service`, that the group cannot write and
 * others can neither write nor, if it is `secret`, read. *fd is then the
 * caller's to close. NO_CREDENTIAL: it is not so, or IO: it cannot be opened;
 * `why` is then a sentence that names the file and says what to do.         */
enum sally_err sally_keyfile_open(const char *path, uid_t service, bool secret,
                                  int *fd,
                                  char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

/* Appends all of it to `out`; the descriptor stays open. IO, or NO_CREDENTIAL
 * if it is not smaller than the room, with `why` as a clause.               */
enum sally_err sally_keyfile_read(int fd, struct sally_buf *out,
                                  char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

#endif
