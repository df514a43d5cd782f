/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/registration.h - Register, Update and De-register as CoAP
 * requests. LwM2M Transport 1.1 s.6.4.3 (Registration Interface).           */
#ifndef SALLY_LWM2M_REGISTRATION_H
#define SALLY_LWM2M_REGISTRATION_H

#include "lwm2m/client.h"

/* POST /rd?ep=&lt=&lwm2m=&b=[&Q] with the links of the client's objects. */
enum sally_err sally_registration_register(struct sally_lwm2m_client *c,
                                           sally_usec now) SALLY_MUST_USE;

/* POST <location>, with lt= when the lifetime changed. */
enum sally_err sally_registration_update(struct sally_lwm2m_client *c,
                                         sally_usec now) SALLY_MUST_USE;

/* The links of the client's objects, as a Register has them. NO_ROOM. */
enum sally_err sally_registration_links(const struct sally_lwm2m_client *c,
                                        struct sally_buf *out) SALLY_MUST_USE;

/* DELETE <location>. */
enum sally_err sally_registration_deregister(struct sally_lwm2m_client *c,
                                             sally_usec now) SALLY_MUST_USE;

/* Takes the Location-Path out of a 2.01. MALFORMED: none, or too long. */
enum sally_err
sally_registration_location(struct sally_lwm2m_client *c,
                            struct sally_span options) SALLY_MUST_USE;

/* A number of the client's own /1 instance, UINT32_MAX at most; `fallback` if
 * it has none.                                                              */
uint64_t sally_registration_setting(const struct sally_lwm2m_client *c,
                                    uint16_t resource, uint64_t fallback);

/* When the next Update is due: early enough that a retransmitted one still
 * arrives before the lifetime ends, spread so that clients do not march in
 * step.                                                                     */
sally_usec sally_registration_next(const struct sally_lwm2m_client *c,
                                   sally_usec now);

#endif
