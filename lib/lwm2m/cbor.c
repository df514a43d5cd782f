/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/cbor.c - one value as one CBOR item. LwM2M Core 1.1 s.7.4.4. */
#include "lwm2m/cbor.h"

#include "lwm2m/cbor_value.h"

#include <math.h>

enum sally_err sally_format_cbor_encode(const struct sally_path *base,
                                        const struct sally_lwm2m_record *record,
                                        size_t count, struct sally_writer *w)
{
    if (count != 1 || !sally_path_equal(base, &record->path))
        return SALLY_E_NOT_ALLOWED;
    if (record->value.type == SALLY_TYPE_NONE)
        return SALLY_E_WRONG_TYPE;
    if (record->value.type == SALLY_TYPE_FLOAT &&
        !isfinite(record->value.is.real))
        return SALLY_E_OUT_OF_RANGE;
    sally_cbor_put_value(w, &record->value);
    return sally_writer_end(w);
}

static enum sally_err read_item(struct sally_span payload,
                                struct sally_lwm2m_value *out)
{
    struct sally_cbor c = sally_cbor_over(payload);
    struct sally_cbor_item item;
    enum sally_err e;

    if (!sally_cbor_next(&c, &item) || !sally_cbor_skip(&c, &item))
        return c.error;
    e = sally_cbor_end(&c);
    if (e == SALLY_E_OK)
        e = sally_cbor_value_of(&item, out);
    if (e == SALLY_E_OK && out->type == SALLY_TYPE_NONE)
        return SALLY_E_MALFORMED;
    return e;
}

enum sally_err sally_format_cbor_decode(const struct sally_registry *registry,
                                        const struct sally_path *base,
                                        struct sally_span payload,
                                        struct sally_buf *scratch,
                                        struct sally_lwm2m_record *records,
                                        size_t room, size_t *count)
{
    struct sally_lwm2m_record made = { .path = *base };
    enum sally_err e;

    (void)scratch; /* bytes and text stand in the payload as they are */
    if (base->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_NOT_ALLOWED;
    if (sally_registry_definition(registry, base) == NULL)
        return SALLY_E_NOT_FOUND;
    if (room == 0)
        return SALLY_E_NO_ROOM;
    e = read_item(payload, &made.value);
    if (e == SALLY_E_OK)
        e = sally_registry_admit_linked(registry, base, &made.value,
                                        &made.value);
    if (e != SALLY_E_OK)
        return e;
    records[0] = made;
    *count = 1;
    return SALLY_E_OK;
}
