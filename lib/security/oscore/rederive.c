/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/rederive.c - new keys from the same secret: we ask for
 * them. RFC 8613 B.2.
 *
 *   request #1   keys of ID Context R1; kid context R1
 *   response #1  keys of R2 || R1; kid context R2, which the server chose
 *   request #2   keys of R2 || R3; kid context R2 || R3: the new keys
 *
 * Each kid context is wrapped as a CBOR byte string. The peer may begin as
 * well: then the parts are swapped, and rederive_answer.c has ours.         */
#include "security/oscore/compose.h"
#include "security/oscore/state.h"

#include "base/cursor.h"

bool sally_oscore_unwrap(struct sally_span kid_context, struct sally_span *out)
{
    struct sally_cursor c = sally_cursor_over(kid_context);
    uint8_t head = sally_take_u8(&c);
    size_t len = head & 0x1fu;

    if (head >> 5 != 2 || len > 24)
        return false;
    if (len == 24)
        len = sally_take_u8(&c);
    *out = sally_take(&c, len);
    return sally_cursor_done(&c);
}

bool sally_oscore_join(struct sally_span a, struct sally_span b,
                       struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);

    sally_put(&w, a);
    sally_put(&w, b);
    return !w.failed;
}

/* The account's own keys may be needed again: what was used of them. */
static void leave(struct sally_oscore *o)
{
    if (o->rederived || o->own.aead == NULL)
        return;
    o->failed = o->own.failed;
    if (o->past.reserved < o->own.next)
        o->past.reserved = o->own.next;
    o->past.known = true;
    o->past.trusted = true;
}

enum sally_err sally_oscore_ask(struct sally_oscore *o)
{
    enum sally_err e;

    leave(o);
    sally_random_fill(&o->random, o->b2.r1, sizeof(o->b2.r1));
    e = sally_oscore_derive(
        &o->own, o->credential->oscore, false,
        (struct sally_span){ o->b2.r1, sizeof(o->b2.r1) }, true);
    if (e != SALLY_E_OK)
        return e;
    sally_oscore_numbers_free(&o->own); /* these keys die with the process */
    o->phase = SALLY_OSCORE_ASK;
    o->rederived = true;
    return SALLY_E_OK;
}

/* The keys that response #1 is under; `with` is R1, or our own R3. */
static enum sally_err derive_with(struct sally_oscore *o, struct sally_span r2,
                                  struct sally_span with,
                                  struct sally_oscore_context *c)
{
    uint8_t room[SALLY_OSCORE_CONTEXT_MAX];
    struct sally_buf id = SALLY_BUF(room);

    return sally_oscore_join(r2, with, &id)
               ? sally_oscore_derive(c, o->credential->oscore, false,
                                     sally_buf_span(&id), true)
               : SALLY_E_MALFORMED;
}

/* Under the keys of R2 || R1. Without a Partial IV the nonce is that of request
 * #1 as it was, though it was made with the other keys' IV.                 */
static enum sally_err verify_one(struct sally_oscore *o, struct sally_span r2,
                                 const struct sally_oscore_incoming *in,
                                 struct sally_coap_message *inner)
{
    struct sally_span r1 = { o->b2.r1, sizeof(o->b2.r1) }, text;
    struct sally_oscore_context c = { .aead = NULL };
    uint8_t nonce[SALLY_AEAD_NONCE_MAX];
    struct sally_span piv = in->option.piv;
    enum sally_err e = derive_with(o, r2, r1, &c);

    if (e == SALLY_E_OK) {
        sally_oscore_nonce(&c, sally_oscore_recipient(&c), piv, nonce);
        e = sally_oscore_decrypt(o, &c, in->bound,
                                 piv.len != 0 ? nonce : in->bound->nonce,
                                 in->outer->payload, in->room, &text);
    }
    sally_wipe(&c, sizeof(c));
    return e != SALLY_E_OK ? e : sally_oscore_inner(in->outer, text, inner);
}

enum sally_err
sally_oscore_response_one(struct sally_oscore *o,
                          const struct sally_oscore_incoming *in)
{
    uint8_t r3[SALLY_OSCORE_R_LEN];
    struct sally_coap_message inner;
    struct sally_span r2;
    enum sally_err e;

    if (!in->option.has_kid_context ||
        !sally_oscore_unwrap(in->option.kid_context, &r2) ||
        r2.len < SALLY_OSCORE_R_LEN || r2.len > SALLY_OSCORE_R_PEER_MAX)
        return SALLY_E_MALFORMED;
    if (o->tokens == 0)
        return SALLY_E_NO_ROOM;
    e = verify_one(o, r2, in, &inner);
    if (e != SALLY_E_OK)
        return e;
    sally_random_fill(&o->random, r3, sizeof(r3));
    e = derive_with(o, r2, (struct sally_span){ r3, sizeof(r3) }, &o->own);
    if (e != SALLY_E_OK)
        return e;
    sally_oscore_numbers_free(&o->own);
    sally_random_fill(&o->random, o->b2.key, sizeof(o->b2.key));
    o->phase = SALLY_OSCORE_SECOND;
    o->up = true;
    *in->inner = inner;
    return SALLY_E_OK;
}

enum sally_err sally_oscore_renew(struct sally_oscore *o,
                                  const struct sally_oscore_incoming *in)
{
    const struct sally_oscore_ground g = sally_oscore_ground(o, NULL);
    struct sally_oscore_context fresh = { .aead = NULL };
    enum sally_err e;

    if (g.parts->start == SALLY_OSCORE_B1)
        return SALLY_E_NOT_FOUND;
    e = sally_oscore_rederive(o, &g, in, &fresh);
    if (e != SALLY_E_OK)
        return e;
    leave(o);
    o->own = fresh;
    o->rederived = true;
    o->phase = SALLY_OSCORE_SET;
    sally_wipe(&fresh, sizeof(fresh));
    return SALLY_E_OK;
}
