/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/base64.c - three bytes to four characters and back. */
#include "codec/base64.h"

#define NO_DIGIT 64u

/* The two characters in which the alphabets differ: values 62 and 63. */
struct alphabet {
    uint8_t last[2];
    bool padded;
};

static const struct alphabet ordinary = { { '+', '/' }, true };
static const struct alphabet url_safe = { { '-', '_' }, false };

static uint8_t character(const struct alphabet *a, uint32_t digit)
{
    if (digit < 26)
        return (uint8_t)('A' + digit);
    if (digit < 52)
        return (uint8_t)('a' + (digit - 26));
    if (digit < 62)
        return (uint8_t)('0' + (digit - 52));
    return a->last[digit - 62];
}

static uint32_t digit_of(const struct alphabet *a, uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)c - 'A';
    if (c >= 'a' && c <= 'z')
        return (uint32_t)c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)c - '0' + 52;
    if (c == a->last[0])
        return 62;
    return c == a->last[1] ? 63 : NO_DIGIT;
}

/* One group: 1 to 3 bytes become 2 to 4 characters. */
static void put_group(struct sally_writer *w, const struct alphabet *a,
                      struct sally_span group)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < group.len ? group.at[i] : 0u);
    for (size_t i = 0; i < 4; i++) {
        if (i <= group.len)
            sally_put_u8(w, character(a, bits >> (18 - 6 * i) & 63));
        else if (a->padded)
            sally_put_u8(w, '=');
    }
}

static void put_all(struct sally_writer *w, const struct alphabet *a,
                    struct sally_span bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3)
        put_group(w, a, sally_span_sub(bytes, i, 3));
}

void sally_put_base64(struct sally_writer *w, struct sally_span bytes)
{
    put_all(w, &ordinary, bytes);
}

void sally_put_base64url(struct sally_writer *w, struct sally_span bytes)
{
    put_all(w, &url_safe, bytes);
}

/* Cuts the padding off; false if it is wrong or missing where it must be. */
static bool strip_padding(const struct alphabet *a, struct sally_span *text)
{
    size_t whole = text->len, pads = 0;

    for (; pads < 2 && text->len != 0 && text->at[text->len - 1] == '='; pads++)
        text->len--;
    if (pads != 0 || a->padded)
        return whole % 4 == 0;
    return text->len % 4 != 1;
}

/* 2 to 4 characters become 1 to 3 bytes; false for a foreign character or a
 * bit that belongs to no byte.                                              */
static bool take_group(struct sally_writer *w, const struct alphabet *a,
                       struct sally_span group)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t digit = i < group.len ? digit_of(a, group.at[i]) : 0;

        if (digit == NO_DIGIT)
            return false;
        bits = bits << 6 | digit;
    }
    for (size_t i = 0; i + 1 < group.len; i++)
        sally_put_u8(w, (uint8_t)(bits >> (16 - 8 * i)));
    return (bits & (0xffffffu >> (8 * (group.len - 1)))) == 0;
}

static enum sally_err take_all(const struct alphabet *a, struct sally_span text,
                               struct sally_buf *out)
{
    size_t before = out->len;
    struct sally_writer w = sally_writer_into(out);
    bool good = strip_padding(a, &text);

    for (size_t i = 0; good && !w.failed && i < text.len; i += 4)
        good = take_group(&w, a, sally_span_sub(text, i, 4));
    if (good && !w.failed)
        return SALLY_E_OK;
    out->len = before;
    return good ? SALLY_E_NO_ROOM : SALLY_E_MALFORMED;
}

enum sally_err sally_base64_decode(struct sally_span text,
                                   struct sally_buf *out)
{
    return take_all(&ordinary, text, out);
}

enum sally_err sally_base64url_decode(struct sally_span text,
                                      struct sally_buf *out)
{
    return take_all(&url_safe, text, out);
}
