/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/verify.c - one row per certificate usage. */
#include "security/verify.h"

#include "security/evidence.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>

/* --- Comparing ----------------------------------------------------------- */

static const struct digest {
    enum wc_HashType hash;
    size_t len;
} digests[] = {
    [SALLY_MATCH_SHA256] = { WC_HASH_TYPE_SHA256, 32 },
    [SALLY_MATCH_SHA384] = { WC_HASH_TYPE_SHA384, 48 },
    [SALLY_MATCH_SHA512] = { WC_HASH_TYPE_SHA512, 64 },
};

static bool matches(const struct sally_credential *a, struct sally_span shown)
{
    struct sally_span wanted = a->server_public_key;
    const struct digest *d;
    uint8_t got[64];

    if (wanted.len == 0 || a->matching >= SALLY_LEN(digests))
        return false;
    if (a->matching == SALLY_MATCH_EXACT)
        return sally_span_equal(wanted, shown);
    d = &digests[a->matching];
    return shown.len <= UINT32_MAX &&
           wc_Hash(d->hash, shown.at, (word32)shown.len, got, (word32)d->len) ==
               0 &&
           sally_span_equal(wanted, (struct sally_span){ got, d->len });
}

enum sally_err sally_verify_key(const struct sally_credential *account,
                                struct sally_span key)
{
    return matches(account, key) ? SALLY_E_OK : SALLY_E_WRONG_KEY;
}

/* --- Usages -------------------------------------------------------------- */

struct check {
    const struct sally_credential *account;
    const struct sally_clock *clock;
    enum sally_role role;
    struct sally_certificate sent[SALLY_CHAIN_MAX];
    size_t count;
    struct sally_path path;
};

/* Whether it may prove the peer, whose role is not ours. */
static bool serves_purpose(const struct check *k,
                           const struct sally_certificate *c)
{
    return k->role == SALLY_ROLE_CLIENT ? c->serves : c->asks;
}

/* An authority that says what its certificates are for issues no others. */
static bool path_serves_purpose(const struct check *k)
{
    for (size_t i = 0; i < k->path.count; i++)
        if (!serves_purpose(k, k->path.list[i]))
            return false;
    return serves_purpose(k, k->path.anchor);
}

static enum sally_err check_path(struct check *k,
                                 const struct sally_certificate *anchors,
                                 size_t anchor_count)
{
    enum sally_err e =
        sally_path_find(k->sent, k->count, anchors, anchor_count, &k->path);

    if (e == SALLY_E_OK && !path_serves_purpose(k))
        e = SALLY_E_BAD_CERTIFICATE;
    if (e == SALLY_E_OK)
        e = sally_path_check_time(&k->path, k->clock);
    if (e == SALLY_E_OK)
        e = sally_path_check_revoked(&k->path, k->account->trust, k->clock);
    return e;
}

static enum sally_err check_trust(struct check *k)
{
    const struct sally_trust *t = k->account->trust;

    return t == NULL ? SALLY_E_UNKNOWN_CA
                     : check_path(k, t->anchors, t->anchor_count);
}

static enum sally_err check_name(const struct check *k)
{
    return sally_certificate_is_for(&k->sent[0], k->account->server_name)
               ? SALLY_E_OK
               : SALLY_E_WRONG_NAME;
}

static bool holds_authority(const struct check *k)
{
    if (k->account->server_public_key.len == 0)
        return true; /* any of the trusted ones */
    for (size_t i = 1; i < k->path.count; i++)
        if (matches(k->account, k->path.list[i]->whole))
            return true;
    return matches(k->account, k->path.anchor->whole);
}

static enum sally_err check_ca(struct check *k)
{
    enum sally_err e = check_trust(k);

    if (e != SALLY_E_OK)
        return e;
    return holds_authority(k) ? check_name(k) : SALLY_E_WRONG_KEY;
}

/* The certificate that the account names needs no name besides (LwM2M 1.1
 * Transport s.5.2.8.7).                                                     */
static enum sally_err check_service(struct check *k)
{
    enum sally_err e = check_trust(k);

    if (e != SALLY_E_OK)
        return e;
    if (k->account->server_public_key.len == 0)
        return check_name(k);
    return matches(k->account, k->sent[0].whole) ? SALLY_E_OK
                                                 : SALLY_E_WRONG_KEY;
}

static enum sally_err check_anchor(struct check *k)
{
    struct sally_certificate anchor;
    enum sally_err e = SALLY_E_WRONG_KEY;

    if (k->account->matching != SALLY_MATCH_EXACT ||
        sally_certificate_parse(k->account->server_public_key, &anchor) !=
            SALLY_E_OK)
        return SALLY_E_NO_CREDENTIAL;
    e = check_path(k, &anchor, 1);
    return e == SALLY_E_OK ? check_name(k) : e;
}

static enum sally_err check_domain(struct check *k)
{
    if (!matches(k->account, k->sent[0].whole))
        return SALLY_E_WRONG_KEY;
    k->path.until = k->sent[0].not_after;
    return sally_clock_within(k->clock, k->sent[0].not_before,
                              k->sent[0].not_after);
}

static enum sally_err (*const usages[])(struct check *k) = {
    [SALLY_USAGE_CA] = check_ca,
    [SALLY_USAGE_SERVICE] = check_service,
    [SALLY_USAGE_ANCHOR] = check_anchor,
    [SALLY_USAGE_DOMAIN] = check_domain,
};

/* Of the others one that is not understood is as good as not sent. */
static enum sally_err parse(struct check *k, const struct sally_span *sent,
                            size_t count)
{
    if (count == 0 || count > SALLY_CHAIN_MAX)
        return SALLY_E_UNKNOWN_CA;
    for (size_t i = 0; i < count; i++) {
        if (sally_certificate_parse(sent[i], &k->sent[k->count]) == SALLY_E_OK)
            k->count++;
        else if (i == 0)
            return SALLY_E_BAD_CERTIFICATE;
    }
    return SALLY_E_OK;
}

enum sally_err sally_verify_chain(const struct sally_credential *account,
                                  enum sally_role role,
                                  const struct sally_clock *clock,
                                  const struct sally_span *sent, size_t count,
                                  struct sally_buf *evidence)
{
    struct check k = { .account = account, .clock = clock, .role = role };
    enum sally_err e = parse(&k, sent, count);

    if (e != SALLY_E_OK)
        return e;
    if ((k.sent[0].key_usage & SALLY_KEY_SIGNS_DATA) == 0 ||
        !serves_purpose(&k, &k.sent[0]))
        return SALLY_E_BAD_CERTIFICATE;
    if (role == SALLY_ROLE_SERVER)
        return check_trust(&k);
    if (account->usage >= SALLY_LEN(usages))
        return SALLY_E_NO_CREDENTIAL;
    e = usages[account->usage](&k);
    if (e == SALLY_E_OK && evidence != NULL)
        sally_evidence_put(&k.path, evidence);
    return e;
}
