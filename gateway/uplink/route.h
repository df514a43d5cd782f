/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/route.h - which of its server's URIs a client goes to.
 *
 * The preferred one is the first, or the first of the transport that the server
 * wrote to /1/x/22. After an attempt that came to no registration the next one
 * is tried. A client that is registered elsewhere than it prefers goes back
 * after a day, if it has not started anew before. LwM2M /0/x/25.            */
#ifndef SALLY_UPLINK_ROUTE_H
#define SALLY_UPLINK_ROUTE_H

#include "uplink/virtual_client.h"

#define SALLY_ROUTE_BACK (86400 * SALLY_SEC) /* a day */

/* The transports of a server's URIs: "U", "T" or "UT". */
const char *sally_route_binding(const struct sally_config_server *s);

/* A handshake begins: settles where to. */
void sally_route_begin(struct sally_virtual_client *v, sally_usec now);

/* The client has entered a state. */
void sally_route_follow(struct sally_virtual_client *v,
                        enum sally_client_state s);

/* When it goes back; NEVER: it is where it wants to be. */
sally_usec sally_route_deadline(struct sally_virtual_client *v, sally_usec now);

#endif
