/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/value_text.c - one value as plain text. LwM2M Core 1.1 s.7.4.1,
 * app. C.                                                                   */
#include "lwm2m/value.h"

#include "base/cursor.h"
#include "base/text.h"
#include "codec/base64.h"

#include <math.h>

static enum sally_err put_real(struct sally_writer *w, double n)
{
    char text[SALLY_REAL_TEXT];

    if (!isfinite(n))
        return SALLY_E_OUT_OF_RANGE;
    (void)sally_text_from_real(n, text);
    sally_put_text(w, text);
    return sally_writer_end(w);
}

enum sally_err sally_value_put_text(struct sally_writer *w,
                                    const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        return SALLY_E_WRONG_TYPE;
    case SALLY_TYPE_FLOAT:
        return put_real(w, v->is.real);
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        sally_put_integer(w, v->is.integer);
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_decimal(w, v->is.unsigned_number);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_u8(w, v->is.boolean ? '1' : '0');
        break;
    case SALLY_TYPE_OPAQUE:
        sally_put_base64(w, v->is.bytes);
        break;
    case SALLY_TYPE_OBJLNK:
        sally_put_decimal(w, v->is.link.object);
        sally_put_u8(w, ':');
        sally_put_decimal(w, v->is.link.instance);
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        sally_put(w, v->is.bytes);
        break;
    }
    return sally_writer_end(w);
}

static enum sally_err boolean_from(struct sally_span text, bool *out)
{
    if (!sally_span_is(text, "0") && !sally_span_is(text, "1"))
        return SALLY_E_MALFORMED;
    *out = text.at[0] == '1';
    return SALLY_E_OK;
}

static enum sally_err id_from(struct sally_span text, uint16_t *out)
{
    uint64_t n = 0;
    enum sally_err e = sally_text_uint(text, &n);

    if (e != SALLY_E_OK)
        return e;
    if (n > UINT16_MAX)
        return SALLY_E_OUT_OF_RANGE;
    *out = (uint16_t)n;
    return SALLY_E_OK;
}

/* "object:instance"; 65535:65535 is the link to nothing (app. C). */
static enum sally_err link_from(struct sally_span text,
                                struct sally_lwm2m_value *v)
{
    struct sally_cursor c = sally_cursor_over(text);
    enum sally_err e =
        id_from(sally_take_until(&c, ':'), &v->is.link.object);

    if (e != SALLY_E_OK)
        return e;
    return id_from(sally_take_rest(&c), &v->is.link.instance);
}

static enum sally_err opaque_from(struct sally_span text,
                                  struct sally_buf *scratch,
                                  struct sally_span *out)
{
    size_t from = scratch->len;
    enum sally_err e = sally_base64_decode(text, scratch);

    if (e == SALLY_E_OK)
        *out = sally_span_sub(sally_buf_span(scratch), from, scratch->len);
    return e;
}

static enum sally_err value_from(struct sally_span text,
                                 struct sally_buf *scratch,
                                 struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        return SALLY_E_WRONG_TYPE;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        return sally_text_int(text, &v->is.integer);
    case SALLY_TYPE_UNSIGNED:
        return sally_text_uint(text, &v->is.unsigned_number);
    case SALLY_TYPE_FLOAT:
        return sally_text_real(text, &v->is.real);
    case SALLY_TYPE_BOOLEAN:
        return boolean_from(text, &v->is.boolean);
    case SALLY_TYPE_OPAQUE:
        return opaque_from(text, scratch, &v->is.bytes);
    case SALLY_TYPE_OBJLNK:
        return link_from(text, v);
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        v->is.bytes = text;
        return sally_text_is_utf8(text) ? SALLY_E_OK : SALLY_E_MALFORMED;
    }
    return SALLY_E_WRONG_TYPE;
}

enum sally_err sally_value_from_text(struct sally_span text,
                                     enum sally_lwm2m_type type,
                                     struct sally_buf *scratch,
                                     struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value v = { .type = type };
    enum sally_err e = value_from(text, scratch, &v);

    if (e == SALLY_E_OK)
        *out = v;
    return e;
}
