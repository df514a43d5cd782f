/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/view.c - rows of the doors into one view. */
#include "console/view.h"

#include <stdlib.h>
#include <string.h>

static size_t count_accounts(const struct sally_view *v)
{
    size_t n = 0;

    for (uint32_t i = 0; i < v->count; i++)
        n += v->config->sensors[v->first + i].account_count;
    return n;
}

/* Each sensor and account gets its place and its configuration. */
static void lay_out(struct sally_view *v)
{
    struct sally_view_account *next = v->accounts;

    for (uint32_t i = 0; i < v->count; i++) {
        struct sally_view_sensor *s = &v->sensors[i];

        s->config = &v->config->sensors[v->first + i];
        s->accounts = next;
        for (size_t k = 0; k < s->config->account_count; k++)
            (next++)->config = &s->config->accounts[k];
    }
}

enum sally_err sally_view_open(struct sally_view *v,
                               const struct sally_config *config,
                               uint32_t sensor, bool values)
{
    bool all = sensor == UINT32_MAX;

    sally_view_wipe(v);
    v->config = config;
    v->all = all;
    v->first = all ? 0 : sensor;
    v->count = all ? (uint32_t)config->sensor_count : 1;
    v->sensors = calloc(v->count + 1u, sizeof(*v->sensors));
    v->accounts = calloc(count_accounts(v) + 1, sizeof(*v->accounts));
    if (values) {
        v->values = calloc(SALLY_VIEW_VALUES, sizeof(*v->values));
        v->text = calloc(1, SALLY_VIEW_TEXT);
    }
    if (v->sensors == NULL || v->accounts == NULL ||
        (values && (v->values == NULL || v->text == NULL))) {
        sally_view_wipe(v);
        return SALLY_E_NO_MEMORY;
    }
    lay_out(v);
    return SALLY_E_OK;
}

void sally_view_wipe(struct sally_view *v)
{
    free(v->sensors);
    free(v->accounts);
    free(v->values);
    free(v->text);
    memset(v, 0, sizeof(*v));
}

const struct sally_view_sensor *sally_view_nth(const struct sally_view *v,
                                               size_t n)
{
    if (!v->all)
        return n == 0 ? &v->sensors[0] : NULL;
    return n < v->config->sensor_live ? &v->sensors[v->config->by_id[n]]
                                      : NULL;
}

static void take_sensor(struct sally_view_sensor *s,
                        const struct sally_bus_row *row)
{
    s->online = row->online;
    s->authenticated = row->authenticated;
    s->level = row->level;
    s->method = row->method;
    s->messages = row->messages;
    s->unmapped = row->unmapped;
    s->refused = row->refused;
    s->last_seen = row->last_seen;
    s->last_proof = row->last_proof;
}

/* As much as there is room for. */
static void take_ignored(struct sally_view *v, const struct sally_bus_row *row)
{
    const size_t room = sizeof(v->ignored) - 1;
    const size_t len = row->used < room ? row->used : room;

    memcpy(v->ignored, row->bytes, len);
    v->ignored[len] = '\0';
}

static void take_account(struct sally_view *v, struct sally_view_sensor *s,
                         const struct sally_bus_row *row)
{
    struct sally_view_account *a;

    if (row->account >= s->config->account_count)
        return;
    a = &s->accounts[row->account];
    s->silent = row->silent;
    s->dropped = row->dropped;
    s->expired = row->expired;
    if (row->account == 0 && !v->all)
        take_ignored(v, row);
    a->registered = row->registered;
    a->observed = row->observed;
    a->send_muted = row->send_muted;
    a->secure = row->secure;
    a->asleep = row->asleep;
    a->error = row->error;
    a->failed_in = row->failed_in;
    a->alert = row->alert;
    a->code = row->code;
    a->heard = row->heard;
    a->hint = row->hint;
    a->hint_meaning = row->hint_meaning;
    a->wear = row->wear;
    memcpy(a->sender, row->sender, sizeof(a->sender));
    a->accepted = row->accepted;
    a->refused = row->refused;
    a->delivered = row->delivered;
    a->waiting = row->waiting;
    a->last_delivered = row->last_delivered;
    memcpy(a->state, row->state, sizeof(a->state));
    memcpy(a->suite, row->suite, sizeof(a->suite));
    memcpy(a->detail, row->detail, sizeof(a->detail));
}

/* Texts move to the view's own store, and `offset` into that. */
static void take_value(struct sally_view *v, const struct sally_bus_row *row)
{
    struct sally_view_value *value;
    struct sally_lwm2m_record r;
    uint16_t used = 0;

    if (v->value_count == SALLY_VIEW_VALUES ||
        row->used > SALLY_VIEW_TEXT - v->text_used) {
        v->overflow = true;
        return;
    }
    sally_bus_value(&row->value, row->bytes, &r);
    value = &v->values[v->value_count];
    if (sally_bus_put_value(&value->value, &v->text[v->text_used], &used,
                            &r.path, &r.value) != SALLY_E_OK)
        return;
    value->sensor = row->sensor;
    value->time = row->time;
    value->at = v->text_used;
    v->text_used += used;
    v->value_count++;
}

void sally_view_take(struct sally_view *v, enum sally_role_name door,
                     const struct sally_bus_row *row)
{
    struct sally_view_sensor *s;

    if (row->sensor < v->first || row->sensor - v->first >= v->count)
        return;
    s = &v->sensors[row->sensor - v->first];
    if (door == SALLY_OUTER)
        take_sensor(s, row);
    else if (v->values != NULL)
        take_value(v, row);
    else
        take_account(v, s, row);
}

void sally_view_record(const struct sally_view *v,
                       const struct sally_view_value *value,
                       struct sally_lwm2m_record *out)
{
    sally_bus_value(&value->value, &v->text[value->at], out);
    out->time = value->time;
}

bool sally_view_find(const struct sally_view *v, uint32_t sensor,
                     const struct sally_path *path,
                     struct sally_lwm2m_record *out)
{
    for (size_t i = 0; i < v->value_count; i++) {
        if (v->values[i].sensor != sensor)
            continue;
        sally_view_record(v, &v->values[i], out);
        if (sally_path_equal(&out->path, path))
            return true;
    }
    return false;
}
