/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/times.c - times that rise. */
#include "uplink/times.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "log/log.h"
#include "security/stack.h"
#include "uplink/shard_parts.h"

#define NOTE_EVERY 3600000 /* ms */

static void look_at_clock(struct sally_shard *s)
{
    bool unset = !s->host->clock_is_set(s->owner);

    if (unset && !s->times.unset)
        sally_log(SALLY_LOG_WARNING, "clock_not_set",
                  SALLY_TEXT("why", "the system clock says a time that cannot "
                                    "be; times go on from the newest stored"));
    if (!unset && s->times.unset)
        sally_log(SALLY_LOG_INFO, "clock_set", { NULL, NULL, 0 });
    s->times.unset = unset;
}

static const struct sally_kept_place *place(void)
{
    static const struct sally_kept_place at = {
        SALLY_KEPT_GATEWAY, 0, { (const uint8_t *)"time", 4 }
    };

    return &at;
}

/* Only forwards: a clock that was set back is none that was right. */
static void note(struct sally_shard *s, sally_msec_utc utc)
{
    uint8_t bytes[8];
    struct sally_buf b = SALLY_BUF(bytes);
    struct sally_writer w = sally_writer_into(&b);

    if (s->times.unset || utc < s->times.noted + NOTE_EVERY)
        return;
    s->times.noted = utc;
    sally_put_u64(&w, (uint64_t)utc);
    (void)!sally_store_keep(s->store, place(), sally_buf_span(&b), 0);
}

static void recall(struct sally_shard *s)
{
    uint8_t bytes[8];
    struct sally_buf b = SALLY_BUF(bytes);
    struct sally_cursor c;

    if (sally_store_recall(s->store, place(), &b) != SALLY_E_OK)
        return;
    c = sally_cursor_over(sally_buf_span(&b));
    s->times.noted = (sally_msec_utc)sally_take_u64(&c);
}

void sally_times_begin(struct sally_shard *s, sally_usec now)
{
    s->times.began = now;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL &&
            s->sensors[i]->last_time > s->times.newest)
            s->times.newest = s->sensors[i]->last_time;
    look_at_clock(s);
    recall(s);
    sally_security_floor(
        s->shared->coap->security,
        (uint64_t)(s->times.newest > s->times.noted ? s->times.newest
                                                    : s->times.noted) /
            1000);
}

void sally_times_tell(struct sally_shard *s)
{
    sally_msec_utc utc = s->host->utc(s->owner);

    look_at_clock(s);
    note(s, utc);
    sally_security_clock(s->shared->coap->security, (uint64_t)utc / 1000,
                         !s->times.unset);
}

void sally_times_give(struct sally_shard *s, struct sally_uplink_sensor *u,
                      struct sally_bus_readings *r, sally_usec now)
{
    sally_msec_utc utc = s->host->utc(s->owner);
    sally_msec_utc stand_in =
        s->times.newest +
        (sally_msec_utc)((now - s->times.began) / SALLY_MSEC);

    look_at_clock(s);
    if (s->times.unset)
        r->time = utc > stand_in ? utc : stand_in;
    else if (r->time > utc)
        r->time = utc; /* nothing is from the future */
    if (r->time <= u->last_time)
        r->time = u->last_time + 1;
    u->last_time = r->time;
}
