/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/pipe.c - what a stream makes of the weather: a loss is a delay, and
 * now and then the end; damage is an attacker's.                            */
#include "sim/pipe.h"

#include <string.h>

#define RARELY 20000 /* of so many takes, each percent of the weather once */
#define STALL (2 * SALLY_SEC)

bool sim_pipe_flows(const struct sim_pipe *p) { return p->len < SIM_PIPE / 2; }

static sally_usec delay(struct sim_network *n)
{
    sally_usec d = SALLY_MSEC + sim_below(&n->chance, n->weather.delay_max);

    if (sim_percent(&n->chance, n->weather.lost))
        d += sim_below(&n->chance, STALL);
    return d;
}

void sim_pipe_put(struct sim_pipe *p, struct sim_network *n,
                  struct sally_span bytes, sally_usec now)
{
    n->sent++;
    memcpy(&p->bytes[p->len], bytes.at, bytes.len);
    p->len += bytes.len;
    if (p->due == SALLY_NEVER)
        p->due = now + delay(n);
}

static bool rarely(struct sim_network *n, unsigned percent)
{
    return sim_below(&n->chance, RARELY) < percent;
}

enum sim_fate sim_pipe_take(struct sim_pipe *p, struct sim_network *n,
                            size_t room, struct sally_buf *out, sally_usec now)
{
    size_t len = 1 + sim_below(&n->chance, 800);
    enum sim_fate fate = SIM_ARRIVES;

    if (rarely(n, n->weather.lost))
        return SIM_CUT;
    len = len < p->len ? len : p->len;
    len = len < room ? len : room;
    memcpy(out->at, p->bytes, len);
    out->len = len;
    p->len -= len;
    memmove(p->bytes, &p->bytes[len], p->len);
    p->due = p->len == 0 ? SALLY_NEVER : now + delay(n);
    if (len != 0 && rarely(n, n->weather.damaged)) {
        size_t bit = sim_below(&n->chance, 8 * len);

        out->at[bit / 8] = (uint8_t)(out->at[bit / 8] ^ 1u << bit % 8);
        n->damaged++;
        fate = SIM_DAMAGED;
    }
    return fate;
}

void sim_pipe_clear(struct sim_pipe *p)
{
    p->len = 0;
    p->due = SALLY_NEVER;
}
