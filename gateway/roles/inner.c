/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/inner.c - the inner door: hosts the shard's engine with
 * sockets, timers, the store and the buses. It holds the upstream keys and
 * never sees a byte from the local link.                                    */
#include "base/text.h"
#include "log/log.h"
#include "roles/inner_parts.h"
#include "uplink/roster.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUS_FRAMES 64
#define HEAD_EVERY (3600 * SALLY_SEC) /* the journal's last hash is logged */
#define EXPORT_WAIT SALLY_SEC         /* until servers can read it */

/* --- The engine's host --------------------------------------------------- */

static enum sally_err open_seat(void *owner, struct sally_uplink_guest *guest,
                                struct sally_uplink_seat **out)
{
    struct inner *in = owner;

    return sally_seat_open(&in->seats, guest, out);
}

static bool ask_resolver(void *owner, const struct sally_bus_resolve *question)
{
    struct inner *in = owner;
    struct sally_bus_message m;

    if (in->resolver == NULL)
        return false;
    sally_bus_begin(&m, SALLY_BUS_RESOLVE);
    m.as.resolve = *question;
    return sally_bus_send(in->resolver, &m) == SALLY_E_OK;
}

static void arm_pacer(void *owner, sally_usec when)
{
    struct inner *in = owner;

    sally_timer_set(in->context->loop, &in->pacer, when);
}

static bool to_outer(void *owner, struct sally_bus_message *m)
{
    struct inner *in = owner;

    return in->outer != NULL && sally_bus_send(in->outer, m) == SALLY_E_OK;
}

static void stopped(void *owner)
{
    struct inner *in = owner;

    in->context->report(in->context->runner, SALLY_CONTROL_DONE);
}

static void settled(void *owner)
{
    struct inner *in = owner;

    in->context->report(in->context->runner, SALLY_CONTROL_SETTLED);
}

static sally_msec_utc utc(void *owner)
{
    const struct inner *in = owner;

    return sally_loop_utc(in->context->loop);
}

static bool clock_is_set(void *owner)
{
    const struct inner *in = owner;

    return sally_loop_clock_is_set(in->context->loop);
}

static const struct sally_shard_host host = {
    .open = open_seat,
    .close = sally_seat_close,
    .rebind = sally_seat_rebind,
    .send = sally_seat_send,
    .ready = sally_seat_ready,
    .arm = sally_seat_arm,
    .registered = sally_seat_registered,
    .deliver_later = sally_seat_deliver_later,
    .arm_pacer = arm_pacer,
    .to_outer = to_outer,
    .stopped = stopped,
    .settled = settled,
    .utc = utc,
    .clock_is_set = clock_is_set,
};

/* --- From the loop ------------------------------------------------------- */

static void on_pacer(void *owner, sally_usec now)
{
    struct inner *in = owner;

    sally_shard_pace(in->shard, now);
}

/* --- Buses --------------------------------------------------------------- */

/* To nobody, if the console has gone. */
static bool say(void *owner, struct sally_bus_message *row)
{
    const struct inner *in = owner;

    return in->console == NULL ||
           sally_bus_send(in->console, row) != SALLY_E_NO_ROOM;
}

static bool tell(void *role, const struct sally_bus_query *q,
                 struct sally_bus_place *at)
{
    struct inner *in = role;

    sally_shard_clock(in->shard, sally_loop_now(in->context->loop));
    return sally_shard_query(in->shard, q, at, say, in);
}

/* Once a second at most, however many lines there are. */
static void on_export(void *owner, sally_usec now)
{
    struct inner *in = owner;
    struct sally_note last;

    sally_store_noted(in->store, &last);
    in->exporting = false;
    in->exported = last.number;
    sally_shard_noted(in->shard, &last, now);
}

static void export_later(struct inner *in, sally_usec now)
{
    struct sally_note last;

    sally_store_noted(in->store, &last);
    if (last.number == in->exported || in->exporting)
        return;
    in->exporting = true;
    sally_timer_set(in->context->loop, &in->export,
                    sally_after(now, EXPORT_WAIT));
}

static void on_stored(void *owner, sally_usec now)
{
    struct inner *in = owner;

    sally_shard_stored(in->shard, now);
    export_later(in, now);
    sally_answers_go_on(&in->answers, tell, in); /* what is durable now */
}

/* --- The security journal ------------------------------------------------ */

static void note(void *owner, struct sally_span line)
{
    const struct inner *in = owner;

    sally_store_note(in->store, line, sally_loop_utc(in->context->loop), 0);
}

/* Who keeps the log elsewhere can so tell a journal that was written anew. */
static void tell_head(struct inner *in)
{
    struct sally_note last;
    char text[2 * SALLY_SHA256_LEN + 1];

    sally_store_noted(in->store, &last);
    if (last.number == in->head_told)
        return;
    in->head_told = last.number;
    sally_text_to_hex((struct sally_span){ last.hash, sizeof(last.hash) }, text,
                      sizeof(text));
    sally_log(SALLY_LOG_INFO, "journal_head",
              SALLY_NUMBER("number", last.number), SALLY_TEXT("hash", text));
}

static void on_head(void *owner, sally_usec now)
{
    struct inner *in = owner;

    tell_head(in);
    sally_timer_set(in->context->loop, &in->head, sally_after(now, HEAD_EVERY));
}

static void take_note(void *role, const struct sally_bus_note *n)
{
    const struct inner *in = role;

    sally_store_note(in->store,
                     (struct sally_span){ n->bytes, n->used },
                     sally_loop_utc(in->context->loop), n->lost);
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct inner *in = owner;

    (void)b;
    (void)fd;
    switch ((enum sally_bus_type)m->type) {
    case SALLY_BUS_READINGS:
        sally_shard_readings(in->shard, &m->as.readings, now);
        break;
    case SALLY_BUS_LIVENESS:
        sally_shard_liveness(in->shard, &m->as.liveness, now);
        break;
    case SALLY_BUS_OUTCOME:
        sally_shard_outcome(in->shard, &m->as.outcome, now);
        break;
    case SALLY_BUS_RESOLVED:
        if (sally_places_resolved(in->places, &m->as.resolved, now))
            sally_shard_each(in->shard, sally_seat_resolved);
        break;
    case SALLY_BUS_NOTE:
        take_note(in, &m->as.note);
        break;
    case SALLY_BUS_QUERY:
        sally_answers_ask(&in->answers, &m->as.query, tell, in);
        break;
    default: /* the bus lets nothing else through */
        break;
    }
}

static void on_room(void *owner, struct sally_bus *b, sally_usec now)
{
    struct inner *in = owner;

    (void)now;
    if (b == in->console)
        sally_answers_go_on(&in->answers, tell, in);
}

static struct sally_bus **bus_of(struct inner *in, enum sally_role_name peer)
{
    if (peer == SALLY_OUTER)
        return &in->outer;
    return peer == SALLY_RESOLVER ? &in->resolver : &in->console;
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct inner *in = owner;
    enum sally_role_name peer = sally_bus_peer(b);

    *bus_of(in, peer) = NULL;
    sally_bus_close(b);
    in->context->lost(in->context->runner, peer, e);
    if (peer == SALLY_OUTER)
        sally_shard_orphaned(in->shard, now);
    if (peer == SALLY_RESOLVER)
        sally_places_forget(in->places);
    if (peer == SALLY_CONSOLE)
        sally_answers_forget(&in->answers);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_room = on_room,
                                                      .on_gone = on_gone };

/* The supervisor brings another one. Until then no session begins. */
static void on_lost_holder(void *owner, enum sally_err e)
{
    struct inner *in = owner;

    sally_log(SALLY_LOG_ERROR, "keyholder_lost",
              SALLY_TEXT("why", sally_err_text(e)));
    in->context->lost(in->context->runner, SALLY_KEYHOLDER, e);
}

/* Functions leave behind what they had in their variables, those of libraries
 * too, where the next one that goes as deep writes over it: here, from higher
 * up than any of them.                                                      */
#define BURN 65536 /* bytes of stack */

static void burn(void *owner, sally_usec now)
{
    uint8_t below[BURN];

    (void)owner;
    (void)now;
    sally_wipe(below, sizeof(below));
}

static void on_asked(void *owner)
{
    struct inner *in = owner;

    sally_loop_later(in->context->loop, &in->burn);
}

static void meet_holder(struct inner *in, int fd)
{
    if (in->holds)
        (void)close(fd); /* --single */
    else if (sally_holding_open(&in->holding, fd) != SALLY_E_OK)
        on_lost_holder(in, SALLY_E_IO);
}

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct inner *in = role;
    struct sally_bus **bus = bus_of(in, peer);

    if (peer == SALLY_KEYHOLDER) {
        meet_holder(in, fd);
        return;
    }
    if (peer != SALLY_OUTER && peer != SALLY_RESOLVER &&
        peer != SALLY_CONSOLE) {
        (void)close(fd);
        return;
    }
    if (*bus != NULL && peer == SALLY_OUTER)
        sally_shard_orphaned(in->shard, sally_loop_now(in->context->loop));
    sally_bus_close(*bus);
    *bus = NULL;
    if (peer == SALLY_CONSOLE)
        sally_answers_forget(&in->answers);
    if (sally_bus_open(bus, in->context->loop, fd, SALLY_INNER, peer,
                       BUS_FRAMES, &bus_upcalls, in) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
    else if (peer == SALLY_OUTER)
        sally_shard_introduce(in->shard);
}

/* --- Building ------------------------------------------------------------ */

static enum sally_err open_store(struct inner *in)
{
    const struct sally_config *c = in->context->config;
    struct sally_roster r;
    char why[512] = "";
    enum sally_err e = sally_roster_make(&r, c);

    if (e == SALLY_E_OK)
        e = sally_store_open(&in->store, c->state_dir, &r.limits, r.sensors,
                             r.count, why, sizeof(why));
    sally_roster_wipe(&r);
    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "store_not_opened",
                  SALLY_TEXT("why", why[0] != '\0' ? why : sally_err_text(e)));
    else
        sally_log_to_journal(note, in);
    return e;
}

static size_t count_accounts(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        n += sally_config_accounts(&c->sensors[i]);
    return n;
}

static enum sally_err build(struct inner *in)
{
    const struct sally_config *c = in->context->config;
    enum sally_err e;

    sally_timer_init(&in->pacer, on_pacer, in);
    sally_timer_init(&in->head, on_head, in);
    sally_timer_init(&in->export, on_export, in);
    e = sally_places_create(&in->places, c, ask_resolver, in);
    in->seats.loop = in->context->loop;
    in->seats.places = in->places;
    if (e == SALLY_E_OK)
        e = open_store(in);
    if (e == SALLY_E_OK)
        e = sally_engine_make(&in->engine, count_accounts(c));
    if (e == SALLY_E_OK)
        e = sally_shard_create(&in->shard, c, in->store, &in->engine.shared,
                               &host, in);
    if (e == SALLY_E_OK)
        sally_shard_entrust(in->shard, &in->holder);
    return e;
}

static void destroy(void *role)
{
    struct inner *in = role;

    if (in == NULL)
        return;
    if (sally_log_journal() == in)
        sally_log_to_journal(NULL, NULL);
    sally_timer_set(in->context->loop, &in->pacer, SALLY_NEVER);
    sally_timer_set(in->context->loop, &in->head, SALLY_NEVER);
    sally_timer_set(in->context->loop, &in->export, SALLY_NEVER);
    if (in->stored != NULL)
        sally_watch_close(in->stored);
    sally_bus_close(in->outer);
    sally_bus_close(in->resolver);
    sally_bus_close(in->console);
    in->outer = in->resolver = in->console = NULL;
    sally_shard_wipe(in->shard);
    sally_store_close(in->store);
    sally_engine_wipe(&in->engine);
    sally_places_wipe(in->places);
    sally_holding_close(&in->holding);
    sally_loop_cancel(&in->burn);
    sally_held_key_wipe(&in->held_key);
    free(in);
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct inner *in = calloc(1, sizeof(*in));
    enum sally_err e;

    if (in == NULL)
        return SALLY_E_NO_MEMORY;
    in->context = context;
    in->burn = (struct sally_task){ .run = burn, .owner = in };
    in->holding =
        (struct sally_holding){ -1, on_lost_holder, on_asked, in };
    in->holder = sally_holding_holder(&in->holding);
    e = build(in);
    if (e != SALLY_E_OK) {
        sally_log(SALLY_LOG_ERROR, "inner_door_not_built",
                  SALLY_TEXT("why", sally_err_text(e)));
        destroy(in);
        return e;
    }
    *out = in;
    return SALLY_E_OK;
}

static void start(void *role, sally_usec now)
{
    struct inner *in = role;

    if (in->key_missing ||
        sally_watch_open(&in->stored, in->context->loop,
                         sally_store_descriptor(in->store), on_stored,
                         in) != SALLY_E_OK) {
        in->context->report(in->context->runner, SALLY_CONTROL_FAILED);
        return;
    }
    if (!in->unlocked)
        sally_log(SALLY_LOG_INFO, "state_not_sealed",
                  SALLY_TEXT("why", "no gateway.master_key_file: sessions do "
                                    "not outlive a restart"));
    sally_places_prepare(in->places, now);
    sally_shard_start(in->shard, now);
    on_head(in, now);
    in->context->report(in->context->runner, SALLY_CONTROL_READY);
}

static void stop(void *role, sally_usec now)
{
    struct inner *in = role;

    tell_head(in);
    sally_shard_stop(in->shard, now);
}

/* --- Reload -------------------------------------------------------------- */

static const char *reason(const struct inner *in, enum sally_err e)
{
    return e == SALLY_E_IO ? sally_store_failure(in->store)
                           : sally_err_text(e);
}

static enum sally_err prepare(void *role, const struct sally_config *next,
                              sally_usec now)
{
    struct inner *in = role;
    enum sally_err e = sally_engine_grow(&in->engine, count_accounts(next));

    (void)now;
    in->key_missing = false;
    if (e == SALLY_E_OK)
        e = sally_shard_prepare(in->shard, next);
    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "sensors_not_prepared",
                  SALLY_TEXT("why", reason(in, e)));
    return e;
}

static enum sally_err prepared(void *role)
{
    struct inner *in = role;
    enum sally_err e = in->key_missing ? SALLY_E_NO_CREDENTIAL
                                       : sally_shard_prepared(in->shard);

    if (e != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "sensors_not_prepared",
                  SALLY_TEXT("why", sally_err_text(e)));
    return e;
}

static void commit(void *role, const struct sally_config *previous,
                   sally_usec now)
{
    struct inner *in = role;
    enum sally_err e;

    (void)previous;
    e = sally_places_change(in->places, in->context->config);
    if (e == SALLY_E_OK) {
        sally_places_prepare(in->places, now);
        e = sally_shard_commit(in->shard, now);
    }
    if (e == SALLY_E_OK)
        return;
    sally_log(SALLY_LOG_ERROR, "store_not_rearranged",
              SALLY_TEXT("why", reason(in, e)));
    in->context->report(in->context->runner, SALLY_CONTROL_FAILED);
}

static void abort_reload(void *role)
{
    struct inner *in = role;

    sally_shard_abort(in->shard);
}

const struct sally_role_row sally_role_inner = {
    .name = SALLY_INNER,
    .create = create,
    .on_peer = on_peer,
    .on_keys = sally_inner_keys,
    .on_note = take_note,
    .prepare = prepare,
    .prepared = prepared,
    .commit = commit,
    .abort = abort_reload,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
