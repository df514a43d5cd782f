/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/roster.c - names of sensors and servers, in their slots. */
#include "uplink/roster.h"

#include <stdlib.h>

static size_t count_accounts(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        n += c->sensors[i].account_count;
    return n;
}

static void fill(struct sally_roster *r, const struct sally_config *c)
{
    const char **name = r->servers;

    for (size_t i = 0; i < r->count; i++) {
        const struct sally_config_sensor *s = &c->sensors[i];

        r->sensors[i] = (struct sally_store_sensor){ s->id, name,
                                                     s->account_count };
        for (size_t k = 0; k < s->account_count; k++)
            *name++ = c->servers[s->accounts[k].server].name;
    }
}

enum sally_err sally_roster_make(struct sally_roster *out,
                                 const struct sally_config *c)
{
    *out = (struct sally_roster){
        .limits = { .max_bytes = (uint64_t)c->spool.max_mb << 20,
                    .per_sensor = c->spool.per_sensor,
                    .drop_oldest = c->spool.on_full == SALLY_FULL_OLDEST,
                    .max_age_ms = (sally_msec_utc)c->spool.max_age,
                    .commit_ms = c->spool.commit_ms,
                    .seen_ms = SALLY_STORE_SEEN_MS,
                    .notes = c->log.journal_lines },
        .sensors = calloc(c->sensor_count + 1, sizeof(*out->sensors)),
        .servers = calloc(count_accounts(c) + 1, sizeof(*out->servers)),
        .count = c->sensor_count,
    };
    if (out->sensors == NULL || out->servers == NULL)
        return SALLY_E_NO_MEMORY;
    fill(out, c);
    return SALLY_E_OK;
}

void sally_roster_wipe(struct sally_roster *r)
{
    free(r->sensors);
    free(r->servers);
    *r = (struct sally_roster){ .count = 0 };
}
