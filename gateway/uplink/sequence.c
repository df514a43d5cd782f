/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sequence.c - reserves numbers, and judges those of before. */
#include "uplink/sequence.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "log/log.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>
#include <string.h>

#define RETRY SALLY_SEC
#define BODY (SALLY_INSTANCE_LEN + 8) /* bytes: of which database, until */

struct sally_sequences {
    struct sally_shard *shard;
    struct sally_sealer sealer;
    struct sally_state_past state;
    bool unlocked;
    bool other_key; /* than that of before */
    bool lost;      /* SALLY_PAST_LOST is there */
    uint32_t tickets;
    struct sally_deadlines again; /* those that the store had no room for */
};

enum sally_err sally_sequences_create(struct sally_sequences **out,
                                      struct sally_shard *shard, size_t room)
{
    struct sally_sequences *q = calloc(1, sizeof(*q));

    if (q == NULL || sally_deadlines_init(&q->again, room) != SALLY_E_OK) {
        free(q);
        return SALLY_E_NO_MEMORY;
    }
    q->shard = shard;
    *out = q;
    return SALLY_E_OK;
}

enum sally_err sally_sequences_grow(struct sally_sequences *q, size_t room)
{
    return sally_deadlines_grow(&q->again, room);
}

void sally_sequences_wipe(struct sally_sequences *q)
{
    if (q == NULL)
        return;
    sally_deadlines_wipe(&q->again);
    sally_sealer_wipe(&q->sealer);
    free(q);
}

/* Names of contexts depend on the master key, so with another one none of them
 * is found, though numbers of all may have been used.                       */
static bool is_another_key(struct sally_sequences *q)
{
    const struct sally_kept_place at = { SALLY_KEPT_GATEWAY, 0,
                                         sally_span_of("master key") };
    uint8_t mine[SALLY_SHA256_LEN], room[SALLY_SHA256_LEN];
    const struct sally_span digest = { mine, sizeof(mine) };
    struct sally_buf kept = SALLY_BUF(room);
    enum sally_err e = sally_seal_digest(&q->sealer, "check 2", NULL, 0, mine);
    bool other;

    if (e != SALLY_E_OK)
        return true;
    e = sally_store_recall(q->shard->store, &at, &kept);
    other = e != SALLY_E_NOT_FOUND &&
            !sally_span_equal(sally_buf_span(&kept), digest);
    if (other || e == SALLY_E_NOT_FOUND)
        (void)!sally_store_keep(q->shard->store, &at, digest, 0);
    return other;
}

/* Whoever adopted or restored the store says that numbers were used of which
 * it knows nothing.                                                         */
static struct sally_kept_place lost_place(void)
{
    return (struct sally_kept_place){ SALLY_KEPT_GATEWAY, 0,
                                      sally_span_of(SALLY_PAST_LOST) };
}

static bool is_lost(const struct sally_sequences *q)
{
    const struct sally_kept_place at = lost_place();
    uint8_t room[8];
    struct sally_buf b = SALLY_BUF(room);

    return sally_store_recall(q->shard->store, &at, &b) != SALLY_E_NOT_FOUND;
}

void sally_sequences_begun(struct sally_sequences *q)
{
    const struct sally_kept_place at = lost_place();

    if (q->lost && sally_store_keep(q->shard->store, &at,
                                    (struct sally_span){ NULL, 0 },
                                    0) == SALLY_E_OK)
        q->lost = false;
}

bool sally_sequences_has_other_key(const struct sally_sequences *q)
{
    return q->other_key;
}

void sally_sequences_unlock(struct sally_sequences *q,
                            const struct sally_sealer *s,
                            struct sally_state_past past)
{
    q->sealer = *s;
    q->state = past;
    q->unlocked = true;
    q->lost = is_lost(q);
    if (q->lost)
        q->state.past = SALLY_PAST_OLDER;
    q->other_key = is_another_key(q);
    if (!q->other_key)
        return;
    q->state.past = SALLY_PAST_OLDER;
    sally_log(SALLY_LOG_WARNING, "master_key_changed",
              SALLY_TEXT("why", "what was kept was sealed with another "
                                "gateway.master_key_file: sensors register "
                                "anew, and what has oscore_start = \"b1\" "
                                "needs new keys"));
}

/* --- Keeping -------------------------------------------------------------- */

static struct sally_span name_of(const struct sally_virtual_client *v)
{
    return (struct sally_span){ v->sequence.name, sizeof(v->sequence.name) };
}

static struct sally_kept_place place_of(const struct sally_virtual_client *v)
{
    return (struct sally_kept_place){ SALLY_KEPT_SEQUENCE, v->sensor->index,
                                      name_of(v) };
}

/* `instance` is the name of the database in which the numbers were reserved;
 * no database is named by zeros.                                            */
static enum sally_err keep(struct sally_sequences *q,
                           const struct sally_virtual_client *v,
                           const uint8_t *instance, uint64_t until,
                           uint32_t ticket)
{
    const struct sally_kept_place at = place_of(v);
    uint8_t plain[BODY], room[BODY + SALLY_SEAL_OVERHEAD];
    struct sally_buf in = SALLY_BUF(plain), out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&in);
    enum sally_err e;

    sally_put(&w, (struct sally_span){ instance, SALLY_INSTANCE_LEN });
    sally_put_u64(&w, until);
    e = sally_seal(&q->sealer, "sequence", name_of(v), sally_buf_span(&in),
                   q->shard->shared->coap->random, &out);
    return e == SALLY_E_OK ? sally_store_keep(q->shard->store, &at,
                                              sally_buf_span(&out), ticket)
                           : e;
}

static void try_reserve(struct sally_sequences *q,
                        struct sally_virtual_client *v, sally_usec now)
{
    uint32_t ticket = ++q->tickets != 0 ? q->tickets : ++q->tickets;
    enum sally_err e = keep(q, v, sally_store_instance(q->shard->store),
                            v->sequence.wanted, ticket);

    v->sequence.ticket = e == SALLY_E_OK ? ticket : 0;
    sally_deadlines_set(&q->again, &v->sequence.again,
                        e == SALLY_E_OK ? SALLY_NEVER
                                        : sally_after(now, RETRY));
    if (e != SALLY_E_OK)
        sally_shard_arm(q->shard);
}

/* Without a key they are good for this process, in which nothing comes before
 * them: each session agrees on new keys.                                    */
void sally_sequence_reserve(struct sally_virtual_client *v, uint64_t until)
{
    struct sally_sequences *q = v->shard->sequences;

    if (!q->unlocked) {
        sally_lwm2m_client_reserved(&v->client, until, v->shard->now);
        return;
    }
    v->sequence.wanted = until;
    try_reserve(q, v, v->shard->now);
}

void sally_sequence_release(struct sally_virtual_client *v)
{
    v->sequence.ticket = 0;
    v->sequence.wanted = 0;
    sally_deadlines_set(&v->shard->sequences->again, &v->sequence.again,
                        SALLY_NEVER);
}

sally_usec sally_sequences_deadline(const struct sally_sequences *q)
{
    return sally_deadlines_next(&q->again);
}

void sally_sequences_expire(struct sally_sequences *q, sally_usec now)
{
    struct sally_deadline *d;

    while ((d = sally_deadlines_take(&q->again, now)) != NULL)
        try_reserve(q,
                    SALLY_OWNER(d, struct sally_virtual_client, sequence.again),
                    now);
}

static struct sally_virtual_client *find_in(struct sally_uplink_sensor *u,
                                            uint32_t ticket)
{
    for (uint32_t i = 0; u != NULL && i < u->config->account_count; i++)
        if (u->clients[i].sequence.ticket == ticket)
            return &u->clients[i];
    return NULL;
}

/* One that leaves has no slot any more. */
static struct sally_virtual_client *
find(const struct sally_sequences *q, const struct sally_store_receipt *r)
{
    struct sally_virtual_client *v =
        find_in(sally_shard_sensor(q->shard, r->sensor), r->ticket);

    for (struct sally_uplink_sensor *u = q->shard->leaving;
         v == NULL && u != NULL; u = u->next)
        v = find_in(u, r->ticket);
    return v;
}

void sally_sequences_kept(struct sally_sequences *q,
                          const struct sally_store_receipt *r,
                          enum sally_err e, sally_usec now)
{
    struct sally_virtual_client *v;

    if (r->what != SALLY_KEPT_SEQUENCE || r->ticket == 0)
        return;
    v = find(q, r);
    if (v == NULL)
        return;
    v->sequence.ticket = 0;
    if (e != SALLY_E_OK) {
        sally_deadlines_set(&q->again, &v->sequence.again,
                            sally_after(now, RETRY));
        sally_shard_arm(q->shard);
        return;
    }
    v->sequence.past =
        (struct sally_object_past){ true, true, v->sequence.wanted };
    sally_lwm2m_client_reserved(&v->client, v->sequence.wanted, now);
    sally_shard_pump(v, now);
}

/* --- Judging -------------------------------------------------------------- */

/* All that the keys of a context are derived from, and whose numbers they are:
 * RFC 8613 s.3.2.                                                           */
static enum sally_err name_context(const struct sally_sequences *q,
                                   const struct sally_oscore_parts *o,
                                   uint8_t name[SALLY_SEQUENCE_NAME])
{
    const uint8_t small[] = { (uint8_t)o->aead, (uint8_t)o->hkdf,
                              o->has_id_context };
    const struct sally_span parts[] = {
        { small, sizeof(small) }, o->master_secret, o->master_salt,
        o->id_context,            o->sender_id,
    };
    uint8_t digest[SALLY_SHA256_LEN];
    enum sally_err e = sally_seal_digest(&q->sealer, "context", parts,
                                         SALLY_LEN(parts), digest);

    if (e == SALLY_E_OK)
        memcpy(name, digest, SALLY_SEQUENCE_NAME);
    return e;
}

/* Numbers of a context that are not there may have been used all the same. */
static bool may_be_lost(const struct sally_sequences *q)
{
    return q->state.fleeting || q->state.past == SALLY_PAST_OLDER;
}

/* Where no anchor is left, as after a reboot, nothing says that they are old.
 */
static bool is_trusted(const struct sally_sequences *q,
                       struct sally_span instance)
{
    const struct sally_span mine = { sally_store_instance(q->shard->store),
                                     SALLY_INSTANCE_LEN };

    return q->state.past != SALLY_PAST_OLDER &&
           sally_span_equal(instance, mine);
}

static enum sally_err recall(const struct sally_sequences *q,
                             const struct sally_virtual_client *v,
                             struct sally_object_past *out)
{
    const struct sally_kept_place at = place_of(v);
    uint8_t plain[BODY], room[BODY + SALLY_SEAL_OVERHEAD];
    struct sally_buf in = SALLY_BUF(room), b = SALLY_BUF(plain);
    struct sally_cursor c;
    struct sally_span instance;
    enum sally_err e = sally_store_recall(q->shard->store, &at, &in);

    if (e == SALLY_E_OK)
        e = sally_unseal(&q->sealer, "sequence", name_of(v),
                         sally_buf_span(&in), &b);
    if (e != SALLY_E_OK)
        return e;
    c = sally_cursor_over(sally_buf_span(&b));
    instance = sally_take(&c, SALLY_INSTANCE_LEN);
    *out = (struct sally_object_past){ .known = true,
                                       .reserved = sally_take_u64(&c) };
    if (c.failed)
        return SALLY_E_MALFORMED;
    out->trusted = is_trusted(q, instance);
    return SALLY_E_OK;
}

/* One that is not to be trusted stays so, also for the next process. */
static void distrust(struct sally_sequences *q, struct sally_virtual_client *v)
{
    static const uint8_t nowhere[SALLY_INSTANCE_LEN];

    v->sequence.past.known = true;
    v->sequence.past.trusted = false;
    if (keep(q, v, nowhere, v->sequence.past.reserved, 0) == SALLY_E_OK)
        return;
    sally_log(SALLY_LOG_ERROR, "numbers_not_kept",
              SALLY_TEXT("sensor", v->sensor->config->id),
              SALLY_TEXT("server", v->server->name));
}

void sally_sequence_begin(struct sally_virtual_client *v)
{
    struct sally_sequences *q = v->shard->sequences;
    const struct sally_oscore_parts *o = v->credential.oscore;
    struct sally_object_past past = { .known = false };
    enum sally_err e;

    v->settings.past = NULL;
    if (!q->unlocked || o == NULL ||
        name_context(q, o, v->sequence.name) != SALLY_E_OK)
        return;
    e = recall(q, v, &past);
    v->sequence.past = past;
    v->settings.past = &v->sequence.past;
    if (e == SALLY_E_OK && past.trusted)
        return;
    if (e == SALLY_E_NOT_FOUND && !may_be_lost(q))
        return; /* never used */
    distrust(q, v);
}
