/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/line.c - one JSON object per line on stdout. */
#include "server/server.h"

#include "base/text.h"
#include "codec/linkformat.h"

#include <math.h>

/* The writer points into the line itself, which the caller holds by value. */
static struct sally_writer *writer(struct server_line *l)
{
    l->w.out = &l->buf;
    return &l->w;
}

static void put_name(struct server_line *l, const char *name)
{
    sally_put_u8(writer(l), l->buf.len == 0 ? '{' : ',');
    sally_put_json_string(writer(l), sally_span_of(name));
    sally_put_u8(writer(l), ':');
}

struct server_line server_line_begin(struct server *s, const char *event)
{
    struct server_line l = { .server = s, .buf = { s->line, 0, SERVER_LINE } };

    server_line_text(&l, "event", event);
    return l;
}

static void put_text(struct server_line *l, struct sally_span text)
{
    if (sally_text_is_utf8(text)) {
        sally_put_json_string(writer(l), text);
        return;
    }
    sally_put_u8(writer(l), '"');
    for (size_t i = 0; i < text.len; i++)
        sally_put_format(writer(l), "%02x", text.at[i]);
    sally_put_u8(writer(l), '"');
}

void server_line_span(struct server_line *l, const char *name,
                      struct sally_span value)
{
    put_name(l, name);
    put_text(l, value);
}

void server_line_text(struct server_line *l, const char *name,
                      const char *value)
{
    server_line_span(l, name, sally_span_of(value));
}

void server_line_number(struct server_line *l, const char *name, uint64_t n)
{
    put_name(l, name);
    sally_put_decimal(writer(l), n);
}

void server_line_code(struct server_line *l, uint8_t code)
{
    put_name(l, "code");
    sally_put_format(writer(l), "\"%u.%02u\"", code >> 5u,
                     code & 31u);
}

void server_line_path(struct server_line *l, const struct sally_path *p)
{
    char text[SALLY_PATH_TEXT];

    server_line_text(l, "path", sally_path_text(p, text));
}

/* --- Values -------------------------------------------------------------- */

static void put_value(struct server_line *l, const struct sally_lwm2m_value *v)
{
    struct sally_writer *w = writer(l);

    switch (v->type) {
    case SALLY_TYPE_NONE:
        sally_put_text(w, "null");
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        put_text(l, v->is.bytes);
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        sally_put_format(w, "%lld", (long long)v->is.integer);
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_decimal(w, v->is.unsigned_number);
        break;
    case SALLY_TYPE_FLOAT:
        if (isfinite(v->is.real))
            sally_put_json_real(w, v->is.real);
        else
            sally_put_text(w, "null");
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_text(w, v->is.boolean ? "true" : "false");
        break;
    case SALLY_TYPE_OBJLNK:
        sally_put_format(w, "\"%u:%u\"", v->is.link.object,
                         v->is.link.instance);
        break;
    }
}

static void put_record(struct server_line *l,
                       const struct sally_lwm2m_record *r)
{
    char path[SALLY_PATH_TEXT];

    sally_put_format(writer(l), "{\"path\":\"%s\",\"time\":",
                     sally_path_text(&r->path, path));
    if (r->time != 0)
        sally_put_format(writer(l), "%lld.%03lld", (long long)(r->time / 1000),
                         (long long)(r->time % 1000));
    else
        sally_put_text(writer(l), "null");
    sally_put_text(writer(l), ",\"value\":");
    put_value(l, &r->value);
    sally_put_u8(writer(l), '}');
}

void server_line_records(struct server_line *l,
                         const struct sally_lwm2m_record *r, size_t count)
{
    put_name(l, "records");
    sally_put_u8(writer(l), '[');
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            sally_put_u8(writer(l), ',');
        put_record(l, &r[i]);
    }
    sally_put_u8(writer(l), ']');
}

/* ["</3303/0>", "</3>;ver=1.1"] */
void server_line_links(struct server_line *l, struct sally_span payload)
{
    struct sally_cursor c = sally_cursor_over(payload);
    struct sally_span target, attributes;
    uint8_t room[1024];

    put_name(l, "links");
    sally_put_u8(writer(l), '[');
    for (bool more = false; sally_take_link(&c, &target, &attributes);
         more = true) {
        struct sally_buf link = SALLY_BUF(room);
        struct sally_writer w = sally_writer_into(&link);

        sally_put_u8(&w, '<');
        sally_put(&w, target);
        sally_put_u8(&w, '>');
        if (attributes.len != 0 && attributes.at[0] != ';')
            sally_put_u8(&w, ';');
        sally_put(&w, attributes);
        if (more)
            sally_put_u8(writer(l), ',');
        put_text(l, sally_buf_span(&link));
    }
    sally_put_u8(writer(l), ']');
}

void server_line_end(struct server_line *l)
{
    sally_put_text(writer(l), "}\n");
    if (sally_writer_end(&l->w) != SALLY_E_OK) {
        server_tell_error(l->server, 0, "", "a line was too long to tell");
        return;
    }
    fwrite(l->buf.at, 1, l->buf.len, stdout);
    fflush(stdout);
}

void server_tell_error(struct server *s, uint64_t id, const char *endpoint,
                       const char *what)
{
    struct server_line l = server_line_begin(s, "error");

    if (id != 0)
        server_line_number(&l, "id", id);
    if (endpoint[0] != '\0')
        server_line_text(&l, "ep", endpoint);
    server_line_text(&l, "what", what);
    server_line_end(&l);
}
