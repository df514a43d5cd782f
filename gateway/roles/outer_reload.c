/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/outer_reload.c - what the outer door is given, for the
 * configuration in force or for the next one, and how that takes over.      */
#include "roles/outer_parts.h"

#include "log/log.h"
#include "roles/passwords_file.h"

#include <unistd.h>

size_t sally_outer_peers(const struct sally_config *c)
{
    return 2 * c->sensor_live + 64;
}

size_t sally_outer_packets(size_t peers)
{
    return 256 + 4 * peers;
}

size_t sally_outer_bodies(size_t peers)
{
    return 64 + peers / 4;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* --- What comes ---------------------------------------------------------- */

void sally_outer_on_listener(void *role, enum sally_listener kind,
                             uint32_t index, int fd)
{
    struct outer *o = role;

    if (o->context->next == NULL) {
        sally_listeners_add(o->listeners, kind, index, fd);
        return;
    }
    close_one(&o->next.listeners[index].fd);
    o->next.listeners[index].changes = true;
    o->next.listeners[index].kind = kind;
    o->next.listeners[index].fd = fd;
}

void sally_outer_on_passwords(void *role, int fd)
{
    struct outer *o = role;
    int *place =
        o->context->next == NULL ? &o->passwords_fd : &o->next.passwords_fd;

    close_one(place);
    *place = fd;
}

enum sally_err sally_outer_passwords(struct outer *o, int fd)
{
    const struct sally_config *c =
        o->context->next == NULL ? o->context->config : o->context->next;

    return sally_passwords_read(&o->passwords, fd, c->passwords_file, stderr);
}

/* --- Preparing ----------------------------------------------------------- */

void sally_outer_drop_next(void *role)
{
    struct outer *o = role;

    for (size_t i = 0; i < SALLY_LEN(o->next.listeners); i++) {
        close_one(&o->next.listeners[i].fd);
        o->next.listeners[i].changes = false;
    }
    close_one(&o->next.passwords_fd);
    sally_outer_tls_drop_next(o);
    sally_auth_addresses_wipe(o->next.addresses);
    o->next.addresses = NULL;
    if (o->passwords != NULL)
        sally_passwords_abort(o->passwords);
    if (o->mqtt != NULL)
        sally_mqtt_server_abort(o->mqtt);
    if (o->brokers.engine != NULL)
        sally_brokers_abort(o->brokers.engine);
    if (o->engine != NULL)
        sally_outer_abort(o->engine);
}

/* Room for more does no harm, should it not be needed. */
static enum sally_err grow(struct outer *o, const struct sally_config *next,
                           size_t peers)
{
    enum sally_err e = sally_pool_grow(&o->packets, sally_outer_packets(peers));

    if (e == SALLY_E_OK)
        e = sally_pool_grow(&o->bodies, sally_outer_bodies(peers));
    if (e == SALLY_E_OK)
        e = sally_coap_server_prepare(o->coap, next, peers);
    return e == SALLY_E_OK
               ? sally_listeners_grow(o->listeners, (unsigned)peers)
               : e;
}

enum sally_err sally_outer_on_prepare(void *role,
                                      const struct sally_config *next,
                                      sally_usec now)
{
    struct outer *o = role;
    struct sally_random random = sally_crypto_random();
    size_t peers = sally_outer_peers(next);
    struct sally_hash_key seed;
    enum sally_err e;

    (void)now;
    if (o->mqtt == NULL)
        return SALLY_E_BAD_STATE; /* it has not started */
    sally_random_fill(&random, &seed, sizeof(seed));
    e = sally_outer_prepare(o->engine, next);
    if (e == SALLY_E_OK)
        e = sally_auth_addresses_create(&o->next.addresses, next,
                                        sally_neighbour_system(), seed);
    if (e == SALLY_E_OK)
        e = sally_mqtt_server_prepare(o->mqtt, next, peers);
    if (e == SALLY_E_OK)
        e = sally_brokers_prepare(o->brokers.engine, next);
    if (e == SALLY_E_OK)
        e = grow(o, next, peers);
    if (e == SALLY_E_OK)
        return e;
    sally_outer_drop_next(o);
    return e;
}

enum sally_err sally_outer_on_prepared(void *role)
{
    struct outer *o = role;
    enum sally_err e = sally_outer_passwords(o, o->next.passwords_fd);

    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "passwords_refused",
                  SALLY_TEXT("file", o->context->next->passwords_file),
                  SALLY_TEXT("why", sally_err_text(e)));
    return e == SALLY_E_OK ? sally_outer_tls_prepare(o) : e;
}

/* --- Committing ---------------------------------------------------------- */

static void commit_listeners(struct outer *o)
{
    for (uint32_t i = 0; i < SALLY_LEN(o->next.listeners); i++) {
        int fd = o->next.listeners[i].fd;

        if (!o->next.listeners[i].changes)
            continue;
        o->next.listeners[i].changes = false;
        o->next.listeners[i].fd = -1;
        if (fd < 0)
            sally_listeners_remove(o->listeners, i);
        else
            sally_listeners_add(o->listeners, o->next.listeners[i].kind, i, fd);
    }
}

/* First everything goes that does not stay, by what is known of it still. */
void sally_outer_on_commit(void *role, const struct sally_config *previous,
                           sally_usec now)
{
    struct outer *o = role;
    struct sally_auth_addresses *old = o->addresses;

    (void)previous;
    sally_mqtt_server_commit(o->mqtt, o->context->config, o->next.addresses,
                             now);
    sally_brokers_commit(o->brokers.engine, now);
    sally_coap_server_commit(o->coap, o->next.addresses, now);
    sally_passwords_commit(o->passwords);
    sally_outer_commit(o->engine, now);
    sally_brokers_begin(o->brokers.engine, now);
    o->addresses = o->next.addresses;
    o->next.addresses = NULL;
    sally_auth_addresses_wipe(old);
    close_one(&o->passwords_fd);
    o->passwords_fd = o->next.passwords_fd;
    o->next.passwords_fd = -1;
    sally_outer_tls_commit(o, now);
    commit_listeners(o);
    sally_outer_ask_verifier(o, false);
    sally_mqtt_server_resume(o->mqtt, now);
    o->context->report(o->context->runner, SALLY_CONTROL_SETTLED);
}
