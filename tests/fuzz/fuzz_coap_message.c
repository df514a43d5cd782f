/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_coap_message.c - promises of the CoAP codec: what parses
 * writes back to the same bytes; the option walk ends exactly where the parser
 * said, and its options encode to the same bytes again, since their encoding
 * is unique; no span points outside the datagram.                           */
#include "coap/option.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 2048

static void inside(struct sally_span part, struct sally_span whole)
{
    if (part.len != 0 &&
        (part.at < whole.at || part.at + part.len > whole.at + whole.len))
        abort();
}

static void check_options(struct sally_span list, struct sally_span in)
{
    uint8_t room[ROOM];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&out);
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option o;

    if (sally_coap_options_check(list) != SALLY_E_OK)
        abort();
    while (sally_coap_option_next(&walk, &o)) {
        inside(o.value, in);
        sally_coap_put_option(&w, o.number, o.value);
    }
    if (walk.rest.len != 0 || sally_coap_options_end(&w) != SALLY_E_OK ||
        !sally_span_equal(sally_buf_span(&out), list))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_span in = { data, size };
    struct sally_coap_message m;
    uint16_t mid;
    uint8_t room[ROOM];
    struct sally_buf out = SALLY_BUF(room);

    if (size > sizeof(room) || sally_coap_parse(in, &m, &mid) != SALLY_E_OK)
        return 0;
    inside(m.token, in);
    inside(m.payload, in);
    check_options(m.options, in);
    if (mid != m.mid || sally_coap_write(&m, &out) != SALLY_E_OK ||
        !sally_span_equal(sally_buf_span(&out), in))
        abort();
    return 0;
}
