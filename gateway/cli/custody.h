/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/custody.h - the store of a gateway that does not run, in the
 * hands of a tool: the same lock, the same journal, the rights of the user to
 * whom the directory belongs.                                               */
#ifndef SALLY_CLI_CUSTODY_H
#define SALLY_CLI_CUSTODY_H

#include "cli/verbs.h"
#include "config/config.h"
#include "config/files.h"
#include "security/seal.h"
#include "store/store.h"

struct sally_custody {
    const struct sally_cli *cli;
    struct sally_config_files files;
    struct sally_config config;
    struct sally_store *store; /* NULL: not open */
    bool failed;               /* something is not durable */
    unsigned waiting;          /* for the store's word */
};

/* Reads the configuration; what is wrong is told. To be closed in any case. */
bool sally_custody_begin(struct sally_custody *c, const struct sally_cli *cli);

/* Makes what seals. Before _become(), since the key may be root's. */
bool sally_custody_key(const struct sally_custody *c,
                       struct sally_sealer *out);

/* From now on with the rights of the owner of state_dir, so that what is made
 * there is the gateway's.                                                   */
bool sally_custody_become(const struct sally_custody *c);

/* All books and dead keys, beside a gateway that runs or not. */
bool sally_custody_read(const struct sally_custody *c,
                        sally_store_kept_row *each, void *owner);

/* Takes the store; refused while a gateway has it. From then on what is logged
 * of security goes to its journal.                                          */
bool sally_custody_take(struct sally_custody *c);

/* As sally_store_keep(). */
void sally_custody_keep(struct sally_custody *c, enum sally_kept what,
                        struct sally_span name, struct sally_span body);

/* What is known of sequence numbers is not to be built on, by whoever has this
 * store next: it gets another name, too.                                    */
void sally_custody_distrust(struct sally_custody *c);

/* The sensor is to be given other keys. */
void sally_custody_due(struct sally_custody *c, struct sally_span id);

/* Waits for all that was kept. False, and told: it is not durable. */
bool sally_custody_settle(struct sally_custody *c);
void sally_custody_end(struct sally_custody *c);

/* Whose keys another copy of the store has, too, or which are older than those
 * of their server: prints who gets others from a bootstrap server, and who
 * needs others from the operator.                                           */
void sally_custody_tell(const struct sally_custody *c, const char *head);

#endif
