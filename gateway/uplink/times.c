/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/times.c - times that rise. */
#include "uplink/times.h"

#include "log/log.h"
#include "security/stack.h"
#include "uplink/shard_parts.h"

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

void sally_times_begin(struct sally_shard *s, sally_usec now)
{
    s->times.began = now;
    for (uint32_t i = 0; i < s->capacity; i++)
        if (s->sensors[i] != NULL &&
            s->sensors[i]->last_time > s->times.newest)
            s->times.newest = s->sensors[i]->last_time;
    look_at_clock(s);
    sally_security_floor(s->shared->coap->security,
                         (uint64_t)s->times.newest / 1000);
}

void sally_times_tell(struct sally_shard *s)
{
    look_at_clock(s);
    sally_security_clock(s->shared->coap->security,
                         (uint64_t)s->host->utc(s->owner) / 1000,
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
