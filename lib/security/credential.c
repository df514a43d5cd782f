/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential.c - keeps what an account proves itself with in one
 * piece of memory that is wiped.                                            */
#include "security/credential_check.h"
#include "security/trust.h"

#include <stdlib.h>
#include <string.h>

/* Every span of `c` and of its OSCORE parts, in one order. */
#define SPANS 11

static size_t list_spans(struct sally_credential *c,
                         struct sally_oscore_parts *o,
                         struct sally_span *list[SPANS])
{
    size_t n = 0;

    list[n++] = &c->identity;
    list[n++] = &c->public_key;
    list[n++] = &c->secret_key;
    list[n++] = &c->server_public_key;
    list[n++] = &c->server_name;
    list[n++] = &c->host_names;
    if (o == NULL)
        return n;
    list[n++] = &o->master_secret;
    list[n++] = &o->master_salt;
    list[n++] = &o->sender_id;
    list[n++] = &o->recipient_id;
    list[n++] = &o->id_context;
    return n;
}

static struct sally_credential
borrowed(const struct sally_credential_parts *p)
{
    return (struct sally_credential){
        .mode = p->mode,
        .identity = p->identity,
        .public_key = p->public_key,
        .secret_key = p->secret_key,
        .server_public_key = p->server_public_key,
        .usage = p->usage,
        .matching = p->matching,
        .server_name = p->server_name,
        .host_names = p->host_names,
        .suites = p->suites,
        .suite_count = p->suite_count,
        .min_version = p->min_version,
        .connection_id = p->connection_id,
        .trust = p->trust,
        .holder = p->holder,
        .generation = p->generation,
    };
}

/* Moves what `c` borrows to `c->bytes`: the OSCORE parts, the suites, then the
 * spans one after the other.                                                */
static void settle(struct sally_credential *c, struct sally_oscore_parts *o,
                   struct sally_span *const spans[], size_t count)
{
    uint8_t *at = c->bytes;
    size_t suites = c->suite_count * sizeof(*c->suites);

    if (o != NULL)
        at += sizeof(*o);
    if (suites != 0) {
        memcpy(at, c->suites, suites);
        c->suites = (const uint16_t *)(void *)at;
        at += suites;
    } else {
        c->suites = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len = spans[i]->len;

        if (len != 0)
            memcpy(at, spans[i]->at, len);
        *spans[i] = (struct sally_span){ len != 0 ? at : NULL, len };
        if (len != 0) /* without any part there is no memory */
            at += len;
    }
    if (o != NULL) {
        memcpy(c->bytes, o, sizeof(*o));
        c->oscore = c->bytes;
    }
}

static enum sally_err own(struct sally_credential *c,
                          const struct sally_credential_parts *p)
{
    struct sally_oscore_parts oscore, *o = NULL;
    struct sally_span *spans[SPANS];
    size_t count;

    if (p->oscore != NULL) {
        o = &oscore;
        oscore = *p->oscore;
        oscore.aead = oscore.aead == 0 ? 10 : oscore.aead;
        oscore.hkdf = sally_credential_hkdf(oscore.hkdf);
        oscore.holder = p->holder;
    }
    count = list_spans(c, o, spans);
    c->size = (o != NULL ? sizeof(*o) : 0) +
              c->suite_count * sizeof(*c->suites);
    for (size_t i = 0; i < count; i++)
        c->size += spans[i]->len;
    if (c->size > SALLY_CREDENTIAL_MAX)
        return SALLY_E_TOO_LARGE;
    c->bytes = c->size != 0 ? calloc(1, c->size) : NULL;
    if (c->size != 0 && c->bytes == NULL)
        return SALLY_E_NO_MEMORY;
    settle(c, o, spans, count);
    return SALLY_E_OK;
}

enum sally_err
sally_credential_make(struct sally_credential *out,
                      const struct sally_credential_parts *parts,
                      const struct sally_credential_field **culprit)
{
    enum sally_credential_kind at;
    struct sally_credential c;
    enum sally_err e = sally_credential_check(parts, &at);

    if (culprit != NULL)
        *culprit = e != SALLY_E_OK ? sally_credential_field(at) : NULL;
    if (e != SALLY_E_OK)
        return e;
    c = borrowed(parts);
    e = own(&c, parts);
    if (e != SALLY_E_OK)
        return e;
    sally_credential_wipe(out);
    *out = c;
    return SALLY_E_OK;
}

enum sally_err sally_credential_psk(struct sally_credential *out,
                                    struct sally_span identity,
                                    struct sally_span key)
{
    const struct sally_credential_parts parts = { .mode = SALLY_MODE_PSK,
                                                  .identity = identity,
                                                  .secret_key = key };

    return sally_credential_make(out, &parts, NULL);
}

void sally_credential_nosec(struct sally_credential *out)
{
    sally_credential_wipe(out);
    out->mode = SALLY_MODE_NOSEC;
}

void sally_credential_aim(struct sally_credential *c, size_t uri)
{
    struct sally_span rest = c->host_names;

    while (rest.len != 0) {
        const uint8_t *end = memchr(rest.at, 0, rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);

        if (uri-- == 0) {
            c->server_name = sally_span_sub(rest, 0, len);
            return;
        }
        rest = sally_span_sub(rest, len + 1, rest.len);
    }
}

void sally_credential_wipe(struct sally_credential *c)
{
    if (c->bytes != NULL)
        sally_wipe(c->bytes, c->size);
    free(c->bytes);
    *c = (struct sally_credential){ .mode = SALLY_MODE_PSK };
}

uint64_t sally_credential_digest(const struct sally_credential *c,
                                 const struct sally_hash_key *key)
{
    const struct sally_oscore_parts *o = c->oscore;
    size_t head = o != NULL ? sizeof(*o) : 0;
    /* Lengths too, or "ab" and "c" were the same as "a" and "bc". */
    uint64_t all[22] = {
        c->mode, c->usage, c->matching, c->suite_count, c->min_version,
        c->connection_id, c->generation, c->identity.len, c->public_key.len,
        c->secret_key.len, c->server_public_key.len, c->server_name.len,
    };

    if (o != NULL) {
        all[12] = 1u | (uint64_t)o->has_id_context << 1;
        all[13] = (uint64_t)o->aead << 32 | (uint32_t)o->hkdf;
        all[14] = o->master_secret.len << 8 | o->master_salt.len;
        all[15] = o->sender_id.len << 8 | o->recipient_id.len;
        all[16] = o->id_context.len;
        all[17] = o->start;
    }
    if (c->size != head)
        all[18] = sally_hash(
            key, (struct sally_span){ (const uint8_t *)c->bytes + head,
                                      c->size - head });
    all[19] = sally_trust_digest(c->trust, key);
    all[20] = c->host_names.len;
    all[21] = sally_hash(key, c->server_name); /* which of them it is now */
    return sally_hash(key, (struct sally_span){ (const uint8_t *)all,
                                                sizeof(all) });
}
