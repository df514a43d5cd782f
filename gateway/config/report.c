/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/report.c - writes the messages about a configuration. */
#include "config/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define SHOWN 48 /* bytes of a wrong text that a message repeats */

/* Text of the file, quoted; nothing that a terminal could act on. */
static void put_quoted(FILE *out, const char *text)
{
    size_t len = strlen(text);

    fputc('"', out);
    for (size_t i = 0; i < len && i < SHOWN; i++)
        fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', out);
    fputs(len > SHOWN ? "...\"" : "\"", out);
}

static void put_found(FILE *out, const config_setting_t *s)
{
    char number[SALLY_REAL_TEXT];

    switch (config_setting_type(s)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        fprintf(out, "%lld", config_setting_get_int64(s));
        return;
    case CONFIG_TYPE_FLOAT:
        sally_text_from_real(config_setting_get_float(s), number);
        fputs(number, out);
        return;
    case CONFIG_TYPE_BOOL:
        fputs(config_setting_get_bool(s) ? "true" : "false", out);
        return;
    case CONFIG_TYPE_STRING:
        put_quoted(out, config_setting_get_string(s));
        return;
    case CONFIG_TYPE_GROUP: fputs("a group { }", out); return;
    case CONFIG_TYPE_ARRAY: fputs("an array [ ]", out); return;
    default: fputs("a list ( )", out);
    }
}

static void begin(struct sally_reader *r, const char *file, unsigned line,
                  const char *key)
{
    r->bad++;
    fprintf(r->out, "%s:%u: %s: ", file, line, key);
}

static unsigned line_of(const config_setting_t *s)
{
    unsigned line = s == NULL ? 0 : (unsigned)config_setting_source_line(s);

    return line == 0 ? 1 : line; /* the root of a file has no line */
}

void sally_complain(struct sally_reader *r, const config_setting_t *s,
                    const char *key, const char *format, ...)
{
    va_list args;

    begin(r, r->file, line_of(s), key);
    va_start(args, format);
    vfprintf(r->out, format, args);
    va_end(args);
    fputc('\n', r->out);
}

void sally_expected(struct sally_reader *r, const config_setting_t *group,
                    const config_setting_t *found, const char *key,
                    const char *format, ...)
{
    va_list args;

    begin(r, r->file, line_of(found == NULL ? group : found), key);
    fputs("expected ", r->out);
    va_start(args, format);
    vfprintf(r->out, format, args);
    va_end(args);
    fputs(", got ", r->out);
    if (found == NULL)
        fputs("nothing", r->out);
    else
        put_found(r->out, found);
    fputc('\n', r->out);
}

void sally_complain_at(struct sally_reader *r, const char *file, unsigned line,
                       const char *key, const char *format, ...)
{
    va_list args;

    begin(r, file, line, key);
    va_start(args, format);
    vfprintf(r->out, format, args);
    va_end(args);
    fputc('\n', r->out);
}
