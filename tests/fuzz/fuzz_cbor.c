/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_cbor.c - promises of the CBOR reader: spans lie in the
 * input, arrays and maps end as often as they begin, skipping an item ends
 * where reading it does, and a single item is written to be read the same.  */
#include "codec/cbor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes an item that holds no others; false if it does. */
static bool put(struct sally_writer *w, const struct sally_cbor_item *item)
{
    switch (item->type) {
    case SALLY_CBOR_UNSIGNED:
        sally_put_cbor_unsigned(w, item->number);
        return true;
    case SALLY_CBOR_NEGATIVE:
        if (item->number > INT64_MAX)
            return false;
        sally_put_cbor_integer(w, -1 - (int64_t)item->number);
        return true;
    case SALLY_CBOR_BYTES:
        sally_put_cbor_bytes(w, item->bytes);
        return true;
    case SALLY_CBOR_TEXT:
        sally_put_cbor_text(w, item->bytes);
        return true;
    case SALLY_CBOR_BOOLEAN:
        sally_put_cbor_boolean(w, item->boolean);
        return true;
    case SALLY_CBOR_NULL:
        sally_put_cbor_null(w);
        return true;
    case SALLY_CBOR_REAL:
        sally_put_cbor_real(w, item->real);
        return true;
    case SALLY_CBOR_ARRAY:
    case SALLY_CBOR_MAP:
    case SALLY_CBOR_END:
        break;
    }
    return false;
}

static bool same(const struct sally_cbor_item *a,
                 const struct sally_cbor_item *b)
{
    bool nan = a->real != a->real && b->real != b->real;

    return a->type == b->type && a->number == b->number &&
           a->boolean == b->boolean && (nan || a->real == b->real) &&
           sally_span_equal(a->bytes, b->bytes);
}

static void check_single(const struct sally_cbor_item *item)
{
    static uint8_t room[8192];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_cbor_item again;
    struct sally_cbor c;

    if (!put(&w, item))
        return;
    c = sally_cbor_over(sally_buf_span(&out));
    if (w.failed || !sally_cbor_next(&c, &again) || !same(item, &again) ||
        sally_cbor_end(&c) != SALLY_E_OK)
        abort();
}

static void check_skip(struct sally_span in, enum sally_err want)
{
    struct sally_cbor c = sally_cbor_over(in);
    struct sally_cbor_item item;

    if (sally_cbor_next(&c, &item))
        (void)sally_cbor_skip(&c, &item);
    if (sally_cbor_end(&c) != want)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_span in = { data, size };
    struct sally_cbor c = sally_cbor_over(in);
    struct sally_cbor_item item;
    size_t begun = 0, ended = 0, items = 0;

    if (size > 4096)
        return 0;
    while (sally_cbor_next(&c, &item)) {
        if (item.bytes.len != 0 &&
            (item.bytes.at < data ||
             item.bytes.at + item.bytes.len > data + size))
            abort();
        begun += item.type == SALLY_CBOR_ARRAY || item.type == SALLY_CBOR_MAP;
        ended += item.type == SALLY_CBOR_END;
        if (++items > 2 * size || begun - ended > SALLY_CBOR_DEPTH_MAX)
            abort();
        check_single(&item);
    }
    if (sally_cbor_end(&c) == SALLY_E_OK && begun != ended)
        abort();
    check_skip(in, sally_cbor_end(&c));
    return 0;
}
