/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/lines.h - the lines of each answer, one JSON object each.
 *
 * Every function writes line number `n` of its answer, without a line break,
 * and returns false when there is no such line. Lines are made when they go
 * out, so that an answer takes the memory of one.                           */
#ifndef SALLY_CONSOLE_LINES_H
#define SALLY_CONSOLE_LINES_H

#include "base/writer.h"
#include "console/member.h"
#include "console/view.h"

bool sally_line_status(const struct sally_view *v, size_t n,
                       struct sally_writer *w);
bool sally_line_sensors(const struct sally_view *v, size_t n,
                        struct sally_writer *w);
bool sally_line_show(const struct sally_view *v, size_t n,
                     struct sally_writer *w);
bool sally_line_doctor(const struct sally_view *v, size_t n,
                       struct sally_writer *w);
bool sally_line_values(const struct sally_view *v, size_t n,
                       struct sally_writer *w);

/* What came of an order, a sensor in each line. */
bool sally_line_order(const struct sally_view *v, size_t n,
                      struct sally_writer *w);

/* Of something that the operator's tool did itself: no line. */
bool sally_line_done(const struct sally_view *v, size_t n,
                     struct sally_writer *w);

/* Adds "hops" and "broken" to a sensor's object: how far its readings get, in
 * the order of their way, and the first hop that is not in order. What is
 * said holds since the doors started.                                       */
void sally_hops(struct sally_members *m, const struct sally_view *v,
                const struct sally_view_sensor *s);

#endif
