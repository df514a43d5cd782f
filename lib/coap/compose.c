/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/compose.c - merges two ascending option lists into a message. */
#include "coap/compose.h"

#include "coap/option.h"
#include "security/mechanism.h"

static const uint16_t numbers[SALLY_OWN_COUNT] = {
    [SALLY_OWN_ETAG] = SALLY_OPTION_ETAG,
    [SALLY_OWN_OBSERVE] = SALLY_OPTION_OBSERVE,
    [SALLY_OWN_BLOCK2] = SALLY_OPTION_BLOCK2,
    [SALLY_OWN_BLOCK1] = SALLY_OPTION_BLOCK1,
    [SALLY_OWN_SIZE1] = SALLY_OPTION_SIZE1,
    [SALLY_OWN_REQUEST_TAG] = SALLY_OPTION_REQUEST_TAG,
};

#define HEAD_MAX (4 + SALLY_COAP_TOKEN_MAX + 1) /* with the marker */

void sally_coap_parts_add(struct sally_coap_parts *p, enum sally_coap_own which,
                          uint32_t value)
{
    p->own |= 1u << which;
    p->value[which] = value;
}

void sally_coap_parts_block(struct sally_coap_parts *p,
                            enum sally_coap_own which,
                            const struct sally_coap_block *b)
{
    sally_coap_parts_add(p, which, sally_coap_block_value(b));
}

size_t sally_coap_parts_bound(const struct sally_coap_parts *p)
{
    size_t own = p->own == 0 ? 0 : SALLY_COMPOSE_OWN_MAX;

    return HEAD_MAX - SALLY_COAP_TOKEN_MAX + p->message.token.len +
           p->message.options.len + own + p->message.payload.len + p->spare;
}

size_t sally_coap_parts_room(const struct sally_coap_parts *p)
{
    size_t taken = HEAD_MAX + SALLY_COMPOSE_OWN_MAX + p->message.options.len +
                   p->spare;

    return taken < SALLY_MESSAGE_MAX ? SALLY_MESSAGE_MAX - taken : 0;
}

/* True for the options of the link that an owner's list may hold only as
 * leftovers of an earlier message.                                          */
static bool is_leftover(uint16_t number)
{
    for (size_t i = SALLY_OWN_OBSERVE; i < SALLY_OWN_REQUEST_TAG; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Puts the link's options with numbers below `limit`, from `*next` on. */
static void put_own(const struct sally_coap_parts *p,
                    struct sally_coap_option_writer *w, size_t *next,
                    uint32_t limit)
{
    for (; *next < SALLY_OWN_COUNT && numbers[*next] < limit; ++*next)
        if ((p->own >> *next & 1) != 0)
            sally_coap_put_uint(w, numbers[*next], p->value[*next]);
}

static void put_options(const struct sally_coap_parts *p,
                        struct sally_coap_option_writer *w)
{
    struct sally_coap_options walk = { p->message.options, 0 };
    struct sally_coap_option o;
    struct sally_span etag;
    size_t next = SALLY_OWN_ETAG;

    if (sally_coap_option_find(walk.rest, SALLY_OPTION_ETAG, &etag))
        next = SALLY_OWN_OBSERVE;
    while (sally_coap_option_next(&walk, &o)) {
        if (is_leftover(o.number))
            continue;
        put_own(p, w, &next, o.number);
        sally_coap_put_option(w, o.number, o.value);
    }
    put_own(p, w, &next, UINT32_MAX);
}

enum sally_err sally_coap_compose(const struct sally_coap_parts *p,
                                  struct sally_buf *out)
{
    struct sally_coap_message head = p->message;
    struct sally_coap_option_writer w;
    enum sally_err e;

    head.options = (struct sally_span){ NULL, 0 };
    head.payload = (struct sally_span){ NULL, 0 };
    e = sally_coap_write(&head, out);
    if (e != SALLY_E_OK)
        return e;
    w = sally_coap_options_into(out);
    put_options(p, &w);
    if (p->message.payload.len != 0) {
        sally_put_u8(&w.out, 0xff);
        sally_put(&w.out, p->message.payload);
    }
    return sally_coap_options_end(&w);
}
