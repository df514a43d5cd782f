/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/format.c - the table of content formats. */
#include "lwm2m/format.h"

#include "lwm2m/cbor.h"
#include "lwm2m/lwm2m_cbor.h"
#include "lwm2m/opaque.h"
#include "lwm2m/senml_cbor.h"
#include "lwm2m/senml_json.h"
#include "lwm2m/text.h"
#include "lwm2m/tlv.h"

static const struct sally_lwm2m_format formats[] = {
    { SALLY_FORMAT_TEXT, "text", true, false, 10, sally_format_text_encode,
      sally_format_text_decode },
    { SALLY_FORMAT_OPAQUE, "opaque", true, false, 10,
      sally_format_opaque_encode, sally_format_opaque_decode },
    { SALLY_FORMAT_CBOR, "cbor", true, false, 11, sally_format_cbor_encode,
      sally_format_cbor_decode },
    { SALLY_FORMAT_SENML_JSON, "senml-json", false, true, 11,
      sally_senml_json_encode, sally_senml_json_decode },
    { SALLY_FORMAT_SENML_CBOR, "senml-cbor", false, true, 11,
      sally_senml_cbor_encode, sally_senml_cbor_decode },
    { SALLY_FORMAT_TLV, "tlv", false, false, 10, sally_tlv_encode,
      sally_tlv_decode },
    { SALLY_FORMAT_LWM2M_CBOR, "lwm2m-cbor", false, false, 12,
      sally_lwm2m_cbor_encode, sally_lwm2m_cbor_decode },
};

const struct sally_lwm2m_format *sally_format_find(uint16_t number)
{
    for (size_t i = 0; i < SALLY_LEN(formats); i++)
        if (formats[i].number == number)
            return &formats[i];
    return NULL;
}

const struct sally_lwm2m_format *sally_formats(size_t *count)
{
    *count = SALLY_LEN(formats);
    return formats;
}
