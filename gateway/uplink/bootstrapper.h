/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/bootstrapper.h - a sensor's visits to its bootstrap server:
 * when it asks for accounts, and what becomes of those that it gets.
 *
 * It asks when it has no account at any server; when none of its servers lets
 * it register; when a server executes /1/x/9; when the operator says so; when a
 * certificate has a third of its time left; and as often as `recheck` says.
 * Before each visit it waits for the hold-off of the account and for its turn;
 * after one that failed it waits 1 s, doubled up to an hour. What it got is
 * judged, made durable, put in force, and only then is the server's Finish
 * answered. One small struct for each sensor; what a visit takes is allocated
 * for the visit, and wiped after it.                                        */
#ifndef SALLY_UPLINK_BOOTSTRAPPER_H
#define SALLY_UPLINK_BOOTSTRAPPER_H

#include "lwm2m/bootstrap.h"
#include "uplink/sensor.h"

/* Visits under way at once, in all; each takes some 50 KiB. */
#define SALLY_VISITS_MAX 64

struct sally_bootstrapper;
struct sally_pacer_turn;

/* Why it asks. */
enum sally_visit_reason {
    SALLY_VISIT_NO_ACCOUNT,
    SALLY_VISIT_NOT_REGISTERED, /* nowhere */
    SALLY_VISIT_SERVER,         /* /1/x/9 */
    SALLY_VISIT_OPERATOR,
    SALLY_VISIT_RECHECK,
    SALLY_VISIT_RENEWAL, /* a certificate comes to its end */
    SALLY_VISIT_FACTORY  /* others may know its keys */
};

/* For a sensor with an account of a bootstrap server, with a seat of its own.
 * NO_MEMORY.                                                                */
enum sally_err
sally_bootstrapper_create(struct sally_bootstrapper **out,
                          struct sally_uplink_sensor *u) SALLY_MUST_USE;
void sally_bootstrapper_wipe(struct sally_bootstrapper *b); /* or NULL */
struct sally_uplink_seat *
sally_bootstrapper_seat(const struct sally_bootstrapper *b);

/* Account `account` of the sensor, that of its bootstrap server being the last:
 * what its files hold, as a keyring entry has it; see factory.h for errors. */
enum sally_err
sally_bootstrapper_keys(struct sally_bootstrapper *b,
                        const struct sally_config *config, uint32_t account,
                        struct sally_span files) SALLY_MUST_USE;

/* The sensor begins: what the last bootstrap gave is put in force, or else the
 * accounts of the file hold. Then its clients are started, by the caller; and
 * then it looks whether to ask.                                             */
void sally_bootstrapper_load(struct sally_bootstrapper *b, sally_usec now);
void sally_bootstrapper_begin(struct sally_bootstrapper *b, sally_usec now);

/* The sensor leaves, or the gateway stops: no visit begins or goes on. */
void sally_bootstrapper_stop(struct sally_bootstrapper *b, sally_usec now);

/* True if a bootstrap has given the sensor its accounts. */
bool sally_bootstrapper_has_book(const struct sally_bootstrapper *b);

/* True if there is a bootstrap server that may yet give the sensor its first
 * accounts.                                                                 */
bool sally_bootstrapper_may_give(const struct sally_bootstrapper *b);

/* What of the file's accounts does not count, since a bootstrap gave others, as
 * "SERVER KEY, SERVER KEY"; as much as fits. Reads the disk.                */
void sally_bootstrapper_ignored(const struct sally_bootstrapper *b,
                                struct sally_buf *out);

/* Asks, when hold-off and turn are over; nothing happens if it is about to. If
 * it does already, and the operator or a server says that it should, it asks
 * once more afterwards. False: there is no account of a bootstrap server any
 * more.                                                                     */
bool sally_bootstrapper_want(struct sally_bootstrapper *b,
                             enum sally_visit_reason why, sally_usec now);

/* A client of the sensor could not register: is that all of them? Or it could.
 */
void sally_bootstrapper_failed(struct sally_bootstrapper *b, sally_usec now);
void sally_bootstrapper_registered(struct sally_bootstrapper *b);

/* What a visit brought is on its way to the disk: nothing else may change the
 * accounts now.                                                             */
bool sally_bootstrapper_decides(const struct sally_bootstrapper *b);

/* Takes the account with this Short Server ID (0: all, and that of the
 * bootstrap server, whose keys are dead, too) out of what is in force; saves
 * that and buries `dead` as one, with SALLY_ORDER_TICKET. See vault.h.      */
struct sally_dead;
enum sally_err sally_bootstrapper_strike(struct sally_bootstrapper *b,
                                         uint16_t short_id,
                                         struct sally_dead *dead,
                                         bool *kept) SALLY_MUST_USE;

/* A visit that is under way ends without a result. */
void sally_bootstrapper_cancel(struct sally_bootstrapper *b, sally_usec now);

/* Its turn has come. */
void sally_bootstrapper_turn(struct sally_pacer_turn *turn, sally_usec now);

/* The store's news of a book. */
void sally_bootstrapper_kept(struct sally_bootstrapper *b,
                             const struct sally_store_receipt *r,
                             enum sally_err e, sally_usec now);

/* The sensor is part of another configuration, which says the same of it; or
 * the authorities of its bootstrap server are others now.                   */
void sally_bootstrapper_repoint(struct sally_bootstrapper *b,
                                const struct sally_config *config);
void sally_bootstrapper_take_over(struct sally_bootstrapper *b,
                                  sally_usec now);

#endif
