/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/vault.h - the accounts that bootstrap servers gave, on disk
 * and sealed; and which keys are not to be used any more.
 *
 * A book belongs to a sensor by its id and endpoint, whether the configuration
 * has that sensor just now or not. What is buried is known by a keyed digest of
 * the endpoint and the keys, so nothing brings it back: neither a file, nor the
 * sensor being added again. Without a master key there is no vault: a
 * configuration with a bootstrap server is refused then.                    */
#ifndef SALLY_UPLINK_VAULT_H
#define SALLY_UPLINK_VAULT_H

#include "lwm2m/book.h"
#include "security/seal.h"
#include "store/store.h"
#include "config/config.h"

struct sally_shard;
struct sally_uplink_sensor;
struct sally_vault;

/* NO_MEMORY. */
enum sally_err sally_vault_create(struct sally_vault **out,
                                  struct sally_shard *shard) SALLY_MUST_USE;
void sally_vault_wipe(struct sally_vault *v); /* NULL is allowed */

/* With this key; copied. Before anything begins. */
void sally_vault_unlock(struct sally_vault *v, const struct sally_sealer *s);

/* Reads the sensor's book into `out`, which is open and has room for it;
 * *generation counts the books that it had, 1 and up. NOT_FOUND: no bootstrap
 * has come to its end; UNAUTHENTIC, MALFORMED: what lies there is damaged, or
 * another sensor's; IO, NO_ROOM, BAD_STATE: no key.                         */
enum sally_err sally_vault_load(const struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                struct sally_book *out,
                                uint64_t *generation) SALLY_MUST_USE;

/* The same of what a tool has read from the store. */
enum sally_err sally_vault_read(const struct sally_sealer *s,
                                const struct sally_config_sensor *of,
                                struct sally_span kept,
                                struct sally_book *out) SALLY_MUST_USE;

/* Replaces the sensor's book, and buries keys that it uses no more: nobody uses
 * them under this endpoint from then on. All of that or nothing; the store's
 * on_kept tells with `ticket` when it is durable. Without a book the keys are
 * only buried, and the receipt is of TOMB. Of an account of mode NoSec without
 * OSCORE there are none, and where nothing is to be kept *kept is false.
 * NO_ROOM: the queue is full, or SALLY_TOMBS_MAX keys are buried under this
 * endpoint; IO, NO_MEMORY, CRYPTO, BAD_STATE: there is no master key.       */
#define SALLY_TOMBS_MAX 1024 /* of one endpoint */
struct sally_dead {
    const struct sally_credential *keys[SALLY_CONFIG_SERVERS_MAX + 1];
    size_t count;
};
enum sally_err sally_vault_save(struct sally_vault *v,
                                const struct sally_uplink_sensor *u,
                                const struct sally_book *book,
                                const struct sally_dead *dead, uint32_t ticket,
                                bool *kept) SALLY_MUST_USE;

/* The sensor is as if it had never been at a bootstrap server; likewise. */
enum sally_err sally_vault_forget(struct sally_vault *v,
                                  const struct sally_uplink_sensor *u,
                                  uint32_t ticket) SALLY_MUST_USE;

/* The sensor is to be given other keys, since others may have those that it
 * has; whether it is so, and that it was. The store's on_kept tells with
 * SALLY_ORDER_TICKET when the first is durable. Errors of sally_store_keep();
 * BAD_STATE: there is no master key.                                        */
enum sally_err sally_vault_due(struct sally_vault *v,
                               const struct sally_uplink_sensor *u)
    SALLY_MUST_USE;
bool sally_vault_is_due(const struct sally_vault *v,
                        const struct sally_uplink_sensor *u);
void sally_vault_settle(struct sally_vault *v,
                        const struct sally_uplink_sensor *u);

/* True if they are buried, or if that cannot be known. */
bool sally_vault_is_buried(const struct sally_vault *v, const char *endpoint,
                           const struct sally_credential *c);

#endif
