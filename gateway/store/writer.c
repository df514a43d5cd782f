/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/writer.c - the thread that writes: waits for a group, runs it
 * as one transaction, publishes what came of it.                            */
#include "store/inside.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

sally_usec sally_store_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

/* --- Waiting, with the mutex held ---------------------------------------- */

static bool has_work(const struct sally_store *s)
{
    return s->done != s->head || s->moved;
}

/* The group is complete: it waited long enough, is large, or is the last. */
static bool group_is_due(const struct sally_store *s, sally_usec due)
{
    return s->stopping || s->head - s->done >= SALLY_STORE_RING / 2 ||
           sally_store_clock() >= due;
}

/* False: there is nothing left and the store is closing. */
static bool wait_for_group(struct sally_store *s)
{
    struct timespec until;
    sally_usec due;

    while (!has_work(s)) {
        if (s->stopping)
            return false;
        pthread_cond_wait(&s->wake, &s->mutex);
    }
    due = s->first_queued + s->limits.commit_ms * SALLY_MSEC;
    until = (struct timespec){ (time_t)(due / SALLY_SEC),
                               (long)(due % SALLY_SEC) * 1000 };
    while (!group_is_due(s, due))
        pthread_cond_timedwait(&s->wake, &s->mutex, &until);
    s->first_queued = 0;
    return true;
}

/* --- Publishing, with the mutex held ------------------------------------- */

static void publish_append(struct sally_store *s,
                           const struct sally_store_item *item)
{
    struct sally_store_one *one = &s->sensors[item->sensor];

    if (item->kind != SALLY_ITEM_APPEND || !item->fresh)
        return;
    one->messages++;
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
    for (size_t i = 0; d->number != 0 && i < one->account_count; i++)
        if (one->accounts[i].cursor < d->number &&
            one->accounts[i].waiting > 0)
            one->accounts[i].waiting--;
}

/* Takes the list of moved cursors, as they are now. */
static struct sally_store_account *take_cursors(struct sally_store *s)
{
    struct sally_store_account *list = s->dirty;

    for (struct sally_store_account *a = list; a != NULL; a = a->next_dirty)
        a->durable = a->cursor;
    s->dirty = NULL;
    s->moved = false;
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
    if (good && s->more_to_delete)
        s->moved = true;
}

static void publish(struct sally_store *s, uint64_t end, bool good,
                    uint32_t took_us)
{
    for (uint64_t i = s->done; good && i != end; i++)
        publish_append(s, sally_store_item_at(s, i));
    for (size_t i = 0; good && i < s->drop_count; i++)
        publish_drop(s, &s->drops[i]);
    s->done = end;
    *(good ? &s->totals.commits : &s->totals.failures) += 1;
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
        struct sally_store_account *cursors = take_cursors(s);
        uint64_t first = s->done, end = s->head;
        sally_usec began = sally_store_clock();
        bool good;

        pthread_mutex_unlock(&s->mutex);
        good = sally_batch_run(s, first, end, cursors);
        pthread_mutex_lock(&s->mutex);
        publish(s, end, good, (uint32_t)(sally_store_clock() - began));
        return_cursors(s, cursors, good);
        if (s->moved && s->first_queued == 0)
            s->first_queued = sally_store_clock();
        if (first != end)
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
    s->moved = s->moved || s->dirty != NULL; /* one last try */
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    s->running = s->stopping = false;
}
