/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/account.h - what both ends prove themselves with, for each
 * mechanism, and the numbers that the client's owner made durable.          */
#ifndef TESTS_SIM_ACCOUNT_H
#define TESTS_SIM_ACCOUNT_H

#include "security/stack.h"

/* One element per way to protect the traffic. */
struct sim_mechanism {
    const char *name;
    enum sally_scheme scheme;
    const char *server_suites; /* NULL: no handshake */
    enum sally_security_mode mode; /* with a handshake */
    bool oscore;
    enum sally_oscore_start start; /* with oscore */
    bool connection_id;
};

struct sim_account {
    struct sally_credential credential;
    struct sally_credential own; /* the server's; borrows */
    struct sally_trust *trust;   /* owned; of the server */
    struct sally_key_finder finder;
    struct sally_object_contexts *contexts; /* owned; of the server */
    struct sally_object_past past;          /* of the client, durable */
    struct sally_object_past fresh;         /* of the server */
    uint64_t wished;  /* not durable yet */
    sally_usec due;   /* when it will be; NEVER: nothing is wished */
};

/* True if somebody notices what the wire did to a message. */
bool sim_is_secure(const struct sim_mechanism *m);

bool sim_account_make(struct sim_account *a, const struct sim_mechanism *m,
                      struct sally_security *security);
void sim_account_wipe(struct sim_account *a);

/* The client wants numbers below `until`: durable at `when`. */
void sim_account_wish(struct sim_account *a, uint64_t until, sally_usec when);

/* The process ends: what was not durable by then never will be. */
void sim_account_crash(struct sim_account *a);

/* True once when what was wished for became durable. */
bool sim_account_settle(struct sim_account *a, sally_usec now);

#endif
