/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/notify.c - a short list of observations per client.
 *
 * One confirmable notification per observation is under way at a time; what
 * changes meanwhile makes it due again. All are confirmable: what a sensor
 * said is owed, and RFC 7641 s.4.5 wants one a day in any case.             */
#include "lwm2m/notify.h"

#include "coap/option.h"
#include "lwm2m/access.h"
#include "lwm2m/attributes.h"
#include "lwm2m/durable.h"
#include "lwm2m/operation.h"

#include <string.h>

#define RETRY (1 * SALLY_SEC) /* after NO_ROOM in the link */

struct sally_observation {
    struct sally_observation *next;
    struct sally_path path;
    uint16_t format;
    uint8_t token_len;
    bool due;     /* changed since it was last told */
    bool history; /* the one under way is _history()'s */
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    sally_coap_exchange open; /* 0: none under way */
    sally_usec told;          /* when it was last sent */
    sally_usec not_before;    /* after a refusal of the link */
};

size_t sally_observation_size(void)
{
    return sizeof(struct sally_observation);
}

static struct sally_span token_of(const struct sally_observation *o)
{
    return (struct sally_span){ o->token, o->token_len };
}

size_t sally_notify_count(const struct sally_lwm2m_client *c)
{
    size_t count = 0;

    for (struct sally_observation *o = c->observations; o != NULL; o = o->next)
        count++;
    return count;
}

/* What was under way in an observation that goes does not come back: whether
 * the server has it is not known, so it has to be offered again.            */
static void drop(struct sally_lwm2m_client *c, struct sally_observation **link)
{
    struct sally_observation *o = *link;

    *link = o->next;
    if (o->open != 0)
        sally_coap_link_cancel(&c->link, o->open);
    if (o->open != 0 && o->history) {
        c->history_open--;
        if (c->history_error == SALLY_E_OK)
            c->history_error = SALLY_E_CANCELLED;
    }
    sally_pool_give(c->shared->observations, o);
    sally_durable_changed(c);
}

void sally_notify_remove(struct sally_lwm2m_client *c, struct sally_span token)
{
    for (struct sally_observation **link = &c->observations; *link != NULL;
         link = &(*link)->next)
        if (sally_span_equal(token_of(*link), token)) {
            drop(c, link);
            return;
        }
}

bool sally_notify_add(struct sally_lwm2m_client *c, struct sally_span token,
                      const struct sally_path *path, uint16_t format,
                      sally_usec now)
{
    struct sally_observation *o;

    sally_notify_remove(c, token);
    if (sally_notify_count(c) >= SALLY_OBSERVATIONS_MAX)
        return false;
    o = sally_pool_take(c->shared->observations);
    if (o == NULL)
        return false;
    *o = (struct sally_observation){ .next = c->observations,
                                     .path = *path,
                                     .format = format,
                                     .token_len = (uint8_t)token.len,
                                     .told = now };
    if (token.len != 0)
        memcpy(o->token, token.at, token.len);
    c->observations = o;
    sally_durable_changed(c);
    return true;
}

void sally_notify_restrict(struct sally_lwm2m_client *c)
{
    struct sally_observation **link = &c->observations;

    while (*link != NULL)
        if (sally_access_allows(c->settings->access, &(*link)->path,
                                SALLY_MAY_READ))
            link = &(*link)->next;
        else
            drop(c, link);
}

void sally_notify_clear(struct sally_lwm2m_client *c)
{
    while (c->observations != NULL)
        drop(c, &c->observations);
}

void sally_notify_suspend(struct sally_lwm2m_client *c)
{
    for (struct sally_observation *o = c->observations; o != NULL;
         o = o->next) {
        o->due = o->due || (o->open != 0 && !o->history);
        o->open = 0;
        o->history = false;
    }
    c->history_open = 0;
}

void sally_notify_changed(struct sally_lwm2m_client *c,
                          const struct sally_path *path)
{
    for (struct sally_observation *o = c->observations; o != NULL; o = o->next)
        if (sally_path_covers(&o->path, path) ||
            sally_path_covers(path, &o->path))
            o->due = true;
}

/* pmin holds back what is due; pmax makes it due without a change. */
static sally_usec when(const struct sally_lwm2m_client *c,
                       const struct sally_observation *o)
{
    struct sally_periods p;
    sally_usec at = SALLY_NEVER;

    if (o->open != 0)
        return SALLY_NEVER;
    p = sally_attributes_effective(c, &o->path);
    if (p.has_pmax && p.pmax != 0)
        at = sally_after(o->told, p.pmax * SALLY_SEC);
    if (o->due)
        at = sally_earlier(
            at, sally_after(o->told, p.has_pmin ? p.pmin * SALLY_SEC : 0));
    return at == SALLY_NEVER || at > o->not_before ? at : o->not_before;
}

sally_usec sally_notify_deadline(const struct sally_lwm2m_client *c)
{
    sally_usec at = SALLY_NEVER;

    if (c->state != SALLY_CLIENT_REGISTERED)
        return SALLY_NEVER;
    for (struct sally_observation *o = c->observations; o != NULL; o = o->next)
        at = sally_earlier(at, when(c, o));
    return at;
}

static enum sally_err tell(struct sally_lwm2m_client *c,
                           struct sally_observation *o, uint8_t code,
                           uint16_t format, struct sally_span payload,
                           sally_usec now)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = code, .observe = true };
    enum sally_err e;

    if (code == SALLY_CODE_CONTENT)
        sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, format);
    e = sally_coap_options_end(&w);
    a.options = sally_buf_span(&options);
    a.payload = payload;
    if (e == SALLY_E_OK)
        e = sally_coap_link_notify(&c->link, token_of(o), &a, true, now,
                                   &o->open);
    if (e == SALLY_E_OK)
        o->told = now;
    else
        o->not_before = sally_after(now, RETRY);
    return e;
}

static void tell_present(struct sally_lwm2m_client *c,
                         struct sally_observation *o, sally_usec now)
{
    struct sally_pool *bodies = c->shared->coap->bodies;
    struct sally_buf payload = { sally_pool_take(bodies), 0,
                                 c->shared->coap->parameters->body_max };
    uint16_t format = o->format;
    uint8_t code;

    if (payload.at == NULL) {
        o->not_before = sally_after(now, RETRY);
        return;
    }
    code = sally_operation_read(c, &o->path, o->format, &payload, &format);
    if (code != SALLY_CODE_CONTENT)
        payload.len = 0;
    if (tell(c, o, code, format, sally_buf_span(&payload), now) == SALLY_E_OK)
        o->due = false;
    sally_pool_give(bodies, payload.at);
}

void sally_notify_run(struct sally_lwm2m_client *c, sally_usec now)
{
    if (c->state != SALLY_CLIENT_REGISTERED)
        return;
    for (struct sally_observation *o = c->observations; o != NULL; o = o->next)
        if (when(c, o) <= now)
            tell_present(c, o, now);
}

static size_t covered(const struct sally_observation *o,
                      const struct sally_lwm2m_record *records, size_t count,
                      struct sally_lwm2m_record *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count && n < SALLY_RECORDS_MAX; i++)
        if (sally_path_covers(&o->path, &records[i].path))
            out[n++] = records[i];
    return n;
}

/* A format without times, or of one value, can only say what holds now. */
static enum sally_err tell_records(struct sally_lwm2m_client *c,
                                   struct sally_observation *o,
                                   const struct sally_lwm2m_record *records,
                                   size_t count, sally_usec now)
{
    const struct sally_lwm2m_format *f = sally_format_find(o->format);
    struct sally_pool *bodies = c->shared->coap->bodies;
    struct sally_buf payload = { NULL, 0, 0 };
    struct sally_writer w = sally_writer_into(&payload);
    enum sally_err e;

    if (f == NULL || !f->timed) {
        tell_present(c, o, now);
        return o->open != 0 ? SALLY_E_OK : SALLY_E_NO_ROOM;
    }
    payload.at = sally_pool_take(bodies);
    if (payload.at == NULL)
        return SALLY_E_NO_ROOM;
    payload.room = c->shared->coap->parameters->body_max;
    e = f->encode(&o->path, records, count, &w);
    if (e == SALLY_E_OK)
        e = tell(c, o, SALLY_CODE_CONTENT, o->format, sally_buf_span(&payload),
                 now);
    else if (e == SALLY_E_NO_ROOM)
        e = SALLY_E_TOO_LARGE; /* no later try would find more room */
    sally_pool_give(bodies, payload.at);
    return e;
}

/* Those whose turn has come: none under way, and pmin has passed. */
static bool ready(const struct sally_lwm2m_client *c,
                  const struct sally_observation *o, sally_usec now)
{
    struct sally_periods p = sally_attributes_effective(c, &o->path);
    sally_usec at =
        sally_after(o->told, p.has_pmin ? p.pmin * SALLY_SEC : 0);

    return o->open == 0 && at <= now && o->not_before <= now;
}

enum sally_err sally_notify_history(struct sally_lwm2m_client *c,
                                    const struct sally_lwm2m_record *records,
                                    size_t count, sally_usec now)
{
    struct sally_lwm2m_record mine[SALLY_RECORDS_MAX];
    enum sally_err e = SALLY_E_OK;

    for (struct sally_observation *o = c->observations; o != NULL; o = o->next)
        if (covered(o, records, count, mine) != 0 && !ready(c, o, now))
            return SALLY_E_BUSY;
    c->history_error = SALLY_E_OK;
    for (struct sally_observation *o = c->observations; o != NULL;
         o = o->next) {
        size_t n = covered(o, records, count, mine);

        if (n == 0)
            continue;
        e = tell_records(c, o, mine, n, now);
        if (e != SALLY_E_OK)
            break;
        o->history = true;
        o->due = false;
        c->history_open++;
    }
    if (e != SALLY_E_OK && c->history_open != 0) {
        c->history_error = e; /* told when those under way are through */
        return SALLY_E_OK;
    }
    return e;
}

bool sally_notify_told(struct sally_lwm2m_client *c, sally_coap_exchange x,
                       enum sally_err e, sally_usec now)
{
    struct sally_observation **link = &c->observations;

    while (*link != NULL && (*link)->open != x)
        link = &(*link)->next;
    if (*link == NULL)
        return false;
    (*link)->open = 0;
    if ((*link)->history) {
        (*link)->history = false;
        c->history_open--;
        if (e != SALLY_E_OK && c->history_error == SALLY_E_OK)
            c->history_error = e;
    }
    if (e == SALLY_E_RESET || e == SALLY_E_NOT_FOUND)
        drop(c, link); /* RFC 7641 s.3.6: the server does not want it; or it
                          cannot be told under these keys */
    if (c->history_open == 0 && e != SALLY_E_CANCELLED)
        sally_notify_run(c, now);
    return e == SALLY_E_TIMED_OUT;
}

/* --- Over a restart ------------------------------------------------------- */

/* An observation under OSCORE is of use only with what binds it. */
static bool needs_binding(const struct sally_lwm2m_client *c)
{
    return sally_stack_object_row(c->settings->credential) != NULL;
}

static void save_binding(const struct sally_lwm2m_client *c,
                         const struct sally_observation *o,
                         struct sally_writer *w)
{
    struct sally_binding b = { { 0 } };

    if (!needs_binding(c))
        return;
    (void)sally_coap_link_binding(&c->link, token_of(o), &b);
    sally_put(w, (struct sally_span){ (const uint8_t *)&b, sizeof(b) });
}

/* It is of this machine: nobody else reads what was saved. */
static enum sally_err restore_binding(struct sally_lwm2m_client *c,
                                      struct sally_span token,
                                      struct sally_cursor *at)
{
    struct sally_binding b;
    struct sally_span bytes;

    if (!needs_binding(c))
        return SALLY_E_OK;
    bytes = sally_take(at, sizeof(b));
    if (at->failed)
        return SALLY_E_MALFORMED;
    memcpy(&b, bytes.at, sizeof(b));
    return sally_coap_link_bind(&c->link, token, &b);
}

void sally_notify_save(const struct sally_lwm2m_client *c,
                       struct sally_writer *w)
{
    sally_put_u8(w, (uint8_t)sally_notify_count(c));
    for (struct sally_observation *o = c->observations; o != NULL;
         o = o->next) {
        sally_path_save(w, &o->path);
        sally_put_u16(w, o->format);
        sally_put_u8(w, o->token_len);
        sally_put(w, token_of(o));
        save_binding(c, o, w);
    }
}

/* What changed since it was told is not known: the server is told once what
 * holds now, and by that whether it still observes.                         */
enum sally_err sally_notify_restore(struct sally_lwm2m_client *c,
                                    struct sally_cursor *at, sally_usec now)
{
    size_t count = sally_take_u8(at);

    for (size_t i = 0; i < count; i++) {
        struct sally_path path = sally_path_restore(at);
        uint16_t format = sally_take_u16(at);
        struct sally_span token = sally_take(at, sally_take_u8(at));
        enum sally_err e;

        if (at->failed || token.len > SALLY_COAP_TOKEN_MAX)
            return SALLY_E_MALFORMED;
        e = restore_binding(c, token, at);
        if (e != SALLY_E_OK)
            return e;
        if (!sally_notify_add(c, token, &path, format, now))
            return SALLY_E_NO_ROOM;
        c->observations->due = true;
    }
    return at->failed ? SALLY_E_MALFORMED : SALLY_E_OK;
}
