/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/world.c - turns the virtual clock from event to event, and gives
 * the client a fresh socket when its session is no more.                    */
#include "sim/world.h"

#include "security/crypto.h"
#include "security/heap.h"
#include "sim/nonces.h"
#include "sim/owner.h"

#include <string.h>

#define HEAP_MAX ((size_t)8 << 20)

static bool set_up_security(struct sim_world *w)
{
    const struct sally_security_limits limits = { 2, HEAP_MAX };
    struct sally_random random = sally_crypto_random();
    uint8_t first;

    sally_random_fill(&random, &first, 1); /* the generator stays */
    w->heap_at_rest = sally_heap_live();
    return sally_security_init(&w->security, &limits, &w->packets, random) ==
               SALLY_E_OK &&
           sim_account_make(&w->account, w->mechanism, w->security);
}

bool sim_is_stream(enum sally_scheme scheme)
{
    return scheme == SALLY_SCHEME_COAP_TCP || scheme == SALLY_SCHEME_COAPS_TCP;
}

static void accept_anew(struct sim_world *w)
{
    struct sim_end *server = &w->ends[SIM_SERVER];

    server->up = server->broken = false;
    if (sally_coap_link_accept(&server->link, w->mechanism->scheme,
                               &w->account.finder, w->now) != SALLY_E_OK)
        sim_fault(w, "the server cannot accept");
}

/* A server tells associations apart by address, so a client with a fresh
 * socket meets a fresh one.                                                 */
static void start_anew(struct sim_world *w)
{
    struct sim_end *client = &w->ends[SIM_CLIENT];

    sim_network_clear(&w->network);
    sim_pipe_clear(&w->pipes[SIM_CLIENT]);
    sim_pipe_clear(&w->pipes[SIM_SERVER]);
    client->up = client->broken = w->client_spoke = false;
    client->unanswered = 0;
    sim_account_crash(&w->account);
    accept_anew(w);
    if (sally_coap_link_start(&client->link, w->mechanism->scheme,
                              &w->account.credential, &w->account.past,
                              w->now) != SALLY_E_OK)
        sim_fault(w, "the client cannot start");
}

void sim_world_open(struct sim_world *w, const struct sim_mechanism *m,
                    const struct sim_weather *weather, uint64_t seed)
{
    *w = (struct sim_world){ .mechanism = m, .now = SALLY_SEC, .goal = 20 };
    w->chance.state = seed;
    w->network.chance.state = ~seed;
    w->network.weather = *weather;
    if (sally_pool_init(&w->packets, SALLY_DATAGRAM_MAX, 64, true) !=
            SALLY_E_OK ||
        sally_pool_init(&w->bodies, sally_coap_defaults.body_max, 16, true) !=
            SALLY_E_OK ||
        !set_up_security(w)) {
        sim_fault(w, "cannot be set up");
        return;
    }
    w->shared = (struct sally_coap_shared){ &sally_coap_defaults, &w->packets,
                                            &w->bodies, sim_random(&w->chance),
                                            w->security };
    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++) {
        w->ends[i].world = w;
        w->ends[i].who = i;
        sally_coap_link_init(&w->ends[i].link, &w->shared, &sim_owner_upcalls,
                             &w->ends[i]);
    }
    start_anew(w);
}

static void drain_stream(struct sim_world *w, int from)
{
    struct sim_pipe *pipe = &w->pipes[SIM_SERVER - from];
    struct sally_span out;

    while (sim_pipe_flows(pipe) &&
           (out = sally_coap_link_output(&w->ends[from].link, w->now)).len != 0)
        sim_pipe_put(pipe, &w->network, out, w->now);
}

static void drain(struct sim_world *w)
{
    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++) {
        struct sally_span out;

        if (sim_is_stream(w->mechanism->scheme)) {
            drain_stream(w, i);
            continue;
        }
        while ((out = sally_coap_link_output(&w->ends[i].link, w->now)).len !=
               0)
            sim_network_send(&w->network, SIM_SERVER - i, out, w->now);
    }
}

static sally_usec next_event(const struct sim_world *w)
{
    sally_usec next =
        sally_earlier(sim_network_next(&w->network), w->account.due);

    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++) {
        const struct sim_end *e = &w->ends[i];

        next = sally_earlier(next, w->pipes[i].due);
        next = sally_earlier(next, sally_coap_link_deadline(&e->link));
        next = sally_earlier(next, sim_owner_next(e));
    }
    return next;
}

/* A server whose handshake failed waits for the next one. If the client was
 * up by then it would notice by time-outs; here it is told.                 */
static void mend(struct sim_world *w)
{
    if (w->ends[SIM_SERVER].broken) {
        if (w->ends[SIM_CLIENT].up)
            w->ends[SIM_CLIENT].broken = true;
        else
            accept_anew(w);
    }
    if (w->ends[SIM_CLIENT].broken) {
        w->restarts++;
        w->now += SALLY_SEC;
        start_anew(w);
    }
}

/* A connection that ends is told to both, as the system would. */
static void carry(struct sim_world *w, int to)
{
    struct sally_coap_link *l = &w->ends[to].link;
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf bytes = SALLY_BUF(room);
    enum sim_fate fate;

    if (w->pipes[to].due > w->now)
        return;
    fate = sim_pipe_take(&w->pipes[to], &w->network, sally_coap_link_room(l),
                         &bytes, w->now);
    w->excused |= fate != SIM_ARRIVES;
    if (fate == SIM_CUT) {
        for (int i = SIM_CLIENT; i <= SIM_SERVER; i++) {
            sim_pipe_clear(&w->pipes[i]);
            sally_coap_link_lost(&w->ends[i].link, SALLY_E_CLOSED, w->now);
        }
    } else if (bytes.len != 0) {
        (void)sally_coap_link_input(l, sally_buf_span(&bytes), w->now);
    }
}

static void step(struct sim_world *w)
{
    struct sim_datagram d;
    sally_usec next;

    mend(w);
    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++)
        sim_owner_ask(&w->ends[i]);
    drain(w);
    next = next_event(w);
    if (next == SALLY_NEVER) {
        sim_fault(w, "nothing happens any more");
        return;
    }
    w->now = next > w->now ? next : w->now;
    if (sim_network_take(&w->network, w->now, &d))
        (void)sally_coap_link_input(
            &w->ends[d.to].link, (struct sally_span){ d.bytes, d.len }, w->now);
    carry(w, SIM_CLIENT);
    carry(w, SIM_SERVER);
    if (sim_account_settle(&w->account, w->now))
        sally_coap_link_reserved(&w->ends[SIM_CLIENT].link, w->account.wished,
                                 w->now);
    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++) {
        sally_coap_link_expire(&w->ends[i].link, w->now);
        sim_owner_answer(&w->ends[i]);
    }
}

bool sim_world_run(struct sim_world *w, unsigned long steps)
{
    while (w->fault[0] == '\0' && steps-- > 0) {
        if (w->ends[SIM_CLIENT].answered >= w->goal &&
            w->ends[SIM_SERVER].answered >= w->goal)
            return true;
        step(w);
    }
    return false;
}

void sim_world_close(struct sim_world *w)
{
    for (int i = SIM_CLIENT; i <= SIM_SERVER; i++)
        sally_coap_link_wipe(&w->ends[i].link);
    if (w->packets.used != 0 || w->bodies.used != 0)
        sim_fault(w, "blocks are still out after a wipe");
    sally_security_wipe(w->security);
    if (sim_nonces_repeated())
        sim_fault(w, "a nonce was used twice");
    sim_account_wipe(&w->account);
    if (sally_heap_live() != w->heap_at_rest)
        sim_fault(w, "library memory is still held after a wipe");
    sally_pool_wipe(&w->packets);
    sally_pool_wipe(&w->bodies);
}
