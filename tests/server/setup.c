/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/setup.c - memory and parts of the server, sized by --clients. */
#include "server/server.h"

#include "security/dtls.h"

#include <stdlib.h>

#define PENDING_ROOM 65536

static bool make_pools(struct server *s)
{
    size_t n = s->options.clients;

    s->peer_list = calloc(n, sizeof(struct server_peer *));
    s->slots = calloc(n, sizeof(*s->slots));
    s->pending = malloc(PENDING_ROOM);
    s->line = malloc(SERVER_LINE);
    return s->peer_list != NULL && s->slots != NULL && s->pending != NULL &&
           s->line != NULL &&
           sally_pool_init(&s->peers, sizeof(struct server_peer), n, false) ==
               SALLY_E_OK &&
           sally_pool_init(&s->packets, 2048, 6 * n + 256, true) ==
               SALLY_E_OK &&
           sally_pool_init(&s->bodies, sally_coap_defaults.body_max,
                           n / 4 + 32, false) == SALLY_E_OK;
}

static bool make_security(struct server *s)
{
    const struct sally_security_limits limits = {
        .sessions = s->options.clients,
        .heap_bytes = s->options.clients * 32768 + (4u << 20),
    };
    struct sally_hash_key seed;

    s->shared = (struct sally_coap_shared){
        .parameters = &sally_coap_defaults,
        .packets = &s->packets,
        .bodies = &s->bodies,
        .random = sally_crypto_random(),
    };
    sally_random_fill(&s->shared.random, &seed, sizeof(seed));
    return sally_security_init(&s->shared.security, &limits, &s->packets,
                               s->shared.random) == SALLY_E_OK &&
           sally_hashmap_init(&s->by_endpoint, s->options.clients, seed) ==
               SALLY_E_OK;
}

bool server_setup(struct server *s, const struct server_options *o)
{
    s->options = *o;
    if (sally_loop_open(&s->loop, 3 * o->clients + 4) != SALLY_E_OK ||
        !make_pools(s) || !make_security(s)) {
        fprintf(stderr, "not enough memory for %zu clients\n", o->clients);
        return false;
    }
    if (o->suites != NULL &&
        sally_dtls_suites(s->shared.security, o->suites) != SALLY_E_OK) {
        fprintf(stderr, "%s: no such suites\n", o->suites);
        return false;
    }
    if (o->psk_file != NULL && !server_load_keys(s, o->psk_file))
        return false;
    if (!server_load_credentials(s, o) || !server_load_objects(s, o->objects))
        return false;
    for (size_t i = 0; i < SERVER_DOORS; i++)
        if (!server_open_door(s, i, o->where[i]))
            return false;
    return true;
}

void server_wipe(struct server *s)
{
    for (size_t i = 0; i < SALLY_LEN(s->doors); i++) {
        sally_udp_listener_close(s->doors[i].listener);
        sally_tcp_listener_close(s->doors[i].streams);
        sally_hashmap_wipe(&s->doors[i].peers);
    }
    sally_watch_close(s->input);
    sally_hashmap_wipe(&s->by_endpoint);
    server_wipe_credentials(s);
    server_wipe_plans(s);
    sally_security_wipe(s->shared.security);
    sally_pool_wipe(&s->peers);
    sally_pool_wipe(&s->packets);
    sally_pool_wipe(&s->bodies);
    sally_config_wipe(&s->config);
    sally_loop_close(s->loop);
    if (s->keys != NULL)
        sally_wipe(s->keys, s->key_count * sizeof(*s->keys));
    free(s->keys);
    free(s->peer_list);
    free(s->slots);
    free(s->pending);
    free(s->line);
}
