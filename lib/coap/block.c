/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/block.c - number, more flag and size exponent. */
#include "coap/block.h"

#include "coap/option.h"

uint8_t sally_coap_block_szx(size_t bytes)
{
    uint8_t szx = SALLY_BLOCK_SZX_MAX;

    while (szx > 0 && sally_coap_block_size(szx) > bytes)
        szx--;
    return szx;
}

size_t sally_coap_block_offset(const struct sally_coap_block *b)
{
    return b->number * sally_coap_block_size(b->szx);
}

uint32_t sally_coap_block_value(const struct sally_coap_block *b)
{
    return b->number << 4 | (b->more ? 8u : 0u) | b->szx;
}

enum sally_err sally_coap_block_read(struct sally_span options, uint16_t number,
                                     struct sally_coap_block *out)
{
    struct sally_span bytes;
    uint32_t value;

    if (!sally_coap_option_find(options, number, &bytes))
        return SALLY_E_NOT_FOUND;
    if (bytes.len > 3 || !sally_coap_option_uint(options, number, &value) ||
        (value & 7) > SALLY_BLOCK_SZX_MAX)
        return SALLY_E_MALFORMED;
    *out = (struct sally_coap_block){ .number = value >> 4,
                                      .more = (value & 8) != 0,
                                      .szx = (uint8_t)(value & 7) };
    return SALLY_E_OK;
}

struct sally_span sally_coap_block_cut(struct sally_span body,
                                       struct sally_coap_block *b)
{
    size_t size = sally_coap_block_size(b->szx);
    size_t from = sally_coap_block_offset(b);

    b->more = from < body.len && body.len - from > size;
    return sally_span_sub(body, from, size);
}
