/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/echo.h - a server that wants to know that a request is fresh answers
 * 4.01 with an Echo option, and the client asks the same again with that
 * option. RFC 9175 s.2.                                                     */
#ifndef SALLY_COAP_ECHO_H
#define SALLY_COAP_ECHO_H

#include "coap/exchange.h"

/* Asks again, if `m` wants that and it was not done before in this exchange.
 * True: it is under way. What `m` says of itself was checked by whatever
 * protects the messages.                                                    */
bool sally_coap_echo_again(struct sally_coap_link *l,
                           struct sally_coap_outgoing *o,
                           const struct sally_coap_message *m, sally_usec now);

#endif
