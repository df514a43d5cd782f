/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/cbor.h - one value as one CBOR item, content format 60. LwM2M Core
 * 1.1 s.7.4.4.                                                              */
#ifndef SALLY_LWM2M_CBOR_H
#define SALLY_LWM2M_CBOR_H

#include "lwm2m/registry.h"

/* As sally_lwm2m_format has them. */
enum sally_err sally_format_cbor_encode(const struct sally_path *base,
                                        const struct sally_lwm2m_record *record,
                                        size_t count, struct sally_writer *w)
    SALLY_MUST_USE;
enum sally_err sally_format_cbor_decode(const struct sally_registry *registry,
                                        const struct sally_path *base,
                                        struct sally_span payload,
                                        struct sally_buf *scratch,
                                        struct sally_lwm2m_record *records,
                                        size_t room, size_t *count)
    SALLY_MUST_USE;

#endif
