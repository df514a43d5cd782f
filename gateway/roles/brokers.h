/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/brokers.h - the outer door's connections to brokers. */
#ifndef SALLY_ROLES_BROKERS_H
#define SALLY_ROLES_BROKERS_H

#include "ingress/broker.h"
#include "loop/stream.h"

struct sally_broker_link {
    struct sally_broker_links *all;
    struct sally_stream *stream; /* NULL: none yet */
    size_t number;
};

struct sally_broker_links {
    struct sally_loop *loop;
    struct sally_brokers *engine;
    struct sally_timer timer;
    struct sally_broker_link link[SALLY_CONFIG_BROKERS_MAX];
};

/* Makes the engine, which connects to nobody before sally_brokers_begin().
 * NO_MEMORY. Closed by _close() in any case.                                */
enum sally_err
sally_broker_links_open(struct sally_broker_links *l, struct sally_loop *loop,
                        struct sally_outer *outer) SALLY_MUST_USE;
void sally_broker_links_close(struct sally_broker_links *l);

#endif
