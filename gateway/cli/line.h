/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/line.h - one line of output, put together and made harmless:
 * what a sensor said must not move a terminal's cursor.                     */
#ifndef SALLY_CLI_LINE_H
#define SALLY_CLI_LINE_H

#include <stdio.h>

#include "base/writer.h"
#include "codec/json.h"

#define SALLY_LINE_MAX 8192 /* bytes; the rest is cut */

/* Freed by sally_line_end(). */
struct sally_line {
    struct sally_buf *buf;
    struct sally_writer w;
};

struct sally_line sally_line_begin(void);

/* Prints the line with a line break. */
void sally_line_end(struct sally_line *l, FILE *out);

/* Prints text with '?' for control characters (U+0000 to U+001F, U+007F to
 * U+009F). Returns how many columns it took, one for each character.        */
size_t sally_print_clean(FILE *out, struct sally_span text);

/* The same, cut or filled with spaces to `width` columns. */
void sally_print_column(FILE *out, struct sally_span text, size_t width);

#endif
