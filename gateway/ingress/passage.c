/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/passage.c - what a map makes of a message. */
#include "ingress/passage.h"

#include "base/text.h"
#include "codec/base64.h"
#include "ingress/reading.h"

static void refuse(struct sally_passage *p, enum sally_err why)
{
    p->result->refused++;
    if (why == SALLY_E_TRUNCATED || why == SALLY_E_UNSUPPORTED)
        why = SALLY_E_MALFORMED;
    if (p->result->why == SALLY_E_OK)
        p->result->why = why;
}

static enum sally_err append(struct sally_bus_readings *out,
                             const struct sally_path *path,
                             const struct sally_lwm2m_value *v)
{
    enum sally_err e;

    if (out->count >= SALLY_BUS_VALUES)
        return SALLY_E_TOO_LARGE;
    e = sally_bus_put_value(&out->value[out->count], out->bytes, &out->used,
                            path, v);
    if (e != SALLY_E_OK)
        return SALLY_E_TOO_LARGE;
    out->count++;
    return SALLY_E_OK;
}

/* What the sensor says in one unit is not passed on as in another. */
static bool is_other_unit(const struct sally_config_put *put,
                          const struct sally_decoded *in)
{
    bool as_it_is = put->scale == 1.0 && put->div == 1.0 && put->offset == 0.0;

    return as_it_is && in->unit.len != 0 && put->unit[0] != '\0' &&
           !sally_span_is(in->unit, put->unit);
}

static void put_reading(struct sally_passage *p,
                        const struct sally_config_put *put,
                        const struct sally_decoder *decoder,
                        const struct sally_decoder_state *state)
{
    uint8_t room[SALLY_BUS_BYTES];
    struct sally_buf scratch = SALLY_BUF(room);
    struct sally_lwm2m_value v;
    struct sally_decoded in = { .typed = false };
    enum sally_err e = decoder->select(state, put->from, &in);

    if (e == SALLY_E_NOT_FOUND) {
        p->result->absent++;
        return;
    }
    if (e == SALLY_E_OK && is_other_unit(put, &in))
        e = SALLY_E_WRONG_UNIT;
    if (e == SALLY_E_OK)
        e = sally_reading_make(&p->config->registry, put, &in, &scratch, &v);
    if (e == SALLY_E_NO_ROOM)
        e = SALLY_E_TOO_LARGE;
    if (e == SALLY_E_OK)
        e = append(p->out, &put->to, &v);
    if (e != SALLY_E_OK)
        refuse(p, e);
}

/* The payload proper out of the text that holds it. */
static enum sally_err unwrap(enum sally_payload_wrap wrap,
                             const struct sally_decoded *in,
                             struct sally_buf *out)
{
    enum sally_err e = SALLY_E_WRONG_TYPE;

    if (in->value.type == SALLY_TYPE_STRING)
        e = wrap == SALLY_WRAP_HEX
                ? sally_text_hex(in->value.is.bytes, out)
                : sally_base64_decode(in->value.is.bytes, out);
    return e == SALLY_E_NO_ROOM ? SALLY_E_TOO_LARGE : e;
}

static bool meets(const struct sally_config_when *when,
                  const struct sally_decoder *decoder,
                  const struct sally_decoder_state *state)
{
    struct sally_decoded in = { .typed = false };

    return decoder->select(state, when->from, &in) == SALLY_E_OK &&
           sally_reading_is(&in, when->word);
}

static bool meets_all(const struct sally_config_map *map,
                      const struct sally_decoder *decoder,
                      const struct sally_decoder_state *state)
{
    for (size_t i = 0; i < map->when_count; i++)
        if (!meets(&map->when[i], decoder, state))
            return false;
    return true;
}

static enum sally_err put_all(struct sally_passage *p,
                              const struct sally_config_map *map,
                              struct sally_span payload, bool checked)
{
    const struct sally_decoder *decoder = sally_decoder_of(map->format);
    struct sally_decoder_state state;
    enum sally_err e = decoder->open(payload, map, &state);

    if (e != SALLY_E_OK)
        return e;
    if (checked || meets_all(map, decoder, &state))
        for (size_t i = 0; i < map->put_count; i++)
            put_reading(p, &map->put[i], decoder, &state);
    decoder->close(&state);
    return SALLY_E_OK;
}

/* What `when` asks for stands beside what is wrapped, or in it where nothing
 * is beside it. Absent is no error.                                         */
static enum sally_err put_wrapped(struct sally_passage *p,
                                  const struct sally_config_map *map)
{
    const bool whole = map->extract[0] == '\0';
    const struct sally_decoder *decoder =
        sally_decoder_of(whole ? SALLY_PAYLOAD_TEXT : SALLY_PAYLOAD_JSON);
    struct sally_decoded text = { .typed = false };
    uint8_t room[SALLY_EXTRACTED_MAX];
    struct sally_buf inner = SALLY_BUF(room);
    struct sally_decoder_state state;
    enum sally_err e = decoder->open(p->payload, map, &state);
    bool applies;

    if (e != SALLY_E_OK)
        return e;
    applies = whole || meets_all(map, decoder, &state);
    e = decoder->select(&state, map->extract, &text);
    if (applies && e == SALLY_E_OK)
        e = unwrap(map->wrap, &text, &inner);
    decoder->close(&state);
    if (!applies)
        return SALLY_E_OK;
    return e == SALLY_E_OK ? put_all(p, map, sally_buf_span(&inner), !whole)
                           : e;
}

static void put_readings(struct sally_passage *p,
                         const struct sally_config_map *map)
{
    enum sally_err e = SALLY_E_OK;

    if (map->put_count != 0)
        e = map->wrap == SALLY_WRAP_NONE ? put_all(p, map, p->payload, false)
                                         : put_wrapped(p, map);
    if (e == SALLY_E_NOT_FOUND)
        p->result->absent++;
    else if (e != SALLY_E_OK)
        refuse(p, e);
}

static void tell_liveness(struct sally_passage *p,
                          const struct sally_config_map *map)
{
    struct sally_span said = sally_text_trim(p->payload);

    for (size_t i = 0; i < map->alive_count; i++)
        if (sally_span_is(said, map->alive[i].payload)) {
            p->result->tells_liveness = true;
            p->result->online = map->alive[i].online;
            return;
        }
}

static bool has_path(const struct sally_bus_readings *r,
                     const struct sally_path *path, size_t count)
{
    struct sally_lwm2m_record record;

    for (size_t i = 0; i < count; i++) {
        sally_bus_value(&r->value[i], r->bytes, &record);
        if (sally_path_equal(&record.path, path))
            return true;
    }
    return false;
}

enum { RESOURCE_UNITS = 5701, RESOURCE_APPLICATION_TYPE = 5750 };

/* Writes a text resource beside a reading, once, where its object has it. */
static void put_beside(struct sally_passage *p,
                       const struct sally_path *reading, uint16_t resource,
                       const char *text)
{
    struct sally_path path =
        sally_path_resource(reading->id[0], reading->id[1], resource);
    struct sally_lwm2m_value v = sally_value_string(text);

    if (text[0] == '\0' || has_path(p->out, &path, p->out->count) ||
        sally_registry_admit(&p->config->registry, &path, &v, &v) != SALLY_E_OK)
        return;
    (void)!append(p->out, &path, &v); /* readings go first: no room, no unit */
}

void sally_passage_take(struct sally_passage *p,
                        const struct sally_config_map *map)
{
    tell_liveness(p, map);
    put_readings(p, map);
}

void sally_passage_units(struct sally_passage *p,
                         const struct sally_config_map *map, size_t readings)
{
    for (size_t i = 0; i < map->put_count; i++) {
        const struct sally_config_put *put = &map->put[i];

        if (!has_path(p->out, &put->to, readings))
            continue;
        put_beside(p, &put->to, RESOURCE_UNITS, put->unit);
        put_beside(p, &put->to, RESOURCE_APPLICATION_TYPE, put->label);
    }
}
