/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/seal.h - what lies on a disk, unreadable without a key that
 * does not lie there.
 *
 * A master key of 32 bytes gives a key of its own for each purpose and context
 * (HKDF, RFC 5869), so that nothing sealed for one can be opened as another.
 * Sealing is AES-256-GCM with a random nonce. It hides and binds; it does not
 * show that an old copy was put back.                                       */
#ifndef SALLY_SECURITY_SEAL_H
#define SALLY_SECURITY_SEAL_H

#include "security/crypto.h"

#define SALLY_MASTER_KEY_LEN 32 /* bytes */
#define SALLY_SEAL_OVERHEAD 29  /* bytes that a sealed thing is longer */

struct sally_sealer {
    uint8_t root[SALLY_SHA256_LEN]; /* of the derivations; tells no master */
};

/* OUT_OF_RANGE: not 32 bytes. CRYPTO. */
enum sally_err sally_sealer_make(struct sally_sealer *out,
                                 struct sally_span master) SALLY_MUST_USE;
void sally_sealer_wipe(struct sally_sealer *s);

/* Appends `plain`, sealed, to `out`. `purpose` is a word of the caller's;
 * `context` says what it is and whose, in a form that means one thing only.
 * NO_ROOM, CRYPTO; then nothing is appended.                                */
enum sally_err sally_seal(const struct sally_sealer *s, const char *purpose,
                          struct sally_span context, struct sally_span plain,
                          struct sally_random random,
                          struct sally_buf *out) SALLY_MUST_USE;

/* The other way. UNAUTHENTIC: damaged, or sealed for another purpose or context
 * or with another master key. NO_ROOM, CRYPTO. On failure nothing is appended.
 */
enum sally_err sally_unseal(const struct sally_sealer *s, const char *purpose,
                            struct sally_span context,
                            struct sally_span sealed,
                            struct sally_buf *out) SALLY_MUST_USE;

/* A keyed digest of `parts`, each with its length: it tells whether they are
 * the same as they were, and nothing else to whoever lacks the key. CRYPTO. */
enum sally_err sally_seal_digest(const struct sally_sealer *s,
                                 const char *purpose,
                                 const struct sally_span *parts, size_t count,
                                 uint8_t out[SALLY_SHA256_LEN]) SALLY_MUST_USE;

#endif
