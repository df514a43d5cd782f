/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/decoder.h - payloads of sensors to values, one format a
 * file and one row in decoder.c.
 *
 * A payload is opened once, asked for any number of selectors, and closed.
 * What comes out is the sensor's side of a value: what it means for a resource
 * is the mapping's business.                                                */
#ifndef SALLY_DECODERS_DECODER_H
#define SALLY_DECODERS_DECODER_H

#include "config/config.h"
#include "lwm2m/value.h"

#define SALLY_DECODER_PAYLOAD_MAX 16384 /* bytes */
#define SALLY_EXTRACTED_MAX 4096 /* bytes that lie in another payload */

/* What stood at the selector. BOOLEAN, INTEGER, UNSIGNED, FLOAT, STRING, and
 * of SenML and CBOR OPAQUE and OBJLNK; text and bytes borrow from the payload
 * or the decoder's state, until the next call.                              */
struct sally_decoded {
    struct sally_lwm2m_value value;
    struct sally_span unit; /* where the payload tells it, else empty */
    bool typed; /* the format tells 21 from "21"; else it is always STRING */
};

/* An opened payload. */
struct sally_decoder_state {
    struct sally_span payload; /* borrowed */
    char sep;                  /* between its values */
    void *tree;                /* the format's own, or NULL */
};

struct sally_decoder {
    const char *name;

    /* Checks the payload as a whole, by what the map says of its layout.
     * MALFORMED, TRUNCATED, TOO_LARGE, OUT_OF_RANGE, NO_MEMORY; then there is
     * nothing to close.                                                     */
    enum sally_err (*open)(struct sally_span payload,
                           const struct sally_config_map *map,
                           struct sally_decoder_state *out) SALLY_MUST_USE;

    /* The value at `selector`; "" is the whole payload.
     *   NOT_FOUND   it is absent, which is no error of the sensor
     *   WRONG_TYPE  it is null, a list or a group
     *   MALFORMED   it does not end, or OUT_OF_RANGE: it is no finite number
     * *out is zero before.                                                  */
    enum sally_err (*select)(const struct sally_decoder_state *state,
                             const char *selector,
                             struct sally_decoded *out) SALLY_MUST_USE;

    void (*close)(struct sally_decoder_state *state);
};

extern const struct sally_decoder sally_decoder_text, sally_decoder_json,
    sally_decoder_form, sally_decoder_csv, sally_decoder_bin,
    sally_decoder_senml, sally_decoder_cbor, sally_decoder_line,
    sally_decoder_lpp, sally_decoder_sparkplug;

/* Never NULL. */
const struct sally_decoder *sally_decoder_of(enum sally_payload_format f);

#endif
