/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential.h - what one account proves itself with.
 *
 * A credential is an immutable snapshot: whoever changes a key makes a new
 * one with the next generation number and restarts the session, so no session
 * outlives its key. One credential belongs to one account of one sensor.    */
#ifndef SALLY_SECURITY_CREDENTIAL_H
#define SALLY_SECURITY_CREDENTIAL_H

#include "base/error.h"
#include "base/secret.h"
#include "base/span.h"

/* LwM2M Security Mode, /0/x/2; the numbers are the registry's. */
enum sally_security_mode {
    SALLY_MODE_PSK = 0,
    SALLY_MODE_RPK = 1,
    SALLY_MODE_X509 = 2,
    SALLY_MODE_NOSEC = 3
};

#define SALLY_PSK_IDENTITY_MAX 128 /* bytes; LwM2M Transport, PSK mode */

struct sally_credential {
    enum sally_security_mode mode;
    uint32_t generation; /* counts the changes of this account's keys */
    size_t identity_len;
    uint8_t identity[SALLY_PSK_IDENTITY_MAX]; /* /0/x/3 in PSK mode */
    struct sally_secret key;                  /* /0/x/5 in PSK mode */
};

/* A PSK credential of generation 0; the owner sets the number. The spans do
 * not borrow from *out. OUT_OF_RANGE: identity empty or over 128 bytes, key
 * empty or over 64. MALFORMED: identity with a zero byte, which the DTLS
 * library cannot carry.                                                     */
enum sally_err sally_credential_psk(struct sally_credential *out,
                                    struct sally_span identity,
                                    struct sally_span key) SALLY_MUST_USE;

void sally_credential_nosec(struct sally_credential *out);
void sally_credential_wipe(struct sally_credential *c);

/* One row per thing that an account consists of: the config key that sets it,
 * the /0 resource that shows it to a bootstrap server, the modes that need
 * it. Config, object /0 and diagnosis all walk this table.                  */
enum sally_credential_kind {
    SALLY_FIELD_MODE,
    SALLY_FIELD_IDENTITY,
    SALLY_FIELD_SECRET_KEY
};

struct sally_credential_field {
    enum sally_credential_kind kind;
    const char *config_key; /* "mode", "identity", "key_file" */
    uint16_t resource;      /* of object /0 */
    bool secret;            /* never shown */
    bool from_file;         /* the config names a file that holds it */
    unsigned needed_in;     /* bit set of 1u << enum sally_security_mode */
    unsigned allowed_in;    /* likewise */
    const char *what;       /* "the pre-shared key in hexadecimal" */
};

/* All rows; *count is set. */
const struct sally_credential_field *sally_credential_fields(size_t *count);

#endif
