/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/stock.h - what the clients of the inner door share: blocks for
 * what is under way, and the security of the process, as much of each as the
 * number of clients asks for.                                               */
#ifndef SALLY_ROLES_STOCK_H
#define SALLY_ROLES_STOCK_H

#include "config/config.h"
#include "lwm2m/client.h"

/* Its address stays the same from _make() to _wipe(). Zeroed at first. */
struct sally_stock {
    struct sally_lwm2m_shared lwm2m; /* what a client is given */
    struct sally_coap_shared coap;
    struct sally_coap_parameters parameters;
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_security *security;
    size_t clients; /* that there is enough for */
};

/* For the clients of this configuration. NO_MEMORY, or what the security came
 * to; it may be wiped in every case.                                        */
enum sally_err sally_stock_make(struct sally_stock *s,
                                const struct sally_config *c) SALLY_MUST_USE;

/* For those of another one too, while it is in use. NO_MEMORY. */
enum sally_err sally_stock_grow(struct sally_stock *s,
                                const struct sally_config *c) SALLY_MUST_USE;

void sally_stock_wipe(struct sally_stock *s); /* safe twice */

#endif
