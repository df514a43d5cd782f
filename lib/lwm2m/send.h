/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/send.h - the Send operation. LwM2M Core 1.1 s.6.4.6. */
#ifndef SALLY_LWM2M_SEND_H
#define SALLY_LWM2M_SEND_H

#include "lwm2m/client.h"

/* The server's answer to a Send. True: the session must be given up. */
bool sally_send_told(struct sally_lwm2m_client *c, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now);

#endif
