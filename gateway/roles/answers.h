/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/answers.h - questions of the console that a door has not yet
 * answered to the end: it goes on as the bus has room.                      */
#ifndef SALLY_ROLES_ANSWERS_H
#define SALLY_ROLES_ANSWERS_H

#include <stdbool.h>

#include "bus/message.h"

#define SALLY_ANSWERS_MAX 8 /* as many as the console has sessions */

struct sally_answers {
    struct {
        struct sally_bus_query query;
        struct sally_bus_place at;
    } open[SALLY_ANSWERS_MAX]; /* in the order in which they came */
    size_t count;
};

/* Says rows from *at on, and moves it. False: the bus has no room for more. */
typedef bool sally_answers_tell(void *role, const struct sally_bus_query *q,
                                struct sally_bus_place *at);

/* One more question, and what can be said now. Of too many the oldest, whose
 * session is over long since, gets no more rows.                            */
void sally_answers_ask(struct sally_answers *a, const struct sally_bus_query *q,
                       sally_answers_tell *tell, void *role);

/* The bus has room again. */
void sally_answers_go_on(struct sally_answers *a, sally_answers_tell *tell,
                         void *role);

/* The console is gone. */
void sally_answers_forget(struct sally_answers *a);

#endif
