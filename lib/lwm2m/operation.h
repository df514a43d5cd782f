/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/operation.h - a server's requests: Device Management and
 * Information Reporting. LwM2M Transport 1.1 s.6.4.4, 6.4.5.                */
#ifndef SALLY_LWM2M_OPERATION_H
#define SALLY_LWM2M_OPERATION_H

#include "lwm2m/client.h"

/* Answers the request, now or (a command of the owner's) later. */
void sally_operation_run(struct sally_lwm2m_client *c,
                         const struct sally_coap_request *coap,
                         sally_usec now);

/* The present values at or below `path` that this client's server may read,
 * at most `room` of them; also how many slots exist there at all.           */
size_t sally_operation_collect(const struct sally_lwm2m_client *c,
                               const struct sally_path *path,
                               struct sally_lwm2m_record *out, size_t room,
                               size_t *existing);

/* Encodes the present value of `path` into `payload`. `wanted` is the number of
 * a format or UINT32_MAX for our choice; *chosen tells which. Returns 2.05 or
 * an error code.                                                            */
uint8_t sally_operation_read(const struct sally_lwm2m_client *c,
                             const struct sally_path *path, uint32_t wanted,
                             struct sally_buf *payload, uint16_t *chosen);

#endif
