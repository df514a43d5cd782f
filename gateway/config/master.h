/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/master.h - where the gateway's master key is, and what it is.
 *
 * A file, by its path; "credential:NAME", a file of that name in the directory
 * that systemd says in $CREDENTIALS_DIRECTORY; or "keyring:NAME", a key of the
 * type "user" in the kernel's session or user keyring (keyrings(7)). In a file
 * it is one line of 64 hexadecimal digits; in the kernel that, or 32 bytes. */
#ifndef SALLY_CONFIG_MASTER_H
#define SALLY_CONFIG_MASTER_H

#include <stdbool.h>

#include "base/secret.h"
#include "config/keyfile.h"

/* True if it is none of a path. */
bool sally_master_is_elsewhere(const char *place);

/* NO_CREDENTIAL or IO, with `why` as a sentence. */
enum sally_err sally_master_read(const char *place, struct sally_secret *key,
                                 char why[SALLY_KEYFILE_WHY]) SALLY_MUST_USE;

#endif
