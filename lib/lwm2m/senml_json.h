/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/senml_json.h - SenML in JSON, content format 110. RFC 8428 s.5. */
#ifndef SALLY_LWM2M_SENML_JSON_H
#define SALLY_LWM2M_SENML_JSON_H

#include "codec/json.h"
#include "lwm2m/senml.h"

/* As sally_lwm2m_format has them. */
enum sally_err sally_senml_json_encode(const struct sally_path *base,
                                       const struct sally_lwm2m_record *records,
                                       size_t count, struct sally_writer *w)
    SALLY_MUST_USE;
enum sally_err sally_senml_json_decode(const struct sally_registry *registry,
                                       const struct sally_path *base,
                                       struct sally_span payload,
                                       struct sally_buf *scratch,
                                       struct sally_lwm2m_record *records,
                                       size_t room, size_t *count)
    SALLY_MUST_USE;

/* One record as it stands there. Text of "vs" and bytes of "vd" are written to
 * `scratch`, the rest borrows from the tree. As sally_senml_note(); MALFORMED
 * for what is no object; NO_ROOM.                                           */
enum sally_err sally_senml_json_entry(struct sally_json object,
                                      struct sally_buf *scratch,
                                      struct sally_senml_entry *entry)
    SALLY_MUST_USE;

#endif
