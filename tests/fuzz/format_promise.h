/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/format_promise.h - what every content format promises: what it
 * decodes lies at or below the base, borrows from the payload or the scratch
 * only, and encodes to something that decodes to the same records.          */
#ifndef SALLY_TESTS_FUZZ_FORMAT_PROMISE_H
#define SALLY_TESTS_FUZZ_FORMAT_PROMISE_H

#include "lwm2m/format.h"
#include "unit/lwm2m/sample.h"

#include <stdlib.h>

static inline bool promise_lies_in(struct sally_span part,
                                   struct sally_span whole)
{
    return part.len == 0 || (part.at >= whole.at &&
                             part.at + part.len <= whole.at + whole.len);
}

static inline void promise_of_record(const struct sally_lwm2m_record *r,
                                     const struct sally_path *base,
                                     struct sally_span payload,
                                     const struct sally_buf *scratch)
{
    bool bytes = r->value.type == SALLY_TYPE_STRING ||
                 r->value.type == SALLY_TYPE_OPAQUE ||
                 r->value.type == SALLY_TYPE_CORELNK;

    if (!sally_path_covers(base, &r->path) ||
        r->path.depth < SALLY_DEPTH_RESOURCE)
        abort();
    if (bytes && !promise_lies_in(r->value.is.bytes, payload) &&
        !promise_lies_in(r->value.is.bytes, sally_buf_span(scratch)))
        abort();
}

static inline bool promise_same(const struct sally_lwm2m_record *a,
                                const struct sally_lwm2m_record *b)
{
    return sally_path_equal(&a->path, &b->path) &&
           sally_value_equal(&a->value, &b->value) && a->time == b->time;
}

/* The first byte of the input chooses the base. */
static inline int promise_of_format(uint16_t number, const uint8_t *data,
                                    size_t size)
{
    static const char *const bases[] = { "/",         "/3",      "/3/0",
                                         "/9000",     "/9000/0", "/3/0/6",
                                         "/9000/0/6", "/3/0/6/1" };
    static struct sally_registry registry;
    static struct sally_lwm2m_record records[SALLY_RECORDS_MAX],
        again[SALLY_RECORDS_MAX];
    static uint8_t kept[8192], kept_again[8192], wire[65536];
    struct sally_buf scratch = SALLY_BUF(kept), out = SALLY_BUF(wire);
    struct sally_buf scratch_again = SALLY_BUF(kept_again);
    struct sally_writer w = sally_writer_into(&out);
    const struct sally_lwm2m_format *f = sally_format_find(number);
    struct sally_span payload;
    struct sally_path base;
    size_t count, count_again;

    if (size == 0 || size > 4096)
        return 0;
    if (registry.count == 0)
        sample_registry(&registry);
    base = sample_path(bases[data[0] % SALLY_LEN(bases)]);
    payload = (struct sally_span){ &data[1], size - 1 };
    if (f->decode(&registry, &base, payload, &scratch, records,
                  SALLY_LEN(records), &count) != SALLY_E_OK)
        return 0;
    for (size_t i = 0; i < count; i++)
        promise_of_record(&records[i], &base, payload, &scratch);
    if (f->encode(&base, records, count, &w) != SALLY_E_OK ||
        f->decode(&registry, &base, sally_buf_span(&out), &scratch_again,
                  again, SALLY_LEN(again), &count_again) != SALLY_E_OK ||
        count != count_again)
        abort();
    for (size_t i = 0; i < count; i++)
        if (!promise_same(&records[i], &again[i]))
            abort();
    return 0;
}

#endif
