/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/changeover.c - from one configuration to the next: sensors
 * that are new or changed are built beside the running ones, those they replace
 * leave in order, the others do not notice.                                 */
#include "log/log.h"
#include "uplink/bootstrapper.h"
#include "uplink/downlink.h"
#include "uplink/shard_parts.h"

#include <stdlib.h>
#include <string.h>

/* --- Preparing ----------------------------------------------------------- */

/* Slot `i` of the next configuration has an owner that is not there yet. */
static bool is_newcomer(const struct sally_shard *s, uint32_t i)
{
    const struct sally_config_sensor *c = &s->next->sensors[i];

    return c->id[0] != '\0' &&
           (s->sensors[i] == NULL || s->sensors[i]->config->born != c->born);
}

static enum sally_err build_newcomers(struct sally_shard *s)
{
    enum sally_err e = SALLY_E_OK;

    for (uint32_t i = 0; i < s->next->sensor_count && e == SALLY_E_OK; i++)
        if (is_newcomer(s, i))
            e = sally_uplink_sensor_build(&s->newcomers[i], s, s->next, i);
    return e;
}

enum sally_err sally_shard_prepare(struct sally_shard *s,
                                   const struct sally_config *next)
{
    size_t accounts =
        sally_shard_accounts(s->config) + sally_shard_accounts(next);
    enum sally_err e;

    if (s->newcomers != NULL || !s->started)
        return SALLY_E_BUSY;
    if (next->sensor_count > s->capacity)
        return SALLY_E_NO_ROOM;
    s->newcomers = calloc(s->capacity, sizeof(struct sally_uplink_sensor *));
    if (s->newcomers == NULL)
        return SALLY_E_NO_MEMORY;
    s->next = next;
    e = build_newcomers(s);
    if (e == SALLY_E_OK)
        e = sally_keeper_grow(s->keeper, accounts);
    if (e == SALLY_E_OK)
        e = sally_sequences_grow(s->sequences, accounts);
    if (e == SALLY_E_OK)
        e = sally_roster_make(&s->roster, next);
    if (e == SALLY_E_OK)
        e = sally_store_introduce(s->store, s->roster.sensors, s->roster.count);
    if (e != SALLY_E_OK)
        sally_shard_abort(s);
    return e;
}

/* One without the keys that its mode asks for could never connect. */
static bool has_keys(const struct sally_uplink_sensor *u)
{
    for (uint32_t i = 0; i < u->config->account_count; i++)
        if (!u->clients[i].keyed && !u->config->accounts[i].dormant)
            return false;
    return true;
}

enum sally_err sally_shard_prepared(const struct sally_shard *s)
{
    if (s->next == NULL)
        return SALLY_E_BAD_STATE;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->newcomers[i] != NULL && !has_keys(s->newcomers[i]))
            return SALLY_E_NO_CREDENTIAL;
    return SALLY_E_OK;
}

void sally_shard_abort(struct sally_shard *s)
{
    if (s->next == NULL)
        return;
    for (uint32_t i = 0; i < s->capacity; i++)
        sally_uplink_sensor_free(s->newcomers[i]);
    free(s->newcomers);
    s->newcomers = NULL;
    sally_shard_drop_trusts(s, true);
    sally_roster_wipe(&s->roster);
    s->next = NULL;
}

/* --- Those that leave ---------------------------------------------------- */

static void release(struct sally_shard *s, struct sally_virtual_client *v)
{
    sally_pacer_leave(&s->pacers[v->account->server], &v->turn);
    sally_keeper_release(v);
}

/* Out of the slot, and out of all that goes by slots. */
static void dismiss(struct sally_shard *s, struct sally_uplink_sensor *u,
                    sally_usec now)
{
    sally_downlink_leave(s->downlink, u, now);
    sally_silence_remove(s->silence, u);
    if (u->bootstrapper != NULL)
        sally_bootstrapper_stop(u->bootstrapper, now);
    for (uint32_t i = 0; i < u->config->account_count; i++)
        release(s, &u->clients[i]);
    u->leaving = true;
    u->next = s->leaving;
    if (u->next != NULL)
        u->next->link = &u->next;
    u->link = &s->leaving;
    s->leaving = u;
}

/* Moves it to those that can be freed when no client is at work. */
static void depart(struct sally_uplink_sensor *u)
{
    *u->link = u->next;
    if (u->next != NULL)
        u->next->link = u->link;
    u->next = u->shard->departed;
    u->shard->departed = u;
}

void sally_shard_left(struct sally_uplink_sensor *u)
{
    if (--u->running == 0)
        depart(u);
}

static void say_goodbye(struct sally_uplink_sensor *u, sally_usec now)
{
    u->running = 1; /* ours, so that it is there until we are done with it */
    for (uint32_t i = 0; i < u->config->account_count; i++)
        u->running += sally_lwm2m_client_state(&u->clients[i].client) !=
                      SALLY_CLIENT_STOPPED;
    for (uint32_t i = 0; i < u->config->account_count; i++) {
        sally_lwm2m_client_stop(&u->clients[i].client, now);
        sally_shard_pump(&u->clients[i], now);
    }
    sally_shard_left(u);
}

static void say_all_goodbyes(struct sally_shard *s, sally_usec now)
{
    struct sally_uplink_sensor *next;

    for (struct sally_uplink_sensor *u = s->leaving; u != NULL; u = next) {
        next = u->next;
        say_goodbye(u, now);
    }
}

/* The successor has the name of the one that leaves, and may have accounts at
 * the same servers.                                                         */
void sally_shard_passed(struct sally_virtual_client *v, uint64_t upto)
{
    struct sally_shard *s = v->shard;
    const struct sally_uplink_sensor *heir = s->sensors[v->sensor->index];

    if (heir == NULL || strcmp(heir->config->id, v->sensor->config->id) != 0)
        return;
    for (uint32_t i = 0; i < heir->config->account_count; i++)
        if (heir->config->accounts[i].server == v->account->server)
            sally_store_delivered(s->store, heir->index, i, upto);
}

/* --- The change ---------------------------------------------------------- */

static void take_places(struct sally_shard *s, sally_usec now)
{
    for (uint32_t i = 0; i < s->capacity; i++) {
        struct sally_uplink_sensor *u = s->sensors[i];
        bool stays = i < s->next->sensor_count &&
                     s->next->sensors[i].id[0] != '\0' &&
                     s->newcomers[i] == NULL;

        if (u != NULL && stays)
            sally_uplink_sensor_repoint(u, s->next);
        if (stays)
            continue;
        s->sensors[i] = s->newcomers[i];
        if (u != NULL)
            dismiss(s, u, now);
    }
}

/* Nobody waits in the line of a server that changed: all its clients are new,
 * and not started yet.                                                      */
static void take_pacers(struct sally_shard *s)
{
    for (size_t i = 0; i < s->next->server_count; i++) {
        const struct sally_config_server *c = &s->next->servers[i];

        if (i >= s->config->server_count ||
            s->config->servers[i].born != c->born)
            sally_pacer_init(&s->pacers[i], c->pace_per_second,
                             s->shared->coap->random);
    }
}

static void restore_newcomers(struct sally_shard *s)
{
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->newcomers[i] != NULL) {
            sally_uplink_sensor_restore(s->newcomers[i], s->store);
            sally_downlink_take_up(s->downlink, s->newcomers[i]);
        }
}

enum sally_err sally_shard_commit(struct sally_shard *s, sally_usec now)
{
    enum sally_err e = sally_shard_rearrange_store(s, now);

    if (e != SALLY_E_OK)
        return e;
    take_places(s, now);
    take_pacers(s);
    sally_shard_change_trusts(s);
    s->config = s->next;
    s->next = NULL;
    sally_roster_wipe(&s->roster);
    restore_newcomers(s);
    sally_shard_take_over(s, now);
    say_all_goodbyes(s, now);
    sally_shard_arm(s);
    sally_shard_reap(s, now);
    return SALLY_E_OK;
}

/* --- Afterwards ---------------------------------------------------------- */

/* A server takes two registrations of one endpoint for one, and the goodbye of
 * the first for that of both: so nobody begins before all are gone.         */
static void settle(struct sally_shard *s, sally_usec now)
{
    struct sally_uplink_sensor **newcomers = s->newcomers;

    s->newcomers = NULL;
    sally_shard_drop_trusts(s, false);
    for (uint32_t i = 0; i < s->capacity; i++)
        if (newcomers[i] != NULL && s->started)
            sally_shard_begin(newcomers[i], true, now);
    free(newcomers);
    sally_shard_arm(s);
    s->host->settled(s->owner);
}

void sally_shard_reap(struct sally_shard *s, sally_usec now)
{
    while (s->departed != NULL) {
        struct sally_uplink_sensor *u = s->departed;

        s->departed = u->next;
        sally_uplink_sensor_free(u);
    }
    if (s->newcomers != NULL && s->next == NULL && s->leaving == NULL)
        settle(s, now);
}
