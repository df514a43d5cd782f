/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/notes.c - a line of the security journal becomes a message,
 * now or when the inner door is back.                                       */
#include "roles/notes.h"

#include "log/log.h"

#include <string.h>

static bool send(struct sally_notes *n, const struct sally_noted *line)
{
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_NOTE);
    m.as.note.lost = n->lost;
    m.as.note.used = line->len;
    memcpy(m.as.note.bytes, line->bytes, line->len);
    if (*n->inner == NULL || sally_bus_send(*n->inner, &m) != SALLY_E_OK)
        return false;
    n->lost = 0;
    return true;
}

void sally_notes_go_on(struct sally_notes *n)
{
    while (n->count != 0 && send(n, &n->waiting[n->first])) {
        n->first = (n->first + 1) % SALLY_LEN(n->waiting);
        n->count--;
    }
}

static void take(void *owner, struct sally_span line)
{
    struct sally_notes *n = owner;
    struct sally_noted *last;

    sally_notes_go_on(n);
    if (n->count == SALLY_LEN(n->waiting)) {
        n->lost++;
        return;
    }
    last = &n->waiting[(n->first + n->count++) % SALLY_LEN(n->waiting)];
    last->len = (uint16_t)line.len;
    memcpy(last->bytes, line.at, line.len);
    sally_notes_go_on(n);
}

void sally_notes_open(struct sally_notes *n, struct sally_bus *const *inner)
{
    memset(n, 0, sizeof(*n));
    n->inner = inner;
    if (sally_log_journal() == NULL)
        sally_log_to_journal(take, n);
}

void sally_notes_close(struct sally_notes *n)
{
    if (sally_log_journal() == n)
        sally_log_to_journal(NULL, NULL);
}
