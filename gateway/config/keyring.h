/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/keyring.h - what all key files hold, in one piece of memory
 * that is passed on as one descriptor, however many they are.
 *
 * An entry is what the files of one account hold, or those of one server. Who
 * makes it has each entry for a moment only; who gets it reads entry by entry.
 * Once sealed nobody can change it any more.                                */
#ifndef SALLY_CONFIG_KEYRING_H
#define SALLY_CONFIG_KEYRING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

#define SALLY_KEYRING_MAX 1048576 /* bytes of one entry */

/* `sensor` of the entry of a server, where `account` is the server, and of the
 * gateway's own.                                                            */
#define SALLY_KEYRING_SERVER UINT32_MAX
#define SALLY_KEYRING_MASTER (UINT32_MAX - 1)

/* What listeners with TLS show; in a keyring of the local side an `account` is
 * one of the sensor's proofs.                                               */
#define SALLY_KEYRING_DOOR (UINT32_MAX - 2)

/* Parts of such an entry; those of an account are SALLY_FIELD_ kinds. */
enum {
    SALLY_KEYRING_TRUST = 100,
    SALLY_KEYRING_CRL,
    SALLY_KEYRING_STATE_KEY, /* what the state is sealed with */
    SALLY_KEYRING_HELD_KEY,  /* what secrets are held under */
    SALLY_KEYRING_SYSTEM,  /* the machine's id, as the system has it */
    SALLY_KEYRING_HARDWARE /* a number of its hardware */
};

/* Whose it is, as in the configuration, and its parts one after the other. */
struct sally_keyring_entry {
    uint32_t sensor, account;
    struct sally_span parts;
};

/* Appends a part to the parts of an entry. NO_ROOM: `to` is as it was. */
enum sally_err sally_keyring_part(struct sally_buf *to, unsigned kind,
                                  struct sally_span bytes) SALLY_MUST_USE;

/* Takes the next part off *parts; false: there is none, or, if *parts is not
 * empty, it is broken.                                                      */
bool sally_keyring_take(struct sally_span *parts, unsigned *kind,
                        struct sally_span *bytes);

/* An empty one; *fd is the caller's to close. IO, see errno. */
enum sally_err sally_keyring_make(int *fd) SALLY_MUST_USE;

/* Appends an entry; *place is where it is. Before it is sealed. IO, see
 * errno; TOO_LARGE.                                                         */
enum sally_err sally_keyring_put(int fd,
                                 const struct sally_keyring_entry *entry,
                                 uint64_t *place) SALLY_MUST_USE;

/* Says anew whose the entry at `place` is. IO, see errno. */
enum sally_err sally_keyring_assign(int fd, uint64_t place, uint32_t sensor,
                                    uint32_t account) SALLY_MUST_USE;

/* No more changes. IO, see errno. */
enum sally_err sally_keyring_seal(int fd) SALLY_MUST_USE;

/* A sealed one that is being read; its memory is wiped when it is. */
struct sally_keyring {
    int fd;
    uint64_t at, size;
    uint8_t *room; /* owned */
    size_t used, room_size;
};

/* BAD_STATE: it is not sealed, so it could change under its reader; IO. The
 * descriptor stays the caller's.                                            */
enum sally_err sally_keyring_open(struct sally_keyring *k,
                                  int fd) SALLY_MUST_USE;

/* The next entry, whose parts are valid until the next call. NOT_FOUND: there
 * is none left; MALFORMED: this is no keyring; IO, NO_MEMORY.               */
enum sally_err sally_keyring_next(struct sally_keyring *k,
                                  struct sally_keyring_entry *out)
    SALLY_MUST_USE;

void sally_keyring_wipe(struct sally_keyring *k);

#endif
