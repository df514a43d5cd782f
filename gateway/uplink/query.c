/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/query.c - what the inner door tells the console: how each
 * account is doing, and the present values.                                 */
#include "base/text.h"
#include "lwm2m/objects/builtin.h"
#include "uplink/bootstrapper.h"
#include "uplink/shard_parts.h"

/* One answer on its way: the question, and where its rows go. */
struct answer {
    struct sally_shard *shard;
    const struct sally_bus_query *query;
    struct sally_bus_place *at; /* `row`: of the accounts or resources */
    sally_bus_say *say;
    void *owner;
};

static struct sally_bus_row *begin_row(const struct answer *a,
                                       struct sally_bus_message *m,
                                       uint32_t sensor)
{
    sally_bus_begin(m, SALLY_BUS_ROW);
    m->as.row.ticket = a->query->ticket;
    m->as.row.sensor = sensor;
    return &m->as.row;
}

/* Text that is too long is cut: it is for reading only. */
static void copy_text(char *out, size_t size, const char *text)
{
    struct sally_span s = sally_span_sub(sally_span_of(text), 0, size - 1);

    (void)sally_span_text(s, out, size);
}

static bool is_secure(const struct sally_stack *s)
{
    return s->channel != NULL && s->channel->secure &&
           sally_stack_state(s) == SALLY_CHANNEL_UP;
}

/* --- Accounts ------------------------------------------------------------ */

/* The last failure; before there was one, how far the attempt has come. */
static void fill_failure(struct sally_bus_row *row,
                         const struct sally_virtual_client *v)
{
    bool none = v->last_error == SALLY_E_OK;
    const struct sally_coap_hint hint =
        none ? sally_coap_link_hint(&v->client.link) : v->failed_hint;

    row->error = (uint8_t)v->last_error;
    row->failed_in = none ? v->state : v->failed_in;
    row->heard = none ? v->heard : v->failed_heard;
    row->alert = v->last_alert;
    row->hint = hint.code;
    row->hint_meaning = hint.meaning;
    row->code = sally_lwm2m_client_refusal(&v->client);
}

static void fill_client(struct sally_bus_row *row,
                        const struct sally_virtual_client *v)
{
    const struct sally_stack *stack = sally_coap_link_stack(&v->client.link);
    enum sally_client_state state = sally_lwm2m_client_state(&v->client);
    size_t observed = sally_lwm2m_client_observations(&v->client);

    row->registered = (uint8_t)state;
    row->observed = (uint8_t)(observed < UINT8_MAX ? observed : UINT8_MAX);
    row->send_muted = sally_lwm2m_client_send_muted(&v->client);
    row->secure = is_secure(stack);
    row->asleep = !v->keyed;
    row->wear = (uint8_t)sally_stack_wear(stack);
    if (v->credential.oscore != NULL)
        sally_text_to_hex(v->credential.oscore->sender_id, row->sender,
                          sizeof(row->sender));
    copy_text(row->state, sizeof(row->state),
              v->keyed ? sally_client_state_name(state) : "dormant");
    copy_text(row->suite, sizeof(row->suite), sally_stack_suite(stack));
    fill_failure(row, v);
    if (v->last_error != SALLY_E_OK)
        copy_text(row->detail, sizeof(row->detail),
                  sally_err_text(v->last_error));
}

/* It takes a look at the disk, so only where one sensor is asked for. */
static void fill_ignored(const struct answer *a, struct sally_bus_row *row,
                         const struct sally_uplink_sensor *u)
{
    struct sally_buf out = SALLY_BUF(row->bytes);

    if (a->query->sensor != UINT32_MAX && row->account == 0 &&
        u->bootstrapper != NULL)
        sally_bootstrapper_ignored(u->bootstrapper, &out);
    row->used = (uint16_t)out.len;
}

static bool say_accounts(const struct answer *a,
                         const struct sally_uplink_sensor *u)
{
    struct sally_store_losses lost;

    sally_store_losses(a->shard->store, u->index, &lost);
    for (; a->at->row < u->config->account_count; a->at->row++) {
        const uint32_t i = a->at->row;
        const struct sally_virtual_client *v = &u->clients[i];
        struct sally_bus_message m;
        struct sally_bus_row *row = begin_row(a, &m, u->index);

        row->account = i;
        fill_client(row, v);
        fill_ignored(a, row, u);
        row->silent = u->silence.silent;
        row->dropped = lost.dropped;
        row->expired = lost.expired;
        row->accepted = u->accepted;
        row->refused = u->refused;
        row->delivered = v->delivered;
        row->last_delivered = v->last_delivered;
        row->waiting = sally_store_waiting(a->shard->store,
                                           u->index, i);
        if (!a->say(a->owner, &m))
            return false;
    }
    return true;
}

/* --- Values -------------------------------------------------------------- */

/* Accounts tell of /1 already, and its values are one server's each. */
static bool is_told(const struct sally_resource *r)
{
    return r->present && r->type != SALLY_TYPE_NONE &&
           r->path.id[0] != SALLY_OBJECT_SERVER;
}

static bool say_values(const struct answer *a,
                       const struct sally_uplink_sensor *u)
{
    for (; a->at->row < u->resources.count; a->at->row++) {
        const struct sally_resource *r = &u->resources.slots[a->at->row];
        struct sally_bus_message m;
        struct sally_bus_row *row = begin_row(a, &m, u->index);
        struct sally_lwm2m_value v = sally_resources_value(&u->resources, r);

        if (!is_told(r) ||
            sally_bus_put_value(&row->value, row->bytes, &row->used, &r->path,
                                &v) != SALLY_E_OK)
            continue;
        row->time = r->time;
        if (!a->say(a->owner, &m))
            return false;
    }
    return true;
}

/* --- Orders --------------------------------------------------------------- */

static const char *carry_out(const struct answer *a,
                             struct sally_uplink_sensor *u)
{
    if (a->query->what == SALLY_QUERY_ROTATE)
        return sally_order_rotate(u, a->shard->now);
    if (a->query->what == SALLY_QUERY_REPLACE)
        return sally_order_replace(u, a->shard->now);
    return sally_order_revoke(u, a->query->server, a->shard->now);
}

static const char *outcome(const struct answer *a)
{
    struct sally_shard *s = a->shard;

    if (s->order.why == NULL && s->orders_lost)
        s->order.why = "the disk did not take it: ask again";
    s->orders_lost = false;
    return s->order.why;
}

/* Once for each sensor, though its row may have to be said again; the row of a
 * revocation when that is durable.                                          */
static bool say_order(const struct answer *a,
                      const struct sally_uplink_sensor *looked_at)
{
    struct sally_shard *s = a->shard;
    struct sally_bus_message m;
    struct sally_bus_row *row;
    const char *why;

    if (a->at->row != 0)
        return true;
    if (s->order.ticket != a->query->ticket) {
        s->order.ticket = a->query->ticket;
        s->order.why = carry_out(a, s->sensors[looked_at->index]);
    }
    if (!sally_order_settled(s))
        return false;
    why = outcome(a);
    row = begin_row(a, &m, looked_at->index);
    if (why != NULL) {
        row->error = SALLY_E_REFUSED;
        copy_text(row->detail, sizeof(row->detail), why);
    }
    if (!a->say(a->owner, &m))
        return false;
    a->at->row = 1;
    s->order.ticket = 0;
    return true;
}

/* --- Questions ----------------------------------------------------------- */

/* What of each sensor answers which question. */
static bool (*const tell[])(const struct answer *a,
                            const struct sally_uplink_sensor *u) = {
    [SALLY_QUERY_STATUS] = say_accounts,
    [SALLY_QUERY_SENSORS] = say_accounts,
    [SALLY_QUERY_VALUES] = say_values,
    [SALLY_QUERY_ROTATE] = say_order,
    [SALLY_QUERY_REVOKE] = say_order,
    [SALLY_QUERY_REPLACE] = say_order,
};

/* All of one sensor that has not been said. */
static bool say_sensor(const struct answer *a)
{
    const struct sally_uplink_sensor *u = a->shard->sensors[a->at->sensor];

    return u == NULL || a->query->what >= SALLY_LEN(tell) ||
           tell[a->query->what](a, u);
}

void sally_shard_clock(struct sally_shard *s, sally_usec now)
{
    s->now = now;
}

bool sally_shard_query(struct sally_shard *s, const struct sally_bus_query *q,
                       struct sally_bus_place *at, sally_bus_say *say,
                       void *owner)
{
    const struct answer a = { s, q, at, say, owner };
    const bool all = q->sensor == UINT32_MAX;
    struct sally_bus_message m;
    struct sally_bus_row *end;

    if (!all && at->sensor == 0)
        at->sensor = q->sensor;
    while (at->sensor < s->capacity && (all || at->sensor == q->sensor)) {
        if (!say_sensor(&a))
            return false;
        at->sensor++;
        at->row = 0;
    }
    end = begin_row(&a, &m, 0);
    end->last = true;
    end->empty = true;
    return say(owner, &m);
}
