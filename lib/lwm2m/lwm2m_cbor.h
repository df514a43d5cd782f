/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/lwm2m_cbor.h - LwM2M CBOR, content format 11544. LwM2M Core 1.2
 * s.7.4.6.
 *
 * Maps inside each other whose keys are parts of a path, from the root on: a
 * number is one id, an array of numbers several. {3: {0: {9: 100}}} is
 * {[3, 0, 9]: 100}. Values are those of content format 60.                  */
#ifndef SALLY_LWM2M_LWM2M_CBOR_H
#define SALLY_LWM2M_LWM2M_CBOR_H

#include "lwm2m/registry.h"

/* As sally_lwm2m_format has them. Written as one map with the base for its key,
 * in the order of the records.                                              */
enum sally_err
sally_lwm2m_cbor_encode(const struct sally_path *base,
                        const struct sally_lwm2m_record *records, size_t count,
                        struct sally_writer *w) SALLY_MUST_USE;
enum sally_err sally_lwm2m_cbor_decode(const struct sally_registry *registry,
                                       const struct sally_path *base,
                                       struct sally_span payload,
                                       struct sally_buf *scratch,
                                       struct sally_lwm2m_record *records,
                                       size_t room, size_t *count)
    SALLY_MUST_USE;

#endif
