/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/seats.h - a seat per guest of the inner door: its socket, its
 * timer, and its task at the end of a turn.                                 */
#ifndef SALLY_ROLES_SEATS_H
#define SALLY_ROLES_SEATS_H

#include "loop/stream.h"
#include "loop/udp.h"
#include "roles/places.h"
#include "uplink/shard.h"

/* What all seats share. */
struct sally_seats {
    struct sally_loop *loop;
    struct sally_places *places;
};

/* Without a socket at first. NO_MEMORY. The rest are calls of a shard's host.
 */
enum sally_err sally_seat_open(struct sally_seats *all,
                               struct sally_uplink_guest *guest,
                               struct sally_uplink_seat **out) SALLY_MUST_USE;
void sally_seat_close(struct sally_uplink_seat *s);
void sally_seat_rebind(struct sally_uplink_seat *s);
void sally_seat_registered(struct sally_uplink_seat *s);
void sally_seat_send(struct sally_uplink_seat *s, struct sally_span datagram);
/* A name has its first addresses: a stream that had nowhere to go may have now.
 */
void sally_seat_resolved(struct sally_uplink_seat *s);
bool sally_seat_ready(const struct sally_uplink_seat *s);
void sally_seat_arm(struct sally_uplink_seat *s, sally_usec when);
void sally_seat_deliver_later(struct sally_uplink_seat *s);

#endif
