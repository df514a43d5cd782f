/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/decoders/decode.h - one payload, one selector, one value: what the
 * rows of the decoders' tests are, and what runs them.                      */
#ifndef SALLY_TEST_DECODERS_DECODE_H
#define SALLY_TEST_DECODERS_DECODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "decoders/decoder.h"

struct row {
    const char *what, *payload, *selector;
    const struct sally_config_map *map; /* format and layout */
    enum sally_err opened, selected;
    enum sally_lwm2m_type type;
    const char *text; /* the value as plain text */
};

static inline bool is_typed(enum sally_payload_format f)
{
    return f != SALLY_PAYLOAD_TEXT && f != SALLY_PAYLOAD_FORM &&
           f != SALLY_PAYLOAD_CSV;
}

static inline void check_value(const struct row *r,
                               const struct sally_decoded *got)
{
    uint8_t room[64];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    if (got->value.type != r->type || got->typed != is_typed(r->map->format) ||
        sally_value_put_text(&w, &got->value) != SALLY_E_OK ||
        !sally_span_is(sally_buf_span(&out), r->text))
        fail_msg("%s: got %s \"%.*s\"", r->what,
                 sally_type_name(got->value.type), (int)out.len,
                 (const char *)room);
}

static inline void decode(const struct row *r, struct sally_span payload)
{
    const struct sally_decoder *d = sally_decoder_of(r->map->format);
    struct sally_decoder_state s;
    struct sally_decoded got = { .typed = false };
    enum sally_err e = d->open(payload, r->map, &s);

    if (e != r->opened)
        fail_msg("%s: opened: %s", r->what, sally_err_text(e));
    if (e != SALLY_E_OK)
        return;
    e = d->select(&s, r->selector, &got);
    if (e != r->selected)
        fail_msg("%s: selected: %s", r->what, sally_err_text(e));
    if (e == SALLY_E_OK)
        check_value(r, &got);
    d->close(&s);
}

static inline void decode_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        decode(&rows[i], sally_span_of(rows[i].payload));
}

/* Payloads are hexadecimal here, and end where their memory does. */
static inline void decode_hex_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(rows[i].payload) / 2;
        uint8_t *bytes = malloc(len == 0 ? 1 : len);
        struct sally_buf out = { bytes, 0, len };

        assert_non_null(bytes);
        assert_int_equal(sally_text_hex(sally_span_of(rows[i].payload), &out),
                         SALLY_E_OK);
        decode(&rows[i], sally_buf_span(&out));
        free(bytes);
    }
}

#endif
