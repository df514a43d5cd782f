/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/opaque.c - the bytes of one value. LwM2M Core 1.1 s.7.4.2. */
#include "lwm2m/opaque.h"

enum sally_err
sally_format_opaque_encode(const struct sally_path *base,
                           const struct sally_lwm2m_record *records,
                           size_t count, struct sally_writer *w)
{
    if (count != 1 || !sally_path_equal(base, &records[0].path))
        return SALLY_E_NOT_ALLOWED;
    if (records[0].value.type != SALLY_TYPE_OPAQUE)
        return SALLY_E_WRONG_TYPE;
    sally_put(w, records[0].value.is.bytes);
    return sally_writer_end(w);
}

enum sally_err sally_format_opaque_decode(const struct sally_registry *registry,
                                          const struct sally_path *base,
                                          struct sally_span payload,
                                          struct sally_buf *scratch,
                                          struct sally_lwm2m_record *records,
                                          size_t room, size_t *count)
{
    struct sally_lwm2m_value bytes = sally_value_opaque(payload);
    struct sally_lwm2m_record made = { .path = *base };
    enum sally_err e;

    (void)scratch; /* the value stands in the payload as it is */
    if (base->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_NOT_ALLOWED;
    e = sally_registry_admit(registry, base, &bytes, &made.value);
    if (e != SALLY_E_OK)
        return e;
    if (room == 0)
        return SALLY_E_NO_ROOM;
    records[0] = made;
    *count = 1;
    return SALLY_E_OK;
}
