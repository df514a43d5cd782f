/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/form.c - "t=21.5&h=40": names with values, as sensors put
 * them into the query of a CoAP request. A value is taken as it stands, without
 * escapes, so a number's plus sign is one.                                  */
#include "base/text.h"
#include "decoders/decoder.h"

#include <string.h>

static enum sally_err open_form(struct sally_span payload,
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

/* Takes what stands before the next `end` off `rest`, and the `end`. */
static struct sally_span take_until(struct sally_span *rest, char end)
{
    const uint8_t *at =
        rest->len == 0 ? NULL : memchr(rest->at, end, rest->len);
    size_t len = at == NULL ? rest->len : (size_t)(at - rest->at);
    struct sally_span taken = sally_span_sub(*rest, 0, len);

    *rest = sally_span_sub(*rest, len + 1, rest->len);
    return taken;
}

/* The first of that name counts. */
static enum sally_err select_form(const struct sally_decoder_state *state,
                                  const char *selector,
                                  struct sally_decoded *out)
{
    struct sally_span rest = state->payload;

    while (rest.len != 0) {
        struct sally_span value = take_until(&rest, '&');
        struct sally_span name = take_until(&value, '=');

        if (!sally_span_is(name, selector))
            continue;
        out->value = sally_value_text(sally_text_trim(value));
        out->typed = false;
        return SALLY_E_OK;
    }
    return SALLY_E_NOT_FOUND;
}

static void close_form(struct sally_decoder_state *state)
{
    (void)state;
}

const struct sally_decoder sally_decoder_form = { "form", open_form,
                                                  select_form, close_form };
