/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/cbor.c - reading CBOR through libcbor's stream decoder, which
 * decodes one head at a time and keeps nothing.                             */
#include "codec/cbor.h"

#include "base/text.h"

#include <cbor.h>

/* What one call of the decoder found. */
enum found { FOUND_ITEM, FOUND_TAG, FOUND_BREAK, FOUND_CHUNKS };

struct head {
    enum found found;
    bool open; /* array or map without a length */
    struct sally_cbor_item item;
};

static void on_unsigned(void *at, uint64_t n)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_UNSIGNED;
    h->item.number = n;
}

static void on_uint8(void *at, uint8_t n)
{
    on_unsigned(at, n);
}

static void on_uint16(void *at, uint16_t n)
{
    on_unsigned(at, n);
}

static void on_uint32(void *at, uint32_t n)
{
    on_unsigned(at, n);
}

static void on_negative(void *at, uint64_t n)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_NEGATIVE;
    h->item.number = n;
}

static void on_negint8(void *at, uint8_t n)
{
    on_negative(at, n);
}

static void on_negint16(void *at, uint16_t n)
{
    on_negative(at, n);
}

static void on_negint32(void *at, uint32_t n)
{
    on_negative(at, n);
}

static void on_bytes(void *at, cbor_data bytes, size_t len)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_BYTES;
    h->item.bytes = (struct sally_span){ bytes, len };
}

static void on_text(void *at, cbor_data bytes, size_t len)
{
    struct head *h = at;

    on_bytes(at, bytes, len);
    h->item.type = SALLY_CBOR_TEXT;
}

static void on_chunks(void *at)
{
    struct head *h = at;

    h->found = FOUND_CHUNKS;
}

static void on_array(void *at, size_t count)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_ARRAY;
    h->item.number = count;
}

static void on_open_array(void *at)
{
    struct head *h = at;

    on_array(at, 0);
    h->open = true;
}

static void on_map(void *at, size_t count)
{
    struct head *h = at;

    on_array(at, count);
    h->item.type = SALLY_CBOR_MAP;
}

static void on_open_map(void *at)
{
    struct head *h = at;

    on_map(at, 0);
    h->open = true;
}

static void on_tag(void *at, uint64_t tag)
{
    struct head *h = at;

    (void)tag;
    h->found = FOUND_TAG;
}

static void on_double(void *at, double n)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_REAL;
    h->item.real = n;
}

static void on_float(void *at, float n)
{
    on_double(at, (double)n);
}

static void on_null(void *at)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_NULL;
}

static void on_boolean(void *at, bool b)
{
    struct head *h = at;

    h->item.type = SALLY_CBOR_BOOLEAN;
    h->item.boolean = b;
}

static void on_break(void *at)
{
    struct head *h = at;

    h->found = FOUND_BREAK;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_unsigned,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negative,
    .byte_string_start = on_chunks,
    .byte_string = on_bytes,
    .string_start = on_chunks,
    .string = on_text,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_boolean,
    .indef_break = on_break,
};

struct sally_cbor sally_cbor_over(struct sally_span s)
{
    return (struct sally_cbor){ .in = sally_cursor_over(s) };
}

static bool fail(struct sally_cbor *c, enum sally_err e)
{
    c->error = e;
    return false;
}

/* One head off the input. */
static bool take_head(struct sally_cbor *c, struct head *h)
{
    struct cbor_decoder_result r;

    *h = (struct head){ .found = FOUND_ITEM };
    if (c->in.rest.len == 0)
        return fail(c, SALLY_E_TRUNCATED);
    r = cbor_stream_decode(c->in.rest.at, c->in.rest.len, &callbacks, h);
    if (r.status == CBOR_DECODER_NEDATA)
        return fail(c, SALLY_E_TRUNCATED);
    if (r.status != CBOR_DECODER_FINISHED)
        return fail(c, SALLY_E_MALFORMED);
    (void)sally_take(&c->in, r.read);
    return h->found != FOUND_CHUNKS || fail(c, SALLY_E_UNSUPPORTED);
}

/* Steps over tags, which stand in front of the item that they belong to. */
static bool take_untagged(struct sally_cbor *c, struct head *h)
{
    bool tagged = false;

    while (take_head(c, h)) {
        if (h->found == FOUND_TAG)
            tagged = true;
        else if (h->found == FOUND_BREAK && tagged)
            return fail(c, SALLY_E_MALFORMED);
        else
            return true;
    }
    return false;
}

/* Opens a level for an array or map. Each item takes a byte at least, so a
 * count beyond what is left is a lie.                                       */
static bool open_level(struct sally_cbor *c, const struct head *h)
{
    bool map = h->item.type == SALLY_CBOR_MAP;

    if (h->item.number > c->in.rest.len / (map ? 2 : 1))
        return fail(c, SALLY_E_TRUNCATED);
    if (c->depth == SALLY_LEN(c->levels))
        return fail(c, SALLY_E_TOO_LARGE);
    c->levels[c->depth++] = (struct sally_cbor_level){
        .left = h->item.number * (map ? 2 : 1), .open = h->open, .map = map
    };
    return true;
}

/* Notes that an item of the innermost level was begun. */
static void count_item(struct sally_cbor *c)
{
    struct sally_cbor_level *level;

    c->begun = true;
    if (c->depth == 0)
        return;
    level = &c->levels[c->depth - 1];
    level->odd = !level->odd;
    if (!level->open)
        level->left--;
}

static bool take_break(struct sally_cbor *c, struct sally_cbor_item *out)
{
    const struct sally_cbor_level *level;

    if (c->depth == 0)
        return fail(c, SALLY_E_MALFORMED);
    level = &c->levels[c->depth - 1];
    if (!level->open || (level->map && level->odd))
        return fail(c, SALLY_E_MALFORMED);
    c->depth--;
    *out = (struct sally_cbor_item){ .type = SALLY_CBOR_END };
    return true;
}

/* True when the innermost level has had all its items. */
static bool level_ends(const struct sally_cbor *c)
{
    return c->depth != 0 && !c->levels[c->depth - 1].open &&
           c->levels[c->depth - 1].left == 0;
}

bool sally_cbor_next(struct sally_cbor *c, struct sally_cbor_item *out)
{
    struct head h;

    if (c->error != SALLY_E_OK || (c->begun && c->depth == 0))
        return false;
    if (level_ends(c)) {
        c->depth--;
        *out = (struct sally_cbor_item){ .type = SALLY_CBOR_END };
        return true;
    }
    if (!take_untagged(c, &h))
        return false;
    if (h.found == FOUND_BREAK)
        return take_break(c, out);
    count_item(c);
    if (h.item.type == SALLY_CBOR_TEXT && !sally_text_is_utf8(h.item.bytes))
        return fail(c, SALLY_E_MALFORMED);
    if ((h.item.type == SALLY_CBOR_ARRAY || h.item.type == SALLY_CBOR_MAP) &&
        !open_level(c, &h))
        return false;
    *out = h.item;
    return true;
}

bool sally_cbor_skip(struct sally_cbor *c, const struct sally_cbor_item *item)
{
    size_t outside = c->depth - 1;
    struct sally_cbor_item skipped;

    if (item->type != SALLY_CBOR_ARRAY && item->type != SALLY_CBOR_MAP)
        return c->error == SALLY_E_OK;
    while (c->depth > outside)
        if (!sally_cbor_next(c, &skipped))
            return false;
    return true;
}

enum sally_err sally_cbor_end(const struct sally_cbor *c)
{
    if (c->error != SALLY_E_OK)
        return c->error;
    if (!c->begun || c->depth != 0)
        return SALLY_E_TRUNCATED;
    return c->in.rest.len == 0 ? SALLY_E_OK : SALLY_E_MALFORMED;
}
