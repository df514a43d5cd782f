/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/client_state.h - what one client remembers. Included by client.h
 * so that owners can embed it; the fields are lib/lwm2m's own.              */
#ifndef SALLY_LWM2M_CLIENT_STATE_H
#define SALLY_LWM2M_CLIENT_STATE_H

#define SALLY_LOCATION_MAX 64     /* bytes of a registration's Location-Path */
#define SALLY_OBSERVATIONS_MAX 32 /* of one client */
#define SALLY_ATTRIBUTES_MAX 32   /* paths with attributes, of one client */

struct sally_observation; /* notify.c */
struct sally_attributes;  /* attributes.c */

struct sally_lwm2m_client {
    struct sally_coap_link link;
    const struct sally_lwm2m_shared *shared;
    const struct sally_lwm2m_settings *settings;
    struct sally_resources *resources;
    const struct sally_lwm2m_upcalls *upcalls;
    void *owner;

    enum sally_client_state state;
    uint8_t version;       /* in force; settings->version or less */
    uint8_t refused_with;  /* the last answer to a Register that was a no */
    bool send_unsupported; /* the server answered Send with 4.04 or the like */
    bool update_wanted;    /* an Update is owed at the next settling */
    bool reregister;       /* the registration is gone: Register anew */
    bool resumed;          /* the session is: an Update may do */
    bool reboot_wanted;    /* /3/0/4 was executed: start over */
    bool disable_wanted;   /* /1/x/4 was executed */
    bool leaving;          /* de-registered: close the channel */
    bool stopping;         /* de-register as soon as it is registered */
    bool disabling;        /* the de-registration under way is /1/x/4's */
    enum sally_err lost;   /* not OK: end the session at the next settling */
    bool unproved;         /* came back soon, and nothing worked since */
    unsigned attempt;      /* failures in a row, in this round */
    sally_usec due;        /* of the state: retry, Update, give up */

    char location[SALLY_LOCATION_MAX]; /* "" when not registered */
    uint32_t lifetime;                 /* as registered, seconds */
    uint32_t saved_number; /* of the last notification before the last save */
    uint64_t origin;       /* what a restored registration must be of... */
    bool has_origin;       /* ...which is known */
    sally_coap_exchange registering;   /* Register, Update or De-register */
    sally_coap_exchange sending;

    struct sally_observation *observations;
    struct sally_attributes *attributes;
    bool history_owed;            /* on_delivered is, for _history()'s */
    unsigned history_open;        /* notifications not acknowledged yet */
    enum sally_err history_error; /* the first thing that went wrong */
};

#endif
