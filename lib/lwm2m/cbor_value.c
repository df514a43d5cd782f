/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/cbor_value.c - LwM2M values to and from single CBOR items. */
#include "lwm2m/cbor_value.h"

static void put_link(struct sally_writer *w, const struct sally_lwm2m_value *v)
{
    uint8_t room[sizeof("65535:65535")];
    struct sally_buf text = SALLY_BUF(room);
    struct sally_writer t = sally_writer_into(&text);

    sally_put_decimal(&t, v->is.link.object);
    sally_put_u8(&t, ':');
    sally_put_decimal(&t, v->is.link.instance);
    sally_put_cbor_text(w, sally_buf_span(&text));
}

void sally_cbor_put_value(struct sally_writer *w,
                          const struct sally_lwm2m_value *v)
{
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_CORELNK:
        sally_put_cbor_text(w, v->is.bytes);
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        sally_put_cbor_integer(w, v->is.integer);
        break;
    case SALLY_TYPE_UNSIGNED:
        sally_put_cbor_unsigned(w, v->is.unsigned_number);
        break;
    case SALLY_TYPE_FLOAT:
        sally_put_cbor_real(w, v->is.real);
        break;
    case SALLY_TYPE_BOOLEAN:
        sally_put_cbor_boolean(w, v->is.boolean);
        break;
    case SALLY_TYPE_OPAQUE:
        sally_put_cbor_bytes(w, v->is.bytes);
        break;
    case SALLY_TYPE_OBJLNK:
        put_link(w, v);
        break;
    }
}

/* -1 - n, if an int64_t has it. */
static enum sally_err negative_of(uint64_t n, int64_t *out)
{
    if (n > INT64_MAX)
        return SALLY_E_OUT_OF_RANGE;
    *out = -1 - (int64_t)n;
    return SALLY_E_OK;
}

enum sally_err sally_cbor_value_of(const struct sally_cbor_item *item,
                                   struct sally_lwm2m_value *out)
{
    *out = (struct sally_lwm2m_value){ .type = SALLY_TYPE_NONE };
    switch (item->type) {
    case SALLY_CBOR_UNSIGNED:
        *out = item->number > INT64_MAX
                   ? sally_value_unsigned(item->number)
                   : sally_value_integer((int64_t)item->number);
        break;
    case SALLY_CBOR_NEGATIVE:
        out->type = SALLY_TYPE_INTEGER;
        return negative_of(item->number, &out->is.integer);
    case SALLY_CBOR_BYTES:
        *out = sally_value_opaque(item->bytes);
        break;
    case SALLY_CBOR_TEXT:
        *out = sally_value_text(item->bytes);
        break;
    case SALLY_CBOR_BOOLEAN:
        *out = sally_value_boolean(item->boolean);
        break;
    case SALLY_CBOR_REAL:
        *out = sally_value_real(item->real);
        break;
    case SALLY_CBOR_ARRAY:
    case SALLY_CBOR_MAP:
    case SALLY_CBOR_END:
    case SALLY_CBOR_NULL:
        break;
    }
    return SALLY_E_OK;
}
