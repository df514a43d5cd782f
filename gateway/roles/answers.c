/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/answers.c - one question after the other, in rows. */
#include "roles/answers.h"

#include "log/log.h"

#include <string.h>

static void drop_first(struct sally_answers *a)
{
    a->count--;
    memmove(&a->open[0], &a->open[1], a->count * sizeof(a->open[0]));
}

void sally_answers_go_on(struct sally_answers *a, sally_answers_tell *tell,
                         void *role)
{
    while (a->count > 0 && tell(role, &a->open[0].query, &a->open[0].at))
        drop_first(a);
}

void sally_answers_ask(struct sally_answers *a, const struct sally_bus_query *q,
                       sally_answers_tell *tell, void *role)
{
    if (a->count == SALLY_LEN(a->open)) {
        sally_log(SALLY_LOG_WARNING, "console_too_slow",
                  SALLY_NUMBER("ticket", a->open[0].query.ticket));
        drop_first(a);
    }
    a->open[a->count].query = *q;
    a->open[a->count].at = (struct sally_bus_place){ 0, 0 };
    a->count++;
    sally_answers_go_on(a, tell, role);
}

void sally_answers_forget(struct sally_answers *a) { a->count = 0; }
