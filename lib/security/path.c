/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/path.c - finds the issuer of each certificate, from the peer's
 * own up. What a peer sends is few and is tried in any order; each is used
 * once, so the work is bounded.                                             */
#include "security/path.h"

#include "security/signature.h"

static bool self_issued(const struct sally_certificate *c)
{
    return sally_span_equal(c->issuer, c->subject);
}

static enum sally_err signed_by(const struct sally_certificate *c,
                                const struct sally_certificate *issuer)
{
    if (!sally_span_equal(c->issuer, issuer->subject))
        return SALLY_E_UNKNOWN_CA;
    return sally_signature_check(c->algorithm, issuer->key, c->signed_part,
                                 c->signature);
}

/* A name that fits with a key that does not is another authority of the same
 * name: the search goes on. What was wrong last is told if none fits.       */
static enum sally_err find_issuer(const struct sally_certificate *c,
                                  const struct sally_certificate *list,
                                  size_t count, const bool *used, size_t *at)
{
    enum sally_err worst = SALLY_E_UNKNOWN_CA;

    for (size_t i = 0; i < count; i++) {
        enum sally_err e;

        if (used != NULL && used[i])
            continue;
        e = signed_by(c, &list[i]);
        *at = i;
        if (e == SALLY_E_OK)
            return e;
        if (e != SALLY_E_UNAUTHENTIC && e != SALLY_E_UNKNOWN_CA)
            worst = e;
    }
    return worst;
}

/* `below`: CAs on the way to the peer's certificate that count. */
static bool may_issue(const struct sally_certificate *c, size_t below)
{
    return c->ca && !c->constrained &&
           (c->key_usage & SALLY_KEY_SIGNS_CERTIFICATES) != 0 &&
           (c->path_max == SALLY_PATH_UNLIMITED || below <= c->path_max);
}

static bool limits_hold(const struct sally_path *p)
{
    size_t below = 0;

    for (size_t i = 1; i < p->count; i++) {
        if (!may_issue(p->list[i], below))
            return false;
        below += !self_issued(p->list[i]);
    }
    return may_issue(p->anchor, below);
}

/* The anchor itself, sent along as the end of the chain. */
static bool is_anchor(const struct sally_certificate *c,
                      const struct sally_certificate *anchors, size_t count,
                      size_t *at)
{
    for (*at = 0; *at < count; ++*at)
        if (sally_span_equal(c->whole, anchors[*at].whole))
            return true;
    return false;
}

static enum sally_err climb(const struct sally_certificate *sent, size_t count,
                            const struct sally_certificate *anchors,
                            size_t anchor_count, struct sally_path *p)
{
    bool used[SALLY_CHAIN_MAX] = { true };
    const struct sally_certificate *c = &sent[0];
    size_t at = 0;

    for (;;) {
        enum sally_err e;

        if (p->count != 0 && is_anchor(c, anchors, anchor_count, &at))
            break;
        p->list[p->count++] = c;
        e = find_issuer(c, anchors, anchor_count, NULL, &at);
        if (e == SALLY_E_OK)
            break;
        if (e != SALLY_E_UNKNOWN_CA)
            return e;
        e = find_issuer(c, sent, count, used, &at);
        if (e != SALLY_E_OK)
            return e;
        used[at] = true;
        c = &sent[at];
    }
    p->anchor = &anchors[at];
    return SALLY_E_OK;
}

static uint64_t first_end(const struct sally_path *p)
{
    uint64_t end = p->anchor->not_after;

    for (size_t i = 0; i < p->count; i++)
        if (p->list[i]->not_after < end)
            end = p->list[i]->not_after;
    return end;
}

enum sally_err sally_path_find(const struct sally_certificate *sent,
                               size_t count,
                               const struct sally_certificate *anchors,
                               size_t anchor_count, struct sally_path *out)
{
    struct sally_path p = { .count = 0 };
    enum sally_err e;

    if (count == 0 || count > SALLY_CHAIN_MAX)
        return SALLY_E_UNKNOWN_CA;
    e = climb(sent, count, anchors, anchor_count, &p);
    if (e != SALLY_E_OK)
        return e;
    if (!limits_hold(&p))
        return SALLY_E_BAD_CERTIFICATE;
    p.until = first_end(&p);
    *out = p;
    return SALLY_E_OK;
}

enum sally_err sally_path_check_time(const struct sally_path *p,
                                     const struct sally_clock *clock)
{
    enum sally_err e =
        sally_clock_within(clock, p->anchor->not_before, p->anchor->not_after);

    for (size_t i = 0; i < p->count && e == SALLY_E_OK; i++)
        e = sally_clock_within(clock, p->list[i]->not_before,
                               p->list[i]->not_after);
    return e;
}

/* --- Revocation ---------------------------------------------------------- */

static bool in_force(const struct sally_crl *l, const struct sally_trust *t,
                     const struct sally_clock *clock)
{
    if (l->next_update == 0 && t->crl_max_age == 0)
        return false; /* it would hold for ever */
    if (l->next_update != 0 && l->next_update < clock->now)
        return false;
    return t->crl_max_age == 0 || l->this_update + t->crl_max_age >= clock->now;
}

static uint64_t end_of(const struct sally_crl *l, const struct sally_trust *t)
{
    uint64_t said = l->next_update != 0 ? l->next_update : UINT64_MAX;
    uint64_t ours = t->crl_max_age != 0 ? l->this_update + t->crl_max_age
                                        : UINT64_MAX;

    return said < ours ? said : ours;
}

/* *until: when the last list that tells has run out, or what it was. */
static enum sally_err check_one(const struct sally_certificate *c,
                                const struct sally_certificate *issuer,
                                const struct sally_trust *t,
                                const struct sally_clock *clock,
                                uint64_t *until)
{
    uint64_t end = 0;

    for (size_t i = 0; i < t->crl_count; i++) {
        const struct sally_crl *l = &t->crls[i];

        if (!sally_span_equal(l->issuer, c->issuer) ||
            sally_crl_check(l, issuer) != SALLY_E_OK)
            continue;
        if (sally_crl_lists(l, c->serial))
            return SALLY_E_REVOKED; /* an old list too knows that much */
        if (in_force(l, t, clock) && end_of(l, t) > end)
            end = end_of(l, t);
    }
    if (end == 0)
        return SALLY_E_STALE_CRL;
    if (end < *until)
        *until = end;
    return SALLY_E_OK;
}

enum sally_err sally_path_check_revoked(struct sally_path *p,
                                        const struct sally_trust *t,
                                        const struct sally_clock *clock)
{
    enum sally_err e = SALLY_E_OK;

    if (t == NULL || t->crl_count == 0)
        return SALLY_E_OK;
    for (size_t i = p->count; i-- > 0 && e == SALLY_E_OK;)
        e = check_one(p->list[i], i + 1 < p->count ? p->list[i + 1] : p->anchor,
                      t, clock, &p->until);
    return e;
}
