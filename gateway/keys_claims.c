/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_claims.c - no two accounts have a key that only one may have.
 *
 * A raw key or a certificate is what a server tells clients apart by, so it
 * belongs to one sensor; no key of a sensor is good for two servers, of which
 * one could pose as it at the other; and two that derive the same keys of
 * OSCORE would use a nonce twice, which breaks its encryption.              */
#include "keys_reading.h"

#include <stdlib.h>
#include <string.h>

static enum sally_err claim(struct sally_key_claim *out, size_t *count,
                            struct sally_span digest_key,
                            const struct sally_span *parts, size_t part_count,
                            const struct sally_key_claim *whose,
                            const char *key)
{
    *out = *whose;
    out->key = key;
    *count += 1;
    return sally_crypto_hmac(digest_key, parts, part_count, out->digest);
}

static struct sally_span bytes_of(const void *at, size_t len)
{
    return (struct sally_span){ at, len };
}

/* What keys are derived from, and what a server finds them by. */
static enum sally_err claim_oscore(const struct sally_oscore_parts *o,
                                   struct sally_span digest_key,
                                   const struct sally_key_claim *whose,
                                   struct sally_key_claim *out, size_t *count)
{
    const size_t keys[] = { o->master_secret.len, o->master_salt.len,
                            o->id_context.len, o->has_id_context };
    const struct sally_span secret[] = { bytes_of(keys, sizeof(keys)),
                                         o->master_secret, o->master_salt,
                                         o->id_context };
    const size_t names[] = { whose->server, o->sender_id.len,
                             o->has_id_context };
    const struct sally_span sender[] = { bytes_of(names, sizeof(names)),
                                         o->sender_id, o->id_context };
    enum sally_err e = claim(&out[*count], count, digest_key, secret,
                             SALLY_LEN(secret), whose, "secret_file");

    return e != SALLY_E_OK ? e
                           : claim(&out[*count], count, digest_key, sender,
                                   SALLY_LEN(sender), whose, "sender_id");
}

enum sally_err sally_keys_claim(const struct sally_credential *c,
                                struct sally_span digest_key,
                                const struct sally_key_claim *whose,
                                struct sally_key_claim *out, size_t *count)
{
    /* Where an identity tells sensors apart, they may share a key. */
    const uint32_t scope = c->identity.len != 0 ? whose->sensor : UINT32_MAX;
    const struct sally_span parts[] = { bytes_of(&scope, sizeof(scope)),
                                        c->secret_key };
    enum sally_err e = SALLY_E_OK;

    if (c->secret_key.len != 0)
        e = claim(&out[*count], count, digest_key, parts, SALLY_LEN(parts),
                  whose, "key_file");
    if (e == SALLY_E_OK && c->oscore != NULL)
        e = claim_oscore(c->oscore, digest_key, whose, out, count);
    return e;
}

static int by_digest(const void *one, const void *other)
{
    const struct sally_key_claim *a = one, *b = other;
    int order = memcmp(a->digest, b->digest, sizeof(a->digest));

    if (order != 0)
        return order;
    if (a->sensor != b->sensor)
        return a->sensor < b->sensor ? -1 : 1;
    return a->account < b->account ? -1 : a->account > b->account;
}

static void complain(const struct sally_key_claim *c,
                     const struct sally_key_claim *before,
                     const struct sally_config *config, FILE *report)
{
    const struct sally_config_sensor *s = &config->sensors[c->sensor];
    const struct sally_config_sensor *t = &config->sensors[before->sensor];

    fprintf(report,
            "%s:%u: %s: expected a key that no other account has, got that of "
            "%s:%u\n",
            s->file, s->accounts[c->account].line, c->key, t->file,
            t->accounts[before->account].line);
}

unsigned sally_keys_check_claims(struct sally_key_claim *all, size_t count,
                                 const struct sally_config *config,
                                 FILE *report)
{
    unsigned bad = 0;

    qsort(all, count, sizeof(*all), by_digest);
    for (size_t i = 1; i < count; i++)
        if (memcmp(all[i].digest, all[i - 1].digest, sizeof(all->digest)) ==
            0) {
            complain(&all[i], &all[i - 1], config, report);
            bad++;
        }
    return bad;
}
