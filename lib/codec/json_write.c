/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/json_write.c - JSON strings and numbers, appended to a buf. */
#include "codec/json.h"

#include "base/text.h"

#include <math.h>

static void put_character(struct sally_writer *w, uint8_t c)
{
    if (c == '"' || c == '\\')
        sally_put_u8(w, '\\');
    if (c >= 0x20)
        sally_put_u8(w, c);
    else if (c == '\n')
        sally_put_text(w, "\\n");
    else
        sally_put_format(w, "\\u%04x", (unsigned)c);
}

void sally_put_json_string(struct sally_writer *w, struct sally_span text)
{
    sally_put_u8(w, '"');
    for (size_t i = 0; i < text.len; i++)
        put_character(w, text.at[i]);
    sally_put_u8(w, '"');
}

void sally_put_json_real(struct sally_writer *w, double n)
{
    char text[SALLY_REAL_TEXT];

    if (!isfinite(n)) {
        w->failed = true;
        return;
    }
    (void)sally_text_from_real(n, text);
    sally_put_text(w, text);
}
