/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/listener.c - holds what is on the wire against RFC 7252 s.4.2: the
 * first retransmission after ACK_TIMEOUT to 1.5 times that, each wait twice the
 * one before, MAX_RETRANSMIT of them, none after the acknowledgement came.  */
#include "sim/station.h"

#include <stdio.h>
#include <string.h>

#define SLACK SALLY_MSEC /* of a virtual clock: rounding only */

static struct sim_transmission *find(struct sim_station *s, int from,
                                     uint16_t mid)
{
    const sally_usec life = sally_coap_defaults.exchange_lifetime;

    for (size_t i = 0; i < SALLY_LEN(s->seen[from]); i++) {
        struct sim_transmission *t = &s->seen[from][i];

        if (t->count != 0 && t->mid == mid && s->now - t->first < life)
            return t;
    }
    return NULL;
}

/* The place of the one that has been silent longest. */
static struct sim_transmission *place(struct sim_station *s, int from)
{
    struct sim_transmission *best = &s->seen[from][0];

    for (size_t i = 1; i < SALLY_LEN(s->seen[from]); i++)
        if (s->seen[from][i].last < best->last)
            best = &s->seen[from][i];
    return best;
}

static void check_again(struct sim_station *s, struct sim_transmission *t)
{
    const struct sally_coap_parameters *p = &sally_coap_defaults;
    sally_usec gap = s->now - t->last;

    s->retransmissions++;
    if (t->acknowledged)
        sim_station_fault(s, "sent again after the acknowledgement came");
    if (t->count > p->max_retransmit)
        sim_station_fault(s, "more retransmissions than MAX_RETRANSMIT");
    if (t->count == 1 &&
        (gap + SLACK < p->ack_timeout ||
         gap > p->ack_timeout * p->random_percent / 100 + SLACK))
        sim_station_fault(s, "first retransmission outside its window");
    if (t->count > 1 && (gap + SLACK < 2 * t->gap || gap > 2 * t->gap + SLACK))
        sim_station_fault(s, "a wait that is not twice the one before");
    t->gap = gap;
    t->last = s->now;
    t->count++;
}

/* What is sealed or damaged on the way tells a listener nothing. */
static bool is_deaf(const struct sim_station *s)
{
    return s->mechanism->server_suites != NULL ||
           s->network.weather.damaged != 0;
}

void sim_listen_sent(struct sim_station *s, int from, struct sally_span wire)
{
    struct sally_coap_message m;
    struct sim_transmission *t;
    uint16_t mid;

    if (is_deaf(s) || sally_coap_parse(wire, &m, &mid) != SALLY_E_OK ||
        m.type != SALLY_COAP_CON)
        return;
    t = find(s, from, mid);
    if (t != NULL) {
        check_again(s, t);
        return;
    }
    *place(s, from) = (struct sim_transmission){
        .first = s->now, .last = s->now, .mid = mid, .count = 1
    };
}

void sim_listen_arrived(struct sim_station *s, int from, struct sally_span wire)
{
    struct sally_coap_message m;
    struct sim_transmission *t;
    uint16_t mid;

    if (is_deaf(s) || sally_coap_parse(wire, &m, &mid) != SALLY_E_OK ||
        (m.type != SALLY_COAP_ACK && m.type != SALLY_COAP_RST))
        return;
    t = find(s, from == SIM_CLIENT ? SIM_SERVER : SIM_CLIENT, mid);
    if (t != NULL)
        t->acknowledged = true;
}
