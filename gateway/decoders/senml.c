/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/senml.c - values of SenML packs, in JSON or CBOR. RFC 8428.
 *
 * A selector is the name of a record, with or without its base name. Of several
 * with one name the latest counts: a device that was offline sends its history
 * along.                                                                    */
#include "lwm2m/senml.h"

#include "base/text.h"
#include "decoders/decoder.h"
#include "lwm2m/senml_cbor.h"
#include "lwm2m/senml_json.h"

#include <math.h>
#include <stdlib.h>

#define RECORDS_MAX 64

struct record {
    struct sally_span base_name, name, unit;
    struct sally_lwm2m_value value;
    sally_msec_utc time;
};

/* An opened payload. */
struct pack {
    struct sally_json tree; /* what names and units borrow from, in JSON */
    struct sally_senml_entry base; /* base fields so far */
    size_t count;
    struct record records[RECORDS_MAX];
    struct sally_buf scratch; /* over what follows */
    uint8_t room[];
};

static bool saw(const struct sally_senml_entry *entry,
                enum sally_senml_field field)
{
    return (entry->seen & UINT32_C(1) << field) != 0;
}

static void take_bases(struct sally_senml_entry *base,
                       const struct sally_senml_entry *entry)
{
    if (saw(entry, SALLY_SENML_BASE_NAME))
        base->base_name = entry->base_name;
    if (saw(entry, SALLY_SENML_BASE_TIME))
        base->base_time = entry->base_time;
    if (saw(entry, SALLY_SENML_BASE_UNIT))
        base->base_unit = entry->base_unit;
    if (saw(entry, SALLY_SENML_BASE_VALUE))
        base->base_value = entry->base_value;
}

/* A record without a value (a sum alone, or base fields) is none of ours. */
static enum sally_err add_record(struct pack *p,
                                 const struct sally_senml_entry *entry)
{
    struct record *r = &p->records[p->count];

    take_bases(&p->base, entry);
    if (entry->value.type == SALLY_TYPE_NONE)
        return SALLY_E_OK;
    if (p->count == RECORDS_MAX)
        return SALLY_E_TOO_LARGE;
    *r = (struct record){
        .base_name = p->base.base_name,
        .name = entry->name,
        .unit = saw(entry, SALLY_SENML_UNIT) ? entry->unit : p->base.base_unit,
        .value = entry->value,
        .time = p->base.base_time + entry->time,
    };
    p->count++;
    return sally_senml_add_base(p->base.base_value, &r->value);
}

static enum sally_err read_json(struct pack *p, struct sally_span payload)
{
    struct sally_senml_entry entry;
    struct sally_json item;
    enum sally_err e =
        sally_json_parse(payload, SALLY_DECODER_PAYLOAD_MAX, &p->tree);

    if (e != SALLY_E_OK)
        return e;
    if (sally_json_type_of(p->tree) != SALLY_JSON_ARRAY)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; sally_json_item(p->tree, i, &item); i++) {
        e = sally_senml_json_entry(item, &p->scratch, &entry);
        if (e == SALLY_E_OK)
            e = add_record(p, &entry);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

static enum sally_err read_cbor(struct pack *p, struct sally_span payload)
{
    struct sally_cbor c = sally_cbor_over(payload);
    struct sally_senml_entry entry;
    struct sally_cbor_item item;

    if (!sally_cbor_next(&c, &item) || item.type != SALLY_CBOR_ARRAY)
        return c.error != SALLY_E_OK ? c.error : SALLY_E_MALFORMED;
    while (sally_cbor_next(&c, &item) && item.type == SALLY_CBOR_MAP) {
        enum sally_err e = sally_senml_cbor_entry(&c, &entry);

        if (e == SALLY_E_OK)
            e = add_record(p, &entry);
        if (e != SALLY_E_OK)
            return e;
    }
    return sally_cbor_end(&c);
}

static void free_pack(struct pack *p)
{
    sally_json_free(&p->tree);
    free(p);
}

/* No JSON text begins with a byte beyond ASCII, and no array of CBOR with one
 * of it.                                                                    */
static enum sally_err open_senml(struct sally_span payload,
                                 const struct sally_config_map *map,
                                 struct sally_decoder_state *out)
{
    struct pack *p;
    enum sally_err e;

    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    p = calloc(1, sizeof(*p) + payload.len);
    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    p->scratch = (struct sally_buf){ p->room, 0, payload.len };
    e = payload.at[0] >= 0x80 ? read_cbor(p, payload) : read_json(p, payload);
    if (e != SALLY_E_OK) {
        free_pack(p);
        return e;
    }
    *out = (struct sally_decoder_state){ .payload = payload, .tree = p };
    return SALLY_E_OK;
}

static bool is_named(const struct record *r, struct sally_span selector)
{
    return sally_span_equal(r->name, selector) ||
           (sally_span_starts(selector, r->base_name) &&
            sally_span_equal(r->name, sally_span_sub(selector, r->base_name.len,
                                                     selector.len)));
}

/* Small times are relative to now (RFC 8428 s.4.5.3), which is later than any
 * that is absolute.                                                         */
static bool is_later(sally_msec_utc a, sally_msec_utc b)
{
    bool absolute = a >= SALLY_SENML_ABSOLUTE;

    if (absolute != (b >= SALLY_SENML_ABSOLUTE))
        return !absolute;
    return a >= b;
}

static enum sally_err select_senml(const struct sally_decoder_state *state,
                                   const char *selector,
                                   struct sally_decoded *out)
{
    const struct sally_span name = sally_span_of(selector);
    const struct pack *p = state->tree;
    const struct record *found = NULL;

    for (size_t i = 0; i < p->count; i++)
        if (is_named(&p->records[i], name) &&
            (found == NULL || is_later(p->records[i].time, found->time)))
            found = &p->records[i];
    if (found == NULL)
        return SALLY_E_NOT_FOUND;
    out->value = found->value;
    out->unit = found->unit;
    out->typed = true;
    return out->value.type == SALLY_TYPE_FLOAT && !isfinite(out->value.is.real)
               ? SALLY_E_OUT_OF_RANGE
               : SALLY_E_OK;
}

static void close_senml(struct sally_decoder_state *state)
{
    free_pack(state->tree);
    state->tree = NULL;
}

const struct sally_decoder sally_decoder_senml = { "senml", open_senml,
                                                   select_senml, close_senml };
