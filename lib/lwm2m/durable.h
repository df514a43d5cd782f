/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/durable.h - what of a client is taken up again after a restart:
 * client.h has the calls, and this tells the owner when they are due.       */
#ifndef SALLY_LWM2M_DURABLE_H
#define SALLY_LWM2M_DURABLE_H

#include "lwm2m/client.h"

/* What a save would give is not what the last one gave. */
void sally_durable_changed(const struct sally_lwm2m_client *c);

/* The same where only the numbers of notifications went on: once in a long
 * while.                                                                    */
void sally_durable_counted(const struct sally_lwm2m_client *c);

#endif
