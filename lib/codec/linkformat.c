/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/linkformat.c - CoRE links to and from text. RFC 6690 s.2. */
#include "codec/linkformat.h"

struct sally_links sally_links_into(struct sally_buf *out)
{
    return (struct sally_links){ sally_writer_into(out), false };
}

void sally_put_link(struct sally_links *l, const char *target)
{
    sally_put_text(&l->out, l->begun ? ",<" : "<");
    sally_put_text(&l->out, target);
    sally_put_u8(&l->out, '>');
    l->begun = true;
}

void sally_put_attribute(struct sally_links *l, const char *name,
                         const char *value)
{
    sally_put_u8(&l->out, ';');
    sally_put_text(&l->out, name);
    if (value == NULL)
        return;
    sally_put_u8(&l->out, '=');
    sally_put_text(&l->out, value);
}

void sally_put_quoted(struct sally_links *l, const char *name,
                      struct sally_span value)
{
    sally_put_attribute(l, name, "\"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            sally_put_u8(&l->out, '\\');
        sally_put_u8(&l->out, value.at[i]);
    }
    sally_put_u8(&l->out, '"');
}

enum sally_err sally_links_end(const struct sally_links *l)
{
    return sally_writer_end(&l->out);
}

static bool fail(struct sally_cursor *c)
{
    c->failed = true;
    return false;
}

static bool next_is(const struct sally_cursor *c, uint8_t wanted)
{
    return c->rest.len != 0 && sally_peek_u8(c) == wanted;
}

static void skip_spaces(struct sally_cursor *c)
{
    while (next_is(c, ' ') || next_is(c, '\t') || next_is(c, '\r') ||
           next_is(c, '\n'))
        (void)sally_take_u8(c);
}

/* Names and unquoted values end where the next piece begins. */
static struct sally_span take_token(struct sally_cursor *c, bool name)
{
    struct sally_span from = c->rest;

    while (c->rest.len != 0 && !next_is(c, ';') && !next_is(c, ',') &&
           !next_is(c, '"') && !(name && next_is(c, '=')))
        (void)sally_take_u8(c);
    return sally_span_sub(from, 0, from.len - c->rest.len);
}

/* The text between quotes, its escapes as they stand. */
static bool take_quoted(struct sally_cursor *c, struct sally_span *value)
{
    struct sally_span from;

    (void)sally_take_u8(c);
    from = c->rest;
    while (!c->failed && !next_is(c, '"'))
        if (sally_take_u8(c) == '\\')
            (void)sally_take_u8(c);
    *value = sally_span_sub(from, 0, from.len - c->rest.len);
    (void)sally_take_u8(c);
    return !c->failed;
}

/* ";name", ";name=token" or ";name="text"". */
static bool take_attribute(struct sally_cursor *c, struct sally_span *name,
                           struct sally_span *value)
{
    *value = (struct sally_span){ NULL, 0 };
    if (sally_take_u8(c) != ';')
        return fail(c);
    *name = take_token(c, true);
    if (name->len == 0 || next_is(c, '"'))
        return fail(c);
    if (!next_is(c, '='))
        return true;
    (void)sally_take_u8(c);
    if (next_is(c, '"'))
        return take_quoted(c, value);
    *value = take_token(c, false);
    return (value->len != 0 && !next_is(c, '"')) || fail(c);
}

static bool take_target(struct sally_cursor *c, struct sally_span *target)
{
    struct sally_span from;

    skip_spaces(c);
    if (sally_take_u8(c) != '<')
        return fail(c);
    from = c->rest;
    while (!c->failed && !next_is(c, '>'))
        (void)sally_take_u8(c);
    *target = sally_span_sub(from, 0, from.len - c->rest.len);
    (void)sally_take_u8(c);
    return !c->failed;
}

bool sally_take_link(struct sally_cursor *c, struct sally_span *target,
                     struct sally_span *attributes)
{
    struct sally_span from, name, value;

    if (c->failed || c->rest.len == 0 || !take_target(c, target))
        return false;
    from = c->rest;
    while (next_is(c, ';'))
        if (!take_attribute(c, &name, &value))
            return false;
    *attributes = sally_span_sub(from, 0, from.len - c->rest.len);
    if (c->rest.len == 0)
        return true;
    if (sally_take_u8(c) != ',' || c->rest.len == 0)
        return fail(c);
    return true;
}

bool sally_link_attribute(struct sally_span attributes, const char *name,
                          struct sally_span *value)
{
    struct sally_cursor c = sally_cursor_over(attributes);
    struct sally_span found, text;

    while (c.rest.len != 0 && take_attribute(&c, &found, &text))
        if (sally_span_is(found, name)) {
            *value = text;
            return true;
        }
    return false;
}
