/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/view.h - what the two doors know, joined by sensor.
 *
 * One view per question: it is made empty, takes the rows of both doors in
 * any order, and is then rendered. Its memory follows from the configuration
 * and fixed bounds, not from what the doors say.                            */
#ifndef SALLY_CONSOLE_VIEW_H
#define SALLY_CONSOLE_VIEW_H

#include "bus/message.h"
#include "config/config.h"

#define SALLY_VIEW_VALUES 4096       /* values in one answer */
#define SALLY_VIEW_TEXT 131072u      /* bytes of their texts together */

/* The inner door on one account. */
struct sally_view_account {
    const struct sally_config_account *config;
    uint8_t registered; /* enum sally_client_state */
    uint8_t observed;   /* observations now */
    bool send_muted, secure;
    bool asleep; /* without keys, so nothing is expected of it */
    uint8_t error;     /* enum sally_err: the last failure */
    uint8_t failed_in; /* enum sally_client_state when it failed */
    uint8_t alert;     /* the last (D)TLS alert, or SALLY_BUS_NO_ALERT */
    uint8_t code;      /* the answer to a Register that was refused */
    bool heard;        /* the server said something in that attempt */
    uint8_t hint;      /* code of an error that OSCORE did not protect, or 0 */
    uint8_t hint_meaning; /* enum sally_err: what it means */
    uint8_t wear;         /* of the OSCORE keys, percent */
    char sender[16];      /* OSCORE Sender ID in hexadecimal */
    uint64_t accepted, refused; /* of the sensor, the same in all accounts */
    uint64_t delivered, waiting;
    sally_msec_utc last_delivered;
    char state[24], suite[40], detail[96];
};

/* The outer door on one sensor. */
struct sally_view_sensor {
    const struct sally_config_sensor *config;
    bool online, authenticated, silent; /* silent: the inner door's word */
    uint8_t level, method;
    uint64_t messages, unmapped, refused;
    uint64_t dropped, expired; /* undelivered; the inner door's word, too */
    sally_msec_utc last_seen, last_proof;
    struct sally_view_account *accounts; /* config->account_count */
};

struct sally_view_value {
    uint32_t sensor; /* index in the configuration */
    struct sally_bus_value value;
    size_t at; /* where its bytes are in the view's text */
    sally_msec_utc time;
};

struct sally_view {
    const struct sally_config *config;
    const char *version;
    uint64_t uptime_s;
    sally_msec_utc utc; /* when the question came */

    uint32_t first, count; /* sensors' slots: [first, first + count) */
    bool all;
    struct sally_view_sensor *sensors;   /* owned */
    struct sally_view_account *accounts; /* owned */
    struct sally_view_value *values;     /* owned; NULL if none are asked */
    uint8_t *text;                       /* owned; of the values */
    size_t value_count, text_used;
    char ignored[160]; /* of the one sensor: of its file, what does not count */
    bool overflow; /* there were more values than fit */
};

/* An empty view of one sensor or of all (UINT32_MAX). `v` is zeroed before
 * its first opening. NO_MEMORY.                                             */
enum sally_err sally_view_open(struct sally_view *v,
                               const struct sally_config *config,
                               uint32_t sensor, bool values) SALLY_MUST_USE;

/* The sensor number `n`, in the order of the ids; NULL: there are not that
 * many. Slots without a sensor are passed over.                             */
const struct sally_view_sensor *sally_view_nth(const struct sally_view *v,
                                               size_t n);

/* A row that says something. What lies outside the view is left out. */
void sally_view_take(struct sally_view *v, enum sally_role_name door,
                     const struct sally_bus_row *row);

/* A value as a record; its bytes borrow from the view. */
void sally_view_record(const struct sally_view *v,
                       const struct sally_view_value *value,
                       struct sally_lwm2m_record *out);

/* The value of this path, false if there is none. */
bool sally_view_find(const struct sally_view *v, uint32_t sensor,
                     const struct sally_path *path,
                     struct sally_lwm2m_record *out);

void sally_view_wipe(struct sally_view *v); /* safe twice */

#endif
