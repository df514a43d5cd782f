/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/local_tls.c - certificate, key and authorities of listeners
 * with TLS.                                                                 */
#include "config/local_tls.h"

#include <stdlib.h>

#include "config/keyring.h"
#include "security/certificate.h"
#include "security/server_own.h"

struct sorted {
    struct sally_span certificate, key;
    struct sally_trust_parts trust;
};

static enum sally_err sort(struct sally_span parts, struct sorted *out)
{
    struct sally_span bytes;
    unsigned kind;

    while (sally_keyring_take(&parts, &kind, &bytes))
        switch (kind) {
        case SALLY_FIELD_CERTIFICATE: out->certificate = bytes; break;
        case SALLY_FIELD_SECRET_KEY: out->key = bytes; break;
        case SALLY_KEYRING_TRUST: out->trust.anchors = bytes; break;
        case SALLY_KEYRING_CRL: out->trust.crls = bytes; break;
        default: return SALLY_E_MALFORMED;
        }
    return parts.len == 0 ? SALLY_E_OK : SALLY_E_MALFORMED;
}

static enum sally_err make(struct sally_local_tls *t, const struct sorted *s,
                           const char **key)
{
    enum sally_err e = SALLY_E_OK;

    if (s->trust.anchors.len != 0)
        e = sally_trust_make(&t->trust, &s->trust);
    *key = e == SALLY_E_STALE_CRL ? "crl_file" : "ca_file";
    if (e != SALLY_E_OK)
        return e;
    e = sally_server_own_make(&t->own, s->certificate, s->key, t->trust);
    *key = e == SALLY_E_MALFORMED ? "certificate_file" : "key_file";
    return e;
}

enum sally_err sally_local_tls_make(struct sally_local_tls *out,
                                    struct sally_span parts, const char **key)
{
    struct sally_local_tls t = { .trust = NULL };
    struct sorted s = { .trust = { .crl_max_age = 0 } };
    enum sally_err e = sort(parts, &s);

    *key = "certificate_file";
    if (e == SALLY_E_OK)
        e = make(&t, &s, key);
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
