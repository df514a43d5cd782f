/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/cbor.c - values inside a CBOR item, selected as in JSON. A
 * name finds the text, or the number that it is, among the keys of a map: small
 * devices count their keys.                                                 */
#include "codec/cbor.h"

#include "base/text.h"
#include "decoders/decoder.h"
#include "decoders/path.h"
#include "lwm2m/cbor_value.h"

#include <math.h>

/* All of it is walked once, so that a selector finds no broken item. */
static enum sally_err open_cbor(struct sally_span payload,
                                const struct sally_config_map *map,
                                struct sally_decoder_state *out)
{
    struct sally_cbor c = sally_cbor_over(payload);
    struct sally_cbor_item item;
    enum sally_err e;

    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    if (sally_cbor_next(&c, &item))
        (void)sally_cbor_skip(&c, &item);
    e = sally_cbor_end(&c);
    if (e == SALLY_E_OK)
        *out = (struct sally_decoder_state){ .payload = payload };
    return e;
}

static bool is_key(const struct sally_cbor_item *key, struct sally_span name)
{
    struct sally_lwm2m_value v;
    int64_t n = 0;

    if (key->type == SALLY_CBOR_TEXT)
        return sally_span_equal(key->bytes, name);
    return (key->type == SALLY_CBOR_UNSIGNED ||
            key->type == SALLY_CBOR_NEGATIVE) &&
           sally_text_int(name, &n) == SALLY_E_OK &&
           sally_cbor_value_of(key, &v) == SALLY_E_OK &&
           v.type == SALLY_TYPE_INTEGER && v.is.integer == n;
}

/* `at` becomes the value behind the key `name` of the map that it is. */
static bool step_member(struct sally_cbor *c, struct sally_span name,
                        struct sally_cbor_item *at)
{
    if (at->type != SALLY_CBOR_MAP)
        return false;
    while (sally_cbor_next(c, at) && at->type != SALLY_CBOR_END) {
        bool found = is_key(at, name);

        if (!sally_cbor_skip(c, at) || !sally_cbor_next(c, at))
            return false;
        if (found)
            return true;
        if (!sally_cbor_skip(c, at))
            return false;
    }
    return false;
}

static bool step_item(struct sally_cbor *c, size_t index,
                      struct sally_cbor_item *at)
{
    if (at->type != SALLY_CBOR_ARRAY)
        return false;
    while (sally_cbor_next(c, at) && at->type != SALLY_CBOR_END) {
        if (index-- == 0)
            return true;
        if (!sally_cbor_skip(c, at))
            return false;
    }
    return false;
}

static bool walk(struct sally_cbor *c, const char *selector,
                 struct sally_cbor_item *at)
{
    struct sally_cursor rest = sally_cursor_over(sally_span_of(selector));
    struct sally_path_step to;

    if (!sally_cbor_next(c, at))
        return false;
    while (rest.rest.len != 0)
        if (!sally_path_next(&rest, &to) ||
            !(to.item ? step_item(c, to.index, at)
                      : step_member(c, to.name, at)))
            return false;
    return true;
}

static enum sally_err select_cbor(const struct sally_decoder_state *state,
                                  const char *selector,
                                  struct sally_decoded *out)
{
    struct sally_cbor c = sally_cbor_over(state->payload);
    struct sally_cbor_item at;
    enum sally_err e;

    if (!walk(&c, selector, &at))
        return SALLY_E_NOT_FOUND;
    e = sally_cbor_value_of(&at, &out->value);
    if (e != SALLY_E_OK)
        return e;
    out->typed = true;
    if (out->value.type == SALLY_TYPE_NONE)
        return SALLY_E_WRONG_TYPE;
    return out->value.type == SALLY_TYPE_FLOAT && !isfinite(out->value.is.real)
               ? SALLY_E_OUT_OF_RANGE
               : SALLY_E_OK;
}

static void close_cbor(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_cbor = { "cbor", open_cbor,
                                                  select_cbor, close_cbor };
