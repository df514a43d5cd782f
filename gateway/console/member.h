/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/member.h - JSON objects, written member by member.
 *
 *     struct sally_members m = sally_members_begin(w);
 *     sally_member_text(&m, "id", id);
 *     sally_members_end(&m);
 *
 * Names are ours and need no escapes.                                       */
#ifndef SALLY_CONSOLE_MEMBER_H
#define SALLY_CONSOLE_MEMBER_H

#include "base/time.h"
#include "base/writer.h"

struct sally_members {
    struct sally_writer *w;
    bool some; /* the next one is preceded by a comma */
};

struct sally_members sally_members_begin(struct sally_writer *w);
void sally_members_end(struct sally_members *m);

/* The name alone: a value follows, which the caller writes. */
void sally_member(struct sally_members *m, const char *name);

/* "" becomes null, and so does text that is not UTF-8. */
void sally_member_text(struct sally_members *m, const char *name,
                       const char *text);
void sally_member_span(struct sally_members *m, const char *name,
                       struct sally_span text);
void sally_member_number(struct sally_members *m, const char *name,
                         uint64_t n);
void sally_member_flag(struct sally_members *m, const char *name, bool b);

/* RFC 3339 in UTC with milliseconds; 0 becomes null. */
void sally_member_time(struct sally_members *m, const char *name,
                       sally_msec_utc t);
void sally_put_json_time(struct sally_writer *w, sally_msec_utc t);

#endif
