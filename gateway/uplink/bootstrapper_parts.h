/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/bootstrapper_parts.h - what the files of the bootstrapper
 * share. Not for others.                                                    */
#ifndef SALLY_UPLINK_BOOTSTRAPPER_PARTS_H
#define SALLY_UPLINK_BOOTSTRAPPER_PARTS_H

#include "lwm2m/access.h"
#include "uplink/accounts.h"
#include "uplink/bootstrapper.h"

/* A server that writes now and then would hold a place for ever. */
#define SALLY_VISIT_MAX (1800 * SALLY_SEC)

/* What there is while a visit lasts. */
struct sally_visit {
    struct sally_bootstrap engine;
    struct sally_bootstrap_settings settings;
    struct sally_credential credential;
    struct sally_uri uri;
    struct sally_book current; /* in force */
    struct sally_book offered; /* while `deciding`; its secrets are held */
    bool deciding;  /* the store has it */
    bool done;      /* what was offered is in force */
    bool over;      /* the engine has come to its end */
    enum sally_err failure;
    uint32_t ticket; /* under which the store has it */
    sally_usec until; /* however busy the server is */
};

struct sally_bootstrapper {
    struct sally_uplink_guest guest;
    struct sally_uplink_sensor *sensor;
    struct sally_uplink_seat *seat; /* owned */
    struct sally_pacer_turn turn;
    struct sally_book factory; /* the accounts of the file */
    struct sally_access *rights; /* owned; of each account's server */
    struct sally_visit *visit; /* NULL: none under way */
    uint64_t generation;       /* of the book in force; 0: the factory's */
    sally_usec due;            /* to ask for a turn; NEVER: no need */
    sally_usec purge;          /* the account goes then; NEVER: it stays */
    sally_usec renewal;        /* look at certificates then */
    uint32_t hold_off;         /* seconds, /0/x/11 */
    uint32_t tickets;          /* given out so far */
    uint32_t purging;          /* under which the store has it; 0: it is not */
    unsigned failures;         /* visits, one after the other */
    bool again;                /* when the visit has ended */
    bool has_account;          /* of a bootstrap server, with keys */
    enum sally_visit_reason why; /* of the next visit */
};

const struct sally_config_server *
sally_visit_server(const struct sally_bootstrapper *b);

/* Its place in the bootstrap server's line. */
void sally_visit_ask_turn(struct sally_bootstrapper *b);

/* visit_seat.c */
extern const struct sally_uplink_calls sally_visit_calls;

/* Sends what a visit has ready, ends it when it is over, arms the timer. */
void sally_visit_pump(struct sally_bootstrapper *b, sally_usec now);

/* visit.c - a visit begins. Errors of the account, NO_MEMORY; then it is to be
 * ended.                                                                    */
enum sally_err sally_visit_begin(struct sally_bootstrapper *b,
                                 sally_usec now) SALLY_MUST_USE;

/* standing.c - reads what is in force into `out`, which is made for it. What
 * the file has: NOT_FOUND, there was no bootstrap; and, without accounts at
 * servers, where the book is damaged: UNAUTHENTIC, MALFORMED. Then *generation
 * is 0.                                                                     */
enum sally_err sally_standing_read(const struct sally_bootstrapper *b,
                                   struct sally_book *out,
                                   uint64_t *generation) SALLY_MUST_USE;

/* Keeps what is asked between visits, and begins the time of /0/x/12. */
void sally_standing_note(struct sally_bootstrapper *b,
                         const struct sally_book *book);
void sally_standing_start_purge(struct sally_bootstrapper *b,
                                const struct sally_book *book, sally_usec now);

/* rights.c - room for what the servers may do, and what that is from now on.
 * NO_MEMORY.                                                                */
enum sally_err sally_rights_open(struct sally_bootstrapper *b) SALLY_MUST_USE;
void sally_rights_wipe(struct sally_bootstrapper *b);
void sally_rights_apply(struct sally_bootstrapper *b,
                        const struct sally_book *book, sally_usec now);

/* renewal.c - asks if a certificate comes to its end, and says when to look
 * again.                                                                    */
#define SALLY_RENEWAL_EVERY (86400 * SALLY_SEC)
void sally_renewal_look(struct sally_bootstrapper *b, sally_usec now);

/* The time of the bootstrap account is over; and the store's news of that. */
void sally_standing_purge(struct sally_bootstrapper *b, sally_usec now);
void sally_standing_purged(struct sally_bootstrapper *b, enum sally_err e,
                           sally_usec now);

#endif
