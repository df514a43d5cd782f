/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/neighbour.h - what the system knows of who is on a link. */
#ifndef SALLY_ROLES_NEIGHBOUR_H
#define SALLY_ROLES_NEIGHBOUR_H

#include "ingress/auth/address.h"

/* Interfaces by name, and MACs from the kernel's neighbour tables: ARP for
 * IPv4, neighbour discovery for IPv6. What is not there, not resolved, or on
 * no link with addresses of six bytes, does not fit: fail closed.           */
const struct sally_auth_system *sally_neighbour_system(void);

#endif
