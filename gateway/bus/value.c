/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/bus/value.c - LwM2M values without pointers, for the way over the
 * bus and into the store.                                                   */
#include "bus/message.h"

#include <string.h>

static enum sally_err put_bytes(struct sally_bus_value *slot, uint8_t *bytes,
                                uint16_t *used, struct sally_span s)
{
    if (s.len > (size_t)(SALLY_BUS_BYTES - *used))
        return SALLY_E_NO_ROOM;
    if (s.len != 0)
        memcpy(&bytes[*used], s.at, s.len);
    slot->offset = *used;
    slot->len = (uint16_t)s.len;
    *used = (uint16_t)(*used + s.len);
    return SALLY_E_OK;
}

enum sally_err sally_bus_put_value(struct sally_bus_value *slot,
                                   uint8_t *bytes, uint16_t *used,
                                   const struct sally_path *path,
                                   const struct sally_lwm2m_value *v)
{
    memset(slot, 0, sizeof(*slot));
    memcpy(slot->id, path->id, sizeof(slot->id));
    slot->depth = path->depth;
    slot->type = (uint8_t)v->type;
    switch (v->type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        slot->is.integer = v->is.integer;
        break;
    case SALLY_TYPE_UNSIGNED:
        slot->is.unsigned_number = v->is.unsigned_number;
        break;
    case SALLY_TYPE_FLOAT:
        slot->is.real = v->is.real;
        break;
    case SALLY_TYPE_BOOLEAN:
        slot->is.integer = v->is.boolean;
        break;
    case SALLY_TYPE_OBJLNK:
        slot->is.link[0] = v->is.link.object;
        slot->is.link[1] = v->is.link.instance;
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        return put_bytes(slot, bytes, used, v->is.bytes);
    }
    return SALLY_E_OK;
}

void sally_bus_value(const struct sally_bus_value *slot, const uint8_t *bytes,
                     struct sally_lwm2m_record *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->path.id, slot->id, sizeof(out->path.id));
    out->path.depth = slot->depth;
    out->value.type = (enum sally_lwm2m_type)slot->type;
    switch (out->value.type) {
    case SALLY_TYPE_NONE:
        break;
    case SALLY_TYPE_INTEGER:
    case SALLY_TYPE_TIME:
        out->value.is.integer = slot->is.integer;
        break;
    case SALLY_TYPE_UNSIGNED:
        out->value.is.unsigned_number = slot->is.unsigned_number;
        break;
    case SALLY_TYPE_FLOAT:
        out->value.is.real = slot->is.real;
        break;
    case SALLY_TYPE_BOOLEAN:
        out->value.is.boolean = slot->is.integer != 0;
        break;
    case SALLY_TYPE_OBJLNK:
        out->value.is.link.object = slot->is.link[0];
        out->value.is.link.instance = slot->is.link[1];
        break;
    case SALLY_TYPE_STRING:
    case SALLY_TYPE_OPAQUE:
    case SALLY_TYPE_CORELNK:
        out->value.is.bytes =
            (struct sally_span){ &bytes[slot->offset], slot->len };
        break;
    }
}
