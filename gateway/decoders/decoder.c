/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/decoder.c - the formats that there are. */
#include "decoders/decoder.h"

static const struct sally_decoder *const decoders[] = {
    [SALLY_PAYLOAD_TEXT] = &sally_decoder_text,
    [SALLY_PAYLOAD_JSON] = &sally_decoder_json,
    [SALLY_PAYLOAD_FORM] = &sally_decoder_form,
    [SALLY_PAYLOAD_CSV] = &sally_decoder_csv,
    [SALLY_PAYLOAD_BIN] = &sally_decoder_bin,
    [SALLY_PAYLOAD_SENML] = &sally_decoder_senml,
    [SALLY_PAYLOAD_CBOR] = &sally_decoder_cbor,
    [SALLY_PAYLOAD_LINE] = &sally_decoder_line,
    [SALLY_PAYLOAD_LPP] = &sally_decoder_lpp,
    [SALLY_PAYLOAD_SPARKPLUG] = &sally_decoder_sparkplug,
};

const struct sally_decoder *sally_decoder_of(enum sally_payload_format f)
{
    return (size_t)f < SALLY_LEN(decoders) ? decoders[f]
                                           : &sally_decoder_text;
}
