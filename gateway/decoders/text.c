/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/text.c - the payload as a whole is one value, "21.5" or
 * "ON". White space around it does not count; inside it does.               */
#include "base/text.h"
#include "decoders/decoder.h"

static enum sally_err open_text(struct sally_span payload,
                                const struct sally_config_map *map,
                                struct sally_decoder_state *out)
{
    (void)map;
    if (payload.len > SALLY_DECODER_PAYLOAD_MAX)
        return SALLY_E_TOO_LARGE;
    payload = sally_text_trim(payload);
    if (payload.len == 0)
        return SALLY_E_TRUNCATED;
    if (!sally_text_is_utf8(payload))
        return SALLY_E_MALFORMED;
    *out = (struct sally_decoder_state){ .payload = payload };
    return SALLY_E_OK;
}

static enum sally_err select_text(const struct sally_decoder_state *state,
                                  const char *selector,
                                  struct sally_decoded *out)
{
    if (selector[0] != '\0')
        return SALLY_E_NOT_FOUND;
    out->value = sally_value_text(state->payload);
    out->typed = false;
    return SALLY_E_OK;
}

static void close_text(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_text = { "text", open_text,
                                                  select_text, close_text };
