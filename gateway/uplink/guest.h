/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/guest.h - who sits in a seat of the host, with a socket and a
 * timer: a virtual client, or the bootstrap client of a sensor.
 *
 * The host calls in when something arrived or is due; the calls may close the
 * seat.                                                                     */
#ifndef SALLY_UPLINK_GUEST_H
#define SALLY_UPLINK_GUEST_H

#include "base/error.h"
#include "base/span.h"
#include "base/time.h"
#include "coap/uri.h"

#include <stdbool.h>

struct sally_uplink_guest;

/* The host's side of a guest: its socket, its timer, its task. */
struct sally_uplink_seat;

struct sally_uplink_calls {
    /* Where its datagrams go from the next handshake on, and whose that is, for
     * the log. NULL: nowhere.                                               */
    const struct sally_uri *(*uri)(const struct sally_uplink_guest *g);
    const char *(*server)(const struct sally_uplink_guest *g);

    /* Over a stream: see lwm2m/client.h. */
    size_t (*room)(const struct sally_uplink_guest *g);
    bool (*connected)(const struct sally_uplink_guest *g);

    /* From the network and the clock. */
    void (*input)(struct sally_uplink_guest *g, struct sally_span datagram,
                  sally_usec now);
    void (*ready)(struct sally_uplink_guest *g, sally_usec now);
    void (*lost)(struct sally_uplink_guest *g, enum sally_err e,
                 sally_usec now);
    void (*expire)(struct sally_uplink_guest *g, sally_usec now);

    /* The end of a turn in which it asked for this. */
    void (*later)(struct sally_uplink_guest *g, sally_usec now);

    /* Its datagrams leave from another of our addresses from now on. */
    void (*moved)(struct sally_uplink_guest *g, sally_usec now);
};

struct sally_uplink_guest {
    const struct sally_uplink_calls *calls;
};

#endif
