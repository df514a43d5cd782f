/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/csv.c - "21.5;48;ok": values by their column. RFC 4180, with
 * any separator; a value in quotes has no quote in it.                      */
#include "base/text.h"
#include "config/selector.h"
#include "decoders/decoder.h"

#include <string.h>

static bool is_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* Loggers send their names of columns before, and older lines: the last line
 * counts.                                                                   */
static struct sally_span last_line(struct sally_span s)
{
    while (s.len != 0 && is_end(s.at[s.len - 1]))
        s.len--;
    for (size_t i = s.len; i > 0; i--)
        if (is_end(s.at[i - 1]))
            return sally_span_sub(s, i, s.len);
    return s;
}

static enum sally_err open_csv(struct sally_span payload,
                               const struct sally_config_map *map,
                               struct sally_decoder_state *out)
{
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    if (!sally_text_is_utf8(payload))
        return SALLY_E_MALFORMED;
    payload = last_line(payload);
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    *out = (struct sally_decoder_state){ .payload = payload,
                                         .sep = map->sep[0] };
    return SALLY_E_OK;
}

static size_t find(struct sally_span s, size_t from, char what)
{
    const uint8_t *at =
        from >= s.len ? NULL : memchr(s.at + from, what, s.len - from);

    return at == NULL ? s.len : (size_t)(at - s.at);
}

/* Takes the first field, and the separator after it, off `rest`. */
static enum sally_err take_field(struct sally_span *rest, char sep,
                                 struct sally_span *field)
{
    bool quoted = rest->len != 0 && rest->at[0] == '"';
    size_t end = quoted ? find(*rest, 1, '"') : find(*rest, 0, sep);
    size_t after = quoted ? end + 1 : end;

    if (quoted && (end == rest->len ||
                   (after < rest->len && rest->at[after] != (uint8_t)sep)))
        return SALLY_E_MALFORMED;
    *field = quoted ? sally_span_sub(*rest, 1, end - 1)
                    : sally_text_trim(sally_span_sub(*rest, 0, end));
    *rest = sally_span_sub(*rest, after + 1, rest->len);
    return SALLY_E_OK;
}

/* An empty field is one that the logger had nothing for. */
static enum sally_err select_csv(const struct sally_decoder_state *state,
                                 const char *selector,
                                 struct sally_decoded *out)
{
    struct sally_span rest = state->payload, field = { NULL, 0 };
    size_t column;

    if (!sally_csv_selector_parse(selector, &column))
        return SALLY_E_NOT_FOUND;
    for (size_t i = 0; i <= column; i++) {
        enum sally_err e = SALLY_E_NOT_FOUND;

        if (rest.len != 0)
            e = take_field(&rest, state->sep, &field);
        if (e != SALLY_E_OK)
            return e;
    }
    if (field.len == 0)
        return SALLY_E_NOT_FOUND;
    out->value = sally_value_text(field);
    out->typed = false;
    return SALLY_E_OK;
}

static void close_csv(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_csv = { "csv", open_csv, select_csv,
                                                 close_csv };
