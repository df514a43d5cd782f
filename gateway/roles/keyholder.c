/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/keyholder.c - has the key under which the secrets of all
 * accounts are held, and answers the inner door: shows a shared one for a
 * derivation, signs with a private one. It parses nothing that came from a
 * network, keeps no secret, and has no file.                                */
#include "config/keyring.h"
#include "log/log.h"
#include "roles/holding.h"
#include "roles/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST 64 /* answers before others get their turn */

struct keyholder {
    const struct sally_role_context *context;
    struct sally_held_key key;
    bool has_key;
    int fd; /* to the inner door; owned; -1: none */
    struct sally_watch *watch;
};

/* Has had secrets in it. */
struct letters {
    uint8_t question[SALLY_HOLDING_MAX + 1], answer[SALLY_HOLDING_MAX];
};

static void letters_wipe(struct letters *l)
{
    sally_wipe(l, sizeof(*l));
}

/* --- The inner door ------------------------------------------------------- */

static void let_go(struct keyholder *k)
{
    if (k->watch != NULL)
        sally_watch_close(k->watch);
    if (k->fd >= 0)
        (void)close(k->fd);
    k->watch = NULL;
    k->fd = -1;
}

static void lose(struct keyholder *k, enum sally_err why)
{
    let_go(k);
    k->context->lost(k->context->runner, SALLY_INNER, why);
}

/* PENDING: there is no question. */
static enum sally_err answer_one(struct keyholder *k)
{
    SALLY_ON_EXIT(letters_wipe) struct letters l;
    struct sally_buf answer = SALLY_BUF(l.answer);
    ssize_t n = recv(k->fd, l.question, sizeof(l.question), MSG_DONTWAIT);
    enum sally_err e;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return SALLY_E_PENDING;
    if (n <= 0)
        return SALLY_E_CLOSED;
    if ((size_t)n > SALLY_HOLDING_MAX)
        return SALLY_E_MALFORMED;
    e = sally_holding_answer(&k->key,
                             (struct sally_span){ l.question, (size_t)n },
                             &answer);
    if (e != SALLY_E_OK)
        return e;
    return send(k->fd, answer.at, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
                   (ssize_t)answer.len
               ? SALLY_E_OK
               : SALLY_E_CLOSED;
}

static void on_question(void *owner, sally_usec now)
{
    struct keyholder *k = owner;
    enum sally_err e = SALLY_E_OK;

    (void)now;
    for (int i = 0; i < BURST && e == SALLY_E_OK; i++)
        e = answer_one(k);
    if (e != SALLY_E_OK && e != SALLY_E_PENDING)
        lose(k, e);
}

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct keyholder *k = role;

    if (peer != SALLY_INNER) {
        (void)close(fd);
        return;
    }
    let_go(k);
    k->fd = fd;
    if (sally_watch_open(&k->watch, k->context->loop, fd, on_question, k) ==
        SALLY_E_OK)
        return;
    sally_log(SALLY_LOG_ERROR, "bus_failed",
              SALLY_TEXT("peer", sally_role_text(peer)));
    let_go(k);
}

/* --- The role ------------------------------------------------------------- */

static enum sally_err take_key(struct keyholder *k, int fd)
{
    SALLY_ON_EXIT(sally_keyring_wipe) struct sally_keyring ring = { .fd = -1 };
    struct sally_keyring_entry entry;
    struct sally_span key;
    unsigned kind;
    enum sally_err e = sally_keyring_open(&ring, fd);

    if (e == SALLY_E_OK)
        e = sally_keyring_next(&ring, &entry);
    if (e != SALLY_E_OK)
        return e;
    if (!sally_keyring_take(&entry.parts, &kind, &key) ||
        kind != SALLY_KEYRING_HELD_KEY || key.len != sizeof(k->key))
        return SALLY_E_MALFORMED;
    memcpy(&k->key, key.at, sizeof(k->key));
    k->has_key = true;
    return SALLY_E_OK;
}

static void on_keys(void *role, uint32_t born, int fd)
{
    enum sally_err e = take_key(role, fd);

    (void)born;
    (void)close(fd);
    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "keys_refused",
                  SALLY_TEXT("why", sally_err_text(e)));
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct keyholder *k = calloc(1, sizeof(*k));

    if (k == NULL)
        return SALLY_E_NO_MEMORY;
    k->context = context;
    k->fd = -1;
    *out = k;
    return SALLY_E_OK;
}

static void start(void *role, sally_usec now)
{
    struct keyholder *k = role;

    (void)now;
    k->context->report(k->context->runner, k->has_key ? SALLY_CONTROL_READY
                                                      : SALLY_CONTROL_FAILED);
}

static void stop(void *role, sally_usec now)
{
    struct keyholder *k = role;

    (void)now;
    k->context->report(k->context->runner, SALLY_CONTROL_DONE);
}

static void destroy(void *role)
{
    struct keyholder *k = role;

    if (k == NULL)
        return;
    let_go(k);
    sally_held_key_wipe(&k->key);
    free(k);
}

const struct sally_role_row sally_role_keyholder = {
    .name = SALLY_KEYHOLDER,
    .create = create,
    .on_peer = on_peer,
    .on_keys = on_keys,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
