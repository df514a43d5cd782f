/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/local_tls.c - certificate, key and authorities of listeners
 * with TLS.                                                                 */
#include "config/local_tls.h"

#include <stdlib.h>
#include <string.h>

#include "config/keyring.h"
#include "security/certificate.h"
#include "security/keypair.h"

static enum sally_err sort(struct sally_credential *own,
                           struct sally_trust_parts *trust,
                           struct sally_span parts)
{
    struct sally_span bytes;
    unsigned kind;

    while (sally_keyring_take(&parts, &kind, &bytes))
        switch (kind) {
        case SALLY_FIELD_CERTIFICATE: own->public_key = bytes; break;
        case SALLY_FIELD_SECRET_KEY: own->secret_key = bytes; break;
        case SALLY_KEYRING_TRUST: trust->anchors = bytes; break;
        case SALLY_KEYRING_CRL: trust->crls = bytes; break;
        default: return SALLY_E_MALFORMED;
        }
    return parts.len == 0 ? SALLY_E_OK : SALLY_E_MALFORMED;
}

static enum sally_err check(struct sally_local_tls *t,
                            const struct sally_trust_parts *trust,
                            const char **key)
{
    enum sally_err e;

    *key = "key_file";
    e = sally_keypair_check(t->own.public_key, t->own.secret_key);
    if (e == SALLY_E_MALFORMED)
        *key = "certificate_file";
    if (e != SALLY_E_OK || trust->anchors.len == 0)
        return e;
    e = sally_trust_make(&t->trust, trust);
    *key = e == SALLY_E_STALE_CRL ? "crl_file" : "ca_file";
    t->own.trust = t->trust;
    return e;
}

enum sally_err sally_local_tls_make(struct sally_local_tls *out,
                                    struct sally_span parts, const char **key)
{
    struct sally_local_tls t = { .own = { .mode = SALLY_MODE_X509 } };
    struct sally_trust_parts trust = { .crl_max_age = 0 };
    struct sally_span copy;
    enum sally_err e;

    *key = "certificate_file";
    t.own.bytes = malloc(parts.len + 1);
    if (t.own.bytes == NULL)
        return SALLY_E_NO_MEMORY;
    memcpy(t.own.bytes, parts.at, parts.len);
    t.own.size = parts.len;
    copy = (struct sally_span){ t.own.bytes, parts.len };
    e = sort(&t.own, &trust, copy);
    if (e == SALLY_E_OK)
        e = check(&t, &trust, key);
    if (e == SALLY_E_OK)
        *out = t;
    else
        sally_local_tls_wipe(&t);
    return e;
}

void sally_local_tls_wipe(struct sally_local_tls *t)
{
    sally_credential_wipe(&t->own);
    sally_trust_wipe(t->trust);
    t->trust = NULL;
}

uint64_t sally_local_tls_until(const struct sally_local_tls *t)
{
    struct sally_cursor c = sally_cursor_over(t->own.public_key);
    struct sally_certificate first;

    return sally_certificate_take(&c, &first) == SALLY_E_OK ? first.not_after
                                                            : 0;
}
