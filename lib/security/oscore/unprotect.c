/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/unprotect.c - one message comes in. RFC 8613 s.8.2, 8.4;
 * s.7.4 for replays and the order of notifications.                         */
#include "coap/option.h"
#include "security/oscore/compose.h"
#include "security/oscore/state.h"

#include <string.h>

enum sally_err sally_oscore_decrypt(struct sally_oscore *o,
                                    struct sally_oscore_context *c,
                                    const struct sally_oscore_bound *b,
                                    const uint8_t *nonce,
                                    struct sally_span payload,
                                    struct sally_buf *room,
                                    struct sally_span *text)
{
    struct sally_writer w = sally_writer_into(room);
    size_t before = room->len;
    uint8_t *data;
    enum sally_err e;

    if (payload.len < (size_t)c->aead->tag + 1) /* there is always a code */
        return SALLY_E_MALFORMED;
    if (sally_oscore_worn(c))
        return SALLY_E_EXHAUSTED;
    data = sally_put_gap(&w, payload.len);
    if (data == NULL)
        return SALLY_E_NO_ROOM;
    memcpy(data, payload.at, payload.len);
    e = sally_oscore_open(c, b, nonce, data, payload.len);
    if (e == SALLY_E_OK) {
        *text = (struct sally_span){ data, payload.len - c->aead->tag };
        return SALLY_E_OK;
    }
    room->len = before;
    if (e == SALLY_E_UNAUTHENTIC) {
        c->failed++;
        o->tokens -= o->tokens > 0;
    }
    return e;
}

/* RFC 9175 s.2.3: the value that we asked for, in the protected part. */
static bool proves_freshness(const struct sally_oscore_context *c,
                             const struct sally_coap_message *inner)
{
    struct sally_span echo = { c->echo, sizeof(c->echo) }, got;

    return c->has_echo &&
           sally_coap_option_find(inner->options, SALLY_OPTION_ECHO, &got) &&
           sally_equal_secret(echo, got);
}

/* The tag was right: the number counts as seen. */
static enum sally_err note(struct sally_oscore *o,
                           struct sally_oscore_context *c, uint64_t number,
                           const struct sally_coap_message *inner)
{
    if (c->window.state != SALLY_WINDOW_UNKNOWN) {
        sally_oscore_window_accept(&c->window, number);
        return SALLY_E_OK;
    }
    if (inner != NULL && proves_freshness(c, inner)) {
        sally_oscore_window_begin(&c->window, number);
        c->has_echo = false;
        return SALLY_E_OK;
    }
    if (!c->has_echo)
        sally_random_fill(&o->random, c->echo, sizeof(c->echo));
    c->has_echo = true;
    return SALLY_E_CHALLENGED;
}

enum sally_err sally_oscore_accept(struct sally_oscore *o,
                                   struct sally_oscore_context *c,
                                   const struct sally_oscore_incoming *in)
{
    uint64_t number = sally_oscore_piv_number(in->option.piv);
    struct sally_oscore_bound *bound = in->bound;
    struct sally_coap_message inner;
    struct sally_span text;
    enum sally_err e = sally_oscore_window_check(&c->window, number), noted;

    if (e != SALLY_E_OK)
        return e;
    sally_oscore_bind(c, in->option.kid, in->option.piv, bound);
    e = sally_oscore_decrypt(o, c, bound, bound->nonce, in->outer->payload,
                             in->room, &text);
    if (e != SALLY_E_OK)
        return e;
    e = sally_oscore_inner(in->outer, text, &inner);
    noted = note(o, c, number, e == SALLY_E_OK ? &inner : NULL);
    if (e != SALLY_E_OK)
        return e;
    *in->inner = inner;
    return noted;
}

/* s.7.4.1: only a newer one than the newest, and at most one, before all
 * others, without a number, which is 0 here and so greater than none.       */
static bool is_newer(const struct sally_oscore_bound *b, struct sally_span piv)
{
    struct sally_span newest = { b->newest, sizeof(b->newest) };

    if ((b->flags & SALLY_BOUND_NUMBERED) == 0)
        return true;
    return sally_oscore_piv_number(piv) > sally_oscore_piv_number(newest);
}

static void remember(struct sally_oscore_bound *b, struct sally_span piv)
{
    if (piv.len == 0) {
        b->flags |= SALLY_BOUND_BARE;
        return;
    }
    b->flags |= SALLY_BOUND_NUMBERED;
    memset(b->newest, 0, sizeof(b->newest));
    memcpy(&b->newest[sizeof(b->newest) - piv.len], piv.at, piv.len);
}

bool sally_oscore_fits(const struct sally_oscore_context *c,
                       const struct sally_oscore_option *option)
{
    struct sally_span unwrapped;

    if (!option->has_kid_context)
        return true;
    if (!c->has_id_context)
        return false;
    return sally_span_equal(option->kid_context, sally_oscore_id(c)) ||
           (sally_oscore_unwrap(option->kid_context, &unwrapped) &&
            sally_span_equal(unwrapped, sally_oscore_id(c)));
}

static bool is_ours(const struct sally_oscore_context *c,
                    const struct sally_oscore_option *option)
{
    return !option->has_kid ||
           sally_span_equal(option->kid, sally_oscore_recipient(c));
}

enum sally_err sally_oscore_response(struct sally_oscore *o,
                                     struct sally_oscore_context *c,
                                     const struct sally_oscore_incoming *in,
                                     uint64_t *number, bool *has_number)
{
    struct sally_span piv = in->option.piv, text, ignored;
    uint8_t nonce[SALLY_AEAD_NONCE_MAX];
    struct sally_coap_message inner;
    enum sally_err e;

    if (!is_ours(c, &in->option))
        return SALLY_E_NOT_FOUND;
    if (piv.len == 0 && (in->bound->flags & SALLY_BOUND_BARE) != 0)
        return SALLY_E_REPLAYED;
    memcpy(nonce, in->bound->nonce, sizeof(nonce));
    if (piv.len != 0)
        sally_oscore_nonce(c, sally_oscore_recipient(c), piv, nonce);
    e = sally_oscore_decrypt(o, c, in->bound, nonce, in->outer->payload,
                             in->room, &text);
    if (e == SALLY_E_OK)
        e = sally_oscore_inner(in->outer, text, &inner);
    if (e != SALLY_E_OK)
        return e;
    if (sally_coap_option_find(inner.options, SALLY_OPTION_OBSERVE, &ignored) &&
        !is_newer(in->bound, piv))
        return SALLY_E_REPLAYED;
    remember(in->bound, piv);
    *in->inner = inner;
    *has_number = piv.len != 0;
    *number = sally_oscore_piv_number(piv);
    return SALLY_E_OK;
}
