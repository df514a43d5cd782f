/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/compose.c - which option and byte goes where. */
#include "security/oscore/compose.h"

#include "base/cursor.h"
#include "coap/option.h"
#include "security/mechanism.h"
#include "security/oscore/proxy_uri.h"

#include <string.h>

#define MARKER 0xffu

static bool is_request(uint8_t code) { return sally_coap_class(code) == 0; }

/* RFC 8613 s.4.2: outside, all that can be seen is whether it is a request and
 * whether somebody observes.                                                */
static uint8_t outer_code(uint8_t code, bool observe)
{
    if (is_request(code))
        return observe ? SALLY_CODE_FETCH : SALLY_CODE_POST;
    return observe ? SALLY_CODE_CONTENT : SALLY_CODE_CHANGED;
}

/* The options that stay outside, and ours among them. */
static enum sally_err put_outer(struct sally_span options,
                                struct sally_span value, struct sally_buf *out,
                                bool *observe)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    bool put = false;

    while (sally_coap_option_next(&walk, &o)) {
        enum sally_oscore_class class = sally_oscore_class(o.number);

        if (class == SALLY_OSCORE_E)
            continue;
        if (class == SALLY_OSCORE_NEVER)
            return SALLY_E_MALFORMED;
        if (!put && o.number > SALLY_OPTION_OSCORE) {
            sally_coap_put_option(&w, SALLY_OPTION_OSCORE, value);
            put = true;
        }
        *observe = *observe || o.number == SALLY_OPTION_OBSERVE;
        sally_coap_put_option(&w, o.number, o.value);
    }
    if (!put)
        sally_coap_put_option(&w, SALLY_OPTION_OSCORE, value);
    return sally_coap_options_end(&w);
}

/* The options that go inside. Observe of a notification is empty there: its
 * order is told by the Partial IV (s.4.1.3.5.2).                            */
static enum sally_err put_inner(struct sally_span options, bool request,
                                struct sally_buf *out)
{
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        if (sally_oscore_class(o.number) == SALLY_OSCORE_U)
            continue;
        if (o.number == SALLY_OPTION_OBSERVE && !request)
            o.value.len = 0;
        sally_coap_put_option(&w, o.number, o.value);
    }
    return sally_coap_options_end(&w);
}

/* A list without an option that stays outside, which is the usual one, is
 * inside as it is.                                                          */
static bool all_inside(struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        if (sally_oscore_class(o.number) != SALLY_OSCORE_E)
            return false;
        if (o.number > SALLY_OPTION_PROXY_SCHEME)
            return true;
    }
    return true;
}

static enum sally_err put_text(const struct sally_coap_message *plain,
                               bool as_it_is, size_t tag, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    enum sally_err e = SALLY_E_OK;

    sally_put_u8(&w, plain->code);
    if (as_it_is)
        sally_put(&w, plain->options);
    else
        e = put_inner(plain->options, is_request(plain->code), out);
    if (e != SALLY_E_OK)
        return e;
    if (plain->payload.len != 0) {
        sally_put_u8(&w, MARKER);
        sally_put(&w, plain->payload);
    }
    e = sally_writer_end(&w);
    return e == SALLY_E_OK && out->room - out->len < tag ? SALLY_E_NO_ROOM : e;
}

static enum sally_err put_all(const struct sally_coap_message *plain,
                              bool inside, struct sally_span value, size_t tag,
                              struct sally_buf *out, size_t *text)
{
    struct sally_coap_message head = { plain->type, 0, plain->mid, plain->token,
                                       { NULL, 0 }, { NULL, 0 } };
    size_t code = out->len + 1;
    bool observe = false;
    enum sally_err e = sally_coap_write(&head, out);
    struct sally_writer w = sally_writer_into(out);

    if (e == SALLY_E_OK)
        e = put_outer(inside ? (struct sally_span){ NULL, 0 } : plain->options,
                      value, out, &observe);
    if (e != SALLY_E_OK)
        return e;
    out->at[code] = outer_code(plain->code, observe);
    sally_put_u8(&w, MARKER);
    *text = out->len;
    e = sally_writer_end(&w);
    return e != SALLY_E_OK ? e : put_text(plain, inside, tag, out);
}

/* The usual message, with all its options inside, in one go. `value` has 12
 * bytes at most.                                                            */
static enum sally_err put_inside(const struct sally_coap_message *plain,
                                 struct sally_span value, size_t tag,
                                 struct sally_buf *out, size_t *text)
{
    struct sally_coap_message head = { .type = plain->type,
                                       .code = outer_code(plain->code, false),
                                       .mid = plain->mid,
                                       .token = plain->token };
    struct sally_span options = plain->options, payload = plain->payload;
    size_t n = 3 + value.len + options.len + (payload.len != 0) + payload.len;
    enum sally_err e = sally_coap_write(&head, out);
    uint8_t *at = out->at + out->len;

    if (e != SALLY_E_OK || out->room - out->len < n + tag)
        return e != SALLY_E_OK ? e : SALLY_E_NO_ROOM;
    out->len += n;
    *at++ = (uint8_t)(SALLY_OPTION_OSCORE << 4 | value.len);
    for (size_t i = 0; i < value.len; i++)
        *at++ = value.at[i];
    *at++ = MARKER;
    *text = (size_t)(at - out->at);
    *at++ = plain->code;
    if (options.len != 0)
        memcpy(at, options.at, options.len);
    at += options.len;
    if (payload.len == 0)
        return SALLY_E_OK;
    *at++ = MARKER;
    memcpy(at, payload.at, payload.len);
    return SALLY_E_OK;
}

/* What a proxy is asked for is inside, and whom it is to ask is not. */
static enum sally_err put_for_proxy(const struct sally_coap_message *plain,
                                    struct sally_span value, size_t tag,
                                    struct sally_buf *out, size_t *text)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_message m = *plain;
    enum sally_err e = sally_oscore_split(plain->options, &options);

    m.options = sally_buf_span(&options);
    return e != SALLY_E_OK ? e : put_all(&m, false, value, tag, out, text);
}

enum sally_err sally_oscore_compose(const struct sally_coap_message *plain,
                                    enum sally_object_kind kind,
                                    struct sally_span value, size_t tag,
                                    struct sally_buf *out, size_t *text)
{
    bool inside = all_inside(plain->options);
    struct sally_span uri;
    size_t before = out->len;
    enum sally_err e;

    if ((kind == SALLY_OBJECT_REQUEST) != is_request(plain->code) ||
        plain->code == SALLY_CODE_EMPTY)
        return SALLY_E_BAD_STATE;
    if (inside && value.len <= 12)
        e = put_inside(plain, value, tag, out, text);
    else if (!inside && sally_coap_option_find(plain->options,
                                               SALLY_OPTION_PROXY_URI, &uri))
        e = put_for_proxy(plain, value, tag, out, text);
    else
        e = put_all(plain, inside, value, tag, out, text);
    if (e != SALLY_E_OK)
        out->len = before;
    return e;
}

enum sally_err sally_oscore_outer(const struct sally_coap_message *outer,
                                  struct sally_oscore_option *out)
{
    struct sally_coap_options walk = { outer->options, 0 };
    struct sally_span value = { NULL, 0 };
    struct sally_coap_option o;
    unsigned found = 0;
    bool proxy = false;

    while (sally_coap_option_next(&walk, &o)) {
        proxy = proxy || o.number == SALLY_OPTION_PROXY_URI ||
                o.number == SALLY_OPTION_PROXY_SCHEME;
        if (o.number != SALLY_OPTION_OSCORE)
            continue;
        value = o.value;
        found++;
    }
    if (found == 0)
        return SALLY_E_UNEXPECTED;
    if (found > 1)
        return SALLY_E_MALFORMED;
    if (proxy)
        return SALLY_E_UNSUPPORTED;
    return sally_oscore_option_decode(value, out);
}

/* Proves the text's options well-formed, and that none of them says that there
 * is another message inside. */
static enum sally_err take_options(struct sally_cursor *c,
                                   struct sally_span *out)
{
    struct sally_span all = c->rest;
    struct sally_coap_option o = { 0, { NULL, 0 } };
    enum sally_err e = SALLY_E_OK;

    while (e == SALLY_E_OK && c->rest.len != 0 && sally_peek_u8(c) != MARKER) {
        e = sally_coap_option_take(c, &o);
        if (o.number == SALLY_OPTION_OSCORE)
            e = SALLY_E_MALFORMED;
    }
    *out = sally_span_sub(all, 0, all.len - c->rest.len);
    return e == SALLY_E_OK ? e : SALLY_E_MALFORMED;
}

static bool is_of_direction(uint8_t outer, uint8_t inner)
{
    return inner != SALLY_CODE_EMPTY && sally_coap_class(inner) != 1 &&
           sally_coap_class(inner) <= 5 &&
           is_request(outer) == is_request(inner);
}

enum sally_err sally_oscore_inner(const struct sally_coap_message *outer,
                                  struct sally_span text,
                                  struct sally_coap_message *out)
{
    struct sally_cursor c = sally_cursor_over(text);
    struct sally_coap_message m = *outer;

    m.code = sally_take_u8(&c);
    m.payload = (struct sally_span){ NULL, 0 };
    if (!is_of_direction(outer->code, m.code) ||
        take_options(&c, &m.options) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    if (c.rest.len != 0) {
        (void)sally_take_u8(&c);
        m.payload = sally_take_rest(&c);
        if (m.payload.len == 0)
            return SALLY_E_MALFORMED;
    }
    *out = m;
    return SALLY_E_OK;
}
