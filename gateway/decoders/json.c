/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/json.c - values inside a JSON text. What is not there, or
 * would be inside something that is no object or list, is absent.           */
#include "codec/json.h"

#include "decoders/decoder.h"
#include "decoders/path.h"

static enum sally_err open_json(struct sally_span payload,
                                const struct sally_config_map *map,
                                struct sally_decoder_state *out)
{
    struct sally_json tree;
    enum sally_err e =
        sally_json_parse(payload, SALLY_DECODER_PAYLOAD_MAX, &tree);

    (void)map;
    if (e == SALLY_E_OK)
        *out = (struct sally_decoder_state){ .payload = payload,
                                             .tree = tree.node };
    return e;
}

static void close_json(struct sally_decoder_state *state)
{
    struct sally_json tree = { state->tree };

    sally_json_free(&tree);
    state->tree = NULL;
}

static bool step(const struct sally_path_step *to, struct sally_json *at)
{
    char name[SALLY_PATH_NAME_MAX + 1];

    if (to->item)
        return sally_json_item(*at, to->index, at);
    return sally_span_text(to->name, name, sizeof(name)) &&
           sally_json_member(*at, name, at);
}

static bool walk(const char *selector, struct sally_json *at)
{
    struct sally_cursor rest = sally_cursor_over(sally_span_of(selector));
    struct sally_path_step to;

    while (rest.rest.len != 0)
        if (!sally_path_next(&rest, &to) || !step(&to, at))
            return false;
    return true;
}

static enum sally_err value_of(struct sally_json j,
                               struct sally_lwm2m_value *out)
{
    struct sally_lwm2m_value v = { .type = SALLY_TYPE_NONE };

    switch (sally_json_type_of(j)) {
    case SALLY_JSON_NULL:
    case SALLY_JSON_ARRAY:
    case SALLY_JSON_OBJECT:
        return SALLY_E_WRONG_TYPE;
    case SALLY_JSON_BOOLEAN:
        v.type = SALLY_TYPE_BOOLEAN;
        (void)sally_json_boolean(j, &v.is.boolean);
        break;
    case SALLY_JSON_INTEGER:
        v.type = SALLY_TYPE_INTEGER;
        (void)sally_json_integer(j, &v.is.integer);
        break;
    case SALLY_JSON_UNSIGNED:
        v.type = SALLY_TYPE_UNSIGNED;
        (void)sally_json_unsigned(j, &v.is.unsigned_number);
        break;
    case SALLY_JSON_REAL:
        v.type = SALLY_TYPE_FLOAT;
        (void)sally_json_real(j, &v.is.real);
        break;
    case SALLY_JSON_STRING:
        v.type = SALLY_TYPE_STRING;
        (void)sally_json_string(j, &v.is.bytes);
        break;
    }
    *out = v;
    return SALLY_E_OK;
}

static enum sally_err select_json(const struct sally_decoder_state *state,
                                  const char *selector,
                                  struct sally_decoded *out)
{
    struct sally_json at = { state->tree };

    if (!walk(selector, &at))
        return SALLY_E_NOT_FOUND;
    out->typed = true;
    return value_of(at, &out->value);
}

const struct sally_decoder sally_decoder_json = { "json", open_json,
                                                  select_json, close_json };
