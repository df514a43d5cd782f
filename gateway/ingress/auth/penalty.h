/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/penalty.h - who failed too often has to wait.
 *
 * Counted per source (its whole address) and per (source, user): FAILURES
 * within WINDOW block it for FIRST_BLOCK, and each block after that for twice
 * as long, up to LAST_BLOCK. A record that was quiet for LAST_BLOCK starts
 * afresh. Never counted per user alone: anybody could then silence a sensor by
 * guessing in its name.
 *
 * An IPv6 neighbour has as many addresses as it likes, so the /64 counts, too.
 * But all sensors of a link share it, fe80::/64 at least, and one of them with
 * a wrong password must not silence the others: it takes NETWORK_FAILURES.
 *
 * The table has a fixed size and forgets what was touched longest ago.      */
#ifndef SALLY_INGRESS_AUTH_PENALTY_H
#define SALLY_INGRESS_AUTH_PENALTY_H

#include "base/random.h"
#include "base/time.h"
#include "ingress/auth/address.h"

#define SALLY_PENALTY_RECORDS 4096
#define SALLY_PENALTY_FAILURES 5
#define SALLY_PENALTY_NETWORK_FAILURES 100
#define SALLY_PENALTY_WINDOW (60 * SALLY_SEC)
#define SALLY_PENALTY_FIRST_BLOCK (60 * SALLY_SEC)
#define SALLY_PENALTY_LAST_BLOCK (900 * SALLY_SEC)

struct sally_penalties;

enum sally_err sally_penalties_create(struct sally_penalties **out,
                                      struct sally_random random)
    SALLY_MUST_USE; /* NO_MEMORY */
void sally_penalties_wipe(struct sally_penalties *p); /* NULL is allowed */

/* True if the source, its network, or this user from it is blocked now. */
bool sally_penalties_blocked(struct sally_penalties *p,
                             const struct sally_auth_source *s,
                             struct sally_span user, sally_usec now);

/* The user failed from there; counts for all of these. */
void sally_penalties_failed(struct sally_penalties *p,
                            const struct sally_auth_source *s,
                            struct sally_span user, sally_usec now);

/* The user proved itself from there: its own failures are forgotten, those of
 * the source are not.                                                       */
void sally_penalties_forgive(struct sally_penalties *p,
                             const struct sally_auth_source *s,
                             struct sally_span user);

#endif
