/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/keeper.h - what of the clients outlives the process, so that a
 * restart costs an Update of each and not a Register.
 *
 * A registration with all that belongs to it is saved, sealed, soon after it
 * changed and once a second at most. Where it changes again within that second,
 * what was saved is forgotten at once: so what lies there is what holds, or
 * nothing. Without a master key nothing is kept.                            */
#ifndef SALLY_UPLINK_KEEPER_H
#define SALLY_UPLINK_KEEPER_H

#include "base/deadline.h"
#include "security/seal.h"
#include "store/store.h"

struct sally_shard;
struct sally_virtual_client;
struct sally_keeper;

/* In each client. */
struct sally_kept_client {
    struct sally_deadline due;
    sally_usec saved; /* when it was; 0: never */
    bool stored;      /* something lies there */
    bool held;        /* may be kept: begun, and not leaving */
};

/* NO_MEMORY. `room` is for that many clients. */
enum sally_err sally_keeper_create(struct sally_keeper **out,
                                   struct sally_shard *shard,
                                   size_t room) SALLY_MUST_USE;
enum sally_err sally_keeper_grow(struct sally_keeper *k,
                                 size_t room) SALLY_MUST_USE;
void sally_keeper_wipe(struct sally_keeper *k); /* NULL is allowed */

/* With this key; copied. Before anything begins. */
void sally_keeper_unlock(struct sally_keeper *k, const struct sally_sealer *s);

/* A client begins: it takes up what was kept if it is of the same keys, or,
 * where `anew`, forgets it, since the one before it said goodbye.           */
void sally_keeper_begin(struct sally_virtual_client *v, bool anew,
                        sally_usec now);

/* Something changed of what a save would hold. */
void sally_keeper_changed(struct sally_virtual_client *v);

/* Nothing more of it is kept, as its sensor leaves. */
void sally_keeper_release(struct sally_virtual_client *v);

/* The same, and what was kept of it is forgotten: it gets other keys. */
void sally_keeper_drop(struct sally_virtual_client *v);

sally_usec sally_keeper_deadline(const struct sally_keeper *k);
void sally_keeper_expire(struct sally_keeper *k, sally_usec now);

/* Saves at once what is due. */
void sally_keeper_flush(struct sally_keeper *k);

/* The store's news. */
void sally_keeper_kept(struct sally_keeper *k,
                       const struct sally_store_receipt *r, enum sally_err e,
                       sally_usec now);

#endif
