/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/neighbour.h - what the system knows of who is on a link. */
#ifndef SALLY_ROLES_NEIGHBOUR_H
#define SALLY_ROLES_NEIGHBOUR_H

#include "ingress/auth/address.h"

/* Interfaces by name, and MACs from the IPv4 neighbour table. For IPv6 no MAC
 * is known here, so an entry that asks for one does not fit: fail closed.   */
const struct sally_auth_system *sally_neighbour_system(void);

#endif
