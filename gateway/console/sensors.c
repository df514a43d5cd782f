/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/sensors.c - one line per sensor, with its accounts. */
#include "console/lines.h"

static void put_account(struct sally_writer *w, const struct sally_view *v,
                        const struct sally_view_account *a)
{
    struct sally_members m = sally_members_begin(w);

    sally_member_text(&m, "server", v->config->servers[a->config->server].name);
    sally_member_text(&m, "state", a->state);
    sally_member_flag(&m, "secure", a->secure);
    sally_member_text(&m, "suite", a->suite);
    sally_member_number(&m, "observed", a->observed);
    sally_member_flag(&m, "send_muted", a->send_muted);
    if (sally_config_part(a->config, SALLY_FIELD_MASTER_SECRET) != NULL) {
        sally_member_text(&m, "oscore_sender_id", a->sender);
        sally_member_number(&m, "oscore_wear", a->wear);
    }
    sally_member_number(&m, "waiting", a->waiting);
    sally_member_number(&m, "delivered", a->delivered);
    sally_member_time(&m, "last_delivered", a->last_delivered);
    sally_member_text(&m, "error", a->detail);
    sally_members_end(&m);
}

static void put_accounts(struct sally_members *m, const struct sally_view *v,
                         const struct sally_view_sensor *s)
{
    sally_member(m, "accounts");
    sally_put_u8(m->w, '[');
    for (size_t i = 0; i < s->config->account_count; i++) {
        if (i > 0)
            sally_put_u8(m->w, ',');
        put_account(m->w, v, &s->accounts[i]);
    }
    sally_put_u8(m->w, ']');
}

/* Before the first proof there is no method to tell, but the one expected. */
static enum sally_auth_method method_of(const struct sally_view_sensor *s)
{
    if (s->authenticated || s->config->auth_count == 0)
        return (enum sally_auth_method)s->method;
    return s->config->auth[0].method;
}

static void put_sensor(struct sally_members *m, const struct sally_view *v,
                       const struct sally_view_sensor *s)
{
    sally_member_text(m, "id", s->config->id);
    sally_member_text(m, "endpoint", s->config->endpoint);
    sally_member_flag(m, "online", s->online);
    sally_member_flag(m, "silent", s->silent);
    sally_member_flag(m, "authenticated", s->authenticated);
    sally_member_text(m, "level",
                      sally_assurance_name((enum sally_assurance)s->level));
    sally_member_text(m, "method", sally_auth_method_name(method_of(s)));
    sally_member_time(m, "last_seen", s->last_seen);
    sally_member_number(m, "messages", s->messages);
    sally_member_number(m, "unmapped", s->unmapped);
    sally_member_number(m, "refused", s->refused);
    sally_member_number(m, "dropped", s->dropped);
    sally_member_number(m, "expired", s->expired);
    put_accounts(m, v, s);
}

bool sally_line_sensors(const struct sally_view *v, size_t n,
                        struct sally_writer *w)
{
    const struct sally_view_sensor *s = sally_view_nth(v, n);
    struct sally_members m;

    if (s == NULL)
        return false;
    m = sally_members_begin(w);
    put_sensor(&m, v, s);
    sally_members_end(&m);
    return true;
}

bool sally_line_show(const struct sally_view *v, size_t n,
                     struct sally_writer *w)
{
    const struct sally_view_sensor *s = sally_view_nth(v, n);
    struct sally_members m;

    if (s == NULL)
        return false;
    m = sally_members_begin(w);
    put_sensor(&m, v, s);
    if (v->ignored[0] != '\0')
        sally_member_text(&m, "config_ignored", v->ignored);
    sally_hops(&m, v, s);
    sally_members_end(&m);
    return true;
}

bool sally_line_order(const struct sally_view *v, size_t n,
                      struct sally_writer *w)
{
    const struct sally_view_sensor *s = sally_view_nth(v, n);
    struct sally_members m;

    if (s == NULL)
        return false;
    m = sally_members_begin(w);
    sally_member_text(&m, "id", s->config->id);
    sally_member_text(&m, "endpoint", s->config->endpoint);
    sally_member_flag(&m, "ordered", s->accounts[0].error == SALLY_E_OK);
    sally_member_text(&m, "why", s->accounts[0].detail);
    sally_members_end(&m);
    return true;
}

bool sally_line_done(const struct sally_view *v, size_t n,
                     struct sally_writer *w)
{
    (void)v;
    (void)n;
    (void)w;
    return false;
}
