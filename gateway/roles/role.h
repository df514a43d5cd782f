/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/role.h - what a process of the gateway is: a row of functions
 * around one event loop.
 *
 * The supervisor starts a role with its configuration, then sends it its
 * listeners, keys and buses as CONTROL messages, then START. A role answers
 * READY (or FAILED), and DONE when it has finished after STOP. The runner in
 * run.c receives those messages and calls the row; a role that loses its
 * supervisor ends at once.
 *
 * A reload is CONFIG, then listeners, keys and passwords that are new in it,
 * then PREPARE; and when every role is prepared COMMIT, else ABORT. Until then
 * nothing of it may be seen from outside.                                   */
#ifndef SALLY_ROLES_ROLE_H
#define SALLY_ROLES_ROLE_H

#include "config/config.h"
#include "loop/bus.h"
#include "loop/loop.h"

/* What a role is given; outlives it. */
struct sally_role_context {
    struct sally_loop *loop;
    const struct sally_config *config; /* the running one; see commit */
    const struct sally_config *next;   /* being prepared; NULL: none */
    /* Tell the supervisor: READY, SETTLED, DONE or FAILED. */
    void (*report)(void *runner, enum sally_control what);
    /* Tell it that the bus to `peer` is no more and why: another one will
     * come. Logged here if the peer broke the rules (MALFORMED).            */
    void (*lost)(void *runner, enum sally_role_name peer, enum sally_err why);
    void *runner;
};

struct sally_role_row {
    enum sally_role_name name;

    /* *out is given to the others. On failure the reason was logged. */
    enum sally_err (*create)(void **out,
                             const struct sally_role_context *context);

    /* Descriptors from the supervisor: the role's from now on. NULL: this role
     * gets none of that kind. A new bus to a peer replaces the one before. */
    void (*on_peer)(void *role, enum sally_role_name peer, int fd);
    void (*on_keys)(void *role, uint32_t born, int fd);
    void (*on_local_keys)(void *role, int fd);
    void (*on_listener)(void *role, enum sally_listener kind, uint32_t index,
                        int fd);
    void (*on_passwords)(void *role, int fd);

    /* A line of the security journal. NULL: this role gets none. */
    void (*on_note)(void *role, const struct sally_bus_note *note);

    /* What a reload came to, for whoever asked for it. */
    void (*on_reloaded)(void *role, bool done, int fd);

    /* Reloads. From CONFIG to COMMIT or ABORT the descriptors above belong to
     * `next`; a listener of kind NONE is one that goes at COMMIT. A role that
     * has no prepare is not asked, only told. On failure the reason was logged
     * and nothing stays behind.                                             */
    enum sally_err (*prepare)(void *role, const struct sally_config *next,
                              sally_usec now);
    enum sally_err (*prepared)(void *role); /* is all there? NULL: yes */

    /* context->config is the new one from now on. `previous` is valid until
     * the role reports SETTLED, in here or later. NULL: the role looks at its
     * configuration in create() only, and context->config is NULL after it.
     * Cannot fail; if something that cannot fail does, the role ends, and its
     * successor starts with the new one.                                    */
    void (*commit)(void *role, const struct sally_config *previous,
                   sally_usec now);
    void (*abort)(void *role); /* NULL: nothing to undo */

    void (*start)(void *role, sally_usec now); /* reports READY or FAILED */
    void (*stop)(void *role, sally_usec now);  /* reports DONE */
    void (*destroy)(void *role);               /* NULL is allowed */
};

extern const struct sally_role_row sally_role_outer, sally_role_inner,
    sally_role_console, sally_role_resolver, sally_role_verifier,
    sally_role_keyholder;

#endif
