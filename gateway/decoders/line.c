/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/line.c - the line protocol of InfluxDB and Telegraf:
 *     weather,room=cellar temp=21.5,door=t,n=3i,note="wet" 1730816530000000000
 *
 * A selector is the name of a field, `@` and the name of a tag, or either
 * behind the measurement and a space. Of several lines that have it the last
 * counts. Times are not looked at. There is no escape but of what would end a
 * name, and of quotes and backslashes in text.                              */
#include "base/text.h"
#include "base/writer.h"
#include "decoders/decoder.h"

#include <stdlib.h>
#include <string.h>

#define END "\r\n"

/* What one walk over the payload looks for, and found last. */
struct search {
    struct sally_span measurement; /* empty: any */
    struct sally_span name;
    bool tag;
    bool found;
    struct sally_span value; /* as it is written */
};

/* What stands before the next of `stops`, or before the end; a backslash hides
 * the character behind it.                                                  */
static struct sally_span take_token(struct sally_cursor *c, const char *stops)
{
    size_t n = 0;

    while (n < c->rest.len && strchr(stops, c->rest.at[n]) == NULL)
        n += c->rest.at[n] == '\\' && n + 1 < c->rest.len ? 2 : 1;
    return sally_take(c, n);
}

static bool take_byte(struct sally_cursor *c, char byte)
{
    return sally_peek_u8(c) == (uint8_t)byte && sally_take_u8(c) != 0;
}

/* Text with its quotes. */
static bool take_string(struct sally_cursor *c, struct sally_span *out)
{
    size_t n = 1;

    while (n < c->rest.len && c->rest.at[n] != '"')
        n += c->rest.at[n] == '\\' ? 2 : 1;
    if (n >= c->rest.len)
        return false;
    *out = sally_take(c, n + 1);
    return true;
}

/* True if `raw` is `name` once its escapes are gone. */
static bool is_name(struct sally_span raw, struct sally_span name)
{
    size_t at = 0;

    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '\\' && i + 1 < raw.len &&
            strchr(",= ", raw.at[i + 1]) != NULL)
            i++;
        if (at == name.len || raw.at[i] != name.at[at++])
            return false;
    }
    return at == name.len;
}

static void note(struct search *s, bool is_there, bool tag,
                 struct sally_span name, struct sally_span value)
{
    if (!is_there || tag != s->tag || !is_name(name, s->name))
        return;
    s->found = true;
    s->value = value;
}

/* ",room=cellar" behind the measurement, any number of them. */
static bool take_tags(struct sally_cursor *c, struct search *s, bool is_there)
{
    while (take_byte(c, ',')) {
        struct sally_span name = take_token(c, "=, " END);
        struct sally_span value;

        if (name.len == 0 || !take_byte(c, '='))
            return false;
        value = take_token(c, "=, " END);
        if (value.len == 0)
            return false;
        note(s, is_there, true, name, value);
    }
    return true;
}

static bool is_boolean(struct sally_span s, bool *out)
{
    static const char *const words[] = { "t", "T", "true",  "True",  "TRUE",
                                         "f", "F", "false", "False", "FALSE" };

    for (size_t i = 0; i < SALLY_LEN(words); i++)
        if (sally_span_is(s, words[i])) {
            *out = i < SALLY_LEN(words) / 2;
            return true;
        }
    return false;
}

/* What stands for a value, text aside: 21.5, 3i, 3u, t. */
static enum sally_err value_of(struct sally_span raw,
                               struct sally_lwm2m_value *out)
{
    struct sally_span digits = sally_span_sub(raw, 0, raw.len - 1);
    struct sally_lwm2m_value v = { .type = SALLY_TYPE_FLOAT };
    enum sally_err e = SALLY_E_OK;

    if (is_boolean(raw, &v.is.boolean)) {
        v.type = SALLY_TYPE_BOOLEAN;
    } else if (raw.at[raw.len - 1] == 'i') {
        v.type = SALLY_TYPE_INTEGER;
        e = sally_text_int(digits, &v.is.integer);
    } else if (raw.at[raw.len - 1] == 'u') {
        v.type = SALLY_TYPE_UNSIGNED;
        e = sally_text_uint(digits, &v.is.unsigned_number);
    } else {
        e = sally_text_real(raw, &v.is.real);
    }
    if (e == SALLY_E_OK)
        *out = v;
    return e;
}

static enum sally_err take_field(struct sally_cursor *c, struct search *s,
                                 bool is_there)
{
    struct sally_span name = take_token(c, "=, " END);
    struct sally_lwm2m_value v;
    struct sally_span value;
    enum sally_err e = SALLY_E_OK;

    if (name.len == 0 || !take_byte(c, '='))
        return SALLY_E_MALFORMED;
    if (sally_peek_u8(c) == '"') {
        if (!take_string(c, &value))
            return SALLY_E_MALFORMED;
    } else {
        value = take_token(c, ", " END);
        e = value.len == 0 ? SALLY_E_MALFORMED : value_of(value, &v);
    }
    if (e == SALLY_E_OK)
        note(s, is_there, false, name, value);
    return e;
}

static bool take_time(struct sally_cursor *c)
{
    int64_t time = 0;
    struct sally_span text;

    while (take_byte(c, ' '))
        ;
    text = sally_text_trim(take_token(c, END));
    return text.len == 0 || sally_text_int(text, &time) == SALLY_E_OK;
}

static enum sally_err take_line(struct sally_cursor *c, struct search *s)
{
    struct sally_span measurement = take_token(c, ", " END);
    bool is_there = s->measurement.len == 0 ||
                    is_name(measurement, s->measurement);

    if (measurement.len == 0 || !take_tags(c, s, is_there) ||
        !take_byte(c, ' '))
        return SALLY_E_MALFORMED;
    do {
        enum sally_err e = take_field(c, s, is_there);

        if (e != SALLY_E_OK)
            return e;
    } while (take_byte(c, ','));
    return take_time(c) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

/* All lines, so that each is checked. */
static enum sally_err walk(struct sally_span payload, struct search *s)
{
    struct sally_cursor c = sally_cursor_over(payload);
    enum sally_err e = SALLY_E_OK;

    while (e == SALLY_E_OK && c.rest.len != 0) {
        if (sally_peek_u8(&c) == '#')
            (void)sally_take_until(&c, '\n');
        else if (!take_byte(&c, '\n') && !take_byte(&c, '\r'))
            e = take_line(&c, s);
    }
    return e;
}

static enum sally_err open_line(struct sally_span payload,
                                const struct sally_config_map *map,
                                struct sally_decoder_state *out)
{
    struct search none = { .found = false };
    void *room = NULL;
    enum sally_err e;

    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    payload = sally_text_trim(payload);
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    if (!sally_text_is_utf8(payload))
        return SALLY_E_MALFORMED;
    e = walk(payload, &none);
    if (e != SALLY_E_OK)
        return e;
    if (memchr(payload.at, '\\', payload.len) != NULL) {
        room = malloc(payload.len);
        if (room == NULL)
            return SALLY_E_NO_MEMORY;
    }
    *out = (struct sally_decoder_state){ .payload = payload, .tree = room };
    return SALLY_E_OK;
}

/* The text without its escapes, which `escaped` says. */
static struct sally_span plain(const struct sally_decoder_state *state,
                               struct sally_span raw, const char *escaped)
{
    uint8_t *room = state->tree;
    size_t len = 0;

    if (room == NULL)
        return raw;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '\\' && i + 1 < raw.len &&
            strchr(escaped, raw.at[i + 1]) != NULL)
            i++;
        room[len++] = raw.at[i];
    }
    return (struct sally_span){ room, len };
}

static enum sally_err select_line(const struct sally_decoder_state *state,
                                  const char *selector,
                                  struct sally_decoded *out)
{
    struct search s = { .name = sally_span_of(selector) };
    const char *space = strchr(selector, ' ');

    if (space != NULL) {
        s.measurement = sally_span_sub(s.name, 0, (size_t)(space - selector));
        s.name = sally_span_of(space + 1);
    }
    s.tag = s.name.len != 0 && s.name.at[0] == '@';
    if (s.tag)
        s.name = sally_span_sub(s.name, 1, s.name.len);
    if (walk(state->payload, &s) != SALLY_E_OK || !s.found)
        return SALLY_E_NOT_FOUND;
    out->typed = true;
    if (s.tag)
        out->value = sally_value_text(plain(state, s.value, ",= "));
    else if (s.value.at[0] == '"')
        out->value = sally_value_text(
            plain(state, sally_span_sub(s.value, 1, s.value.len - 2), "\"\\"));
    else
        return value_of(s.value, &out->value);
    return SALLY_E_OK;
}

static void close_line(struct sally_decoder_state *state)
{
    free(state->tree);
    state->tree = NULL;
}

const struct sally_decoder sally_decoder_line = { "line", open_line,
                                                  select_line, close_line };
