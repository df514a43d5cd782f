/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/broker.h - brokers that are there already, with sensors
 * behind them.
 *
 * We subscribe there as one client. What comes is acknowledged when it is
 * durable; a connection that ends is begun anew after a pause that doubles, up
 * to a minute, with chance in it. A message of QoS 1 that the broker sends
 * again over another connection is another one here, as for sensors of our own.
 * Retained messages are dropped, since nobody knows how old they are, unless
 * the configuration takes them. Commands go out with QoS 1 and are done when
 * the broker has them.
 *
 * Opens no socket, reads no clock. `broker` is a number of config.brokers.   */
#ifndef SALLY_INGRESS_BROKER_H
#define SALLY_INGRESS_BROKER_H

#include "ingress/outer.h"

struct sally_brokers;

struct sally_brokers_host {
    void (*connect)(void *owner, size_t broker,
                    const struct sally_config_broker *to);
    void (*pump)(void *owner, size_t broker); /* output, or room for input */
    void (*drop)(void *owner, size_t broker); /* what is left of output goes */
    void (*arm)(void *owner, sally_usec when);
};

/* All borrowed, and outlive the result; `random` by value. NO_MEMORY. It does
 * nothing before _begin().                                                  */
enum sally_err sally_brokers_create(struct sally_brokers **out,
                                    struct sally_outer *outer,
                                    struct sally_random random,
                                    const struct sally_brokers_host *host,
                                    void *owner) SALLY_MUST_USE;
void sally_brokers_begin(struct sally_brokers *b, sally_usec now);
void sally_brokers_wipe(struct sally_brokers *b); /* NULL is allowed */

/* Another configuration, beside sally_outer_prepare(); NO_MEMORY. Then, just
 * before sally_outer_commit(): all connections are ended, and begun anew by
 * _begin() after it; the brokers keep what comes in between. Or it is
 * forgotten.                                                                */
enum sally_err
sally_brokers_prepare(struct sally_brokers *b,
                      const struct sally_config *next) SALLY_MUST_USE;
void sally_brokers_commit(struct sally_brokers *b, sally_usec now);
void sally_brokers_abort(struct sally_brokers *b);

/* The connection of a broker: bytes that it may give now, and gives; what is
 * to go out; that it is gone.                                               */
size_t sally_brokers_room(const struct sally_brokers *b, size_t broker);
void sally_brokers_input(struct sally_brokers *b, size_t broker,
                         struct sally_span bytes, sally_usec now);
struct sally_span sally_brokers_output(const struct sally_brokers *b,
                                       size_t broker);
void sally_brokers_sent(struct sally_brokers *b, size_t broker, size_t n,
                        sally_usec now);
void sally_brokers_lost(struct sally_brokers *b, size_t broker, sally_usec now);

void sally_brokers_expire(struct sally_brokers *b, sally_usec now);

/* There may be room for messages again. */
void sally_brokers_resume(struct sally_brokers *b, sally_usec now);

#endif
