/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/text.c - one value as plain text. LwM2M Core 1.1 s.7.4.1. */
#include "lwm2m/text.h"

enum sally_err
sally_format_text_encode(const struct sally_path *base,
                         const struct sally_lwm2m_record *records,
                         size_t count, struct sally_writer *w)
{
    if (count != 1 || !sally_path_equal(base, &records[0].path))
        return SALLY_E_NOT_ALLOWED;
    return sally_value_put_text(w, &records[0].value);
}

enum sally_err sally_format_text_decode(const struct sally_registry *registry,
                                        const struct sally_path *base,
                                        struct sally_span payload,
                                        struct sally_buf *scratch,
                                        struct sally_lwm2m_record *records,
                                        size_t room, size_t *count)
{
    const struct sally_resource_definition *d;
    struct sally_lwm2m_record made = { .path = *base };
    enum sally_err e;

    if (base->depth < SALLY_DEPTH_RESOURCE)
        return SALLY_E_NOT_ALLOWED;
    d = sally_registry_definition(registry, base);
    if (d == NULL)
        return SALLY_E_NOT_FOUND;
    if (room == 0)
        return SALLY_E_NO_ROOM;
    e = sally_value_from_text(payload, d->type, scratch, &made.value);
    if (e == SALLY_E_OK)
        e = sally_registry_admit(registry, base, &made.value, &made.value);
    if (e != SALLY_E_OK)
        return e;
    records[0] = made;
    *count = 1;
    return SALLY_E_OK;
}
