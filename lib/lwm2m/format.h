/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/format.h - values to and from payloads, one row per content
 * format. LwM2M Core 1.1 s.7.4; numbers from the CoAP registry.             */
#ifndef SALLY_LWM2M_FORMAT_H
#define SALLY_LWM2M_FORMAT_H

#include "lwm2m/registry.h"

enum sally_content_format {
    SALLY_FORMAT_TEXT = 0,
    SALLY_FORMAT_LINK = 40,
    SALLY_FORMAT_OPAQUE = 42,
    SALLY_FORMAT_CBOR = 60,
    SALLY_FORMAT_SENML_JSON = 110,
    SALLY_FORMAT_SENML_CBOR = 112,
    SALLY_FORMAT_TLV = 11542,
    SALLY_FORMAT_LWM2M_CBOR = 11544
};

#define SALLY_RECORDS_MAX 64 /* values in one payload */

struct sally_lwm2m_format {
    uint16_t number;
    const char *name;    /* "senml-cbor" */
    bool single;         /* carries one value without its path */
    bool timed;          /* carries times */
    uint8_t min_version; /* 10, 11 or 12: LwM2M 1.0, 1.1, 1.2 */

    /* Writes `count` records, all at or below `base`, which is the path of
     * the request. Times: SenML carries `time` of a record when it is not 0
     * (base time and relative times as RFC 8428 s.4.6 allows, exact to the
     * millisecond). NO_ROOM; NOT_ALLOWED if a single format is asked for
     * more or fewer than one value.                                         */
    enum sally_err (*encode)(const struct sally_path *base,
                             const struct sally_lwm2m_record *records,
                             size_t count, struct sally_writer *w);

    /* Reads at most `room` records. Each path is checked to be at or below
     * `base`; each value gets the type that the registry gives its resource.
     * Bytes borrow from `payload` or are written to `scratch`. MALFORMED,
     * TRUNCATED, NOT_FOUND (a resource that the registry does not have),
     * NOT_ALLOWED (outside base), WRONG_TYPE, OUT_OF_RANGE, NO_ROOM.        */
    enum sally_err (*decode)(const struct sally_registry *registry,
                             const struct sally_path *base,
                             struct sally_span payload,
                             struct sally_buf *scratch,
                             struct sally_lwm2m_record *records, size_t room,
                             size_t *count);
};

/* NULL if there is no such row. */
const struct sally_lwm2m_format *sally_format_find(uint16_t number);

/* All rows. */
const struct sally_lwm2m_format *sally_formats(size_t *count);

#endif
