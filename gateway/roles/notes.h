/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/notes.h - a process's lines of the security journal, on their
 * way to the inner door, which has the disk.                                */
#ifndef SALLY_ROLES_NOTES_H
#define SALLY_ROLES_NOTES_H

#include "log/note.h"
#include "loop/bus.h"

struct sally_noted {
    uint16_t len;
    uint8_t bytes[SALLY_NOTE_MAX];
};
struct sally_notes {
    struct sally_bus *const *inner; /* where its bus is; NULL there: away */
    struct sally_noted waiting[16]; /* a ring */
    size_t first, count;
    uint32_t lost; /* lines that found no place; the next one tells */
};

/* From now on what this process logs goes there, unless the inner door is in
 * this process. `n` and `inner` outlive the process's last line.            */
void sally_notes_open(struct sally_notes *n, struct sally_bus *const *inner);

/* The inner door is back, or has room. */
void sally_notes_go_on(struct sally_notes *n);

/* Nothing goes there any more. */
void sally_notes_close(struct sally_notes *n);

#endif
