/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/option.c - the OSCORE option, byte by byte. */
#include "security/oscore/option.h"

#include "base/cursor.h"
#include "coap/option.h"

/* RFC 8613 s.6.1, figure 10: 0 0 0 h k n n n. */
#define FLAG_RESERVED 0xe0u
#define FLAG_CONTEXT 0x10u
#define FLAG_KID 0x08u
#define PIV_BITS 0x07u

#define OPTION_MAX 255 /* bytes; RFC 8613 s.2 */

/* RFC 8613 figure 5, and RFC 9668 s.3.1 for EDHOC. */
const uint8_t sally_oscore_classes[SALLY_OSCORE_CLASSES] = {
    [SALLY_OPTION_URI_HOST] = SALLY_OSCORE_U,
    [SALLY_OPTION_OBSERVE] = SALLY_OSCORE_BOTH,
    [SALLY_OPTION_URI_PORT] = SALLY_OSCORE_U,
    [SALLY_OPTION_OSCORE] = SALLY_OSCORE_NEVER, /* already protected */
    [21] = SALLY_OSCORE_U,                      /* EDHOC */
    [SALLY_OPTION_PROXY_URI] = SALLY_OSCORE_U,     /* what is left of it */
    [SALLY_OPTION_PROXY_SCHEME] = SALLY_OSCORE_U,
};

static bool is_shortest(struct sally_span piv)
{
    return piv.len < 2 || piv.at[0] != 0;
}

enum sally_err sally_oscore_option_decode(struct sally_span value,
                                          struct sally_oscore_option *out)
{
    struct sally_cursor c = sally_cursor_over(value);
    struct sally_oscore_option o = { .has_kid = false };
    uint8_t flags;

    if (value.len == 0) {
        *out = o;
        return SALLY_E_OK;
    }
    flags = sally_take_u8(&c);
    if (value.len > OPTION_MAX || flags == 0 || (flags & FLAG_RESERVED) != 0 ||
        (flags & PIV_BITS) > SALLY_OSCORE_PIV_MAX)
        return SALLY_E_MALFORMED;
    o.piv = sally_take(&c, flags & PIV_BITS);
    o.has_kid_context = (flags & FLAG_CONTEXT) != 0;
    if (o.has_kid_context)
        o.kid_context = sally_take(&c, sally_take_u8(&c));
    o.has_kid = (flags & FLAG_KID) != 0;
    if (o.has_kid)
        o.kid = sally_take_rest(&c);
    if (!sally_cursor_done(&c) || !is_shortest(o.piv))
        return SALLY_E_MALFORMED;
    *out = o;
    return SALLY_E_OK;
}

/* They are short, mostly a byte or two. */
static uint8_t *append(uint8_t *at, struct sally_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        *at++ = bytes.at[i];
    return at;
}

void sally_oscore_option_encode(struct sally_writer *w,
                                const struct sally_oscore_option *o)
{
    unsigned flags = (unsigned)o->piv.len & PIV_BITS;
    size_t context = o->has_kid_context ? 1 + o->kid_context.len : 0;
    uint8_t *at;

    if (o->has_kid)
        flags |= FLAG_KID;
    if (o->has_kid_context)
        flags |= FLAG_CONTEXT;
    if (flags == 0)
        return;
    at = sally_put_gap(w, 1 + o->piv.len + context +
                              (o->has_kid ? o->kid.len : 0));
    if (at == NULL)
        return;
    *at++ = (uint8_t)flags;
    at = append(at, o->piv);
    if (o->has_kid_context) {
        *at++ = (uint8_t)o->kid_context.len;
        at = append(at, o->kid_context);
    }
    if (o->has_kid)
        (void)append(at, o->kid);
}

struct sally_span sally_oscore_piv(uint64_t number,
                                   uint8_t room[SALLY_OSCORE_PIV_MAX])
{
    size_t from = SALLY_OSCORE_PIV_MAX;

    do {
        room[--from] = (uint8_t)number;
        number >>= 8;
    } while (number != 0 && from > 0);
    return sally_span_sub((struct sally_span){ room, SALLY_OSCORE_PIV_MAX },
                          from, SALLY_OSCORE_PIV_MAX);
}

uint64_t sally_oscore_piv_number(struct sally_span piv)
{
    uint64_t n = 0;

    for (size_t i = 0; i < piv.len; i++)
        n = n << 8 | piv.at[i];
    return n;
}
