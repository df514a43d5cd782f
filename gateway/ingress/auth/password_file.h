/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_file.h - one line of the passwords file. */
#ifndef SALLY_INGRESS_AUTH_PASSWORD_FILE_H
#define SALLY_INGRESS_AUTH_PASSWORD_FILE_H

#include "base/error.h"
#include "base/span.h"
#include "security/crypto.h"

#define SALLY_PASSWORD_NAME_MAX 64
#define SALLY_PASSWORD_SALT_MAX 64
#define SALLY_PASSWORD_HASH_MAX 64
#define SALLY_PASSWORD_MEMORY_MAX (64u << 20) /* bytes that scrypt may take */

/* How a password was hashed. Those of mosquitto's own files are taken as they
 * are, so that devices keep their passwords; they resist guessing less.     */
enum sally_password_scheme {
    SALLY_PASSWORD_SCRYPT,
    SALLY_PASSWORD_PBKDF2, /* "7": HMAC-SHA-512 */
    SALLY_PASSWORD_SHA512, /* "6": of password and salt, once */
    SALLY_PASSWORD_SCHEMES
};

struct sally_password_line {
    struct sally_span name; /* borrows from the line */
    enum sally_password_scheme scheme;
    struct sally_scrypt cost; /* SCRYPT */
    uint32_t iterations;      /* PBKDF2 */
    uint8_t salt[SALLY_PASSWORD_SALT_MAX], hash[SALLY_PASSWORD_HASH_MAX];
    size_t salt_len, hash_len;
};

/* Reads name:$scrypt$ln=L,r=R,p=P$SALT$HASH, or one of mosquitto's:
 * name:$7$ITERATIONS$SALT$HASH, name:$6$SALT$HASH; base64 with or without
 * padding. NULL if it is one, else what was expected, as a message goes on
 * after "expected".                                                         */
const char *sally_password_line_parse(struct sally_span line,
                                      struct sally_password_line *out);

#endif
