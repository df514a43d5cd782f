/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/block.h - the value of Block1 and Block2, and cutting a body.
 * RFC 7959 s.2.2. Pure.                                                     */
#ifndef SALLY_COAP_BLOCK_H
#define SALLY_COAP_BLOCK_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_BLOCK_SZX_MAX 6 /* 1024 bytes; 7 is reserved on UDP */
#define SALLY_BLOCK_NUMBER_MAX 0xfffffu

struct sally_coap_block {
    uint32_t number;
    bool more;
    uint8_t szx; /* 0..SALLY_BLOCK_SZX_MAX: 16..1024 bytes */
};

static inline size_t sally_coap_block_size(uint8_t szx)
{
    return (size_t)16 << szx;
}

/* The number of the block that begins at `offset`. */
static inline uint32_t sally_coap_block_at(size_t offset, uint8_t szx)
{
    return (uint32_t)(offset >> (szx + 4u));
}

/* The largest szx whose blocks are not over `bytes`; 0 for less than 16. */
uint8_t sally_coap_block_szx(size_t bytes);

/* First byte of the block in its body. */
size_t sally_coap_block_offset(const struct sally_coap_block *b);

/* The option's value as a number. */
uint32_t sally_coap_block_value(const struct sally_coap_block *b);

/* Reads option `number` of a list. NOT_FOUND; MALFORMED: over 3 bytes or
 * szx 7.                                                                    */
enum sally_err
sally_coap_block_read(struct sally_span options, uint16_t number,
                      struct sally_coap_block *out) SALLY_MUST_USE;

/* The part of `body` that block `b` holds; sets `b->more`. Empty if the block
 * begins past the end.                                                      */
struct sally_span sally_coap_block_cut(struct sally_span body,
                                       struct sally_coap_block *b);

#endif
