/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/template.c - putting words into a template. */
#include "ingress/template.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "codec/json.h"

/* Where the next byte of a template stands. */
struct place {
    bool quoted; /* inside a JSON string of the template */
    bool escape; /* behind a backslash of such a string */
    bool json;   /* the template is JSON */
    bool alone;  /* the template is one token */
};

static bool is_token(struct sally_span s, struct sally_span *token)
{
    static const char *const names[] = { "{value}", "{arguments}" };

    for (size_t i = 0; i < SALLY_LEN(names); i++) {
        *token = sally_span_of(names[i]);
        if (sally_span_starts(s, *token))
            return true;
    }
    return false;
}

static struct place place_at_start(struct sally_span text)
{
    struct sally_span token, id = sally_span_of("{id}");
    struct place p = { .json = false };

    p.alone = is_token(text, &token) && token.len == text.len;
    if (text.len != 0 && text.at[0] == '{')
        p.json = !is_token(text, &token) && !sally_span_starts(text, id);
    if (text.len != 0 && text.at[0] == '[')
        p.json = true;
    return p;
}

static void pass(struct place *p, uint8_t byte)
{
    if (p->escape)
        p->escape = false;
    else if (p->quoted && byte == '\\')
        p->escape = true;
    else if (byte == '"')
        p->quoted = !p->quoted;
}

static bool has_control(struct sally_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

/* The JSON string without its quotes: written whole into what is left of the
 * output and moved to the front by the width of a quote.                    */
static void put_escaped(struct sally_writer *w, struct sally_span s)
{
    size_t start = w->out->len;

    sally_put_json_string(w, s);
    if (w->failed)
        return;
    for (size_t i = start; i + 2 < w->out->len; i++)
        w->out->at[i] = w->out->at[i + 1];
    w->out->len -= 2;
}

static enum sally_err put_value(struct sally_writer *w, const struct place *p,
                                const struct sally_template_words *words)
{
    bool bare = p->alone || (!p->quoted && !words->is_text);

    if (!bare && p->quoted)
        put_escaped(w, words->value);
    else if (!bare && p->json)
        sally_put_json_string(w, words->value);
    else if (!bare && has_control(words->value))
        return SALLY_E_OUT_OF_RANGE;
    else
        sally_put(w, words->value);
    return sally_writer_end(w);
}

enum sally_err sally_template_render(const char *text,
                                     const struct sally_template_words *words,
                                     struct sally_buf *out)
{
    struct sally_cursor c = sally_cursor_over(sally_span_of(text));
    struct sally_writer w = sally_writer_into(out);
    struct sally_span token, id = sally_span_of("{id}");
    struct place p = place_at_start(c.rest);
    enum sally_err e = SALLY_E_OK;

    while (c.rest.len != 0 && e == SALLY_E_OK) {
        if (sally_span_starts(c.rest, id)) {
            (void)sally_take(&c, id.len);
            sally_put(&w, words->id);
        } else if (is_token(c.rest, &token)) {
            (void)sally_take(&c, token.len);
            e = put_value(&w, &p, words);
        } else {
            pass(&p, sally_peek_u8(&c));
            sally_put_u8(&w, sally_take_u8(&c));
        }
    }
    return e == SALLY_E_OK ? sally_writer_end(&w) : e;
}

enum sally_err sally_template_topic(const char *text, struct sally_span id,
                                    struct sally_buf *out)
{
    struct sally_cursor c = sally_cursor_over(sally_span_of(text));
    struct sally_writer w = sally_writer_into(out);
    struct sally_span token = sally_span_of("{id}");

    while (c.rest.len != 0) {
        if (sally_span_starts(c.rest, token)) {
            (void)sally_take(&c, token.len);
            sally_put(&w, id);
        } else {
            sally_put_u8(&w, sally_take_u8(&c));
        }
    }
    return sally_writer_end(&w);
}
