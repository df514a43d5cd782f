/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/engine.c - how much the clients of a process get together. */
#include "lwm2m/engine.h"

#include "security/crypto.h"

#define BODY_MAX 4096 /* bytes of a request or answer that goes in blocks */
#define HEAP_PER_SESSION 40000 /* bytes of the DTLS library, in a handshake */
#define HEAP_BASE 4000000

static struct sally_security_limits limits_for(size_t clients)
{
    return (struct sally_security_limits){
        .sessions = clients,
        .heap_bytes = HEAP_BASE + clients * HEAP_PER_SESSION
    };
}

static enum sally_err grow_pools(struct sally_engine *e, size_t clients)
{
    enum sally_err x = sally_pool_grow(&e->packets, 256 + 4 * clients);

    if (x == SALLY_E_OK)
        x = sally_pool_grow(&e->bodies, 64 + clients / 4);
    if (x == SALLY_E_OK)
        x = sally_pool_grow(&e->observations, 64 + 8 * clients);
    if (x == SALLY_E_OK)
        x = sally_pool_grow(&e->attributes, 64 + 4 * clients);
    return x;
}

static enum sally_err make_pools(struct sally_engine *e)
{
    enum sally_err x =
        sally_pool_init(&e->packets, SALLY_DATAGRAM_MAX + 256, 0, true);

    if (x == SALLY_E_OK)
        x = sally_pool_init(&e->bodies, BODY_MAX, 0, true);
    if (x == SALLY_E_OK)
        x = sally_pool_init(&e->observations, sally_observation_size(), 0,
                            false);
    if (x == SALLY_E_OK)
        x = sally_pool_init(&e->attributes, sally_attributes_size(), 0, false);
    return x;
}

enum sally_err sally_engine_make(struct sally_engine *e, size_t clients)
{
    struct sally_security_limits limits = limits_for(clients);
    enum sally_err x = make_pools(e);

    e->clients = clients;
    if (x == SALLY_E_OK)
        x = grow_pools(e, clients);
    if (x == SALLY_E_OK)
        x = sally_security_init(&e->security, &limits, &e->packets,
                                sally_crypto_random());
    e->parameters = sally_coap_defaults;
    e->parameters.body_max = BODY_MAX;
    e->coap = (struct sally_coap_shared){ &e->parameters, &e->packets,
                                          &e->bodies, sally_crypto_random(),
                                          e->security };
    e->shared = (struct sally_lwm2m_shared){ &e->coap, &e->observations,
                                             &e->attributes };
    return x;
}

enum sally_err sally_engine_grow(struct sally_engine *e, size_t clients)
{
    struct sally_security_limits limits = limits_for(clients);
    enum sally_err x;

    if (clients <= e->clients)
        return SALLY_E_OK;
    x = grow_pools(e, clients);
    if (x != SALLY_E_OK)
        return x;
    e->clients = clients;
    sally_security_limit(e->security, &limits);
    return SALLY_E_OK;
}

void sally_engine_wipe(struct sally_engine *e)
{
    sally_security_wipe(e->security);
    e->security = NULL;
    sally_pool_wipe(&e->packets);
    sally_pool_wipe(&e->bodies);
    sally_pool_wipe(&e->observations);
    sally_pool_wipe(&e->attributes);
}
