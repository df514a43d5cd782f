/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/stock.c - how much the clients of the inner door get.
 *
 * A handshake or an exchange takes a few blocks each, and not all clients have
 * one at the same time.                                                     */
#include "roles/stock.h"

#include "security/crypto.h"

#define BODY_MAX 4096 /* bytes of a request or answer that goes in blocks */
#define HEAP_PER_SESSION 40000 /* bytes of the DTLS library, in a handshake */
#define HEAP_BASE 4000000

static size_t count_accounts(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        n += c->sensors[i].account_count;
    return n;
}

static struct sally_security_limits limits_for(size_t clients)
{
    return (struct sally_security_limits){
        .sessions = clients,
        .heap_bytes = HEAP_BASE + clients * HEAP_PER_SESSION
    };
}

static enum sally_err grow_pools(struct sally_stock *s, size_t clients)
{
    enum sally_err e = sally_pool_grow(&s->packets, 256 + 4 * clients);

    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->bodies, 64 + clients / 4);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->observations, 64 + 8 * clients);
    if (e == SALLY_E_OK)
        e = sally_pool_grow(&s->attributes, 64 + 4 * clients);
    return e;
}

static enum sally_err make_pools(struct sally_stock *s)
{
    enum sally_err e =
        sally_pool_init(&s->packets, SALLY_DATAGRAM_MAX + 256, 0, true);

    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->bodies, BODY_MAX, 0, true);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->observations, sally_observation_size(), 0,
                            false);
    if (e == SALLY_E_OK)
        e = sally_pool_init(&s->attributes, sally_attributes_size(), 0, false);
    return e;
}

static void share(struct sally_stock *s)
{
    s->parameters = sally_coap_defaults;
    s->parameters.body_max = BODY_MAX;
    s->coap = (struct sally_coap_shared){ &s->parameters, &s->packets,
                                          &s->bodies, sally_crypto_random(),
                                          s->security };
    s->lwm2m = (struct sally_lwm2m_shared){ &s->coap, &s->observations,
                                            &s->attributes };
}

enum sally_err sally_stock_make(struct sally_stock *s,
                                const struct sally_config *c)
{
    struct sally_security_limits limits;
    enum sally_err e = make_pools(s);

    s->clients = count_accounts(c);
    limits = limits_for(s->clients);
    if (e == SALLY_E_OK)
        e = grow_pools(s, s->clients);
    if (e == SALLY_E_OK)
        e = sally_security_init(&s->security, &limits, &s->packets,
                                sally_crypto_random());
    share(s);
    return e;
}

enum sally_err sally_stock_grow(struct sally_stock *s,
                                const struct sally_config *c)
{
    size_t clients = count_accounts(c);
    struct sally_security_limits limits = limits_for(clients);
    enum sally_err e;

    if (clients <= s->clients)
        return SALLY_E_OK;
    e = grow_pools(s, clients);
    if (e != SALLY_E_OK)
        return e;
    s->clients = clients;
    sally_security_limit(s->security, &limits);
    return SALLY_E_OK;
}

void sally_stock_wipe(struct sally_stock *s)
{
    sally_security_wipe(s->security);
    s->security = NULL;
    sally_pool_wipe(&s->packets);
    sally_pool_wipe(&s->bodies);
    sally_pool_wipe(&s->observations);
    sally_pool_wipe(&s->attributes);
}
