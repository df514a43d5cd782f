/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/loop.c - turns of the event loop: clock, timers, tasks. */
#include "loop/inside.h"

#include "base/hashmap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A wait that stands for "no deadline": the loop looks at its timers again. */
#define LONGEST_WAIT (3600 * SALLY_SEC)

static sally_usec read_monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (sally_usec)t.tv_sec * SALLY_SEC + (sally_usec)t.tv_nsec / 1000;
}

static sally_msec_utc read_utc(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (sally_msec_utc)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

sally_usec sally_loop_wake(struct sally_loop *l)
{
    if (!l->awake) {
        l->now = read_monotonic();
        l->utc = read_utc();
        l->clock_set = l->utc >= SALLY_UTC_FLOOR;
        if (!l->clock_set)
            l->utc = SALLY_UTC_FLOOR +
                     (sally_msec_utc)((l->now - l->opened) / SALLY_MSEC);
        l->awake = true;
    }
    return l->now;
}

sally_usec sally_loop_now(const struct sally_loop *l)
{
    return l->now;
}

sally_msec_utc sally_loop_utc(const struct sally_loop *l)
{
    return l->utc;
}

bool sally_loop_clock_is_set(const struct sally_loop *l)
{
    return l->clock_set;
}

bool sally_descriptor_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

void sally_descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The wake-up itself is all that is wanted. */
static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* Every result of the library is looked at here; it need not talk to stderr
 * as well.                                                                  */
static void say_nothing(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

static struct event_base *open_base(void)
{
    struct event_config *c = event_config_new();
    struct event_base *base;

    event_set_log_callback(say_nothing);
    if (c == NULL)
        return NULL;
    event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(c, EVENT_BASE_FLAG_IGNORE_ENV);
    base = event_base_new_with_config(c);
    event_config_free(c);
    return base;
}

enum sally_err sally_loop_open(struct sally_loop **out, size_t timers)
{
    struct sally_loop *l = calloc(1, sizeof(*l));
    enum sally_err e;

    if (l == NULL)
        return SALLY_E_NO_MEMORY;
    e = sally_deadlines_init(&l->timers, timers);
    if (e == SALLY_E_OK) {
        l->base = open_base();
        e = l->base != NULL ? SALLY_E_OK : SALLY_E_IO;
    }
    if (e != SALLY_E_OK) {
        sally_loop_close(l);
        return e;
    }
    l->opened = read_monotonic();
    evtimer_assign(&l->alarm, l->base, on_alarm, l);
    sally_loop_wake(l);
    *out = l;
    return SALLY_E_OK;
}

enum sally_err sally_loop_grow(struct sally_loop *l, size_t timers)
{
    return sally_deadlines_grow(&l->timers, timers);
}

void sally_loop_close(struct sally_loop *l)
{
    if (l == NULL)
        return;
    if (l->base != NULL) {
        evtimer_del(&l->alarm);
        event_base_free(l->base);
    }
    sally_deadlines_wipe(&l->timers);
    free(l);
}

/* --- A turn -------------------------------------------------------------- */

/* Each armed timer fires at most once in a turn, so that one whose deadline
 * stays in the past cannot keep the descriptors waiting.                    */
static void fire_due(struct sally_loop *l)
{
    for (size_t left = l->timers.count; left > 0; left--) {
        struct sally_deadline *d = sally_deadlines_take(&l->timers, l->now);
        struct sally_timer *t;

        if (d == NULL)
            return;
        t = SALLY_OWNER(d, struct sally_timer, deadline);
        t->fire(t->owner, l->now);
    }
}

/* Runs what was asked for so far; what that asks for waits for a turn. */
static void run_later(struct sally_loop *l)
{
    struct sally_task *todo = l->later;

    if (todo != NULL)
        todo->link = &todo;
    l->later = NULL;
    while (todo != NULL) {
        struct sally_task *t = todo;

        sally_loop_cancel(t);
        t->run(t->owner, l->now);
    }
}

/* Until the pace allows another turn. Returns what time it is then. */
static sally_usec rest(const struct sally_loop *l)
{
    sally_usec now = read_monotonic(), until = l->woken + l->pace;
    const struct timespec t = { 0, (long)(until - now) * 1000 };

    if (l->pace == 0 || now >= until)
        return now;
    (void)nanosleep(&t, NULL);
    return read_monotonic();
}

void sally_loop_pace(struct sally_loop *l, sally_usec pace)
{
    l->pace = pace;
}

void sally_loop_turn(struct sally_loop *l, sally_usec until)
{
    sally_usec due = sally_earlier(sally_deadlines_next(&l->timers), until);
    sally_usec now = rest(l);
    sally_usec wait = due > now ? due - now : 0;
    struct timeval tv;

    if (l->later != NULL)
        wait = 0;
    wait = sally_earlier(wait, LONGEST_WAIT);
    tv = (struct timeval){ (time_t)(wait / SALLY_SEC),
                           (suseconds_t)(wait % SALLY_SEC) };
    evtimer_add(&l->alarm, &tv);
    l->awake = false;
    event_base_loop(l->base, EVLOOP_ONCE);
    l->woken = sally_loop_wake(l);
    fire_due(l);
    run_later(l);
}

void sally_loop_run(struct sally_loop *l)
{
    l->stopping = false;
    while (!l->stopping)
        sally_loop_turn(l, SALLY_NEVER);
}

void sally_loop_stop(struct sally_loop *l)
{
    l->stopping = true;
}

/* --- Timers and tasks ---------------------------------------------------- */

void sally_timer_init(struct sally_timer *t,
                      void (*fire)(void *owner, sally_usec now), void *owner)
{
    *t = (struct sally_timer){ .deadline.when = SALLY_NEVER,
                               .fire = fire,
                               .owner = owner };
}

void sally_timer_set(struct sally_loop *l, struct sally_timer *t,
                     sally_usec when)
{
    sally_deadlines_set(&l->timers, &t->deadline, when);
}

void sally_loop_later(struct sally_loop *l, struct sally_task *t)
{
    if (t->link != NULL)
        return;
    t->next = l->later;
    if (t->next != NULL)
        t->next->link = &t->next;
    t->link = &l->later;
    l->later = t;
}

void sally_loop_cancel(struct sally_task *t)
{
    if (t->link == NULL)
        return;
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* --- Watching somebody else's descriptor --------------------------------- */

struct sally_watch {
    struct sally_loop *loop;
    struct event event;
    void (*on_readable)(void *owner, sally_usec now);
    void *owner;
};

static void on_watched(evutil_socket_t fd, short what, void *arg)
{
    struct sally_watch *w = arg;

    (void)fd;
    (void)what;
    w->on_readable(w->owner, sally_loop_wake(w->loop));
}

enum sally_err sally_watch_open(struct sally_watch **out, struct sally_loop *l,
                                int fd,
                                void (*on_readable)(void *owner,
                                                    sally_usec now),
                                void *owner)
{
    struct sally_watch *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return SALLY_E_NO_MEMORY;
    w->loop = l;
    w->on_readable = on_readable;
    w->owner = owner;
    event_assign(&w->event, l->base, fd, EV_READ | EV_PERSIST, on_watched, w);
    if (event_add(&w->event, NULL) != 0) {
        free(w); /* for instance a plain file, which epoll refuses */
        return SALLY_E_IO;
    }
    *out = w;
    return SALLY_E_OK;
}

void sally_watch_close(struct sally_watch *w)
{
    if (w == NULL)
        return;
    event_del(&w->event);
    free(w);
}
