/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_tell.c - the servers' side: a file for each server that
 * says what it must know of the sensors.                                    */
#include "cli/enroll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/writer.h"

struct telling {
    const struct sally_config *config;
    const struct sally_enroll_list *who;
    const char *into;
    struct sally_made *made;
    FILE *err;
};

struct outgoing {
    struct sally_buf leshan, values; /* in one owned room, leshan's first */
    unsigned unsaid; /* accounts that one of them has no word for */
};

static bool fail(const struct telling *t, const char *what, const char *why)
{
    fprintf(t->err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

static void wipe_outgoing(struct outgoing *o)
{
    sally_wipe(o->leshan.at, o->leshan.len);
    sally_wipe(o->values.at, o->values.len);
    free(o->leshan.at);
}

static bool put_line(struct sally_buf *out,
                     enum sally_err (*form)(const char *endpoint,
                                            const struct sally_credential *c,
                                            struct sally_buf *out),
                     const char *endpoint, const struct sally_credential *c,
                     unsigned *unsaid)
{
    size_t before = out->len;
    enum sally_err e = form(endpoint, c, out);

    if (e == SALLY_E_UNSUPPORTED) {
        out->len = before;
        ++*unsaid;
        return true;
    }
    if (e != SALLY_E_OK || out->len == out->room)
        return false;
    out->at[out->len++] = '\n';
    return true;
}

static bool put_account(const struct telling *t, struct outgoing *o,
                        const struct sally_config_sensor *s,
                        const struct sally_config_account *a)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };

    if (!sally_enroll_credential(t->config, s, a, &c, t->err))
        return false;
    if (put_line(&o->leshan, sally_enroll_leshan, s->endpoint, &c,
                 &o->unsaid) &&
        put_line(&o->values, sally_enroll_values, s->endpoint, &c, &o->unsaid))
        return true;
    return fail(t, s->id, "its keys do not fit a line");
}

static bool write_outgoing(const struct telling *t, const char *server,
                           const struct outgoing *o)
{
    struct sally_arena *arena = &t->made->arena;
    const char *json =
        sally_arena_format(arena, "%s/%s.leshan.jsonl", t->into, server);
    const char *csv = sally_arena_format(arena, "%s/%s.csv", t->into, server);

    if (o->unsaid != 0)
        fprintf(t->err,
                "sallyportctl: %s: left out %u accounts that Leshan's "
                "interface has no words for\n",
                json, o->unsaid);
    if (!sally_made_file(t->made, json, 0600, sally_buf_span(&o->leshan)))
        return fail(t, json, strerror(errno));
    if (!sally_made_file(t->made, csv, 0600, sally_buf_span(&o->values)))
        return fail(t, csv, strerror(errno));
    return true;
}

static bool tell_server(const struct telling *t, uint32_t server)
{
    const size_t room = (t->who->count + 1) * SALLY_ENROLL_LINE;
    uint8_t *rooms = calloc(2, room);
    SALLY_ON_EXIT(wipe_outgoing) struct outgoing o = {
        { rooms, 0, room }, { rooms, 0, room }, 0
    };
    struct sally_writer head;
    bool any = false;

    if (rooms == NULL)
        return fail(t, "keys", "there is not enough memory");
    o.values.at += room;
    head = sally_writer_into(&o.values);
    sally_put_text(&head, sally_enroll_head);
    for (size_t i = 0; i < t->who->count; i++) {
        const struct sally_config_sensor *s =
            sally_enroll_sensor(t->config, t->who->ids[i]);

        for (size_t k = 0; k < sally_config_accounts(s); k++) {
            if (s->accounts[k].server != server || s->accounts[k].dormant)
                continue;
            if (!put_account(t, &o, s, &s->accounts[k]))
                return false;
            any = true;
        }
    }
    return !any || write_outgoing(t, t->config->servers[server].name, &o);
}

const struct sally_config_sensor *
sally_enroll_sensor(const struct sally_config *c, const char *id)
{
    return &c->sensors[sally_config_sensor_named(c, sally_span_of(id))];
}

bool sally_enroll_tell(const struct sally_config *c,
                       const struct sally_enroll_list *who, const char *into,
                       struct sally_made *made, FILE *err)
{
    const struct telling t = { c, who, into, made, err };

    for (uint32_t i = 0; i < c->server_count; i++)
        if (!tell_server(&t, i))
            return false;
    return true;
}
