/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/message.c - one CoAP over UDP message. RFC 7252 s.3. */
#include "coap/message.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "coap/option.h"

#define VERSION 1u
#define MARKER 0xffu

/* What stands before the marker or the end: options never begin with 0xff,
 * and the walk stops in front of it.                                        */
static enum sally_err take_options(struct sally_cursor *c,
                                   struct sally_span *out)
{
    struct sally_span all = c->rest;
    struct sally_coap_option o = { 0, { NULL, 0 } };
    enum sally_err e = SALLY_E_OK;

    while (e == SALLY_E_OK && c->rest.len != 0 && sally_peek_u8(c) != MARKER)
        e = sally_coap_option_take(c, &o);
    *out = sally_span_sub(all, 0, all.len - c->rest.len);
    return e;
}

/* RFC 7252 s.3: a marker promises at least one byte of payload. */
static enum sally_err take_payload(struct sally_cursor *c,
                                   struct sally_span *out)
{
    *out = (struct sally_span){ NULL, 0 };
    if (c->rest.len == 0)
        return SALLY_E_OK;
    (void)sally_take_u8(c);
    *out = sally_take_rest(c);
    return out->len == 0 ? SALLY_E_MALFORMED : SALLY_E_OK;
}

static enum sally_err take_body(struct sally_cursor *c, size_t token_len,
                                struct sally_coap_message *m)
{
    enum sally_err e;

    if (token_len > SALLY_COAP_TOKEN_MAX)
        return SALLY_E_MALFORMED;
    if (m->code == SALLY_CODE_EMPTY && (token_len != 0 || c->rest.len != 0))
        return SALLY_E_MALFORMED;
    m->token = sally_take(c, token_len);
    if (c->failed)
        return SALLY_E_TRUNCATED;
    e = take_options(c, &m->options);
    return e != SALLY_E_OK ? e : take_payload(c, &m->payload);
}

enum sally_err sally_coap_parse(struct sally_span datagram,
                                struct sally_coap_message *out,
                                uint16_t *mid_out)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    uint8_t head = sally_take_u8(&c);
    struct sally_coap_message m = {
        .type = (enum sally_coap_type)(head >> 4 & 3),
        .code = sally_take_u8(&c),
        .mid = sally_take_u16(&c),
    };
    enum sally_err e;

    if (c.failed)
        return SALLY_E_TRUNCATED;
    *mid_out = m.mid;
    if (head >> 6 != VERSION)
        return SALLY_E_MALFORMED;
    e = take_body(&c, head & 15, &m);
    if (e == SALLY_E_OK)
        *out = m;
    return e;
}

enum sally_err sally_coap_parse_frame(struct sally_span rest, uint8_t code,
                                      size_t token_len,
                                      struct sally_coap_message *out)
{
    struct sally_cursor c = sally_cursor_over(rest);
    struct sally_coap_message m = { .type = SALLY_COAP_NON, .code = code };
    enum sally_err e = take_body(&c, token_len, &m);

    if (e == SALLY_E_OK)
        *out = m;
    return e;
}

enum sally_err sally_coap_write(const struct sally_coap_message *m,
                                struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    unsigned type = (unsigned)m->type & 3u;

    if (m->token.len > SALLY_COAP_TOKEN_MAX)
        return SALLY_E_NO_ROOM;
    sally_put_u8(&w, (uint8_t)(VERSION << 6 | type << 4 | m->token.len));
    sally_put_u8(&w, m->code);
    sally_put_u16(&w, m->mid);
    sally_put(&w, m->token);
    sally_put(&w, m->options);
    if (m->payload.len != 0) {
        sally_put_u8(&w, MARKER);
        sally_put(&w, m->payload);
    }
    return sally_writer_end(&w);
}
