/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password.h - user names and scrypt hashes, and how often
 * anybody may guess.
 *
 * A check costs some 50 ms and 16 MiB, so it is made by the verifier process,
 * one at a time out of a bounded queue, and a success is remembered as an HMAC
 * under a key of this boot: a sensor that connects again costs nothing.
 * Failures count per source (/32, /64) and per (source, user), never per user
 * alone: else anybody could lock a sensor out by guessing in its name.      */
#ifndef SALLY_INGRESS_AUTH_PASSWORD_H
#define SALLY_INGRESS_AUTH_PASSWORD_H

#include "base/random.h"
#include "bus/message.h"
#include "ingress/auth/address.h"

#include <stdio.h>

#define SALLY_PASSWORD_MAX 128     /* bytes of a password */
#define SALLY_PASSWORD_WAITING 256 /* checks in the queue */

struct sally_passwords;

/* Reads the text of a passwords file: lines
 *   name:$scrypt$ln=14,r=8,p=1$SALT$HASH      (base64 without padding)
 * blank ones and those that begin with # aside. A line that is anything else
 * is reported as FILE:LINE: and nobody gets in: MALFORMED. Empty text is an
 * empty list. `text` may be wiped afterwards.                               */
enum sally_err sally_passwords_create(struct sally_passwords **out,
                                      struct sally_span text, const char *file,
                                      struct sally_random random,
                                      FILE *report) SALLY_MUST_USE;
void sally_passwords_wipe(struct sally_passwords *p); /* NULL is allowed */

/* Another file's text, read beside the list that counts; errors of _create().
 * Then one of these: the new list counts from now on and an old password is
 * none any more, or it is forgotten. Checks that wait go on, by the new list.
 */
enum sally_err sally_passwords_prepare(struct sally_passwords *p,
                                       struct sally_span text, const char *file,
                                       struct sally_random random,
                                       FILE *report) SALLY_MUST_USE;
void sally_passwords_commit(struct sally_passwords *p);
void sally_passwords_abort(struct sally_passwords *p);

/* While one is prepared: true if both lists say the same about the user. */
bool sally_passwords_keep(const struct sally_passwords *p,
                          struct sally_span user);

enum sally_password_verdict {
    SALLY_PASSWORD_GOOD,
    SALLY_PASSWORD_BAD,     /* wrong, or no such user: not told apart */
    SALLY_PASSWORD_BLOCKED, /* too many failures from there */
    SALLY_PASSWORD_LATER,   /* `told` follows */
    SALLY_PASSWORD_BUSY     /* the queue is full */
};

typedef void sally_password_told(void *subject, bool good, sally_usec now);

enum sally_password_verdict
sally_passwords_check(struct sally_passwords *p,
                      const struct sally_auth_source *source,
                      struct sally_span user, struct sally_span password,
                      sally_password_told *told, void *subject,
                      sally_usec now);

/* The subject is gone: it is not told any more. */
void sally_passwords_forget(struct sally_passwords *p, const void *subject);

/* The next check for the verifier, if none is under way; the caller sends it
 * and wipes it. `again`: the verifier was restarted, what was under way must
 * be asked once more.                                                       */
bool sally_passwords_next(struct sally_passwords *p, bool again,
                          struct sally_bus_check *out);

/* The verifier's answer; `told` runs inside. */
void sally_passwords_checked(struct sally_passwords *p,
                             const struct sally_bus_checked *c,
                             sally_usec now);

#endif
