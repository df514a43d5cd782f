/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/address.h - who a sensor is by where it speaks from.
 *
 * The weakest proof there is: it keeps accidents and off-link spoofing out,
 * and a neighbour on the same link can pass it. An entry names an IP address,
 * an interface, a MAC, or several of them; all that it names must fit.      */
#ifndef SALLY_INGRESS_AUTH_ADDRESS_H
#define SALLY_INGRESS_AUTH_ADDRESS_H

#include "base/hash.h"
#include "config/config.h"

struct sally_auth_source {
    const uint8_t *ip;  /* 4 or 16 bytes as `family` says */
    uint8_t family;     /* 4 or 6 */
    uint32_t interface; /* index that it came in by; 0 unknown */
};

/* The source's address: 4 bytes, or 16; IPv4 that came in as IPv6
 * (::ffff:a.b.c.d) is IPv4. Borrows from the source.                        */
struct sally_span sally_auth_source_ip(const struct sally_auth_source *s);

/* What only the system knows; fails closed. */
struct sally_auth_system {
    /* Index of an interface by name; 0: there is none now. */
    uint32_t (*interface_index)(void *owner, const char *name);
    /* The MAC that the neighbour table has for the source. */
    bool (*mac_of)(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[6]);
    void *owner;
};

struct sally_auth_addresses; /* of all sensors, by IP address; O(1) */

/* `c` and `system` outlive the result. NO_MEMORY. */
enum sally_err sally_auth_addresses_create(
    struct sally_auth_addresses **out, const struct sally_config *c,
    const struct sally_auth_system *system,
    struct sally_hash_key seed) SALLY_MUST_USE;
void sally_auth_addresses_wipe(struct sally_auth_addresses *a);

/* The sensor that this source is by its address alone: one of its `address`
 * entries fits, its `require` is content with that (any, or nothing else is
 * asked for), and the level is enough (accept_weak, or min_assurance is weak).
 * False if there is none.                                                   */
bool sally_auth_address_alone(const struct sally_auth_addresses *a,
                              const struct sally_auth_source *s,
                              uint32_t *sensor);

/* True if one of the sensor's `address` entries fits the source. */
bool sally_auth_address_fits(const struct sally_auth_addresses *a,
                             uint32_t sensor,
                             const struct sally_auth_source *s);

#endif
