/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/client.c - the life of one registration: connect, register, stay
 * registered, fall back, come back.
 *
 * Upcalls of the link run while the link is at work and must not end it, so
 * they only note what is to happen; settle(), at the end of every call into
 * the client, makes it happen.                                              */
#include "lwm2m/client.h"

#include "coap/option.h"
#include "lwm2m/attributes.h"
#include "lwm2m/durable.h"
#include "lwm2m/notify.h"
#include "lwm2m/objects/builtin.h"
#include "lwm2m/operation.h"
#include "lwm2m/registration.h"
#include "lwm2m/send.h"

#include <string.h>

#define GOODBYE (5 * SALLY_SEC) /* a De-register has this long */
#define LINGER (50 * SALLY_MSEC) /* for the channel's own goodbye to leave */
#define RETRY_SOON (1 * SALLY_SEC)

const char *sally_client_state_name(enum sally_client_state s)
{
    static const char *const names[] = {
        "idle",    "wanting",  "connecting",    "registering", "registered",
        "waiting", "disabled", "deregistering", "stopped"
    };

    return (size_t)s < SALLY_LEN(names) ? names[s] : "unknown";
}

static void enter(struct sally_lwm2m_client *c, enum sally_client_state s,
                  enum sally_err why)
{
    if (c->state == s)
        return;
    c->state = s;
    c->upcalls->on_state(c->owner, s, why);
}

/* Notes that the session is no good any more; the first reason counts, but
 * that an exchange ended with its channel is none.                          */
static void lose(struct sally_lwm2m_client *c, enum sally_err why)
{
    if (c->lost == SALLY_E_OK || c->lost == SALLY_E_CANCELLED)
        c->lost = why;
}

static void want(struct sally_lwm2m_client *c)
{
    c->due = SALLY_NEVER;
    enter(c, SALLY_CLIENT_WANTING, SALLY_E_OK);
    c->upcalls->on_wanted(c->owner);
}

/* /1/x/17-20 (Core 1.1 s.6.2.1.1): timer * 2^(attempt - 1) for `count` tries,
 * then the sequence delay; up to a quarter more, so that a thousand clients
 * of one server do not come back in step.                                   */
static sally_usec back_off(struct sally_lwm2m_client *c)
{
    uint64_t tries =
        sally_registration_setting(c, SALLY_SERVER_RETRY_COUNT, 5);
    sally_usec wait =
        sally_registration_setting(c, SALLY_SERVER_RETRY_TIMER, 60) *
        SALLY_SEC;

    if (wait < SALLY_SEC)
        wait = SALLY_SEC;
    if (c->attempt++ >= tries) {
        c->attempt = 0;
        wait = sally_registration_setting(c, SALLY_SERVER_SEQUENCE_DELAY,
                                          86400) *
               SALLY_SEC;
    } else {
        wait <<= c->attempt < 12 ? c->attempt - 1 : 11; /* fits 64 bits */
    }
    return wait + sally_random_u64(&c->shared->coap->random) % (wait / 4 + 1);
}

/* A new registration has no observations (Core 1.1 s.6.4.2): the server sets
 * them up anew.                                                             */
static void forget_registration(struct sally_lwm2m_client *c)
{
    c->location[0] = '\0';
    c->send_unsupported = false; /* as far as we know now */
    sally_notify_clear(c);
    sally_attributes_clear(c);
    sally_durable_changed(c);
}

/* The records that _history() took are told once, when none of their
 * notifications is under way any more, whatever became of those.            */
static void tell_history(struct sally_lwm2m_client *c, enum sally_err e,
                         sally_usec now)
{
    if (!c->history_owed || c->history_open != 0)
        return;
    c->history_owed = false;
    c->upcalls->on_delivered(c->owner, e, now);
}

/* Ends the session. The registration may still stand at the server, so it
 * and its observations are kept until a Register replaces it.               */
static void end_session(struct sally_lwm2m_client *c, sally_usec now)
{
    bool sending = c->sending != 0;

    sally_notify_suspend(c);
    sally_coap_link_end(&c->link);
    c->registering = 0;
    c->sending = 0;
    c->lost = SALLY_E_OK;
    c->update_wanted = c->reregister = c->resumed = c->leaving = false;
    if (sending)
        c->upcalls->on_delivered(c->owner, SALLY_E_CANCELLED, now);
    tell_history(c, SALLY_E_CANCELLED, now);
}

/* /1/x/11 tells the server, once it can be told. A client of LwM2M 1.0 has no
 * such resource.                                                            */
static void note_alert(struct sally_lwm2m_client *c)
{
    int alert = sally_stack_alert(sally_coap_link_stack(&c->link));
    struct sally_path path = sally_path_resource(
        SALLY_OBJECT_SERVER, c->settings->server_instance, SALLY_SERVER_ALERT);
    struct sally_lwm2m_value v = sally_value_unsigned((uint64_t)alert);

    if (alert >= 0)
        (void)!sally_resources_set(c->resources, &path, &v, 0);
}

/* A registration that was alive is taken up again soon, once: one that is lost
 * again before anything proved it right waits, like what failed before it came
 * to one, or a server that hangs up on everybody would be stormed.          */
static void fall_back(struct sally_lwm2m_client *c, sally_usec now)
{
    enum sally_err why = c->lost;
    bool soon = c->state == SALLY_CLIENT_REGISTERED && !c->unproved;

    note_alert(c);
    enter(c, SALLY_CLIENT_WAITING, why);
    end_session(c, now);
    c->unproved = c->unproved || soon;
    c->due = sally_after(
        now, soon ? RETRY_SOON + sally_random_u64(&c->shared->coap->random) %
                                     RETRY_SOON
                  : back_off(c));
}

/* The server has answered in a session that was up before. */
static void prove(struct sally_lwm2m_client *c)
{
    c->unproved = false;
    c->attempt = 0;
}

static void disable(struct sally_lwm2m_client *c, sally_usec now)
{
    uint64_t seconds = sally_registration_setting(
        c, SALLY_SERVER_DISABLE_TIMEOUT, 86400);

    c->disabling = false;
    enter(c, SALLY_CLIENT_DISABLED, SALLY_E_OK);
    forget_registration(c);
    end_session(c, now);
    c->due = sally_after(now, seconds * SALLY_SEC);
}

static void stopped(struct sally_lwm2m_client *c, sally_usec now)
{
    c->stopping = false;
    enter(c, SALLY_CLIENT_STOPPED, SALLY_E_OK);
    forget_registration(c);
    end_session(c, now);
    c->due = SALLY_NEVER;
}

static void say_goodbye(struct sally_lwm2m_client *c, sally_usec now)
{
    c->stopping = false;
    c->due = sally_after(now, GOODBYE);
    enter(c, SALLY_CLIENT_DEREGISTERING, SALLY_E_OK);
    if (sally_registration_deregister(c, now) != SALLY_E_OK)
        c->due = now;
}

static void register_now(struct sally_lwm2m_client *c, sally_usec now)
{
    enum sally_err e;

    c->reregister = false;
    forget_registration(c);
    enter(c, SALLY_CLIENT_REGISTERING, SALLY_E_OK);
    if (!c->stopping)
        c->due = SALLY_NEVER; /* the exchange ends by itself */
    e = sally_registration_register(c, now);
    if (e != SALLY_E_OK)
        lose(c, e);
}

/* A resumed session: the server may still know us, an Update will tell. */
static void take_up(struct sally_lwm2m_client *c, sally_usec now)
{
    enum sally_err e;

    c->resumed = false;
    enter(c, SALLY_CLIENT_REGISTERING, SALLY_E_OK);
    c->due = SALLY_NEVER;
    e = sally_registration_update(c, now);
    if (e != SALLY_E_OK)
        lose(c, e);
}

/* Only when no Register or Update is under way: they share one exchange. */
static void update_now(struct sally_lwm2m_client *c, sally_usec now)
{
    if (c->registering != 0)
        return;
    c->update_wanted = false;
    c->due = SALLY_NEVER;
    if (sally_registration_update(c, now) != SALLY_E_OK)
        c->due = sally_after(now, RETRY_SOON);
}

/* Makes happen what the upcalls noted. A 2.04 to the request that asked for
 * it has been queued before, and leaves first.                              */
static void settle(struct sally_lwm2m_client *c, sally_usec now)
{
    tell_history(c, SALLY_E_CANCELLED, now); /* its observations are gone */
    if (c->leaving) {
        c->leaving = false;
        sally_coap_link_close(&c->link, now);
        c->due = sally_after(now, LINGER);
    }
    if (c->lost != SALLY_E_OK && c->state == SALLY_CLIENT_DEREGISTERING) {
        if (c->disabling)
            disable(c, now);
        else
            stopped(c, now);
        return;
    }
    if (c->lost != SALLY_E_OK && c->stopping) {
        stopped(c, now);
        return;
    }
    if (c->lost != SALLY_E_OK) {
        fall_back(c, now);
        return;
    }
    if (c->reregister)
        register_now(c, now);
    if (c->resumed)
        take_up(c, now);
    if (c->state != SALLY_CLIENT_REGISTERED)
        return;
    if (c->stopping) {
        say_goodbye(c, now);
        return;
    }
    if (c->disable_wanted && sally_coap_link_busy(&c->link) == 0) {
        c->disable_wanted = false;
        c->disabling = true;
        say_goodbye(c, now);
        return;
    }
    if (c->reboot_wanted)
        c->due = sally_earlier(c->due, sally_after(now, RETRY_SOON));
    else if (c->update_wanted)
        update_now(c, now);
    sally_notify_run(c, now);
}

/* A Register was refused: 4.12 steps the version down (Core 1.1 s.6.2.1),
 * anything else is a failure to wait after.                                 */
static void refused(struct sally_lwm2m_client *c, uint8_t code)
{
    c->refused_with = code;
    if (code == SALLY_CODE_PRECONDITION_FAILED && c->version > 10) {
        c->version = 10;
        c->reregister = true;
        return;
    }
    lose(c, SALLY_E_REFUSED);
}

/* A Send that seemed to be unknown may have been refused for another reason:
 * where nobody observes, it is the only way, and tried again.               */
static bool may_send_again(struct sally_lwm2m_client *c)
{
    if (!c->send_unsupported || c->observations != NULL)
        return false;
    c->send_unsupported = false;
    return true;
}

static void registered(struct sally_lwm2m_client *c, sally_usec now)
{
    bool able = may_send_again(c);

    c->due = sally_registration_next(c, now);
    if (c->state == SALLY_CLIENT_REGISTERED) {
        prove(c);
        sally_durable_counted(c);
    } else {
        able = true;
        sally_durable_changed(c);
    }
    if (!c->unproved)
        c->attempt = 0;
    enter(c, SALLY_CLIENT_REGISTERED, SALLY_E_OK);
    if (able)
        c->upcalls->on_able(c->owner, now);
}

static void on_registering(struct sally_lwm2m_client *c,
                           const struct sally_coap_reply *reply,
                           sally_usec now)
{
    if (c->state == SALLY_CLIENT_DEREGISTERING) {
        c->leaving = true; /* whatever it answered */
        return;
    }
    if (c->location[0] != '\0') { /* an Update */
        if (sally_coap_class(reply->code) == 2)
            registered(c, now);
        else
            c->reregister = true; /* any 4.xx: the registration is gone */
        return;
    }
    if (reply->code != SALLY_CODE_CREATED) {
        refused(c, reply->code);
        return;
    }
    if (sally_registration_location(c, reply->options) != SALLY_E_OK) {
        lose(c, SALLY_E_MALFORMED);
        return;
    }
    registered(c, now);
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    struct sally_lwm2m_client *c = owner;

    if (x == c->registering) {
        c->registering = 0;
        if (e == SALLY_E_OK)
            on_registering(c, reply, now);
        else
            lose(c, e);
        return;
    }
    if (x != c->sending)
        return;
    if (e == SALLY_E_OK && sally_coap_class(reply->code) == 2)
        prove(c);
    if (sally_send_told(c, e, reply, now))
        lose(c, e == SALLY_E_OK ? SALLY_E_REFUSED : e);
}

static void on_notified(void *owner, sally_coap_exchange x, enum sally_err e,
                        sally_usec now)
{
    struct sally_lwm2m_client *c = owner;

    if (e == SALLY_E_OK)
        prove(c);
    if (sally_notify_told(c, x, e, now))
        lose(c, e);
    tell_history(c, c->history_error, now);
}

/* After a resumed session the server still knows us (Transport 1.1 s.5.2). */
static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    struct sally_lwm2m_client *c = owner;

    (void)now;
    if (e != SALLY_E_OK)
        lose(c, e);
    else if (c->location[0] != '\0' &&
             sally_stack_resumed(sally_coap_link_stack(&c->link)))
        c->resumed = true;
    else
        c->reregister = true;
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    sally_operation_run(owner, q, now);
}

static void on_reserve(void *owner, uint64_t until)
{
    struct sally_lwm2m_client *c = owner;

    c->upcalls->on_reserve(c->owner, until);
}

#define UPCALLS                                                   \
    .on_request = on_request, .on_reply = on_reply,               \
    .on_notified = on_notified, .on_channel = on_channel

/* Of an owner that keeps sequence numbers, and of one that does not. */
static const struct sally_coap_link_upcalls keeping = {
    UPCALLS, .on_reserve = on_reserve
};
static const struct sally_coap_link_upcalls forgetful = { UPCALLS };

void sally_lwm2m_client_init(struct sally_lwm2m_client *c,
                             const struct sally_lwm2m_shared *shared,
                             const struct sally_lwm2m_settings *settings,
                             struct sally_resources *resources,
                             const struct sally_lwm2m_upcalls *upcalls,
                             void *owner)
{
    memset(c, 0, sizeof(*c));
    c->shared = shared;
    c->settings = settings;
    c->resources = resources;
    c->upcalls = upcalls;
    c->owner = owner;
    c->version = settings->version;
    c->due = SALLY_NEVER;
    sally_coap_link_init(&c->link, shared->coap,
                         upcalls->on_reserve != NULL ? &keeping : &forgetful,
                         c);
}

void sally_lwm2m_client_start(struct sally_lwm2m_client *c, sally_usec now)
{
    (void)now;
    if (c->state == SALLY_CLIENT_IDLE || c->state == SALLY_CLIENT_STOPPED)
        want(c);
}

void sally_lwm2m_client_connect(struct sally_lwm2m_client *c, sally_usec now)
{
    enum sally_err e;

    if (c->state != SALLY_CLIENT_WANTING)
        return;
    enter(c, SALLY_CLIENT_CONNECTING, SALLY_E_OK);
    c->upcalls->on_rebind(c->owner);
    e = sally_coap_link_start(&c->link, c->settings->scheme,
                              c->settings->credential, c->settings->past, now);
    if (e != SALLY_E_OK)
        lose(c, e);
    settle(c, now);
}

void sally_lwm2m_client_reserved(struct sally_lwm2m_client *c, uint64_t until,
                                 sally_usec now)
{
    sally_coap_link_reserved(&c->link, until, now);
}

void sally_lwm2m_client_stop(struct sally_lwm2m_client *c, sally_usec now)
{
    if (c->state == SALLY_CLIENT_REGISTERED) {
        if (c->registering != 0)
            sally_coap_link_cancel(&c->link, c->registering);
        say_goodbye(c, now);
    } else if (c->state == SALLY_CLIENT_REGISTERING && c->registering != 0) {
        /* The server may have us already; its answer says under which name. */
        c->stopping = true;
        c->due = sally_after(now, GOODBYE);
    } else if (c->state != SALLY_CLIENT_DEREGISTERING) {
        stopped(c, now);
    } else {
        c->disabling = false;
    }
}

void sally_lwm2m_client_leave(struct sally_lwm2m_client *c, sally_usec now)
{
    enter(c, SALLY_CLIENT_STOPPED, SALLY_E_OK);
    end_session(c, now);
    c->due = SALLY_NEVER;
}

void sally_lwm2m_client_moved(struct sally_lwm2m_client *c, sally_usec now)
{
    if (c->state != SALLY_CLIENT_REGISTERED)
        return;
    if (sally_stack_kept_by_cid(sally_coap_link_stack(&c->link)))
        update_now(c, now); /* one under way tells the new address as well */
    else
        lose(c, SALLY_E_MOVED);
    settle(c, now);
}

void sally_lwm2m_client_renew(struct sally_lwm2m_client *c, enum sally_err why,
                              sally_usec now)
{
    if (c->state != SALLY_CLIENT_REGISTERED &&
        c->state != SALLY_CLIENT_REGISTERING)
        return;
    lose(c, why);
    settle(c, now);
}

void sally_lwm2m_client_input(struct sally_lwm2m_client *c,
                              struct sally_span datagram, sally_usec now)
{
    (void)sally_coap_link_input(&c->link, datagram, now);
    settle(c, now);
}

size_t sally_lwm2m_client_room(const struct sally_lwm2m_client *c)
{
    return sally_coap_link_room(&c->link);
}

void sally_lwm2m_client_lost(struct sally_lwm2m_client *c, enum sally_err e,
                             sally_usec now)
{
    sally_coap_link_lost(&c->link, e, now);
    settle(c, now);
}

bool sally_lwm2m_client_connected(const struct sally_lwm2m_client *c)
{
    enum sally_channel_state state = sally_coap_link_state(&c->link);

    return state == SALLY_CHANNEL_HANDSHAKE || state == SALLY_CHANNEL_UP;
}

struct sally_span sally_lwm2m_client_output(struct sally_lwm2m_client *c,
                                            sally_usec now)
{
    return sally_coap_link_output(&c->link, now);
}

sally_usec sally_lwm2m_client_deadline(const struct sally_lwm2m_client *c)
{
    return sally_earlier(
        c->due, sally_earlier(sally_coap_link_deadline(&c->link),
                              sally_notify_deadline(c)));
}

static void on_due(struct sally_lwm2m_client *c)
{
    c->due = SALLY_NEVER;
    switch (c->state) {
    case SALLY_CLIENT_REGISTERED:
        if (c->reboot_wanted) {
            c->reboot_wanted = false;
            forget_registration(c); /* a device that reboots registers */
            lose(c, SALLY_E_CANCELLED);
        } else {
            c->update_wanted = true;
        }
        break;
    case SALLY_CLIENT_WAITING:
    case SALLY_CLIENT_DISABLED:
        want(c);
        break;
    case SALLY_CLIENT_DEREGISTERING:
    case SALLY_CLIENT_REGISTERING: /* set when it is to stop */
        lose(c, SALLY_E_TIMED_OUT);
        break;
    case SALLY_CLIENT_IDLE:
    case SALLY_CLIENT_WANTING:
    case SALLY_CLIENT_CONNECTING:
    case SALLY_CLIENT_STOPPED:
        break;
    }
}

void sally_lwm2m_client_expire(struct sally_lwm2m_client *c, sally_usec now)
{
    sally_coap_link_expire(&c->link, now);
    if (c->due <= now)
        on_due(c);
    settle(c, now);
}

void sally_lwm2m_client_wipe(struct sally_lwm2m_client *c)
{
    if (c->shared == NULL)
        return;
    sally_notify_clear(c);
    sally_attributes_clear(c);
    sally_coap_link_wipe(&c->link);
    c->state = SALLY_CLIENT_IDLE;
    c->due = SALLY_NEVER;
}

bool sally_lwm2m_client_send_muted(const struct sally_lwm2m_client *c)
{
    struct sally_path at = sally_path_resource(
        SALLY_OBJECT_SERVER, c->settings->server_instance,
        SALLY_SERVER_MUTE_SEND);
    const struct sally_resource *r = sally_resources_find(c->resources, &at);

    /* Absent means muted (object 1, resource 23). */
    return c->version < 11 || c->send_unsupported || r == NULL ||
           !r->present || sally_resources_value(c->resources, r).is.boolean;
}

enum sally_report_way
sally_lwm2m_client_way(const struct sally_lwm2m_client *c)
{
    if (c->state != SALLY_CLIENT_REGISTERED)
        return SALLY_REPORT_NONE;
    if (!sally_lwm2m_client_send_muted(c))
        return SALLY_REPORT_SEND;
    return c->observations == NULL ? SALLY_REPORT_NONE : SALLY_REPORT_NOTIFY;
}

enum sally_err
sally_lwm2m_client_history(struct sally_lwm2m_client *c,
                           const struct sally_lwm2m_record *records,
                           size_t count, sally_usec now)
{
    enum sally_err e;

    if (c->state != SALLY_CLIENT_REGISTERED || c->observations == NULL)
        return SALLY_E_BAD_STATE;
    if (c->history_open != 0)
        return SALLY_E_BUSY;
    e = sally_notify_history(c, records, count, now);
    c->history_owed = e == SALLY_E_OK;
    tell_history(c, SALLY_E_OK, now);
    return e;
}

void sally_lwm2m_client_changed(struct sally_lwm2m_client *c,
                                const struct sally_path *path, bool history,
                                sally_usec now)
{
    if (!history)
        sally_notify_changed(c, path);
    sally_notify_run(c, now);
}

void sally_lwm2m_client_restricted(struct sally_lwm2m_client *c,
                                   sally_usec now)
{
    sally_notify_restrict(c);
    tell_history(c, c->history_error, now);
}

void sally_lwm2m_client_answer(struct sally_lwm2m_client *c,
                               sally_coap_exchange x, uint8_t code,
                               sally_usec now)
{
    const struct sally_coap_answer a = { .code = code };

    (void)sally_coap_link_respond(&c->link, x, &a, now);
}

enum sally_client_state
sally_lwm2m_client_state(const struct sally_lwm2m_client *c)
{
    return c->state;
}

uint8_t sally_lwm2m_client_refusal(const struct sally_lwm2m_client *c)
{
    return c->refused_with;
}

size_t sally_lwm2m_client_observations(const struct sally_lwm2m_client *c)
{
    return sally_notify_count(c);
}
