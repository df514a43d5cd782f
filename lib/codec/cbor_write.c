/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/cbor_write.c - writing CBOR through libcbor's encoders. */
#include "codec/cbor.h"

#include <cbor.h>
#include <math.h>

#define HEAD_MAX 9 /* bytes: one, and eight of a number */

static void put_head(struct sally_writer *w, const uint8_t head[HEAD_MAX],
                     size_t len)
{
    sally_put(w, (struct sally_span){ head, len });
}

void sally_put_cbor_unsigned(struct sally_writer *w, uint64_t n)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_uint(n, head, sizeof(head)));
}

void sally_put_cbor_integer(struct sally_writer *w, int64_t n)
{
    uint8_t head[HEAD_MAX];

    if (n >= 0) {
        sally_put_cbor_unsigned(w, (uint64_t)n);
        return;
    }
    put_head(w, head,
             cbor_encode_negint((uint64_t)-(n + 1), head, sizeof(head)));
}

void sally_put_cbor_bytes(struct sally_writer *w, struct sally_span bytes)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head,
             cbor_encode_bytestring_start(bytes.len, head, sizeof(head)));
    sally_put(w, bytes);
}

void sally_put_cbor_text(struct sally_writer *w, struct sally_span text)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_string_start(text.len, head, sizeof(head)));
    sally_put(w, text);
}

void sally_put_cbor_array(struct sally_writer *w, size_t items)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_array_start(items, head, sizeof(head)));
}

void sally_put_cbor_map(struct sally_writer *w, size_t pairs)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_map_start(pairs, head, sizeof(head)));
}

void sally_put_cbor_boolean(struct sally_writer *w, bool b)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_bool(b, head, sizeof(head)));
}

void sally_put_cbor_null(struct sally_writer *w)
{
    uint8_t head[HEAD_MAX];

    put_head(w, head, cbor_encode_null(head, sizeof(head)));
}

/* Zero, infinity, NaN, and what has 11 significant bits and an exponent of
 * -14 to 15. Smaller numbers have a half form too, but the encoder rounds
 * them.                                                                     */
static bool fits_half(double n)
{
    int exponent;
    double part = frexp(n, &exponent);

    if (!isfinite(n) || part == 0)
        return true;
    part *= 2048;
    return exponent >= -13 && exponent <= 16 && part == floor(part);
}

static bool fits_single(double n)
{
    return fabs(n) <= 3.4028234663852886e38 && (double)(float)n == n;
}

void sally_put_cbor_real(struct sally_writer *w, double n)
{
    uint8_t head[HEAD_MAX];
    size_t len;

    if (fits_half(n))
        len = cbor_encode_half((float)n, head, sizeof(head));
    else if (fits_single(n))
        len = cbor_encode_single((float)n, head, sizeof(head));
    else
        len = cbor_encode_double(n, head, sizeof(head));
    put_head(w, head, len);
}
