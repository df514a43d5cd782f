/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/hops.c - where a sensor's way to its servers is broken. */
#include "console/lines.h"

#include "lwm2m/client.h"

#include <inttypes.h>
#include <stdio.h>

#define RECENT 60000 /* ms: a delivery so young is one that goes on */

/* What one hop's test looks at and says. */
struct look {
    const struct sally_view *view;
    const struct sally_view_sensor *sensor;
    char detail[160];
};

static const char *server_name(const struct look *l,
                               const struct sally_view_account *a)
{
    return l->view->config->servers[a->config->server].name;
}

/* --- The local side ------------------------------------------------------ */

static bool plain(struct look *l)
{
    const struct sally_view_sensor *s = l->sensor;

    if (s->messages + s->unmapped == 0) {
        (void)snprintf(l->detail, sizeof(l->detail),
                       "no message since the start");
        return false;
    }
    if (s->silent) {
        (void)snprintf(l->detail, sizeof(l->detail),
                       "silent, though a message is expected every %" PRIu64
                       " s",
                       (uint64_t)s->config->expect_every / 1000);
        return false;
    }
    (void)snprintf(l->detail, sizeof(l->detail), "%" PRIu64 " messages",
                   s->messages + s->unmapped);
    return true;
}

static bool authenticated(struct look *l)
{
    const struct sally_view_sensor *s = l->sensor;

    if (!s->authenticated) {
        (void)snprintf(l->detail, sizeof(l->detail),
                       "no proof since the start");
        return false;
    }
    (void)snprintf(l->detail, sizeof(l->detail), "%s, worth \"%s\"",
                   sally_auth_method_name((enum sally_auth_method)s->method),
                   sally_assurance_name((enum sally_assurance)s->level));
    return true;
}

static uint64_t accepted(const struct sally_view_sensor *s)
{
    return s->config->account_count == 0 ? 0 : s->accounts[0].accepted;
}

/* Fails when no message was of use: all on foreign topics, or no value of any
 * was one that its rule takes.                                              */
static bool mapped(struct look *l)
{
    const struct sally_view_sensor *s = l->sensor;

    (void)snprintf(l->detail, sizeof(l->detail),
                   "%" PRIu64 " on mapped topics, %" PRIu64
                   " on others, %" PRIu64 " values refused",
                   s->messages, s->unmapped, s->refused);
    return s->messages > 0 &&
           (accepted(s) > 0 || s->refused < s->messages);
}

/* --- The way up ---------------------------------------------------------- */

static bool spooled(struct look *l)
{
    const struct sally_view_sensor *s = l->sensor;
    uint64_t refused =
        s->config->account_count == 0 ? 0 : s->accounts[0].refused;

    (void)snprintf(l->detail, sizeof(l->detail),
                   "%" PRIu64 " messages durable, %" PRIu64
                   " refused by the inner door",
                   accepted(s), refused);
    return accepted(s) > 0;
}

static bool account_registered(struct look *l,
                               const struct sally_view_account *a)
{
    (void)snprintf(l->detail, sizeof(l->detail), "%s: %s%s%s",
                   server_name(l, a),
                   a->state[0] != '\0' ? a->state : "unknown",
                   a->detail[0] != '\0' ? ", " : "", a->detail);
    return a->registered == SALLY_CLIENT_REGISTERED;
}

static bool account_observed(struct look *l,
                             const struct sally_view_account *a)
{
    if (!a->send_muted) {
        (void)snprintf(l->detail, sizeof(l->detail), "%s: Send is allowed",
                       server_name(l, a));
        return true;
    }
    if (a->observed > 0) {
        (void)snprintf(l->detail, sizeof(l->detail), "%s: %u observations",
                       server_name(l, a), a->observed);
        return true;
    }
    (void)snprintf(l->detail, sizeof(l->detail),
                   "%s: Send is muted and nobody observes, %" PRIu64 " waiting",
                   server_name(l, a), a->waiting);
    return false;
}

/* Some may always be on their way while there is traffic. */
static bool account_acknowledged(struct look *l,
                                 const struct sally_view_account *a)
{
    (void)snprintf(l->detail, sizeof(l->detail),
                   "%s: %" PRIu64 " deliveries, %" PRIu64 " messages waiting",
                   server_name(l, a), a->delivered, a->waiting);
    return a->waiting == 0 ||
           (a->last_delivered != 0 &&
            l->view->utc - a->last_delivered <= RECENT);
}

/* --- The table ----------------------------------------------------------- */

static const struct hop {
    const char *name;
    bool (*of_sensor)(struct look *l);
    /* Asked of each account; the first one that fails is told. */
    bool (*of_account)(struct look *l, const struct sally_view_account *a);
} hops[] = {
    { "plain", plain, NULL },
    { "authenticated", authenticated, NULL },
    { "mapped", mapped, NULL },
    { "spooled", spooled, NULL },
    { "registered", NULL, account_registered },
    { "observed", NULL, account_observed },
    { "acknowledged", NULL, account_acknowledged },
};

static bool hop_ok(const struct hop *h, struct look *l)
{
    const struct sally_view_sensor *s = l->sensor;
    bool any = false;

    if (h->of_sensor != NULL)
        return h->of_sensor(l);
    for (size_t i = 0; i < s->config->account_count; i++) {
        if (s->accounts[i].asleep)
            continue;
        any = true;
        if (!h->of_account(l, &s->accounts[i]))
            return false;
    }
    if (!any)
        (void)snprintf(l->detail, sizeof(l->detail), "no account");
    return any;
}

static void put_hop(struct sally_writer *w, const struct hop *h, bool ok,
                    const char *detail)
{
    struct sally_members m = sally_members_begin(w);

    sally_member_text(&m, "hop", h->name);
    sally_member_flag(&m, "ok", ok);
    sally_member_text(&m, "detail", detail);
    sally_members_end(&m);
}

void sally_hops(struct sally_members *m, const struct sally_view *v,
                const struct sally_view_sensor *s)
{
    struct look l = { .view = v, .sensor = s };
    const char *broken = "";

    sally_member(m, "hops");
    sally_put_u8(m->w, '[');
    for (size_t i = 0; i < SALLY_LEN(hops); i++) {
        bool ok = hop_ok(&hops[i], &l);

        if (i > 0)
            sally_put_u8(m->w, ',');
        put_hop(m->w, &hops[i], ok, l.detail);
        if (!ok && broken[0] == '\0')
            broken = hops[i].name;
    }
    sally_put_u8(m->w, ']');
    sally_member_text(m, "broken", broken);
}
