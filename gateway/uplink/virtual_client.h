/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/virtual_client.h - one sensor's LwM2M client towards one
 * server, fed from the store.
 *
 * It owns the delivery: takes messages of its sensor out of the store in
 * order, brings them to the server by Send or by notification, and moves the
 * account's cursor when the server has them.                                */
#ifndef SALLY_UPLINK_VIRTUAL_CLIENT_H
#define SALLY_UPLINK_VIRTUAL_CLIENT_H

#include "config/config.h"
#include "lwm2m/client.h"
#include "store/store.h"
#include "uplink/guest.h"
#include "uplink/keeper.h"
#include "uplink/pacer.h"
#include "uplink/sequence.h"

struct sally_shard;
struct sally_uplink_sensor;
struct sally_virtual_site; /* see accounts.h */

struct sally_virtual_client {
    struct sally_uplink_guest guest;
    struct sally_lwm2m_client client;
    struct sally_lwm2m_settings settings;
    struct sally_credential credential;
    struct sally_shard *shard;
    struct sally_uplink_sensor *sensor;
    struct sally_uplink_seat *seat; /* owned; NULL: not there yet */
    const struct sally_config_account *account;
    const struct sally_config_server *server; /* or that of `site` */
    struct sally_virtual_site *site; /* owned; NULL: as configured */
    struct sally_pacer_turn turn;
    struct sally_kept_client kept;
    struct sally_sequence sequence; /* of OSCORE */
    uint32_t index;   /* of the account at the sensor */
    uint8_t uri, preferred; /* of the server's: in use, and wanted; route.h */
    bool stood;       /* registered since the last handshake */
    sally_usec back_at; /* to the preferred one; NEVER: it is there */
    bool keyed;       /* the credential is made; else it sleeps */
    bool hopeless;    /* its server does not let it in */
    bool held;        /* waits for the first visit at the bootstrap server */
    bool stays;       /* that is no reason to bootstrap: /1/x/16 is false */
    uint8_t tries;    /* that failed, one after the other */
    bool away;        /* left the server because its sensor is silent */
    bool delivering;  /* a batch is with the client */
    bool history;     /* it goes by notification, with times */
    bool alone;       /* the last batch was refused: one message at a time */
    uint8_t refusals; /* of the message that is offered alone */
    uint64_t upto;    /* the last message of the batch under way */
    sally_usec retry; /* offer again then; NEVER: when something changes */
    enum sally_err last_error;
    uint8_t failed_in;  /* enum sally_client_state at the last failure */
    uint8_t last_alert; /* at the last failure; or SALLY_BUS_NO_ALERT */
    uint8_t state;      /* enum sally_client_state as told */
    bool heard;         /* the server said something in this attempt */
    bool failed_heard;  /* ...in the one that failed */
    bool wear_told;     /* that keys are worn was logged */
    struct sally_coap_hint failed_hint; /* at the last failure */
    uint64_t delivered, given_up;
    sally_msec_utc last_delivered;
};

/* `v` is zeroed but for shard, sensor, account, server, index, seat and
 * credential. Everything it points to outlives it.                          */
void sally_virtual_client_init(struct sally_virtual_client *v,
                               const struct sally_lwm2m_shared *shared);

/* Makes one that was wiped as it was before it began, for other keys. */
void sally_virtual_client_reset(struct sally_virtual_client *v);

/* Offers what waits in the store, if it can be and nothing is under way. */
void sally_virtual_client_deliver(struct sally_virtual_client *v,
                                  sally_usec now);

/* Lifetime of its registration: the operator's, or chosen by `reach`. */
uint32_t sally_virtual_client_lifetime(const struct sally_config_server *s,
                                       const struct sally_config_profile *p);
bool sally_virtual_client_queues(const struct sally_config_server *s,
                                 const struct sally_config_profile *p);

/* True if only the newest value per resource is owed to this server. */
bool sally_virtual_client_latest(const struct sally_virtual_client *v);

#endif
