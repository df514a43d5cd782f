/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/proxy_uri.c - takes a Proxy-Uri apart, so that no proxy
 * sees path and query. */
#include "security/oscore/proxy_uri.h"

#include "base/text.h"
#include "coap/option.h"

#define PART_MAX 255 /* bytes of a segment or an argument; RFC 7252 s.5.10 */

/* What a URI consists of here; the spans borrow from it. */
struct parts {
    struct sally_span base; /* "coap://host:port" */
    struct sally_span path; /* without its first slash */
    struct sally_span query;
    bool has_query;
};

static bool holds(struct sally_span s, uint8_t c)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == c)
            return true;
    return false;
}

/* The first of "://" in `uri`, or its end. */
static size_t end_of_scheme(struct sally_span uri)
{
    for (size_t i = 0; i < uri.len; i++)
        if (sally_span_starts(sally_span_sub(uri, i, uri.len),
                              sally_span_of("://")))
            return i;
    return uri.len;
}

static enum sally_err take_apart(struct sally_span uri, struct parts *out)
{
    size_t scheme = end_of_scheme(uri), end = scheme + 3, query;

    while (end < uri.len && uri.at[end] != '/' && uri.at[end] != '?')
        end++;
    out->base = sally_span_sub(uri, 0, end);
    if (scheme == 0 || end <= scheme + 3 || holds(uri, '#') ||
        holds(out->base, '@'))
        return SALLY_E_MALFORMED;
    for (query = end; query < uri.len && uri.at[query] != '?';)
        query++;
    out->has_query = query < uri.len;
    if (end < query)
        out->path = sally_span_sub(uri, end + 1, query - end - 1);
    out->query = sally_span_sub(uri, query + out->has_query, uri.len);
    return SALLY_E_OK;
}

/* One segment or argument, with what is written "%41" as the byte it is. */
static enum sally_err put_part(struct sally_coap_option_writer *w,
                               uint16_t number, struct sally_span part)
{
    uint8_t room[PART_MAX];
    struct sally_buf value = SALLY_BUF(room);
    struct sally_cursor c = sally_cursor_over(part);
    struct sally_writer out = sally_writer_into(&value);
    enum sally_err e = SALLY_E_OK;

    while (e == SALLY_E_OK && c.rest.len != 0) {
        uint8_t byte = sally_take_u8(&c);

        if (byte == '%')
            e = c.rest.len < 2 ? SALLY_E_MALFORMED
                               : sally_text_hex(sally_take(&c, 2), &value);
        else
            sally_put_u8(&out, byte);
    }
    if (e != SALLY_E_OK || out.failed)
        return SALLY_E_MALFORMED;
    sally_coap_put_option(w, number, sally_buf_span(&value));
    return SALLY_E_OK;
}

static enum sally_err put_parts(struct sally_coap_option_writer *w,
                                uint16_t number, struct sally_span all,
                                uint8_t between)
{
    struct sally_cursor c = sally_cursor_over(all);
    bool more = true; /* one that ends in `between` has an empty part there */

    while (more) {
        bool last = !holds(c.rest, between);
        enum sally_err e =
            put_part(w, number, sally_take_until(&c, between));

        if (e != SALLY_E_OK)
            return e;
        more = !last;
    }
    return SALLY_E_OK;
}

static bool is_replaced(uint16_t number)
{
    return number == SALLY_OPTION_URI_HOST || number == SALLY_OPTION_URI_PORT ||
           number == SALLY_OPTION_URI_PATH || number == SALLY_OPTION_URI_QUERY;
}

/* The options of `list` from `from` on and below `to`. */
static enum sally_err put_between(struct sally_coap_option_writer *w,
                                  struct sally_span list, uint16_t from,
                                  uint32_t to, struct sally_span base)
{
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        if (is_replaced(o.number))
            return SALLY_E_MALFORMED;
        if (o.number >= from && o.number < to)
            sally_coap_put_option(
                w, o.number,
                o.number == SALLY_OPTION_PROXY_URI ? base : o.value);
    }
    return SALLY_E_OK;
}

static enum sally_err put_all(struct sally_coap_option_writer *w,
                              struct sally_span options, const struct parts *p)
{
    enum sally_err e =
        put_between(w, options, 0, SALLY_OPTION_URI_PATH, p->base);

    if (e == SALLY_E_OK && p->path.len != 0)
        e = put_parts(w, SALLY_OPTION_URI_PATH, p->path, '/');
    if (e == SALLY_E_OK)
        e = put_between(w, options, SALLY_OPTION_URI_PATH,
                        SALLY_OPTION_URI_QUERY, p->base);
    if (e == SALLY_E_OK && p->has_query)
        e = put_parts(w, SALLY_OPTION_URI_QUERY, p->query, '&');
    if (e == SALLY_E_OK)
        e = put_between(w, options, SALLY_OPTION_URI_QUERY,
                        UINT16_MAX + UINT32_C(1), p->base);
    return e;
}

enum sally_err sally_oscore_split(struct sally_span options,
                                  struct sally_buf *out)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    struct parts p = { .has_query = false };
    struct sally_span uri = { NULL, 0 };
    enum sally_err e = SALLY_E_MALFORMED;

    if (sally_coap_option_find(options, SALLY_OPTION_PROXY_URI, &uri))
        e = take_apart(uri, &p);
    if (e == SALLY_E_OK)
        e = put_all(&w, options, &p);
    return e != SALLY_E_OK ? e : sally_coap_options_end(&w);
}
