/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/address.h - IP addresses to and from the system's form.
 *
 * An IPv4 address that arrived on an IPv6 socket (RFC 4291 s.2.5.5.2) becomes
 * family 4, so that a peer has one address however it is listened to.       */
#ifndef SALLY_LOOP_ADDRESS_H
#define SALLY_LOOP_ADDRESS_H

#include "bus/message.h"

#include <sys/socket.h>

#define SALLY_ADDRESS_TEXT 64 /* "[v6%scope]:port" and a zero */
#define SALLY_ADDRESS_KEY 23  /* bytes */

/* Numeric text, IPv4 or IPv6 with an optional %interface; "" is every address
 * (::). MALFORMED. No look-up is made.                                      */
enum sally_err sally_address_parse(const char *text, uint16_t port,
                                   struct sally_bus_address *out)
    SALLY_MUST_USE;

/* "192.0.2.1:5683", "[2001:db8::1]:5683"; returns `out`. */
const char *sally_address_text(const struct sally_bus_address *a,
                               char out[SALLY_ADDRESS_TEXT]);

/* The same bytes for the same peer, for a hash map. */
struct sally_span sally_address_key(const struct sally_bus_address *a,
                                    uint8_t out[SALLY_ADDRESS_KEY]);

/* To the system's form for a socket of `domain` (AF_INET, AF_INET6: IPv4 is
 * then mapped). Returns the length, 0 if it cannot be said there.           */
socklen_t sally_address_to_system(const struct sally_bus_address *a,
                                  int domain, struct sockaddr_storage *out);

/* Family 0 for what is neither IPv4 nor IPv6. */
void sally_address_from_system(const struct sockaddr_storage *in,
                               struct sally_bus_address *out);

#endif
