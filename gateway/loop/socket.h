/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/socket.h - binding sockets; inside this folder. */
#ifndef SALLY_LOOP_SOCKET_H
#define SALLY_LOOP_SOCKET_H

#include "loop/address.h"

/* See sally_udp_bind(); `type` is SOCK_DGRAM or SOCK_STREAM. IO. */
enum sally_err sally_socket_bind(int type, const char *interface,
                                 const struct sally_bus_address *a,
                                 int *fd) SALLY_MUST_USE;

/* Domain and port of a bound socket; port 0 where there are none. */
bool sally_socket_name(int fd, int *domain, uint16_t *port);

/* What a bound socket can reach: IPv4 from an IPv6 socket (`dual`), and one
 * interface only (its index, 0: any).                                       */
bool sally_socket_bounds(int fd, int domain, bool *dual, uint32_t *interface);

/* Index of the interface that a TCP connection was accepted on; 0 unknown. */
uint32_t sally_socket_interface(int fd, int domain);

/* Tells in the log what to change, if errno says that there is no descriptor
 * left for `what`. Leaves errno as it is.                                   */
void sally_socket_lacking(const char *what);

#endif
