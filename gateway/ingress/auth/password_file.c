/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_file.c - reading one line, field by field. */
#include "ingress/auth/password_file.h"

#include "base/cursor.h"
#include "base/text.h"
#include "base/writer.h"
#include "codec/base64.h"

#define SALT_MIN 8u
#define HASH_MIN 16u
#define BASE64_ROOM 96 /* characters of the longest field */

static bool take_number(struct sally_cursor *c, const char *key, uint8_t stop,
                        unsigned min, unsigned max, unsigned *out)
{
    struct sally_span field = sally_take_until(c, stop);
    struct sally_span name = sally_span_of(key);
    uint64_t n = 0;

    if (!sally_span_starts(field, name) ||
        sally_text_uint(sally_span_sub(field, name.len, field.len), &n) !=
            SALLY_E_OK ||
        n < min || n > max)
        return false;
    *out = (unsigned)n;
    return true;
}

static bool take_cost(struct sally_span field, struct sally_scrypt *out)
{
    struct sally_cursor c = sally_cursor_over(field);

    if (!take_number(&c, "ln=", ',', 1, 20, &out->log2_n) ||
        !take_number(&c, "r=", ',', 1, 32, &out->r) ||
        !take_number(&c, "p=", ',', 1, 16, &out->p) || c.rest.len != 0)
        return false;
    return UINT64_C(128) * out->r << out->log2_n <= SALLY_PASSWORD_MEMORY_MAX;
}

/* Password files leave the padding away; the decoder wants it. */
static bool take_bytes(struct sally_span field, size_t min, uint8_t *at,
                       size_t room, size_t *len)
{
    uint8_t padded[BASE64_ROOM];
    struct sally_buf text = SALLY_BUF(padded);
    struct sally_buf out = { at, 0, room };
    struct sally_writer w = sally_writer_into(&text);

    sally_put(&w, field);
    while (text.len % 4 != 0)
        sally_put_u8(&w, '=');
    if (sally_writer_end(&w) != SALLY_E_OK ||
        sally_base64_decode(sally_buf_span(&text), &out) != SALLY_E_OK ||
        out.len < min)
        return false;
    *len = out.len;
    return true;
}

static bool take_iterations(struct sally_span field, uint32_t *out)
{
    uint64_t n = 0;

    if (sally_text_uint(field, &n) != SALLY_E_OK || n < 1 ||
        n > SALLY_PBKDF2_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

static const char *const schemes[SALLY_PASSWORD_SCHEMES] = {
    [SALLY_PASSWORD_SCRYPT] = "scrypt",
    [SALLY_PASSWORD_PBKDF2] = "7",
    [SALLY_PASSWORD_SHA512] = "6",
};

static bool take_scheme(struct sally_cursor *c, enum sally_password_scheme *out)
{
    struct sally_span word;

    if (sally_take_until(c, '$').len != 0)
        return false;
    word = sally_take_until(c, '$');
    for (unsigned i = 0; i < SALLY_PASSWORD_SCHEMES; i++)
        if (sally_span_is(word, schemes[i])) {
            *out = (enum sally_password_scheme)i;
            return true;
        }
    return false;
}

/* What stands between the scheme and the salt. */
static const char *take_effort(struct sally_cursor *c,
                               struct sally_password_line *out)
{
    if (out->scheme == SALLY_PASSWORD_SCRYPT &&
        !take_cost(sally_take_until(c, '$'), &out->cost))
        return "a cost such as ln=15,r=8,p=1 of at most 64 MiB";
    if (out->scheme == SALLY_PASSWORD_PBKDF2 &&
        !take_iterations(sally_take_until(c, '$'), &out->iterations))
        return "1 to 1048576 iterations after $7$";
    return NULL;
}

static bool name_ok(struct sally_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= 0x20 || name.at[i] == 0x7f)
            return false;
    return name.len != 0 && name.len <= SALLY_PASSWORD_NAME_MAX &&
           sally_text_is_utf8(name);
}

const char *sally_password_line_parse(struct sally_span line,
                                      struct sally_password_line *out)
{
    struct sally_cursor c = sally_cursor_over(line);
    struct sally_password_line got = { .name = sally_take_until(&c, ':') };
    const char *wrong;

    if (!name_ok(got.name))
        return "a user name of 1 to 64 characters without spaces, then ':'";
    if (!take_scheme(&c, &got.scheme))
        return "a hash that begins with $scrypt$, $7$ or $6$";
    wrong = take_effort(&c, &got);
    if (wrong != NULL)
        return wrong;
    if (!take_bytes(sally_take_until(&c, '$'), SALT_MIN, got.salt,
                    sizeof(got.salt), &got.salt_len))
        return "a salt of 8 to 64 bytes in base64";
    if (!take_bytes(sally_take_rest(&c), HASH_MIN, got.hash, sizeof(got.hash),
                    &got.hash_len))
        return "a hash of 16 to 64 bytes in base64";
    *out = got;
    return NULL;
}
