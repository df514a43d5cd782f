/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/meter.c - the clock and the counter around some work. */
#include "cli/meter.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of the wall: asking for the time on the processor takes a system call, which
 * would be a third of what is measured.                                     */
static uint64_t nanoseconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The kernel may not let us, or the machine may have no such counter. */
void sally_meter_open(struct sally_meter *m)
{
    struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE,
                                 .size = sizeof(a),
                                 .config = PERF_COUNT_HW_INSTRUCTIONS,
                                 .exclude_kernel = 1,
                                 .exclude_hv = 1 };

    *m = (struct sally_meter){ .counter = (int)syscall(SYS_perf_event_open, &a,
                                                       0, -1, -1, 0UL) };
}

void sally_meter_reset(struct sally_meter *m)
{
    m->nanoseconds = m->instructions = 0;
}

void sally_meter_close(struct sally_meter *m)
{
    if (m->counter >= 0)
        (void)close(m->counter);
    m->counter = -1;
}

static uint64_t instructions(const struct sally_meter *m)
{
    uint64_t n = 0;

    return m->counter >= 0 && read(m->counter, &n, sizeof(n)) == sizeof(n) ? n
                                                                           : 0;
}

/* The result is kept so that this does not end in a jump to the work. */
static SALLY_METER_APART void
sally_metered(struct sally_meter *m, enum sally_err (*work)(void *), void *of)
{
    m->result = work(of);
}

enum sally_err sally_meter_run(struct sally_meter *m,
                               enum sally_err (*work)(void *), void *of)
{
    uint64_t counted = instructions(m), began = nanoseconds();

    sally_metered(m, work, of);
    m->nanoseconds += nanoseconds() - began;
    m->instructions += instructions(m) - counted;
    return m->result;
}
