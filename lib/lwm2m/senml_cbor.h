/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml_cbor.h - SenML in CBOR, content format 112. RFC 8428 s.6. */
#ifndef SALLY_LWM2M_SENML_CBOR_H
#define SALLY_LWM2M_SENML_CBOR_H

#include "codec/cbor.h"
#include "lwm2m/senml.h"

/* As sally_lwm2m_format has them. */
enum sally_err sally_senml_cbor_encode(const struct sally_path *base,
                                       const struct sally_lwm2m_record *records,
                                       size_t count, struct sally_writer *w)
    SALLY_MUST_USE;
enum sally_err sally_senml_cbor_decode(const struct sally_registry *registry,
                                       const struct sally_path *base,
                                       struct sally_span payload,
                                       struct sally_buf *scratch,
                                       struct sally_lwm2m_record *records,
                                       size_t room, size_t *count)
    SALLY_MUST_USE;

/* One record as it stands there, whose MAP was just taken, up to its END.
 * Everything borrows from the payload. As sally_senml_note() and
 * sally_cbor_next().                                                        */
enum sally_err sally_senml_cbor_entry(struct sally_cbor *c,
                                      struct sally_senml_entry *entry)
    SALLY_MUST_USE;

#endif
