/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/store.c - the store's face to the loop: opening, queueing,
 * results.                                                                  */
#include "store/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- Opening and closing ------------------------------------------------- */

static enum sally_err lock_dir(struct sally_store *s, const char *dir,
                               char *why, size_t why_size)
{
    enum sally_err e = sally_store_lock(dir, &s->lock);

    if (e == SALLY_E_BUSY)
        (void)snprintf(why, why_size,
                       "%s: another gateway is using it; one state_dir serves "
                       "one gateway",
                       dir);
    if (e == SALLY_E_IO)
        (void)snprintf(why, why_size,
                       "%s/sallyport.lock: cannot be locked: %s", dir,
                       strerror(errno));
    return e;
}

static enum sally_err make_parts(struct sally_store *s)
{
    pthread_condattr_t attributes;

    s->ring = calloc(SALLY_STORE_RING, sizeof(*s->ring));
    s->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->ring == NULL)
        return SALLY_E_NO_MEMORY;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return s->event >= 0 ? SALLY_E_OK : SALLY_E_IO;
}

static enum sally_err open_all(struct sally_store *s, const char *dir,
                               const struct sally_store_sensor *sensors,
                               size_t count, char *why, size_t why_size)
{
    enum sally_err e = lock_dir(s, dir, why, why_size);

    if (e == SALLY_E_OK)
        e = make_parts(s);
    if (e == SALLY_E_OK)
        e = sally_schema_open(s, dir, why, why_size);
    if (e == SALLY_E_OK) {
        char path[4096];

        e = sally_journal_load(s);
        if (e == SALLY_E_OK)
            e = sally_store_notes_load(s);
        if (e == SALLY_E_OK)
            e = sally_sensors_load(s, sensors, count);
        (void)snprintf(path, sizeof(path), "%s/sallyport.db", dir);
        if (e == SALLY_E_IO)
            sally_schema_blame(path, s->writer, s->failure, why, why_size);
    }
    return e == SALLY_E_OK ? sally_store_start(s) : e;
}

enum sally_err sally_store_open(struct sally_store **out, const char *dir,
                                const struct sally_store_limits *limits,
                                const struct sally_store_sensor *sensors,
                                size_t count, char *why, size_t why_size)
{
    struct sally_store *s = calloc(1, sizeof(*s));
    enum sally_err e = SALLY_E_NO_MEMORY;

    (void)snprintf(why, why_size, "%s", sally_err_text(e));
    if (s == NULL)
        return e;
    s->limits = *limits;
    s->lock = s->event = -1;
    sally_anchor_init(&s->anchor);
    e = open_all(s, dir, sensors, count, why, why_size);
    if (e != SALLY_E_OK) {
        sally_store_close(s);
        return e;
    }
    *out = s;
    return SALLY_E_OK;
}

void sally_store_close(struct sally_store *s)
{
    if (s == NULL)
        return;
    sally_store_stop(s);
    sally_schema_close(s);
    for (uint64_t i = s->tail; s->ring != NULL && i != s->head; i++)
        if (sally_store_item_at(s, i)->kind == SALLY_ITEM_KEEP)
            free(sally_store_item_at(s, i)->kept);
    sally_anchor_close(&s->anchor);
    if (s->ring != NULL) {
        pthread_cond_destroy(&s->wake);
        pthread_mutex_destroy(&s->mutex);
    }
    free(s->ring);
    sally_sensors_free(s->sensors, s->sensor_count);
    free(s->index_of_key);
    if (s->event >= 0)
        close(s->event);
    if (s->lock >= 0)
        close(s->lock); /* last: now another one may open */
    free(s);
}

/* --- Queueing ------------------------------------------------------------ */

static bool is_settled_below(struct sally_store *s, uint64_t size)
{
    if (s->head - s->settled_known < size)
        return true;
    pthread_mutex_lock(&s->mutex);
    s->settled_known = s->settled;
    pthread_mutex_unlock(&s->mutex);
    return s->head - s->settled_known < size;
}

/* Only the loop moves the head. */
struct sally_store_item *sally_store_free_item(struct sally_store *s,
                                               uint64_t spare)
{
    if (s->head - s->tail >= SALLY_STORE_RING - spare ||
        !is_settled_below(s, SALLY_STORE_RING - spare))
        return NULL;
    if (s->head >= SALLY_STORE_RING)
        sally_recent_leave(s, s->head - SALLY_STORE_RING + 1);
    return sally_store_item_at(s, s->head);
}

void sally_store_queue(struct sally_store *s, bool urgent)
{
    uint64_t waiting;

    pthread_mutex_lock(&s->mutex);
    waiting = ++s->head - s->done;
    s->urgent = s->urgent || urgent;
    pthread_mutex_unlock(&s->mutex);
    /* It needs waking for the first of a group and for a large one. */
    if (urgent || waiting == 1 || waiting == SALLY_STORE_GROUP)
        pthread_cond_signal(&s->wake);
}

static bool is_over_quota(struct sally_store *s, uint32_t sensor, size_t len)
{
    const struct sally_store_one *one = &s->sensors[sensor];
    uint64_t messages, own, all;

    if (s->limits.drop_oldest)
        return false;
    pthread_mutex_lock(&s->mutex);
    messages = one->messages + one->pending;
    own = one->bytes + one->pending_bytes;
    all = s->totals.bytes + s->pending_bytes + len;
    pthread_mutex_unlock(&s->mutex);
    return messages >= s->limits.per_sensor || all > s->limits.max_bytes ||
           own / 3 > s->limits.max_bytes - all;
}

static bool is_somebody(const struct sally_store *s, uint32_t sensor)
{
    return sensor < s->sensor_count && s->sensors[sensor].key != 0;
}

enum sally_err sally_store_append(struct sally_store *s,
                                  const struct sally_bus_readings *r)
{
    struct sally_store_item *item = sally_store_free_item(s, SALLY_STORE_SPARE);
    enum sally_err e;

    if (item == NULL)
        return SALLY_E_NO_ROOM;
    if (!is_somebody(s, r->sensor))
        return SALLY_E_BAD_STATE;
    e = sally_body_from_readings(r, item);
    if (e != SALLY_E_OK ||
        is_over_quota(s, r->sensor, item->len + (size_t)SALLY_STORE_ROW))
        return SALLY_E_NO_ROOM;
    item->kind = SALLY_ITEM_APPEND;
    item->ticket = r->ticket;
    item->sensor = r->sensor;
    item->sensor_key = s->sensors[r->sensor].key;
    item->number = s->next_number++;
    item->first = r->first != 0;
    item->time = r->time;
    memcpy(item->key, r->key, sizeof(item->key));
    s->sensors[r->sensor].pending++;
    s->sensors[r->sensor].pending_bytes +=
        item->len + (uint64_t)SALLY_STORE_ROW;
    s->pending_bytes += item->len + (uint64_t)SALLY_STORE_ROW;
    sally_store_queue(s, false);
    return SALLY_E_OK;
}

enum sally_err sally_store_park(struct sally_store *s,
                                const struct sally_bus_command *c,
                                sally_msec_utc now)
{
    struct sally_store_item *item =
        sally_store_free_item(s, SALLY_STORE_UNPARK);

    if (item == NULL)
        return SALLY_E_NO_ROOM;
    if (!is_somebody(s, c->sensor))
        return SALLY_E_BAD_STATE;
    if (sally_body_from_command(c, item) != SALLY_E_OK)
        return SALLY_E_NO_ROOM;
    item->kind = SALLY_ITEM_PARK;
    item->ticket = c->command;
    item->sensor = c->sensor;
    item->sensor_key = s->sensors[c->sensor].key;
    item->time = now;
    memset(item->key, 0, sizeof(item->key));
    sally_store_queue(s, false);
    return SALLY_E_OK;
}

/* There are places that nothing else takes. If all of them were taken between
 * two turns of the loop, the command stays, and is offered after a restart.  */
void sally_store_unpark(struct sally_store *s, uint32_t command)
{
    struct sally_store_item *item = sally_store_free_item(s, 0);

    if (item == NULL)
        return;
    item->kind = SALLY_ITEM_UNPARK;
    item->ticket = command;
    sally_store_queue(s, false);
}

static enum sally_err check_entry(const struct sally_store *s,
                                  const struct sally_kept_entry *entry,
                                  bool first)
{
    const struct sally_kept_place *at = &entry->at;

    if (at->name.len == 0 || at->name.len > SALLY_KEPT_NAME_MAX ||
        entry->body.len > SALLY_KEPT_BODY_MAX)
        return SALLY_E_TOO_LARGE;
    if (at->what == SALLY_KEPT_SESSION &&
        (!first || !is_somebody(s, at->sensor)))
        return SALLY_E_BAD_STATE;
    return SALLY_E_OK;
}

enum sally_err sally_store_keep_all(struct sally_store *s,
                                    const struct sally_kept_entry *entries,
                                    size_t count, uint32_t ticket)
{
    struct sally_store_item *item =
        sally_store_free_item(s, SALLY_STORE_UNPARK);
    enum sally_err e = item == NULL ? SALLY_E_NO_ROOM : SALLY_E_OK;

    for (size_t i = 0; i < count && e == SALLY_E_OK; i++)
        e = check_entry(s, &entries[i], i == 0);
    if (e == SALLY_E_OK)
        e = sally_kept_fill(item, entries, count);
    if (e != SALLY_E_OK)
        return e;
    item->kind = SALLY_ITEM_KEEP;
    item->ticket = ticket;
    sally_store_queue(s, entries[0].at.what == SALLY_KEPT_SEQUENCE);
    return SALLY_E_OK;
}

enum sally_err sally_store_keep(struct sally_store *s,
                                const struct sally_kept_place *at,
                                struct sally_span body, uint32_t ticket)
{
    const struct sally_kept_entry entry = { *at, body };

    return sally_store_keep_all(s, &entry, 1, ticket);
}

/* --- Results ------------------------------------------------------------- */

int sally_store_descriptor(const struct sally_store *s)
{
    return s->event;
}

/* What was appended, out of the item again. */
static void tell_stored(const struct sally_store_item *item,
                        const struct sally_store_upcalls *up)
{
    struct sally_bus_readings r;
    bool stored = item->result == SALLY_ACCEPTED_STORED;

    (void)!sally_body_to_readings(
        (struct sally_span){ item->body, item->len }, &r);
    r.ticket = item->ticket;
    r.sensor = item->sensor;
    r.time = item->time;
    memcpy(r.key, item->key, sizeof(r.key));
    up->on_stored(up->owner, &r, (enum sally_accepted)item->result,
                  stored && !item->fresh);
}

static void tell_kept(const struct sally_store_item *item,
                      const struct sally_store_upcalls *up)
{
    const struct sally_store_receipt r = { (enum sally_kept)item->what,
                                           item->sensor, item->ticket };

    if (up->on_kept != NULL)
        up->on_kept(up->owner, &r,
                    item->result == SALLY_ACCEPTED_STORED ? SALLY_E_OK
                                                          : SALLY_E_IO);
}

static void tell(struct sally_store *s, const struct sally_store_item *item,
                 const struct sally_store_upcalls *up)
{
    switch (item->kind) {
    case SALLY_ITEM_APPEND:
        s->sensors[item->sensor].pending--;
        s->sensors[item->sensor].pending_bytes -=
            item->len + (uint64_t)SALLY_STORE_ROW;
        s->pending_bytes -= item->len + (uint64_t)SALLY_STORE_ROW;
        tell_stored(item, up);
        break;
    case SALLY_ITEM_PARK:
        up->on_parked(up->owner, item->ticket,
                      item->result == SALLY_ACCEPTED_STORED ? SALLY_E_OK
                                                            : SALLY_E_IO);
        break;
    case SALLY_ITEM_UNPARK:
        break;
    case SALLY_ITEM_KEEP:
        free(item->kept);
        tell_kept(item, up);
        break;
    case SALLY_ITEM_NOTE:
        sally_store_notes_told(s, item);
        break;
    }
}

void sally_store_finished(struct sally_store *s,
                          const struct sally_store_upcalls *upcalls)
{
    uint64_t count, done;

    (void)!read(s->event, &count, sizeof(count));
    pthread_mutex_lock(&s->mutex);
    done = s->done;
    pthread_mutex_unlock(&s->mutex);
    while (s->tail != done) {
        const struct sally_store_item *item = sally_store_item_at(s, s->tail);

        if (item->kind == SALLY_ITEM_APPEND && item->fresh)
            sally_recent_add(s, s->tail + 1);
        tell(s, item, upcalls);
        s->tail++; /* now its place may be taken */
    }
    sally_store_notes_go_on(s);
}

void sally_store_losses(const struct sally_store *s, uint32_t sensor,
                        struct sally_store_losses *out)
{
    struct sally_store *shared = (struct sally_store *)(uintptr_t)s;

    *out = (struct sally_store_losses){ 0 };
    if (sensor >= s->sensor_count)
        return;
    pthread_mutex_lock(&shared->mutex);
    *out = s->sensors[sensor].losses;
    pthread_mutex_unlock(&shared->mutex);
}

const char *sally_store_failure(const struct sally_store *s)
{
    struct sally_store *shared = (struct sally_store *)(uintptr_t)s;
    int failure;

    pthread_mutex_lock(&shared->mutex);
    failure = s->failure;
    pthread_mutex_unlock(&shared->mutex);
    return sqlite3_errstr(failure);
}

void sally_store_totals(const struct sally_store *s,
                        struct sally_store_totals *out)
{
    struct sally_store *shared = (struct sally_store *)(uintptr_t)s;

    pthread_mutex_lock(&shared->mutex);
    *out = s->totals;
    pthread_mutex_unlock(&shared->mutex);
}
