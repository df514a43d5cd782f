/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/bootstrapper.c - when a sensor visits its bootstrap server,
 * and the visit's way over the seat.                                        */
#include "uplink/bootstrapper_parts.h"

#include "log/log.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/factory.h"
#include "uplink/shard_parts.h"
#include "uplink/vault.h"

#include <stdlib.h>

#define RETRY SALLY_SEC
#define RETRY_MAX (3600 * SALLY_SEC)
#define SOON (200 * SALLY_MSEC) /* what was answered leaves before */
#define BUSY SALLY_SEC          /* too many visits at once: look again */

static struct sally_shard *shard_of(const struct sally_bootstrapper *b)
{
    return b->sensor->shard;
}

/* Up to a quarter later, so that many do not come in step. */
static sally_usec spread(const struct sally_bootstrapper *b, sally_usec wait)
{
    const struct sally_random *r = &shard_of(b)->shared->coap->random;

    return wait + sally_random_u64(r) % (wait / 4 + 1);
}

const struct sally_config_server *
sally_visit_server(const struct sally_bootstrapper *b)
{
    return &shard_of(b)->config->servers[b->sensor->config->bootstrap->server];
}

/* --- Driving a visit ------------------------------------------------------ */

static sally_usec visit_deadline(const struct sally_visit *v)
{
    if (v == NULL)
        return SALLY_NEVER;
    return sally_earlier(sally_bootstrap_deadline(&v->engine),
                         v->deciding ? SALLY_NEVER : v->until);
}

static void arm(struct sally_bootstrapper *b)
{
    shard_of(b)->host->arm(
        b->seat, sally_earlier(visit_deadline(b->visit),
                               sally_earlier(b->due,
                                             sally_earlier(b->purge,
                                                           b->renewal))));
}

static void drain(struct sally_bootstrapper *b, sally_usec now)
{
    const struct sally_shard_host *host = shard_of(b)->host;
    struct sally_span wire;

    while (b->visit != NULL && host->ready(b->seat) &&
           (wire = sally_bootstrap_output(&b->visit->engine, now)).len != 0)
        host->send(b->seat, wire);
}

static void end_visit(struct sally_bootstrapper *b)
{
    struct sally_visit *v = b->visit;

    if (v == NULL)
        return;
    shard_of(b)->visits--;
    sally_bootstrap_wipe(&v->engine);
    sally_credential_wipe(&v->credential);
    sally_book_wipe(&v->current);
    sally_book_wipe(&v->offered);
    sally_wipe(v, sizeof(*v));
    free(v);
    b->visit = NULL;
}

static void plan_recheck(struct sally_bootstrapper *b, sally_usec now)
{
    sally_usec every = sally_visit_server(b)->recheck * SALLY_SEC;

    b->due = SALLY_NEVER;
    if (every == 0 || !b->has_account)
        return;
    b->due = sally_after(now, every - every / 10 +
                                  sally_random_u64(
                                      &shard_of(b)->shared->coap->random) %
                                      (every / 5));
    b->why = SALLY_VISIT_RECHECK;
}

static void try_later(struct sally_bootstrapper *b, sally_usec now)
{
    unsigned doubled = b->failures < 12 ? b->failures : 12;
    sally_usec wait = sally_earlier(RETRY << doubled, RETRY_MAX);

    b->failures++;
    b->due = sally_after(now, spread(b, wait));
}

static void tell_failed(const struct sally_bootstrapper *b, enum sally_err e,
                        sally_usec now)
{
    sally_log(SALLY_LOG_WARNING, "bootstrap_failed",
              SALLY_TEXT("sensor", b->sensor->config->id),
              SALLY_TEXT("server", sally_visit_server(b)->name),
              SALLY_TEXT("endpoint", b->sensor->config->endpoint),
              SALLY_NUMBER("again_s", (b->due - now) / SALLY_SEC),
              SALLY_TEXT("why", sally_err_text(e)));
}

static void finish_visit(struct sally_bootstrapper *b, sally_usec now)
{
    bool done = b->visit->done, again = b->again;
    enum sally_visit_reason why = b->why;
    enum sally_err e = b->visit->failure;

    end_visit(b);
    b->again = false;
    if (done) {
        plan_recheck(b, now);
        b->renewal = sally_after(now, SALLY_RENEWAL_EVERY);
    } else {
        try_later(b, now);
        sally_shard_begin_held(b->sensor, now);
        tell_failed(b, e, now);
    }
    if (again)
        (void)sally_bootstrapper_want(b, why, now);
}

void sally_visit_pump(struct sally_bootstrapper *b, sally_usec now)
{
    drain(b, now);
    if (b->visit != NULL && b->visit->over)
        finish_visit(b, now);
    arm(b);
}

void sally_visit_ask_turn(struct sally_bootstrapper *b)
{
    struct sally_shard *s = shard_of(b);

    b->due = SALLY_NEVER;
    sally_pacer_want(&s->pacers[b->sensor->config->bootstrap->server], &b->turn,
                     b->why == SALLY_VISIT_OPERATOR);
    sally_shard_arm(s);
}

/* --- Its life ------------------------------------------------------------- */

enum sally_err sally_bootstrapper_create(struct sally_bootstrapper **out,
                                         struct sally_uplink_sensor *u)
{
    struct sally_bootstrapper *b = calloc(1, sizeof(*b));
    enum sally_err e;

    if (b == NULL)
        return SALLY_E_NO_MEMORY;
    b->guest.calls = &sally_visit_calls;
    b->sensor = u;
    b->due = b->purge = b->renewal = SALLY_NEVER;
    e = sally_rights_open(b);
    if (e == SALLY_E_OK)
        e = u->shard->host->open(u->shard->owner, &b->guest, &b->seat);
    if (e != SALLY_E_OK) {
        sally_rights_wipe(b);
        free(b);
        return e;
    }
    *out = b;
    return SALLY_E_OK;
}

static void leave_line(struct sally_bootstrapper *b)
{
    struct sally_shard *s = shard_of(b);

    sally_pacer_leave(&s->pacers[b->sensor->config->bootstrap->server],
                      &b->turn);
}

void sally_bootstrapper_wipe(struct sally_bootstrapper *b)
{
    if (b == NULL)
        return;
    leave_line(b);
    end_visit(b);
    shard_of(b)->host->close(b->seat);
    sally_book_wipe(&b->factory);
    sally_rights_wipe(b);
    free(b);
}

struct sally_uplink_seat *
sally_bootstrapper_seat(const struct sally_bootstrapper *b)
{
    return b->seat;
}

enum sally_err sally_bootstrapper_keys(struct sally_bootstrapper *b,
                                       const struct sally_config *config,
                                       uint32_t account,
                                       struct sally_span files)
{
    return sally_factory_put(&b->factory, config, b->sensor->config, account,
                             files);
}

/* When it looked last is not known, so it may be at any time from now on: else
 * one that is started each day would never look.                            */
static void plan_first_recheck(struct sally_bootstrapper *b, sally_usec now)
{
    const struct sally_random *r = &shard_of(b)->shared->coap->random;

    plan_recheck(b, now);
    if (b->due != SALLY_NEVER)
        b->due = sally_after(now, sally_random_u64(r) % (b->due - now));
}

static bool holds(const struct sally_bootstrapper *b)
{
    bool any = false;

    for (uint32_t i = 0; i < b->sensor->config->account_count; i++)
        any |= b->sensor->clients[i].held;
    return any;
}

void sally_bootstrapper_begin(struct sally_bootstrapper *b, sally_usec now)
{
    if (shard_of(b)->elsewhere) { /* nothing is to change here */
        b->due = b->purge = b->renewal = SALLY_NEVER;
        arm(b);
        return;
    }
    plan_first_recheck(b, now);
    if (holds(b))
        (void)sally_bootstrapper_want(b, SALLY_VISIT_FACTORY, now);
    if (sally_account_living(b->sensor) == 0)
        (void)sally_bootstrapper_want(b, SALLY_VISIT_NO_ACCOUNT, now);
    if (sally_vault_is_due(shard_of(b)->vault, b->sensor))
        (void)sally_bootstrapper_want(b, SALLY_VISIT_OPERATOR, now);
    sally_renewal_look(b, now);
    arm(b);
}

void sally_bootstrapper_stop(struct sally_bootstrapper *b, sally_usec now)
{
    (void)now;
    leave_line(b);
    end_visit(b);
    b->again = false;
    b->due = b->purge = b->renewal = SALLY_NEVER;
    arm(b);
}

bool sally_bootstrapper_has_book(const struct sally_bootstrapper *b)
{
    return b->generation != 0;
}

bool sally_bootstrapper_may_give(const struct sally_bootstrapper *b)
{
    return b->generation == 0 && b->has_account;
}

/* --- When it asks --------------------------------------------------------- */

/* While it visits. What it gets may be older than a person's word or a server's
 * that it should ask; anything else has its cure in the visit itself, unless
 * that is in force already and it says goodbye.                             */
static void remember(struct sally_bootstrapper *b, enum sally_visit_reason why)
{
    if (!b->visit->done && why != SALLY_VISIT_OPERATOR &&
        why != SALLY_VISIT_SERVER)
        return;
    if (!b->again || why == SALLY_VISIT_OPERATOR)
        b->why = why;
    b->again = true;
}

bool sally_bootstrapper_want(struct sally_bootstrapper *b,
                             enum sally_visit_reason why, sally_usec now)
{
    /* Whoever had the bootstrap server once cannot put the operator off. */
    uint32_t hold_off = why == SALLY_VISIT_OPERATOR ? 0 : b->hold_off;
    sally_usec when = sally_after(now, SOON + spread(b, hold_off * SALLY_SEC));

    if (!b->has_account || shard_of(b)->elsewhere)
        return false;
    if (b->sensor->leaving || !shard_of(b)->started)
        return true; /* whoever comes after it asks by itself */
    if (b->visit != NULL)
        remember(b, why);
    if (b->visit != NULL || b->turn.link != NULL || b->due <= when)
        return true;
    if (why == SALLY_VISIT_NOT_REGISTERED && b->failures != 0)
        return true; /* it is to be tried again anyway */
    b->why = why;
    b->due = when;
    arm(b);
    return true;
}

/* All that have keys, and one of them at least is not to stay as it is. */
void sally_bootstrapper_failed(struct sally_bootstrapper *b, sally_usec now)
{
    const struct sally_uplink_sensor *u = b->sensor;
    bool any = false;

    for (uint32_t i = 0; i < u->config->account_count; i++) {
        const struct sally_virtual_client *v = &u->clients[i];

        if (v->keyed && !v->hopeless)
            return;
        any |= v->keyed && !v->stays;
    }
    if (any)
        (void)sally_bootstrapper_want(b, SALLY_VISIT_NOT_REGISTERED, now);
}

void sally_bootstrapper_registered(struct sally_bootstrapper *b)
{
    b->failures = 0;
}

void sally_bootstrapper_turn(struct sally_pacer_turn *turn, sally_usec now)
{
    struct sally_bootstrapper *b =
        SALLY_OWNER(turn, struct sally_bootstrapper, turn);
    enum sally_err e;

    if (shard_of(b)->visits >= SALLY_VISITS_MAX) {
        b->due = sally_after(now, spread(b, BUSY));
        arm(b);
        return;
    }
    e = sally_visit_begin(b, now);
    if (e != SALLY_E_OK) {
        try_later(b, now);
        sally_shard_begin_held(b->sensor, now);
        sally_log(SALLY_LOG_ERROR, "bootstrap_failed",
                  SALLY_TEXT("sensor", b->sensor->config->id),
                  SALLY_TEXT("server", sally_visit_server(b)->name),
                  SALLY_TEXT("endpoint", b->sensor->config->endpoint),
                  SALLY_TEXT("why", sally_err_text(e)));
        end_visit(b);
    }
    sally_visit_pump(b, now);
}

/* --- Another configuration ------------------------------------------------ */

void sally_bootstrapper_repoint(struct sally_bootstrapper *b,
                                const struct sally_config *config)
{
    if (b->visit == NULL)
        return;
    b->visit->settings.endpoint = b->sensor->config->endpoint;
    b->visit->settings.registry = &config->registry;
}

static bool is_retired(const struct sally_shard *s, const struct sally_trust *t)
{
    for (size_t i = 0; t != NULL && i < SALLY_LEN(s->trusts); i++)
        if (s->trusts[i].retired == t)
            return true;
    return false;
}

/* What it is judged by goes: it begins anew. None is deciding, since the store
 * has told all before.                                                      */
void sally_bootstrapper_take_over(struct sally_bootstrapper *b, sally_usec now)
{
    const struct sally_visit *v = b->visit;

    if (v != NULL && (is_retired(shard_of(b), v->settings.trust) ||
                      is_retired(shard_of(b), v->credential.trust)))
        sally_bootstrapper_cancel(b, now);
}

void sally_bootstrapper_cancel(struct sally_bootstrapper *b, sally_usec now)
{
    if (b->visit != NULL)
        sally_bootstrap_stop(&b->visit->engine, now);
    sally_visit_pump(b, now);
    if (b->has_account)
        return;
    leave_line(b);
    b->due = b->purge = b->renewal = SALLY_NEVER;
    arm(b);
}

bool sally_bootstrapper_decides(const struct sally_bootstrapper *b)
{
    return b->visit != NULL && b->visit->deciding;
}
