/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/machine.h - whether the store was made on this machine, or is
 * a copy of another gateway's, with all its keys.
 *
 * The store keeps keyed digests of the facts that the supervisor found. It is
 * the same machine if one number of its hardware is the same; where either time
 * none was to be seen, the system's machine id says it. What is there now takes
 * the place of what was, so that parts can be replaced one by one.          */
#ifndef SALLY_UPLINK_MACHINE_H
#define SALLY_UPLINK_MACHINE_H

#include "security/seal.h"
#include "store/store.h"

/* `facts` are parts of the keyring's entry of the gateway. The first time
 * *same is true. `anew`: digests of before are another master key's, and count
 * for nothing. CRYPTO, IO, and errors of sally_store_keep().                */
enum sally_err sally_machine_judge(struct sally_store *store,
                                   const struct sally_sealer *s,
                                   struct sally_span facts, bool anew,
                                   bool *same) SALLY_MUST_USE;

/* The same for a shard, of which no account is used if it is another machine:
 * `machine_changed`. After sally_shard_unlock().                            */
struct sally_shard;
enum sally_err sally_machine_check(struct sally_shard *shard,
                                   const struct sally_sealer *s,
                                   struct sally_span facts) SALLY_MUST_USE;

/* Where the digests lie. */
struct sally_kept_place sally_machine_place(void);

#endif
