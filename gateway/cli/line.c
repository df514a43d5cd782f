/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/line.c - prints text that somebody else chose. */
#include "cli/line.h"

#include <stdlib.h>

#include "base/cursor.h"

struct sally_line sally_line_begin(void)
{
    struct sally_buf *buf = calloc(1, sizeof(*buf) + SALLY_LINE_MAX);
    struct sally_line l = { buf, sally_writer_into(buf) };

    if (buf == NULL)
        abort(); /* a command that cannot print one line has no use */
    *buf = (struct sally_buf){ (uint8_t *)&buf[1], 0, SALLY_LINE_MAX };
    return l;
}

void sally_line_end(struct sally_line *l, FILE *out)
{
    sally_print_clean(out, sally_buf_span(l->buf));
    fputc('\n', out);
    free(l->buf);
    l->buf = NULL;
}

static bool continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* One character: its bytes, or '?' for one that a terminal would obey. */
static struct sally_span take_character(struct sally_cursor *c)
{
    static const uint8_t unknown[] = { '?' };
    struct sally_span rest = c->rest;
    uint8_t first = sally_take_u8(c);
    size_t len = 1;

    while (first >= 0xc0 && c->rest.len != 0 && len < 4 &&
           continues(sally_peek_u8(c))) {
        (void)sally_take_u8(c);
        len++;
    }
    if (first < ' ' || first == 127 || continues(first) ||
        (first == 0xc2 && len == 2 && rest.at[1] < 0xa0))
        return (struct sally_span){ unknown, 1 };
    return sally_span_sub(rest, 0, len);
}

static size_t print(FILE *out, struct sally_span text, size_t width)
{
    struct sally_cursor c = sally_cursor_over(text);
    size_t columns = 0;

    while (c.rest.len != 0 && columns < width) {
        struct sally_span one = take_character(&c);

        fwrite(one.at, 1, one.len, out);
        columns++;
    }
    return columns;
}

size_t sally_print_clean(FILE *out, struct sally_span text)
{
    return print(out, text, SIZE_MAX);
}

void sally_print_column(FILE *out, struct sally_span text, size_t width)
{
    size_t columns = print(out, text, width);

    for (; columns < width; columns++)
        fputc(' ', out);
}
