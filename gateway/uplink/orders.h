/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/orders.h - what the operator has done to the accounts of a
 * sensor: new keys, or no account any more.                                 */
#ifndef SALLY_UPLINK_ORDERS_H
#define SALLY_UPLINK_ORDERS_H

#include "uplink/sensor.h"

#define SALLY_ORDER_TICKET UINT32_MAX /* of what an order keeps */

/* One order at a time, of which the answer waits until it is durable. */
struct sally_order {
    uint32_t ticket; /* of the question; 0: there is none */
    const char *why; /* it could not be done; NULL: it was */
};

/* Has the sensor ask its bootstrap server for accounts. NULL: it will; or why
 * not.                                                                      */
const char *sally_order_rotate(struct sally_uplink_sensor *u, sally_usec now);

/* Ends the sensor's account at this server (UINT32_MAX: all of them, and that
 * of its bootstrap server), and buries its keys, so that nothing brings them
 * back. NULL: done, and durable when the store has told so; or why not.     */
const char *sally_order_revoke(struct sally_uplink_sensor *u, uint32_t server,
                               sally_usec now);

/* Another device is this sensor from now on. With an account of a bootstrap
 * server it asks for other keys, also after a restart or a reload before it got
 * them. Without one its keys are buried, and the caller has others in its files
 * and reloads: what runs goes on until then, so that nothing that waits for its
 * servers is lost. NULL: done, and durable as above; or why not.            */
const char *sally_order_replace(struct sally_uplink_sensor *u, sally_usec now);

/* All that orders queued is durable, or has failed. */
bool sally_order_settled(const struct sally_shard *s);

#endif
