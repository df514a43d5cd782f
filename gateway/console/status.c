/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/status.c - the gateway as a whole, in one line. */
#include "console/lines.h"

#include "lwm2m/client.h"

struct sums {
    uint64_t online, silent, authenticated, accounts, registered, waiting,
        delivered, dropped, expired;
};

static void add_sensor(struct sums *t, const struct sally_view_sensor *s)
{
    t->online += s->online;
    t->silent += s->silent;
    t->dropped += s->dropped;
    t->expired += s->expired;
    t->authenticated += s->authenticated;
    for (size_t i = 0; i < s->config->account_count; i++) {
        const struct sally_view_account *a = &s->accounts[i];

        t->accounts += !a->asleep;
        t->registered += a->registered == SALLY_CLIENT_REGISTERED;
        t->waiting += a->waiting;
        t->delivered += a->delivered;
    }
}

bool sally_line_status(const struct sally_view *v, size_t n,
                       struct sally_writer *w)
{
    struct sally_members m;
    struct sums t = { 0 };

    if (n > 0)
        return false;
    for (size_t i = 0; sally_view_nth(v, i) != NULL; i++)
        add_sensor(&t, sally_view_nth(v, i));
    m = sally_members_begin(w);
    sally_member_text(&m, "gateway", v->config->name);
    sally_member_text(&m, "version", v->version);
    sally_member_number(&m, "uptime_s", v->uptime_s);
    sally_member_number(&m, "generation", v->config->generation);
    sally_member_number(&m, "sensors", v->config->sensor_live);
    sally_member_number(&m, "online", t.online);
    sally_member_number(&m, "silent", t.silent);
    sally_member_number(&m, "authenticated", t.authenticated);
    sally_member_number(&m, "accounts", t.accounts);
    sally_member_number(&m, "registered", t.registered);
    sally_member_number(&m, "waiting", t.waiting);
    sally_member_number(&m, "delivered", t.delivered);
    sally_member_number(&m, "dropped", t.dropped);
    sally_member_number(&m, "expired", t.expired);
    sally_members_end(&m);
    return true;
}
