/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential.c - checks what an account proves itself with, and
 * says which parts an account has. LwM2M 1.1 Core, object /0.               */
#include "security/credential.h"

#include <string.h>

#define IN(mode) (1u << SALLY_MODE_##mode)

static const struct sally_credential_field fields[] = {
    { SALLY_FIELD_MODE, "mode", 2, false, false, IN(PSK) | IN(NOSEC),
      IN(PSK) | IN(NOSEC),
      "how the account is protected: \"psk\" or \"nosec\"" },
    { SALLY_FIELD_IDENTITY, "identity", 3, false, false, IN(PSK), IN(PSK),
      "the identity of the pre-shared key, 1 to 128 bytes" },
    { SALLY_FIELD_SECRET_KEY, "key_file", 5, true, true, IN(PSK), IN(PSK),
      "the pre-shared key in hexadecimal, 1 to 64 bytes" },
};

const struct sally_credential_field *sally_credential_fields(size_t *count)
{
    *count = SALLY_LEN(fields);
    return fields;
}

enum sally_err sally_credential_psk(struct sally_credential *out,
                                    struct sally_span identity,
                                    struct sally_span key)
{
    if (identity.len == 0 || identity.len > sizeof(out->identity) ||
        key.len == 0 || key.len > sizeof(out->key.bytes))
        return SALLY_E_OUT_OF_RANGE;
    if (memchr(identity.at, 0, identity.len) != NULL)
        return SALLY_E_MALFORMED;
    sally_credential_wipe(out);
    out->mode = SALLY_MODE_PSK;
    out->identity_len = identity.len;
    memcpy(out->identity, identity.at, identity.len);
    return sally_secret_set(&out->key, key);
}

void sally_credential_nosec(struct sally_credential *out)
{
    sally_credential_wipe(out);
    out->mode = SALLY_MODE_NOSEC;
}

void sally_credential_wipe(struct sally_credential *c)
{
    sally_wipe(c, sizeof(*c));
}
