/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_bus.c - promises of the bus: a frame is refused or gives
 * messages that their sender may say, whose text lies inside their bytes, and
 * that go back into a frame as the same bytes. The first byte of the input
 * tells the two ends.                                                       */
#include <stdlib.h>
#include <string.h>

#include "bus/message.h"

static void check_value(const struct sally_bus_value *v, const uint8_t *bytes,
                        uint16_t used)
{
    struct sally_lwm2m_record r;

    sally_bus_value(v, bytes, &r);
    if (r.path.depth > 4 || sally_type_name(r.value.type) == NULL)
        abort();
    if (r.value.type != SALLY_TYPE_STRING && r.value.type != SALLY_TYPE_OPAQUE)
        return;
    if (r.value.is.bytes.len > used ||
        r.value.is.bytes.at + r.value.is.bytes.len > bytes + used)
        abort();
}

static void check_fields(const struct sally_bus_message *m)
{
    const struct sally_bus_readings *r = &m->as.readings;
    const struct sally_bus_command *c = &m->as.command;
    const struct sally_bus_row *row = &m->as.row;

    if (m->type == SALLY_BUS_READINGS)
        for (size_t i = 0; i < r->count; i++)
            check_value(&r->value[i], r->bytes, r->used);
    if (m->type == SALLY_BUS_COMMAND)
        check_value(&c->value, c->bytes, c->used);
    if (m->type == SALLY_BUS_ROW)
        check_value(&row->value, row->bytes, row->used);
    if (m->type == SALLY_BUS_RESOLVE &&
        strlen(m->as.resolve.host) >= sizeof(m->as.resolve.host))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[SALLY_BUS_FRAME];
    struct sally_buf again = SALLY_BUF(room);
    struct sally_span frame, whole;
    struct sally_bus_message m;
    enum sally_role_name from, to;

    if (size == 0 || size > SALLY_BUS_FRAME)
        return 0;
    from = (enum sally_role_name)(data[0] % SALLY_ROLE_COUNT);
    to = (enum sally_role_name)(data[0] / SALLY_ROLE_COUNT % SALLY_ROLE_COUNT);
    whole = frame = (struct sally_span){ data + 1, size - 1 };
    while (frame.len != 0 &&
           sally_bus_take(&frame, from, to, &m) == SALLY_E_OK) {
        check_fields(&m);
        if (!sally_bus_may_say(&m, from, to) ||
            sally_bus_put(&again, &m) != SALLY_E_OK)
            abort();
    }
    if (again.len + frame.len != whole.len ||
        memcmp(room, whole.at, again.len) != 0)
        abort();
    return 0;
}
