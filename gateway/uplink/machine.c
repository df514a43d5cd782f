/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/machine.c - compares a machine with that of before. */
#include "uplink/machine.h"

#include "config/keyring.h"
#include "log/log.h"
#include "uplink/shard_parts.h"

#include <string.h>

#define FACTS_MAX 24

/* The machine id's digest, zeros if there is none, then those of hardware. */
struct digests {
    uint8_t each[1 + FACTS_MAX][SALLY_SHA256_LEN];
    size_t count; /* 1 and up */
};

struct sally_kept_place sally_machine_place(void)
{
    return (struct sally_kept_place){ SALLY_KEPT_GATEWAY, 0,
                                      sally_span_of("machine") };
}

static enum sally_err digest_all(const struct sally_sealer *s,
                                 struct sally_span facts, struct digests *d)
{
    struct sally_span fact;
    unsigned kind;
    enum sally_err e = SALLY_E_OK;

    memset(d, 0, sizeof(*d));
    d->count = 1;
    while (e == SALLY_E_OK && sally_keyring_take(&facts, &kind, &fact)) {
        size_t to = 0;

        if (kind == SALLY_KEYRING_HARDWARE && d->count < SALLY_LEN(d->each))
            to = d->count++;
        else if (kind != SALLY_KEYRING_SYSTEM)
            continue;
        e = sally_seal_digest(s, "machine", &fact, 1, d->each[to]);
    }
    return e;
}

static struct sally_span span_of(const struct digests *d)
{
    return (struct sally_span){ d->each[0], d->count * SALLY_SHA256_LEN };
}

static bool has(const struct digests *d, const uint8_t *digest)
{
    for (size_t i = 1; i < d->count; i++)
        if (memcmp(d->each[i], digest, SALLY_SHA256_LEN) == 0)
            return true;
    return false;
}

static bool is_same(const struct digests *then, const struct digests *now)
{
    if (then->count == 1 || now->count == 1)
        return memcmp(then->each[0], now->each[0], SALLY_SHA256_LEN) == 0;
    for (size_t i = 1; i < then->count; i++)
        if (has(now, then->each[i]))
            return true;
    return false;
}

/* What is damaged is no machine's. */
static enum sally_err recall(struct sally_store *store, struct digests *out)
{
    const struct sally_kept_place at = sally_machine_place();
    struct sally_buf b;
    enum sally_err e;

    memset(out, 0xff, sizeof(*out));
    out->count = 1;
    b = (struct sally_buf){ out->each[0], 0, sizeof(out->each) };
    e = sally_store_recall(store, &at, &b);
    if (e != SALLY_E_OK && e != SALLY_E_NO_ROOM)
        return e;
    if (e == SALLY_E_OK && b.len != 0 && b.len % SALLY_SHA256_LEN == 0)
        out->count = b.len / SALLY_SHA256_LEN;
    return SALLY_E_OK;
}

enum sally_err sally_machine_judge(struct sally_store *store,
                                   const struct sally_sealer *s,
                                   struct sally_span facts, bool anew,
                                   bool *same)
{
    const struct sally_kept_place at = sally_machine_place();
    struct digests then, now;
    enum sally_err e = digest_all(s, facts, &now);

    if (e == SALLY_E_OK)
        e = recall(store, &then);
    if (e != SALLY_E_OK && e != SALLY_E_NOT_FOUND)
        return e;
    *same = e == SALLY_E_NOT_FOUND || anew || is_same(&then, &now);
    if (!*same || (e == SALLY_E_OK && sally_span_equal(span_of(&then),
                                                      span_of(&now))))
        return SALLY_E_OK;
    return sally_store_keep(store, &at, span_of(&now), 0);
}

enum sally_err sally_machine_check(struct sally_shard *shard,
                                   const struct sally_sealer *s,
                                   struct sally_span facts)
{
    bool same = false;
    enum sally_err e = sally_machine_judge(
        shard->store, s, facts,
        sally_sequences_has_other_key(shard->sequences), &same);

    if (e != SALLY_E_OK || same)
        return e;
    sally_shard_estrange(shard);
    sally_log(SALLY_LOG_ERROR, "machine_changed",
              SALLY_TEXT("why", "state_dir was made on another machine, which "
                                "may use the same keys: no account is used; "
                                "stop the gateway and see sallyportctl adopt"));
    return SALLY_E_OK;
}
