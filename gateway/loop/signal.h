/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/signal.h - signals as upcalls in the loop's own time. */
#ifndef SALLY_LOOP_SIGNAL_H
#define SALLY_LOOP_SIGNAL_H

#include "loop/loop.h"

#define SALLY_SIGNALS_MAX 8

struct sally_signals;

/* `numbers` as in <signal.h>, at most SALLY_SIGNALS_MAX. NO_MEMORY, IO. */
enum sally_err sally_signals_open(struct sally_signals **out,
                                  struct sally_loop *l, const int *numbers,
                                  size_t count,
                                  void (*on_signal)(void *owner, int number,
                                                    sally_usec now),
                                  void *owner) SALLY_MUST_USE;
void sally_signals_close(struct sally_signals *s); /* NULL is allowed */

#endif
