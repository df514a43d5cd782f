/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/engine.h - what the LwM2M clients of one process share, in one
 * piece: blocks for what is under way, the security, the random source.
 *
 * How much of each there is grows with the number of clients: a handshake or
 * an exchange takes a few blocks, and not all clients have one at the same
 * time. Nothing else is allocated once clients run.                         */
#ifndef SALLY_LWM2M_ENGINE_H
#define SALLY_LWM2M_ENGINE_H

#include "lwm2m/client.h"

/* Its address stays the same from _make() to _wipe(). Zeroed at first. */
struct sally_engine {
    struct sally_lwm2m_shared shared; /* what a client is given */
    struct sally_coap_shared coap;
    struct sally_coap_parameters parameters;
    struct sally_pool packets, bodies, observations, attributes;
    struct sally_security *security;
    size_t clients; /* that there is enough for */
};

/* For so many clients. One engine per process, since the crypto library has
 * one heap per process. NO_MEMORY, CRYPTO; it may be wiped in every case.   */
enum sally_err sally_engine_make(struct sally_engine *e,
                                 size_t clients) SALLY_MUST_USE;

/* For more of them, while it is in use. NO_MEMORY, and nothing moved. */
enum sally_err sally_engine_grow(struct sally_engine *e,
                                 size_t clients) SALLY_MUST_USE;

/* After its last client was wiped. Safe twice. */
void sally_engine_wipe(struct sally_engine *e);

#endif
