/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/sockets.h - the listening sockets of the configuration: bound now,
 * or as soon as their interface or address is there.
 *
 * A set has numbered slots. A listener keeps its slot as long as the
 * configuration names it, and the outer door knows it by that number; one that
 * is told a second time replaces the first. A changed configuration is planned
 * as a set of its own, which is then committed or wiped: until then nothing
 * happens to the running one.                                               */
#ifndef SALLY_SOCKETS_H
#define SALLY_SOCKETS_H

#include "bus/message.h"
#include "config/config.h"

#include <net/if.h>
#include <netinet/in.h>

#define SALLY_SOCKETS_MAX SALLY_BUS_LISTENERS
#define SALLY_SOCKETS_KIND (SALLY_SOCKETS_MAX / 2) /* of each kind at most */

enum sally_socket_state { SALLY_SOCKET_NEW, SALLY_SOCKET_WAITING,
                          SALLY_SOCKET_LISTENING };

struct sally_socket {
    bool used; /* else the slot is free */
    enum sally_listener kind;
    char interface[IF_NAMESIZE];    /* "": any */
    char address[INET6_ADDRSTRLEN]; /* numeric; "": any */
    uint16_t port;
    int fd;         /* owned; -1: not bound */
    uint32_t index; /* of the interface that it is bound to */
    enum sally_socket_state told; /* in the log */
};

struct sally_sockets {
    struct sally_socket slot[SALLY_SOCKETS_MAX];
};

void sally_sockets_init(struct sally_sockets *s); /* all slots are free */

/* The set that `c` asks for, bound. A listener that `running` (may be NULL)
 * has too gets the same slot and a copy of its descriptor. What cannot be
 * bound because its interface or address is not there, or because a listener
 * of `running` that goes away still has the port, is left without a
 * descriptor for _poll(). Returns the number of other problems, each reported
 * as a line. *out must be wiped or committed in both cases.                 */
unsigned sally_sockets_plan(struct sally_sockets *out,
                            const struct sally_config *c,
                            const struct sally_sockets *running, FILE *report);

/* `plan` becomes what runs and is empty afterwards; what ran before is closed.
 * Listeners of both stay open all the time.                                 */
void sally_sockets_commit(struct sally_sockets *running,
                          struct sally_sockets *plan);

void sally_sockets_wipe(struct sally_sockets *s);

/* The same listener: kind, interface, address and port. False for free slots.
 */
bool sally_sockets_same(const struct sally_socket *a,
                        const struct sally_socket *b);

/* Tells what `c` listens on that is not there now, as warnings. */
void sally_sockets_warn(const struct sally_config *c, FILE *report);

/* About once a second: drops sockets whose interface went away (or came back
 * as another, which theirs do not hear), and binds what is missing. Each slot
 * that has a new socket goes to `on_bound`, which copies its descriptor. Logs
 * what became of each listener once: `listening`, `listener_waiting`.       */
void sally_sockets_poll(struct sally_sockets *s,
                        void (*on_bound)(void *owner, uint32_t slot,
                                         const struct sally_socket *one),
                        void *owner);

#endif
