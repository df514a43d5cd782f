/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/inner_parts.h - the inner door as its files see it. */
#ifndef SALLY_ROLES_INNER_PARTS_H
#define SALLY_ROLES_INNER_PARTS_H

#include "lwm2m/engine.h"
#include "roles/answers.h"
#include "roles/holding.h"
#include "roles/role.h"
#include "roles/seats.h"
#include "uplink/shard.h"

struct inner {
    const struct sally_role_context *context;
    struct sally_store *store;
    struct sally_shard *shard;
    struct sally_engine engine;
    struct sally_places *places;
    struct sally_seats seats;
    struct sally_timer pacer, head, export;
    uint64_t head_told; /* the number of the line whose hash was logged */
    uint64_t exported;  /* and of that which servers can read */
    bool exporting;     /* soon there is another one for them */
    struct sally_watch *stored;
    struct sally_bus *outer, *resolver, *console;
    struct sally_holding holding;   /* the keyholder, which is asked */
    struct sally_held_key held_key; /* --single: of this process */
    struct sally_holder holder;
    bool holds; /* there is such a key */
    struct sally_task burn; /* at the end of a turn: what is on the stack */
    struct sally_answers answers; /* to the console */
    bool key_missing;
    bool unlocked; /* by the master key */
};

/* A keyring, for those that are new since `born`; see role.h. */
void sally_inner_keys(void *role, uint32_t born, int fd);

#endif
