/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/request.h - what a server's request says besides its payload: a
 * path and content formats. LwM2M Transport 1.1 s.6.4.                      */
#ifndef SALLY_LWM2M_REQUEST_H
#define SALLY_LWM2M_REQUEST_H

#include "coap/link.h"
#include "lwm2m/path.h"

#define SALLY_REQUEST_NONE UINT32_MAX /* no such option */

struct sally_request {
    const struct sally_coap_request *coap; /* borrowed */
    struct sally_path path;
    uint32_t accept, format; /* content formats or SALLY_REQUEST_NONE */
    bool has_query;
};

/* Returns 0, or 4.02 for a critical option that is not known, 4.04 for a
 * Uri-Path that is no path; all but the path is there then.                 */
uint8_t sally_request_take(const struct sally_coap_request *coap,
                           struct sally_request *out);

/* The Uri-Path is this one segment, which is no number. */
bool sally_request_is(const struct sally_coap_request *coap, const char *name);

#endif
