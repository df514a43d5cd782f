/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/request.c - the options of a server's request. */
#include "lwm2m/request.h"

#include "coap/option.h"

/* Uri-Path to a path; 4.04 for what cannot be one. */
static uint8_t take_path(struct sally_span options, struct sally_path *path)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;

    *path = (struct sally_path){ .depth = 0 };
    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_PATH &&
            sally_path_push(path, o.value) != SALLY_E_OK)
            return SALLY_CODE_NOT_FOUND;
    return 0;
}

uint8_t sally_request_take(const struct sally_coap_request *coap,
                           struct sally_request *out)
{
    static const uint16_t known[] = {
        SALLY_OPTION_URI_HOST,       SALLY_OPTION_OBSERVE,
        SALLY_OPTION_URI_PORT,       SALLY_OPTION_URI_PATH,
        SALLY_OPTION_CONTENT_FORMAT, SALLY_OPTION_URI_QUERY,
        SALLY_OPTION_ACCEPT,         SALLY_OPTION_BLOCK2,
        SALLY_OPTION_BLOCK1,         SALLY_OPTION_SIZE2,
        SALLY_OPTION_SIZE1,
    };
    struct sally_span options = coap->options, value;
    uint16_t culprit;

    *out = (struct sally_request){ .coap = coap };
    if (!sally_coap_options_understood(options, known, SALLY_LEN(known),
                                       &culprit))
        return SALLY_CODE_BAD_OPTION;
    if (!sally_coap_option_uint(options, SALLY_OPTION_ACCEPT, &out->accept))
        out->accept = SALLY_REQUEST_NONE;
    if (!sally_coap_option_uint(options, SALLY_OPTION_CONTENT_FORMAT,
                                &out->format))
        out->format = SALLY_REQUEST_NONE;
    out->has_query =
        sally_coap_option_find(options, SALLY_OPTION_URI_QUERY, &value);
    return take_path(options, &out->path);
}

bool sally_request_is(const struct sally_coap_request *coap, const char *name)
{
    struct sally_coap_options walk = { coap->options, 0 };
    struct sally_coap_option o;
    size_t segments = 0, right = 0;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_URI_PATH)
            continue;
        segments++;
        right += sally_span_is(o.value, name);
    }
    return segments == 1 && right == 1;
}
