/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/answerer.c - one bus, questions in, answers out. */
#include "roles/answerer.h"

#include "log/log.h"

#include <stdlib.h>
#include <unistd.h>

#define FRAMES 8 /* answers are short */

struct answerer {
    const struct sally_role_context *context;
    enum sally_role_name self, peer;
    sally_answer *answer;
    struct sally_bus *bus; /* NULL while the peer is away */
};

/* An answer that finds no room is lost: the peer asks again, or gives up. */
static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct answerer *a = owner;
    struct sally_bus_message answer;

    (void)fd;
    (void)now;
    if (a->answer(m, &answer) && sally_bus_send(b, &answer) != SALLY_E_OK)
        sally_log(SALLY_LOG_WARNING, "answer_lost",
                  SALLY_TEXT("peer", sally_role_text(a->peer)));
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct answerer *a = owner;

    (void)now;
    a->bus = NULL;
    sally_bus_close(b);
    a->context->lost(a->context->runner, a->peer, e);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

void sally_answerer_on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct answerer *a = role;

    if (peer != a->peer) {
        (void)close(fd);
        return;
    }
    sally_bus_close(a->bus);
    a->bus = NULL;
    if (sally_bus_open(&a->bus, a->context->loop, fd, a->self, peer, FRAMES,
                       &bus_upcalls, a) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
}

enum sally_err sally_answerer_create(void **out,
                                     const struct sally_role_context *context,
                                     enum sally_role_name self,
                                     enum sally_role_name peer,
                                     sally_answer *answer)
{
    struct answerer *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return SALLY_E_NO_MEMORY;
    *a = (struct answerer){ context, self, peer, answer, NULL };
    *out = a;
    return SALLY_E_OK;
}

void sally_answerer_start(void *role, sally_usec now)
{
    struct answerer *a = role;

    (void)now;
    a->context->report(a->context->runner, SALLY_CONTROL_READY);
}

void sally_answerer_stop(void *role, sally_usec now)
{
    struct answerer *a = role;

    (void)now;
    a->context->report(a->context->runner, SALLY_CONTROL_DONE);
}

void sally_answerer_destroy(void *role)
{
    struct answerer *a = role;

    if (a == NULL)
        return;
    sally_bus_close(a->bus);
    free(a);
}
