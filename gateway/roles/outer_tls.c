/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/outer_tls.c - hosts the door for sensors that speak TLS, and
 * gives it the keys of the local side out of their keyring.                 */
#include "log/log.h"
#include "roles/outer_parts.h"
#include "security/crypto.h"

#include <unistd.h>

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* --- Host ---------------------------------------------------------------- */

static void end_line(void *owner, void *handle)
{
    struct outer *o = owner;

    sally_tls_lines_end(o->listeners, handle);
}

static void end_visit(void *owner, void *handle)
{
    struct outer *o = owner;

    sally_coap_server_end(o->coap, handle, sally_loop_now(o->context->loop));
}

static void arm(void *owner, sally_usec when)
{
    struct outer *o = owner;

    sally_timer_set(o->context->loop, &o->tls_timer, when);
}

static sally_msec_utc utc(void *owner)
{
    const struct outer *o = owner;

    return sally_loop_utc(o->context->loop);
}

static const struct sally_tls_host host = { .end = end_line,
                                            .end_visit = end_visit,
                                            .arm = arm,
                                            .utc = utc };

void sally_outer_on_tls_timer(void *role, sally_usec now)
{
    struct outer *o = role;

    sally_tls_door_expire(o->tls, now);
}

/* --- Keys ---------------------------------------------------------------- */

void sally_outer_on_keys(void *role, int fd)
{
    struct outer *o = role;
    int *place = o->context->next == NULL ? &o->keys_fd : &o->next.keys_fd;

    close_one(place);
    *place = fd;
}

static enum sally_err read_keyring(struct sally_tls_keys *keys, int fd)
{
    SALLY_ON_EXIT(sally_keyring_wipe) struct sally_keyring k = { .fd = -1 };
    struct sally_keyring_entry entry;
    enum sally_err e = sally_keyring_open(&k, fd);

    while (e == SALLY_E_OK) {
        e = sally_keyring_next(&k, &entry);
        if (e == SALLY_E_NOT_FOUND)
            return SALLY_E_OK; /* that was all */
        if (e == SALLY_E_OK)
            e = sally_tls_keys_take(keys, &entry);
    }
    return e;
}

static enum sally_err make_keys(const struct sally_config *c, int fd,
                                struct sally_tls_keys **out)
{
    const struct sally_random random = sally_crypto_random();
    struct sally_tls_keys *keys = NULL;
    enum sally_err e = sally_tls_keys_create(&keys, c, &random);

    if (e == SALLY_E_OK)
        e = read_keyring(keys, fd);
    if (e == SALLY_E_OK) {
        *out = keys;
        return e;
    }
    sally_tls_keys_wipe(keys);
    sally_log(SALLY_LOG_ERROR, "keys_refused", SALLY_TEXT("of", "local side"),
              SALLY_TEXT("why", sally_err_text(e)));
    return e;
}

/* --- Opening and changing ------------------------------------------------ */

static bool wants_tls(const struct sally_config *c)
{
    for (size_t i = 0; i < c->mqtt_count; i++)
        if (c->mqtt[i].secure != SALLY_SECURE_NO)
            return true;
    for (size_t i = 0; i < c->coap_count; i++)
        if (c->coap[i].secure != SALLY_SECURE_NO)
            return true;
    return false;
}

/* Costs nothing where nobody speaks TLS. */
static enum sally_err open_door(struct outer *o, const struct sally_config *c)
{
    size_t lines = 2 * sally_outer_peers(c); /* over TCP and over UDP */
    enum sally_err e;

    if (o->tls != NULL)
        return sally_tls_door_grow(o->tls, lines);
    if (!wants_tls(c))
        return SALLY_E_OK;
    e = sally_tls_door_create(&o->tls, lines, sally_crypto_random(), &host, o);
    if (e != SALLY_E_OK)
        return e;
    o->coap_shared.security = sally_tls_door_security(o->tls);
    sally_listeners_secure(o->listeners, o->tls);
    sally_coap_server_secure(o->coap, o->tls);
    return e;
}

enum sally_err sally_outer_tls_start(struct outer *o)
{
    const struct sally_config *c = o->context->config;
    struct sally_tls_keys *keys = NULL;
    enum sally_err e = open_door(o, c);

    if (e == SALLY_E_OK && o->tls != NULL)
        e = make_keys(c, o->keys_fd, &keys);
    if (keys != NULL)
        sally_tls_door_rekey(o->tls, keys);
    return e;
}

enum sally_err sally_outer_tls_prepare(struct outer *o)
{
    const struct sally_config *c = o->context->next;
    enum sally_err e = open_door(o, c);

    return e == SALLY_E_OK && o->tls != NULL
               ? make_keys(c, o->next.keys_fd, &o->next.tls_keys)
               : e;
}

/* What a certificate was let in by may not hold any more. */
void sally_outer_tls_commit(struct outer *o, sally_usec now)
{
    const struct sally_tls_keys *old;

    close_one(&o->keys_fd);
    o->keys_fd = o->next.keys_fd;
    o->next.keys_fd = -1;
    if (o->next.tls_keys == NULL)
        return;
    old = sally_tls_door_keys(o->tls);
    if (old != NULL && !sally_tls_keys_trust_same(old, o->next.tls_keys))
        sally_mqtt_server_doubt(o->mqtt, now);
    sally_tls_door_rekey(o->tls, o->next.tls_keys);
    o->next.tls_keys = NULL;
}

void sally_outer_tls_drop_next(struct outer *o)
{
    close_one(&o->next.keys_fd);
    sally_tls_keys_wipe(o->next.tls_keys);
    o->next.tls_keys = NULL;
}

/* After its lines and peers. */
void sally_outer_tls_close(struct outer *o)
{
    sally_outer_tls_drop_next(o);
    sally_timer_set(o->context->loop, &o->tls_timer, SALLY_NEVER);
    sally_tls_door_wipe(o->tls);
    close_one(&o->keys_fd);
}
