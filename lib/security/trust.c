/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/trust.c - copies the bytes of anchors and revocation lists once
 * and takes them apart once.                                                */
#include "security/trust_state.h"

#include <stdlib.h>
#include <string.h>

static enum sally_err take_anchor(struct sally_cursor *c, struct sally_trust *t)
{
    struct sally_certificate *grown, one;
    enum sally_err e = sally_certificate_take(c, &one);

    if (e != SALLY_E_OK)
        return e;
    if (!one.ca || one.constrained ||
        (one.key_usage & SALLY_KEY_SIGNS_CERTIFICATES) == 0)
        return SALLY_E_BAD_CERTIFICATE;
    if (t->anchor_count == SALLY_TRUST_ANCHORS_MAX)
        return SALLY_E_TOO_LARGE;
    grown = realloc(t->anchors, (t->anchor_count + 1) * sizeof(one));
    if (grown == NULL)
        return SALLY_E_NO_MEMORY;
    t->anchors = grown;
    t->anchors[t->anchor_count++] = one;
    return SALLY_E_OK;
}

static enum sally_err take_crl(struct sally_cursor *c, struct sally_trust *t)
{
    struct sally_crl *grown, one;
    enum sally_err e = sally_crl_take(c, &one);

    if (e != SALLY_E_OK)
        return e == SALLY_E_UNSUPPORTED ? SALLY_E_STALE_CRL : e;
    if (t->crl_count == SALLY_TRUST_CRLS_MAX)
        return SALLY_E_TOO_LARGE;
    grown = realloc(t->crls, (t->crl_count + 1) * sizeof(one));
    if (grown == NULL)
        return SALLY_E_NO_MEMORY;
    t->crls = grown;
    t->crls[t->crl_count++] = one;
    return SALLY_E_OK;
}

static enum sally_err take_each(struct sally_span der, struct sally_trust *t,
                                enum sally_err (*take)(struct sally_cursor *,
                                                       struct sally_trust *))
{
    struct sally_cursor c = sally_cursor_over(der);
    enum sally_err e = SALLY_E_OK;

    while (c.rest.len != 0 && e == SALLY_E_OK)
        e = take(&c, t);
    return e;
}

static struct sally_span copy(struct sally_trust *t, size_t at,
                              struct sally_span from)
{
    if (from.len != 0)
        memcpy(&t->bytes[at], from.at, from.len);
    return (struct sally_span){ &t->bytes[at], from.len };
}

enum sally_err sally_trust_make(struct sally_trust **out,
                                const struct sally_trust_parts *parts)
{
    struct sally_span anchors = parts->anchors, crls = parts->crls;
    struct sally_trust *t;
    enum sally_err e;

    if (anchors.len == 0)
        return SALLY_E_NO_CREDENTIAL;
    t = calloc(1, sizeof(*t) + anchors.len + crls.len);
    if (t == NULL)
        return SALLY_E_NO_MEMORY;
    t->crl_max_age = parts->crl_max_age;
    t->size = anchors.len + crls.len;
    e = take_each(copy(t, 0, anchors), t, take_anchor);
    if (e == SALLY_E_OK)
        e = take_each(copy(t, anchors.len, crls), t, take_crl);
    if (e != SALLY_E_OK) {
        sally_trust_wipe(t);
        return e;
    }
    *out = t;
    return SALLY_E_OK;
}

uint64_t sally_trust_digest(const struct sally_trust *t,
                            const struct sally_hash_key *key)
{
    if (t == NULL)
        return 0;
    return sally_hash(key, (struct sally_span){ t->bytes, t->size }) ^
           t->crl_max_age;
}

void sally_trust_wipe(struct sally_trust *t)
{
    if (t == NULL)
        return;
    free(t->anchors);
    free(t->crls);
    free(t);
}
