/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyring.h - the keys of all accounts in one piece of memory
 * that is passed on as one descriptor, however many they are.
 *
 * Who makes it has each key for a moment only; who gets it reads key by key.
 * Once sealed nobody can change it any more.                                */
#ifndef SALLY_CONFIG_KEYRING_H
#define SALLY_CONFIG_KEYRING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

/* Whose key it is: as in the configuration, or the gateway's own. */
#define SALLY_KEYRING_MASTER UINT32_MAX /* as `sensor` */
struct sally_keyring_entry {
    uint32_t sensor, account;
    struct sally_secret key; /* the reader's to wipe */
};

/* An empty one; *fd is the caller's to close. IO, see errno. */
enum sally_err sally_keyring_make(int *fd) SALLY_MUST_USE;

/* Writes entry `i`; before it is sealed. IO, see errno. */
enum sally_err sally_keyring_put(int fd, size_t i,
                                 const struct sally_keyring_entry *entry)
    SALLY_MUST_USE;

/* Says anew whose key entry `i` is. IO, see errno. */
enum sally_err sally_keyring_assign(int fd, size_t i, uint32_t sensor,
                                    uint32_t account) SALLY_MUST_USE;

/* No more changes. IO, see errno. */
enum sally_err sally_keyring_seal(int fd) SALLY_MUST_USE;

/* How many entries there are. BAD_STATE: it is not sealed, so it could change
 * under its reader; MALFORMED: it is none; IO.                              */
enum sally_err sally_keyring_count(int fd, size_t *count) SALLY_MUST_USE;

/* Reads entry `i`. MALFORMED, IO. */
enum sally_err sally_keyring_read(int fd, size_t i,
                                  struct sally_keyring_entry *out)
    SALLY_MUST_USE;

#endif
