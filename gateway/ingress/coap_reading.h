/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_reading.h - a CoAP request of a sensor as a topic and
 * an ingest key.                                                            */
#ifndef SALLY_INGRESS_COAP_READING_H
#define SALLY_INGRESS_COAP_READING_H

#include "bus/message.h"
#include "ingress/coap_server.h"

#define SALLY_COAP_TOPIC_MAX 256 /* bytes of "coap/<path>" */

/* Writes the topic. Returns 0, or the response code that the request earns:
 * 4.05 for methods other than PUT and POST, 4.02 for a critical option that is
 * not understood, 5.05 for proxying, 4.00 for a path that cannot be a topic,
 * 4.04 for no path.                                                         */
uint8_t sally_coap_reading_topic(const struct sally_coap_request *q,
                                 struct sally_buf *topic);

/* The key by which a retransmission is known, also by a gateway that was
 * restarted in between: who sent what under which message id and token. CRYPTO.
 * A sensor that reboots and begins with the same ids again differs in its
 * payload, or says nothing new.                                             */
enum sally_err sally_coap_reading_key(const struct sally_coap_source *from,
                                      const struct sally_coap_request *q,
                                      uint8_t key[SALLY_INGEST_KEY])
    SALLY_MUST_USE;

#endif
