/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/secret.h - bytes that must not outlive their use.
 *
 * Wiped on every way out by scope, compared in time that depends on the
 * length alone. No function prints one.                                     */
#ifndef SALLY_BASE_SECRET_H
#define SALLY_BASE_SECRET_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_SECRET_MAX 64 /* bytes; LwM2M bounds a pre-shared key to 64 */

struct sally_secret {
    size_t len;
    uint8_t bytes[SALLY_SECRET_MAX];
};

/* Runs `f` on the variable when it leaves scope, on every path out. Only for
 * secrets and file descriptors; ordinary memory belongs to a pool.          */
#define SALLY_ON_EXIT(f) __attribute__((cleanup(f)))

/* Overwrites with zeros in a way that the compiler must keep. */
void sally_wipe(void *p, size_t n);

void sally_secret_wipe(struct sally_secret *s);

/* TOO_LARGE if it exceeds SALLY_SECRET_MAX. */
enum sally_err sally_secret_set(struct sally_secret *s,
                                struct sally_span bytes) SALLY_MUST_USE;

struct sally_span sally_secret_span(const struct sally_secret *s);

/* True if equal. Reads every byte whatever it finds. Lengths are public. */
bool sally_equal_secret(struct sally_span a, struct sally_span b);

#endif
