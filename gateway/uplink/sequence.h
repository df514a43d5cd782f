/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/sequence.h - OSCORE's sequence numbers over a restart.
 *
 * Numbers belong to a pair of keys, whichever sensor and server have it, and
 * are kept under a keyed digest of what it is derived from. They are reserved
 * some at a time: what is reserved is durable before it is used. Whether what
 * is kept is as new as it must be is judged at the start; where that is not
 * sure, new keys are agreed on (RFC 8613 B.2), or the account is refused that
 * was told to use the old ones. Without a master key nothing is kept.       */
#ifndef SALLY_UPLINK_SEQUENCE_H
#define SALLY_UPLINK_SEQUENCE_H

#include "base/deadline.h"
#include "security/object.h"
#include "security/seal.h"
#include "store/store.h"

struct sally_shard;
struct sally_virtual_client;
struct sally_sequences;

#define SALLY_SEQUENCE_NAME 16 /* bytes */

/* In each client. */
struct sally_sequence {
    struct sally_object_past past;
    uint64_t wanted;            /* to be reserved; 0: nothing is */
    uint32_t ticket;            /* under which the store has it; 0: not yet */
    struct sally_deadline again;
    uint8_t name[SALLY_SEQUENCE_NAME];
};

/* What is known of the state directory when the gateway starts. */
struct sally_state_past {
    enum sally_past past;
    bool fleeting; /* it lies in memory: what is not there may have been */
};

/* NO_MEMORY. `room` is for that many clients. */
enum sally_err sally_sequences_create(struct sally_sequences **out,
                                      struct sally_shard *shard,
                                      size_t room) SALLY_MUST_USE;
enum sally_err sally_sequences_grow(struct sally_sequences *q,
                                    size_t room) SALLY_MUST_USE;
void sally_sequences_wipe(struct sally_sequences *q); /* NULL is allowed */

/* With this key; copied. Before anything begins. */
void sally_sequences_unlock(struct sally_sequences *q,
                            const struct sally_sealer *s,
                            struct sally_state_past past);

/* All that are configured have begun: what they must not trust is known. */
void sally_sequences_begun(struct sally_sequences *q);

/* True if what is kept was sealed with another key than ours. */
bool sally_sequences_has_other_key(const struct sally_sequences *q);

/* A client begins: finds out what is known of its keys. */
void sally_sequence_begin(struct sally_virtual_client *v);

/* The client wants numbers below `until`. */
void sally_sequence_reserve(struct sally_virtual_client *v, uint64_t until);

/* The client ends: nobody waits for its numbers any more. */
void sally_sequence_release(struct sally_virtual_client *v);

sally_usec sally_sequences_deadline(const struct sally_sequences *q);
void sally_sequences_expire(struct sally_sequences *q, sally_usec now);

/* The store's news. */
void sally_sequences_kept(struct sally_sequences *q,
                          const struct sally_store_receipt *r,
                          enum sally_err e, sally_usec now);

#endif
