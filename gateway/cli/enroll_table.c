/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_table.c - what is asked for: streams of text, and a table
 * of sensors in one.                                                        */
#include "cli/enroll.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

#define INPUT_MAX (8u << 20) /* bytes of a table, and of a template */

static bool fail(FILE *err, const char *what, const char *why)
{
    fprintf(err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

bool sally_enroll_text(FILE *f, const char *name, struct sally_arena *arena,
                       struct sally_span *out, FILE *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *copy = open_memstream(&text, &len);
    int c = 0;

    while (copy != NULL && len < INPUT_MAX && (c = getc(f)) != EOF) {
        putc(c, copy);
        if (c == '\n')
            (void)fflush(copy);
    }
    if (copy == NULL || fclose(copy) != 0 || ferror(f) || c != EOF) {
        free(text);
        return fail(err, name, c != EOF ? "is larger than 8 MiB"
                                        : "cannot be read");
    }
    if (memchr(text, 0, len) != NULL) {
        free(text);
        return fail(err, name, "holds a zero byte: expected text in UTF-8");
    }
    *out = sally_span_of(sally_arena_text(
        arena, (struct sally_span){ (uint8_t *)text, len }));
    free(text);
    return true;
}

/* The cells of a line, without quotes; SIZE_MAX: too many, or quoted. */
static size_t take_cells(struct sally_span line, struct sally_span *cells)
{
    struct sally_cursor c = sally_cursor_over(line);
    size_t count = 0;
    bool more = true;

    while (more) {
        struct sally_span rest = c.rest, cell = sally_take_until(&c, ',');

        if (count == SALLY_COLUMNS_MAX)
            return SIZE_MAX;
        more = cell.len < rest.len; /* a comma follows */
        cells[count] = sally_text_trim(cell);
        for (size_t i = 0; i < cells[count].len; i++)
            if (cells[count].at[i] == '"' || cells[count].at[i] < ' ')
                return SIZE_MAX;
        count++;
    }
    return count;
}

/* What a key of the configuration looks like; it is written as it is. */
static bool is_name(struct sally_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((name.at[i] < 'a' || name.at[i] > 'z') && name.at[i] != '_')
            return false;
    return name.len != 0;
}

/* SIZE_MAX: there is none, or another one is no name. */
static size_t find_id(const struct sally_span *names, size_t count)
{
    size_t id = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        if (!is_name(names[i]))
            return SIZE_MAX;
        if (sally_span_is(names[i], "id"))
            id = i;
    }
    return id;
}

/* Some programs mark a table as UTF-8 by this. */
static struct sally_span skip_mark(struct sally_span text)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

    if (text.len >= sizeof(mark) && memcmp(text.at, mark, sizeof(mark)) == 0)
        return sally_span_sub(text, sizeof(mark), text.len);
    return text;
}

static bool blame_line(FILE *err, unsigned number, const char *what)
{
    fprintf(err, "sallyportctl: standard input:%u: %s\n", number, what);
    return false;
}

bool sally_enroll_table(struct sally_span text, sally_enroll_row *each,
                        void *owner, FILE *err)
{
    struct sally_cursor c = sally_cursor_over(skip_mark(text));
    struct sally_span names[SALLY_COLUMNS_MAX], cells[SALLY_COLUMNS_MAX];
    size_t columns = take_cells(sally_take_until(&c, '\n'), names);
    size_t id = columns == SIZE_MAX ? SIZE_MAX : find_id(names, columns);
    unsigned number = 1;
    bool any = false;

    if (id == SIZE_MAX)
        return blame_line(err, 1, "expected the names of up to 16 columns, one "
                                  "of them id, separated by commas");
    while (c.rest.len != 0) {
        struct sally_span line = sally_text_trim(sally_take_until(&c, '\n'));

        number++;
        if (line.len == 0)
            continue;
        if (take_cells(line, cells) != columns || cells[id].len == 0)
            return blame_line(err, number, "expected as many values as the "
                                           "first line has names, without "
                                           "quotes");
        if (!each(owner, cells[id], names, cells, columns))
            return false;
        any = true;
    }
    return any || blame_line(err, number, "expected a sensor");
}
