/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/lookup.c - a table of questions and the threads that work
 * through it.                                                               */
#include "roles/lookup.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK ((size_t)256 << 10) /* bytes: counts against the memory limit */

enum job_state { FREE, ASKED, RUNNING, DONE };

struct job {
    enum job_state state;
    struct sally_bus_resolve question;
    struct sally_bus_resolved answer;
};

struct sally_lookup {
    sally_lookup_answer *answer;
    int event;
    pthread_mutex_t mutex; /* over all that follows */
    pthread_cond_t asked;
    unsigned threads, idle;
    bool stopping; /* the last thread frees */
    struct job jobs[SALLY_LOOKUP_JOBS];
};

static struct job *job_in(struct sally_lookup *l, enum job_state state)
{
    for (size_t i = 0; i < SALLY_LOOKUP_JOBS; i++)
        if (l->jobs[i].state == state)
            return &l->jobs[i];
    return NULL;
}

static void release(struct sally_lookup *l)
{
    (void)close(l->event);
    (void)pthread_mutex_destroy(&l->mutex);
    (void)pthread_cond_destroy(&l->asked);
    free(l);
}

/* --- A thread, with the mutex held but for the question itself ----------- */

static void work(struct sally_lookup *l, struct job *j)
{
    struct sally_bus_resolved answer = { .ticket = j->question.ticket };
    struct sally_bus_resolve question = j->question;
    const uint64_t one = 1;

    j->state = RUNNING;
    pthread_mutex_unlock(&l->mutex);
    l->answer(&question, &answer);
    pthread_mutex_lock(&l->mutex);
    j->answer = answer;
    j->state = DONE;
    if (!l->stopping)
        (void)!write(l->event, &one, sizeof(one));
}

static void *run(void *arg)
{
    struct sally_lookup *l = arg;
    bool last;

    pthread_mutex_lock(&l->mutex);
    while (!l->stopping) {
        struct job *j = job_in(l, ASKED);

        if (j != NULL) {
            work(l, j);
            continue;
        }
        l->idle++;
        pthread_cond_wait(&l->asked, &l->mutex);
        l->idle--;
    }
    last = --l->threads == 0;
    pthread_mutex_unlock(&l->mutex);
    if (last)
        release(l);
    return NULL;
}

/* Signals are the loop's to hear. */
static bool start_thread(struct sally_lookup *l)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int failed;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_attr_setstacksize(&attributes, STACK);
    if (failed == 0)
        failed = pthread_attr_setdetachstate(&attributes,
                                             PTHREAD_CREATE_DETACHED);
    if (failed == 0)
        failed = pthread_create(&thread, &attributes, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    l->threads += failed == 0;
    return failed == 0;
}

/* --- From the loop ------------------------------------------------------- */

enum sally_err sally_lookup_create(struct sally_lookup **out,
                                   sally_lookup_answer *answer)
{
    struct sally_lookup *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return SALLY_E_NO_MEMORY;
    l->answer = answer;
    l->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->event < 0) {
        free(l);
        return SALLY_E_IO;
    }
    (void)pthread_mutex_init(&l->mutex, NULL);
    (void)pthread_cond_init(&l->asked, NULL);
    *out = l;
    return SALLY_E_OK;
}

void sally_lookup_destroy(struct sally_lookup *l)
{
    bool last;

    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    last = l->threads == 0;
    pthread_cond_broadcast(&l->asked);
    pthread_mutex_unlock(&l->mutex);
    if (last)
        release(l);
}

bool sally_lookup_ask(struct sally_lookup *l,
                      const struct sally_bus_resolve *question)
{
    struct job *j;

    pthread_mutex_lock(&l->mutex);
    j = job_in(l, FREE);
    if (j != NULL && l->idle == 0 && l->threads < SALLY_LOOKUP_THREADS)
        (void)start_thread(l);
    if (l->threads == 0)
        j = NULL;
    if (j != NULL) {
        j->question = *question;
        j->state = ASKED;
        pthread_cond_signal(&l->asked);
    }
    pthread_mutex_unlock(&l->mutex);
    return j != NULL;
}

int sally_lookup_descriptor(const struct sally_lookup *l)
{
    return l->event;
}

bool sally_lookup_take(struct sally_lookup *l,
                       struct sally_bus_resolved *answer)
{
    uint64_t count;
    struct job *j;

    pthread_mutex_lock(&l->mutex);
    (void)!read(l->event, &count, sizeof(count));
    j = job_in(l, DONE);
    if (j != NULL) {
        *answer = j->answer;
        j->state = FREE;
    }
    pthread_mutex_unlock(&l->mutex);
    return j != NULL;
}
