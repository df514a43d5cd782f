/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/rederive_answer.c - new keys from the same secret: the
 * peer asks for them. RFC 8613 B.2.
 *
 * The keys in use stay until request #2 has verified. R2 is S2 || HMAC(K, S2)
 * with S2 random: so nothing is kept after request #1, however many there are.
 * K serves once, or a replayed request #2 would bring old keys back.        */
#include "security/oscore/state.h"

#include <string.h>

#define S2_LEN 8
#define R2_LEN 16

struct sally_oscore_ground sally_oscore_ground(struct sally_oscore *o,
                                               struct sally_oscore_peer *p)
{
    if (p != NULL)
        return (struct sally_oscore_ground){ p->credential->oscore, true,
                                             p->key, p };
    return (struct sally_oscore_ground){ o->credential->oscore, false,
                                         o->b2.key, NULL };
}

static enum sally_err prove(const struct sally_oscore_ground *g,
                            struct sally_span s2, uint8_t *out)
{
    uint8_t mac[SALLY_SHA256_LEN];
    enum sally_err e = sally_crypto_hmac(
        (struct sally_span){ g->key, SALLY_OSCORE_PROOF_KEY }, &s2, 1, mac);

    if (e == SALLY_E_OK)
        memcpy(out, mac, R2_LEN - S2_LEN);
    sally_wipe(mac, sizeof(mac));
    return e;
}

/* True if `id` begins with an R2 that we gave and that was not used yet. */
static bool begins_with_ours(const struct sally_oscore_ground *g,
                             struct sally_span id)
{
    uint8_t want[R2_LEN - S2_LEN];

    return id.len >= R2_LEN + SALLY_OSCORE_R_LEN &&
           prove(g, sally_span_sub(id, 0, S2_LEN), want) == SALLY_E_OK &&
           sally_equal_secret((struct sally_span){ want, sizeof(want) },
                              sally_span_sub(id, S2_LEN, R2_LEN - S2_LEN));
}

static enum sally_err derive_for(const struct sally_oscore_ground *g,
                                 struct sally_span id,
                                 struct sally_oscore_context *c)
{
    enum sally_err e =
        sally_oscore_derive(c, g->parts, g->server, id, true);

    if (e == SALLY_E_OK)
        sally_oscore_numbers_free(c); /* keys that were never used */
    return e;
}

static enum sally_err request_two(struct sally_oscore *o,
                                  const struct sally_oscore_ground *g,
                                  struct sally_oscore_context *fresh,
                                  const struct sally_oscore_incoming *in)
{
    enum sally_err e = sally_oscore_accept(o, fresh, in);

    if (e == SALLY_E_OK)
        sally_random_fill(&o->random, g->key, SALLY_OSCORE_PROOF_KEY);
    return e;
}

static enum sally_err request_one(struct sally_oscore *o,
                                  struct sally_oscore_context *fresh,
                                  const struct sally_oscore_incoming *in)
{
    enum sally_err e = sally_oscore_accept(o, fresh, in);

    if (e != SALLY_E_OK)
        return e;
    in->bound->flags |= SALLY_BOUND_FIRST;
    return SALLY_E_CHALLENGED;
}

enum sally_err sally_oscore_rederive(struct sally_oscore *o,
                                     const struct sally_oscore_ground *g,
                                     const struct sally_oscore_incoming *in,
                                     struct sally_oscore_context *fresh)
{
    struct sally_span id;
    bool second;
    enum sally_err e;

    if (!in->option.has_kid_context ||
        !sally_oscore_unwrap(in->option.kid_context, &id))
        return SALLY_E_NOT_FOUND;
    second = begins_with_ours(g, id);
    if (id.len < SALLY_OSCORE_R_LEN ||
        (!second && id.len > SALLY_OSCORE_R_PEER_MAX))
        return SALLY_E_NOT_FOUND;
    if (!second && g->peer != NULL &&
        !sally_oscore_peer_begins(g->peer, in->now))
        return SALLY_E_NO_ROOM;
    e = derive_for(g, id, fresh);
    if (e == SALLY_E_OK)
        e = second ? request_two(o, g, fresh, in) : request_one(o, fresh, in);
    if (e != SALLY_E_OK)
        sally_wipe(fresh, sizeof(*fresh));
    return e == SALLY_E_OUT_OF_RANGE ? SALLY_E_NOT_FOUND : e;
}

enum sally_err
sally_oscore_answer_one(struct sally_oscore *o,
                        const struct sally_oscore_ground *g,
                        const struct sally_oscore_option *request,
                        const struct sally_coap_message *plain,
                        struct sally_oscore_bound *b, struct sally_buf *out)
{
    uint8_t r2[R2_LEN], id_room[SALLY_OSCORE_CONTEXT_MAX], wrapped[1 + R2_LEN];
    struct sally_buf id = SALLY_BUF(id_room);
    struct sally_oscore_context fresh = { .aead = NULL };
    struct sally_oscore_outgoing m = { .plain = plain,
                                       .kind = SALLY_OBJECT_RESPONSE,
                                       .has_kid_context = true,
                                       .own_number = true };
    struct sally_span r1;
    enum sally_err e;

    sally_random_fill(&o->random, r2, S2_LEN);
    e = prove(g, (struct sally_span){ r2, S2_LEN }, &r2[S2_LEN]);
    wrapped[0] = 0x40 | R2_LEN;
    memcpy(&wrapped[1], r2, R2_LEN);
    m.kid_context = (struct sally_span){ wrapped, sizeof(wrapped) };
    if (!sally_oscore_unwrap(request->kid_context, &r1) ||
        !sally_oscore_join((struct sally_span){ r2, R2_LEN }, r1, &id))
        return SALLY_E_BAD_STATE;
    if (e == SALLY_E_OK)
        e = derive_for(g, sally_buf_span(&id), &fresh);
    if (e == SALLY_E_OK)
        e = sally_oscore_protect(o, &fresh, &m, b, out);
    sally_wipe(&fresh, sizeof(fresh));
    return e;
}
