/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/server_own.c - a server's certificate and key as credential. */
#include "security/server_own.h"

#include "security/keypair.h"

#include <stdlib.h>
#include <string.h>

enum sally_err sally_server_own_make(struct sally_credential *out,
                                     struct sally_span certificates,
                                     struct sally_span secret_key,
                                     const struct sally_trust *trust)
{
    enum sally_err e = sally_keypair_check(certificates, secret_key);
    uint8_t *bytes;

    if (e != SALLY_E_OK)
        return e;
    bytes = malloc(certificates.len + secret_key.len);
    if (bytes == NULL)
        return SALLY_E_NO_MEMORY;
    memcpy(bytes, certificates.at, certificates.len);
    memcpy(&bytes[certificates.len], secret_key.at, secret_key.len);
    *out = (struct sally_credential){
        .mode = SALLY_MODE_X509,
        .public_key = { bytes, certificates.len },
        .secret_key = { &bytes[certificates.len], secret_key.len },
        .trust = trust,
        .bytes = bytes,
        .size = certificates.len + secret_key.len,
    };
    return SALLY_E_OK;
}
