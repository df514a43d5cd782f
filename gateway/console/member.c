/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/member.c - members of JSON objects. */
#include "console/member.h"

#include "base/text.h"
#include "codec/json.h"

#include <time.h>

struct sally_members sally_members_begin(struct sally_writer *w)
{
    sally_put_u8(w, '{');
    return (struct sally_members){ w, false };
}

void sally_members_end(struct sally_members *m)
{
    sally_put_u8(m->w, '}');
}

void sally_member(struct sally_members *m, const char *name)
{
    if (m->some)
        sally_put_u8(m->w, ',');
    m->some = true;
    sally_put_json_string(m->w, sally_span_of(name));
    sally_put_u8(m->w, ':');
}

void sally_member_span(struct sally_members *m, const char *name,
                       struct sally_span text)
{
    sally_member(m, name);
    if (text.len != 0 && sally_text_is_utf8(text))
        sally_put_json_string(m->w, text);
    else
        sally_put_text(m->w, "null");
}

void sally_member_text(struct sally_members *m, const char *name,
                       const char *text)
{
    sally_member_span(m, name, sally_span_of(text));
}

void sally_member_number(struct sally_members *m, const char *name,
                         uint64_t n)
{
    sally_member(m, name);
    sally_put_decimal(m->w, n);
}

void sally_member_flag(struct sally_members *m, const char *name, bool b)
{
    sally_member(m, name);
    sally_put_text(m->w, b ? "true" : "false");
}

void sally_put_json_time(struct sally_writer *w, sally_msec_utc t)
{
    time_t seconds = (time_t)(t / 1000);
    char text[32];
    struct tm tm;

    if (t <= 0 || gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
        sally_put_text(w, "null");
        return;
    }
    sally_put_format(w, "\"%s.%03dZ\"", text, (int)(t % 1000));
}

void sally_member_time(struct sally_members *m, const char *name,
                       sally_msec_utc t)
{
    sally_member(m, name);
    sally_put_json_time(m->w, t);
}
