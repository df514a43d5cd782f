/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/writer.c - the thread that writes: waits for a group, runs it
 * as one transaction, publishes what came of it.                            */
#include "store/inside.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_OFTEN SALLY_SEC
#define LOOK_SELDOM (600 * SALLY_SEC)

sally_usec sally_store_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

int64_t sally_store_age(const struct sally_store *s)
{
    return s->age + (int64_t)((sally_store_clock() - s->age_at) / SALLY_MSEC);
}

/* --- Waiting, with the mutex held ---------------------------------------- */

/* What is put off to the next tidying is due; at the end at once. */
static bool tidying_is_due(const struct sally_store *s)
{
    return s->stopping || sally_store_clock() >= s->tidied + SALLY_STORE_TIDY;
}

/* When to tidy with nothing else to do. That settles all there is, so what came
 * last has a moment to be delivered before.                                 */
static sally_usec tidying_alone(const struct sally_store *s)
{
    sally_usec rest = s->brought + SALLY_STORE_REST;
    sally_usec due = s->tidied + SALLY_STORE_TIDY;

    return s->tidied == 0 || due > rest ? due : rest;
}

/* So much is not settled that room becomes short. */
static bool is_crowded(const struct sally_store *s)
{
    return s->few_rows || s->head - s->settled >= SALLY_STORE_CROWD;
}

static bool has_work(const struct sally_store *s)
{
    if (s->done != s->head)
        return true;
    return (s->moved || is_crowded(s)) &&
           (s->stopping || sally_store_clock() >= tidying_alone(s));
}

/* The group is complete: the last one is long enough ago, this one is large,
 * or there is none after it. One that comes alone thus waits for the disk only.
 */
static bool group_is_due(const struct sally_store *s, sally_usec due)
{
    return s->stopping || s->urgent || s->head - s->done >= SALLY_STORE_GROUP ||
           sally_store_clock() >= due;
}

/* True if that time has come before somebody woke the thread. */
static bool doze(struct sally_store *s, sally_usec until)
{
    const struct timespec t = { (time_t)(until / SALLY_SEC),
                                (long)(until % SALLY_SEC) * 1000 };

    return pthread_cond_timedwait(&s->wake, &s->mutex, &t) == ETIMEDOUT;
}

/* How often one looks for messages that are too old, with nothing to do
 * otherwise.                                                                */
static sally_usec look_every(const struct sally_store *s)
{
    sally_usec wait = (sally_usec)s->limits.max_age_ms * SALLY_MSEC / 8;

    if (wait > LOOK_SELDOM)
        return LOOK_SELDOM;
    return wait > LOOK_OFTEN ? wait : LOOK_OFTEN;
}

/* True if there is work, or if it is time to look for old messages. */
static bool wait_for_work(struct sally_store *s)
{
    sally_usec look = sally_after(sally_store_clock(), look_every(s));

    while (!has_work(s) && !s->stopping) {
        if (s->moved || is_crowded(s))
            (void)doze(s, tidying_alone(s));
        else if (s->limits.max_age_ms == 0 || s->totals.messages == 0)
            pthread_cond_wait(&s->wake, &s->mutex);
        else if (doze(s, look))
            return true;
    }
    return has_work(s);
}

/* False: there is nothing left and the store is closing. */
static bool wait_for_group(struct sally_store *s)
{
    sally_usec due;

    if (!wait_for_work(s))
        return false;
    due = s->last_began + s->limits.commit_ms * SALLY_MSEC;
    while (s->done != s->head && !group_is_due(s, due))
        (void)doze(s, due);
    s->urgent = false;
    s->last_began = sally_store_clock();
    return true;
}

/* --- Publishing, with the mutex held ------------------------------------- */

static void publish_append(struct sally_store *s,
                           const struct sally_store_item *item)
{
    struct sally_store_one *one = &s->sensors[item->sensor];

    if (item->kind != SALLY_ITEM_APPEND || !item->fresh)
        return;
    s->holders += one->messages == 0;
    one->messages++;
    one->bytes += item->len + (uint64_t)SALLY_STORE_ROW;
    s->totals.messages++;
    s->totals.bytes += item->len + (uint64_t)SALLY_STORE_ROW;
    for (size_t i = 0; i < one->account_count; i++)
        if (one->accounts[i].cursor < item->number)
            one->accounts[i].waiting++;
}

static void publish_drop(struct sally_store *s,
                         const struct sally_store_drop *d)
{
    struct sally_store_one *one;

    s->totals.messages -= d->messages;
    s->totals.bytes -= d->bytes;
    if (d->number != 0)
        *(d->expired ? &s->totals.expired : &s->totals.dropped) += 1;
    if (d->sensor == SALLY_STORE_NOBODY)
        return;
    one = &s->sensors[d->sensor];
    one->messages -= d->messages;
    one->bytes -= d->bytes;
    s->holders -= d->messages != 0 && one->messages == 0;
    if (d->number != 0)
        *(d->expired ? &one->losses.expired : &one->losses.dropped) += 1;
    for (size_t i = 0; d->number != 0 && i < one->account_count; i++)
        if (one->accounts[i].cursor < d->number &&
            one->accounts[i].waiting > 0)
            one->accounts[i].waiting--;
}

/* Up to where the next batch settles. An item has the time between two
 * tidyings to be delivered; if nothing else is to be done, or room is short, it
 * has less.                                                                 */
static uint64_t settle_up_to(const struct sally_store *s, bool tidies)
{
    uint64_t half = s->settled + (s->done - s->settled) / 2;

    if (s->done == s->head)
        return s->done;
    if (is_crowded(s) && half > s->aged)
        return half;
    return tidies ? s->aged : s->settled;
}

/* Takes the list of moved cursors, as they are now. */
static struct sally_store_account *take_cursors(struct sally_store *s)
{
    struct sally_store_account *list = s->dirty;

    for (struct sally_store_account *a = list; a != NULL; a = a->next_dirty)
        a->durable = a->cursor;
    s->dirty = NULL;
    s->moved = false;
    s->aged = s->done;
    s->tidied = sally_store_clock();
    return list;
}

/* On failure they are written again with the next batch, which they do not ask
 * for by themselves: a full disk must not keep the thread busy. They do while
 * there is more to delete.                                                  */
static void return_cursors(struct sally_store *s,
                           struct sally_store_account *list, bool good)
{
    while (list != NULL) {
        struct sally_store_account *a = list;

        list = a->next_dirty;
        a->dirty = !good || s->more_to_delete || a->cursor != a->durable;
        if (!a->dirty)
            continue;
        a->next_dirty = s->dirty;
        s->dirty = a;
    }
    if (good && s->more_to_delete) {
        s->moved = true;
        s->tidied = 0;
    }
}

static void publish(struct sally_store *s, uint64_t end, bool good,
                    uint32_t took_us)
{
    for (uint64_t i = s->done; good && i != end; i++)
        publish_append(s, sally_store_item_at(s, i));
    if (good)
        sally_journal_publish(s);
    for (size_t i = 0; good && i < s->drop_count; i++)
        publish_drop(s, &s->drops[i]);
    s->done = end;
    *(good ? &s->totals.commits : &s->totals.failures) += 1;
    if (!good)
        s->failure = s->batch_failure;
    if (good && took_us > s->totals.longest_commit_us)
        s->totals.longest_commit_us = took_us;
}

/* --- The thread ---------------------------------------------------------- */

static void *run_writer(void *arg)
{
    struct sally_store *s = arg;
    const uint64_t one = 1;

    pthread_mutex_lock(&s->mutex);
    while (wait_for_group(s)) {
        bool tidies = tidying_is_due(s) || is_crowded(s), good;
        uint64_t first = s->done, end = s->head;
        uint64_t settle = settle_up_to(s, tidies);
        struct sally_store_account *cursors = tidies ? take_cursors(s) : NULL;
        sally_usec began = sally_store_clock();

        pthread_mutex_unlock(&s->mutex);
        good = sally_batch_run(s, first, end, settle, cursors);
        pthread_mutex_lock(&s->mutex);
        publish(s, end, good, (uint32_t)(sally_store_clock() - began));
        return_cursors(s, cursors, good);
        s->moved = s->moved || (s->stopping && good && s->settled != s->head);
        if (first == end)
            continue;
        s->brought = sally_store_clock();
        (void)!write(s->event, &one, sizeof(one));
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

enum sally_err sally_store_start(struct sally_store *s)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&s->thread, NULL, run_writer, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->running = failed == 0;
    return failed == 0 ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

void sally_store_stop(struct sally_store *s)
{
    if (!s->running)
        return;
    pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    s->moved = s->moved || s->dirty != NULL || /* one last try */
               s->settled != s->head;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    s->running = s->stopping = false;
}
