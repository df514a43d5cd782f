/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/meter.h - the time and the instructions that some work takes. */
#ifndef SALLY_CLI_METER_H
#define SALLY_CLI_METER_H

#include "base/error.h"

#include <stdint.h>

/* What tests/bench/run knows by name: it has instructions counted where the
 * machine has no counter of them.                                           */
#define SALLY_METER_APART __attribute__((noinline))

struct sally_meter {
    int counter;                        /* of instructions; -1: none */
    uint64_t nanoseconds, instructions; /* since the last reset; 0: unknown */
    enum sally_err result;
};

void sally_meter_open(struct sally_meter *m);
void sally_meter_reset(struct sally_meter *m);
void sally_meter_close(struct sally_meter *m);

/* What the work says; in `m` what it took is added. */
enum sally_err sally_meter_run(struct sally_meter *m,
                               enum sally_err (*work)(void *), void *of);

#endif
