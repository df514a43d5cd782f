/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/protect.c - one message goes out. RFC 8613 s.8.1, 8.3. */
#include "security/oscore/compose.h"
#include "security/oscore/state.h"

/* Flags, Partial IV, length and kid context in its CBOR wrap, kid. */
#define VALUE_MAX (1 + 5 + 1 + 2 + SALLY_OSCORE_CONTEXT_MAX + 7)

static enum sally_err put_value(const struct sally_oscore_outgoing *m,
                                struct sally_span kid, struct sally_span piv,
                                struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_oscore_option option = {
        .piv = piv,
        .kid = kid,
        .kid_context = m->kid_context,
        .has_kid = m->kind == SALLY_OBJECT_REQUEST,
        .has_kid_context = m->has_kid_context,
    };

    sally_oscore_option_encode(&w, &option);
    return sally_writer_end(&w);
}

/* The nonce of a request serves one response, and each other message has a
 * number of its own (s.8.3). A notification always has: it tells the order. */
static bool needs_number(const struct sally_oscore_outgoing *m,
                         const struct sally_oscore_bound *b)
{
    return m->own_number || m->kind != SALLY_OBJECT_RESPONSE ||
           (b->flags & SALLY_BOUND_USED) != 0;
}

/* From here on the nonce counts as used, whatever happens. */
static void use(struct sally_oscore *o, struct sally_oscore_context *c,
                const struct sally_oscore_outgoing *m, bool numbered,
                struct sally_oscore_bound *b)
{
    if (m->kind != SALLY_OBJECT_REQUEST)
        b->flags |= SALLY_BOUND_USED;
    if (numbered)
        sally_oscore_numbers_used(o, c);
    else
        c->sealed++;
}

static enum sally_err seal(struct sally_oscore *o,
                           struct sally_oscore_context *c,
                           const struct sally_oscore_outgoing *m,
                           struct sally_span piv, struct sally_oscore_bound *b,
                           struct sally_buf *out)
{
    uint8_t value_room[VALUE_MAX], own[SALLY_AEAD_NONCE_MAX];
    const uint8_t *nonce;
    struct sally_buf value = SALLY_BUF(value_room);
    struct sally_span kid = sally_oscore_sender(c);
    size_t text = 0;
    enum sally_err e = put_value(m, kid, piv, &value);

    if (e == SALLY_E_OK)
        e = sally_oscore_compose(m->plain, m->kind, sally_buf_span(&value),
                                 c->aead->tag, out, &text);
    if (e != SALLY_E_OK)
        return e;
    nonce = b->nonce;
    if (m->kind == SALLY_OBJECT_REQUEST) {
        sally_oscore_bind(c, kid, piv, b);
    } else if (piv.len != 0) {
        sally_oscore_nonce(c, kid, piv, own);
        nonce = own;
    }
    use(o, c, m, piv.len != 0, b);
    e = sally_oscore_seal(c, b, nonce, &out->at[text], out->len - text);
    if (e == SALLY_E_OK)
        out->len += c->aead->tag;
    return e;
}

enum sally_err sally_oscore_protect(struct sally_oscore *o,
                                    struct sally_oscore_context *c,
                                    const struct sally_oscore_outgoing *m,
                                    struct sally_oscore_bound *b,
                                    struct sally_buf *out)
{
    uint8_t room[SALLY_OSCORE_PIV_MAX];
    struct sally_span piv = { NULL, 0 };
    size_t before = out->len;
    enum sally_err e = SALLY_E_OK;

    if (sally_oscore_worn(c))
        return SALLY_E_EXHAUSTED;
    if (needs_number(m, b)) {
        e = sally_oscore_numbers_look(o, c);
        piv = sally_oscore_piv(c->next, room);
    }
    if (e == SALLY_E_OK)
        e = seal(o, c, m, piv, b, out);
    if (e != SALLY_E_OK)
        out->len = before;
    return e;
}
