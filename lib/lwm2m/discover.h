/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/discover.h - the Discover operation. LwM2M Core 1.1 s.6.3.2. */
#ifndef SALLY_LWM2M_DISCOVER_H
#define SALLY_LWM2M_DISCOVER_H

#include "lwm2m/client.h"

/* Links of what is at and below `path` (depth 1 to 3), with the attributes
 * attached to each. Returns 2.05, 4.04, or 5.00 if it does not fit.         */
uint8_t sally_discover(const struct sally_lwm2m_client *c,
                       const struct sally_path *path, struct sally_buf *out);

#endif
