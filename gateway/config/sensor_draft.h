/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/sensor_draft.h - a sensor while it is put together from the
 * defaults and its own group. In its texts "{id}" still stands for its id.  */
#ifndef SALLY_CONFIG_SENSOR_DRAFT_H
#define SALLY_CONFIG_SENSOR_DRAFT_H

#include "config/loader.h"

struct sally_account_draft {
    const char *server; /* name, or "" for the sensor's */
    bool factory;
};

struct sally_sensor_draft {
    struct sally_config_sensor sensor;
    const char *server;  /* of accounts that name none; "" */
    const char *profile; /* name; "" */
    const char *via;     /* name of a broker; "" */
    bool has_profile;    /* sensor.profile is set */
    struct sally_config_auth *auth; /* sensor.auth_count of them */
    struct sally_config_account *accounts;
};

/* What must be unique over all sensors, and the place to say otherwise. */
struct sally_sensor_names {
    struct sally_names ids; /* ids and aliases */
    struct sally_names endpoints, usernames;
    struct sally_names identities; /* "SERVER IDENTITY" */
    struct sally_names senders;    /* "SERVER SENDER CONTEXT" */
};

/* `authenticate` of the group into the draft, if the group has it. */
void sally_auth_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_sensor_draft *draft);

/* brokers.c: `via`, which takes the place of `authenticate`; then, whether the
 * sensor can be told by the topics of its profile.                          */
void sally_via_load(struct sally_loader *l, const config_setting_t *group,
                    struct sally_sensor_draft *draft);
void sally_via_check(struct sally_loader *l, const config_setting_t *group,
                     const struct sally_config_sensor *s,
                     const struct sally_config_profile *p);

/* Completes the proofs of one sensor and checks what they are worth. */
void sally_auth_finish(struct sally_loader *l, const config_setting_t *group,
                       struct sally_sensor_names *names, size_t number,
                       struct sally_config_sensor *s);

/* auth_name.c - of a password, a pre-shared key or a certificate. */
void sally_auth_finish_name(struct sally_loader *l,
                            const config_setting_t *group,
                            struct sally_sensor_names *names, size_t number,
                            const char *id, struct sally_config_auth *a);

/* Reports sensors that cannot be told apart by their addresses. */
void sally_auth_check_addresses(struct sally_loader *l);

/* `accounts` of the group, or the one that `server` means. */
void sally_accounts_load(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_draft *draft);

void sally_accounts_finish(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_sensor_names *names, size_t number,
                           struct sally_config_sensor *s);

/* accounts_slots.c - the sensor's own copy of its accounts, those of a
 * bootstrap server's sensor in slots, as config.h says. NULL: no memory.    */
struct sally_config_account *
sally_accounts_slots(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_sensor *s);

/* All that a sensor is made of: its own group, and what it gets from the rest.
 * The second comes first and once: what is part of every sensor, beside the
 * objects and sensor_defaults, which have put theirs into l->common.        */
uint64_t sally_sensor_fingerprint(const struct sally_loader *l,
                                  const config_setting_t *group,
                                  const struct sally_config_sensor *s);
void sally_sensor_fingerprint_common(struct sally_loader *l);

/* True if the group has no such list, or an empty one. */
bool sally_sensor_lacks(const config_setting_t *group, const char *key);

/* "KEY: expected WHAT that no other sensor has (FILE:LINE), got ..." unless
 * `name` is new.                                                            */
void sally_sensor_claim(struct sally_loader *l, const config_setting_t *group,
                        struct sally_names *names, const char *name,
                        size_t number, const char *key, const char *what);

#endif
