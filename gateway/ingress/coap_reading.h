/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_reading.h - a CoAP request of a sensor as a topic and
 * an ingest key.                                                            */
#ifndef SALLY_INGRESS_COAP_READING_H
#define SALLY_INGRESS_COAP_READING_H

#include "bus/message.h"
#include "ingress/coap_server.h"

#define SALLY_COAP_TOPIC_MAX 256 /* bytes of "coap/<path>" */
#define SALLY_COAP_QUERY_MAX 512 /* bytes of values in a query */

/* What a request's options say, whatever it asks for: 0, or 4.02 for a critical
 * option that is not understood, 5.05 for proxying, 4.12 for a condition that
 * does not hold. All resources here exist and none has an ETag, so If-Match
 * holds if it is empty and If-None-Match never does (RFC 7252 s.5.10.8).    */
uint8_t sally_coap_reading_options(const struct sally_coap_request *q);

/* Writes the topic. Returns 0, 4.00 for a path that cannot be a topic, or 4.04
 * for no path.                                                              */
uint8_t sally_coap_reading_topic(const struct sally_coap_request *q,
                                 struct sally_buf *topic);

/* The content: the payload or, without one, the query as "a=1&b=2", written to
 * `room`. Returns 0, or 4.00 for a query that is too long or has a "&" within
 * an option, which nobody could tell from the one between two.              */
uint8_t sally_coap_reading_content(const struct sally_coap_request *q,
                                   struct sally_buf *room,
                                   struct sally_span *content);

/* The key by which a retransmission is known, also by a gateway that was
 * restarted in between: who sent what under which message id and token. CRYPTO.
 * A sensor that reboots and begins with the same ids again differs in its
 * payload, or says nothing new.                                             */
enum sally_err sally_coap_reading_key(const struct sally_coap_source *from,
                                      const struct sally_coap_request *q,
                                      uint8_t key[SALLY_INGEST_KEY])
    SALLY_MUST_USE;

#endif
