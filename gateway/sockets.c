/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/sockets.c - plans, binds and watches listening sockets. */
#include "sockets.h"

#include "log/log.h"
#include "loop/tcp.h"
#include "loop/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What there is of each kind. */
static const struct {
    const char *name;
    enum sally_err (*bind)(const char *interface,
                           const struct sally_bus_address *a, int *fd);
} kinds[] = {
    [SALLY_LISTENER_COAP] = { "coap", sally_udp_bind },
    [SALLY_LISTENER_COAP_PSK] = { "coap", sally_udp_bind },
    [SALLY_LISTENER_MQTT] = { "mqtt", sally_tcp_bind },
    [SALLY_LISTENER_MQTT_PSK] = { "mqtt", sally_tcp_bind },
    [SALLY_LISTENER_MQTT_CERTIFICATE] = { "mqtt", sally_tcp_bind },
};

static const enum sally_listener coap_kinds[] = {
    [SALLY_SECURE_NO] = SALLY_LISTENER_COAP,
    [SALLY_SECURE_PSK] = SALLY_LISTENER_COAP_PSK,
};
static const enum sally_listener mqtt_kinds[] = {
    [SALLY_SECURE_NO] = SALLY_LISTENER_MQTT,
    [SALLY_SECURE_PSK] = SALLY_LISTENER_MQTT_PSK,
    [SALLY_SECURE_CERTIFICATE] = SALLY_LISTENER_MQTT_CERTIFICATE,
};

static void close_one(struct sally_socket *one)
{
    if (one->fd >= 0)
        (void)close(one->fd);
    one->fd = -1;
}

void sally_sockets_init(struct sally_sockets *s)
{
    *s = (struct sally_sockets){ .slot = { { .used = false } } };
    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++)
        s->slot[i].fd = -1;
}

void sally_sockets_wipe(struct sally_sockets *s)
{
    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++)
        close_one(&s->slot[i]);
    sally_sockets_init(s);
}

void sally_sockets_commit(struct sally_sockets *running,
                          struct sally_sockets *plan)
{
    sally_sockets_wipe(running);
    *running = *plan;
    sally_sockets_init(plan);
}

bool sally_sockets_same(const struct sally_socket *a,
                        const struct sally_socket *b)
{
    return a->used && b->used && a->kind == b->kind && a->port == b->port &&
           strcmp(a->interface, b->interface) == 0 &&
           strcmp(a->address, b->address) == 0;
}

/* --- Binding ------------------------------------------------------------- */

/* False: see errno. The index is read first: should the interface change in
 * between, the next look finds that it is another one.                      */
static bool bind_one(struct sally_socket *one)
{
    struct sally_bus_address a;

    one->index = one->interface[0] == '\0' ? 0 : if_nametoindex(one->interface);
    if (sally_address_parse(one->address, one->port, &a) == SALLY_E_OK)
        return kinds[one->kind].bind(one->interface, &a, &one->fd) ==
               SALLY_E_OK;
    errno = EINVAL;
    return false;
}

/* Nothing is wrong with the configuration, it is only too early. */
static bool is_early(int error)
{
    return error == ENODEV || error == EADDRNOTAVAIL;
}

/* A listener of `running` that `plan` has not, on the same port. */
static bool is_in_own_way(const struct sally_sockets *plan,
                          const struct sally_sockets *running,
                          const struct sally_socket *one)
{
    for (size_t i = 0; running != NULL && i < SALLY_SOCKETS_MAX; i++) {
        const struct sally_socket *old = &running->slot[i];

        if (old->used && kinds[old->kind].bind == kinds[one->kind].bind &&
            old->port == one->port &&
            !sally_sockets_same(old, &plan->slot[i]))
            return true;
    }
    return false;
}

static unsigned bind_missing(struct sally_sockets *plan,
                             const struct sally_sockets *running,
                             struct sally_socket *one, FILE *report)
{
    if (bind_one(one) || is_early(errno) ||
        (errno == EADDRINUSE && is_in_own_way(plan, running, one)))
        return 0;
    fprintf(report, "local.%s: cannot listen on port %u%s%s%s%s: %s\n",
            kinds[one->kind].name, one->port,
            one->interface[0] == '\0' ? "" : " of interface ", one->interface,
            one->address[0] == '\0' ? "" : " at ", one->address,
            strerror(errno));
    return 1;
}

/* --- Planning ------------------------------------------------------------ */

/* Listener `i` of the configuration, counted over both kinds. */
static bool take_listener(const struct sally_config *c, size_t i,
                          struct sally_socket *out)
{
    bool is_coap = i < c->coap_count;
    const struct sally_config_listener *l;

    if (i >= c->coap_count + c->mqtt_count)
        return false;
    l = is_coap ? &c->coap[i] : &c->mqtt[i - c->coap_count];
    *out = (struct sally_socket){
        .used = true,
        .kind = is_coap ? coap_kinds[l->secure] : mqtt_kinds[l->secure],
        .port = l->port,
        .fd = -1,
    };
    (void)sally_span_text(sally_span_of(l->interface), out->interface,
                          sizeof(out->interface));
    (void)sally_span_text(sally_span_of(l->address), out->address,
                          sizeof(out->address));
    return true;
}

static struct sally_socket *find(struct sally_sockets *s,
                                 const struct sally_socket *one)
{
    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++)
        if (sally_sockets_same(&s->slot[i], one))
            return &s->slot[i];
    return NULL;
}

/* What runs and stays, in its slot, with a copy of its descriptor. */
static unsigned keep(struct sally_sockets *plan, const struct sally_config *c,
                     const struct sally_sockets *running, FILE *report)
{
    struct sally_socket one;
    unsigned bad = 0;

    for (size_t i = 0; take_listener(c, i, &one); i++)
        for (size_t k = 0; k < SALLY_SOCKETS_MAX; k++) {
            struct sally_socket *slot = &plan->slot[k];
            const struct sally_socket *old = &running->slot[k];

            if (!sally_sockets_same(old, &one))
                continue;
            *slot = *old;
            if (old->fd >= 0)
                slot->fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
            bad += old->fd >= 0 && slot->fd < 0;
        }
    if (bad != 0)
        fprintf(report, "local: cannot keep listeners: %s\n", strerror(errno));
    return bad;
}

/* A slot that neither set uses, else one that only the old set does. */
static struct sally_socket *free_slot(struct sally_sockets *plan,
                                      const struct sally_sockets *running)
{
    struct sally_socket *second = NULL;

    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++) {
        if (plan->slot[i].used)
            continue;
        if (running == NULL || !running->slot[i].used)
            return &plan->slot[i];
        if (second == NULL)
            second = &plan->slot[i];
    }
    return second;
}

static bool fits(const struct sally_config *c, FILE *report)
{
    if (c->coap_count <= SALLY_SOCKETS_KIND &&
        c->mqtt_count <= SALLY_SOCKETS_KIND)
        return true;
    fprintf(report, "local: expected at most %d listeners of each kind\n",
            SALLY_SOCKETS_KIND);
    return false;
}

unsigned sally_sockets_plan(struct sally_sockets *out,
                            const struct sally_config *c,
                            const struct sally_sockets *running, FILE *report)
{
    struct sally_socket one;
    unsigned bad;

    sally_sockets_init(out);
    if (!fits(c, report))
        return 1;
    bad = running == NULL ? 0 : keep(out, c, running, report);
    for (size_t i = 0; take_listener(c, i, &one); i++) {
        struct sally_socket *slot = find(out, &one);

        if (slot == NULL)
            slot = free_slot(out, running);
        if (slot != NULL && !slot->used) /* there is one for all that fit */
            *slot = one;
    }
    for (size_t i = 0; i < SALLY_SOCKETS_MAX; i++)
        if (out->slot[i].used && out->slot[i].fd < 0)
            bad += bind_missing(out, running, &out->slot[i], report);
    return bad;
}

void sally_sockets_warn(const struct sally_config *c, FILE *report)
{
    struct sally_socket one;

    for (size_t i = 0; take_listener(c, i, &one); i++)
        if (one.interface[0] != '\0' && if_nametoindex(one.interface) == 0)
            fprintf(report,
                    "local.%s: warning: there is no interface %s now; the "
                    "gateway listens on it as soon as it is there\n",
                    kinds[one.kind].name, one.interface);
}

/* --- Watching ------------------------------------------------------------ */

/* A socket stays with the interface it was bound to, also when that is gone
 * and another one has taken its name. To ask takes a descriptor; where there is
 * none, nothing is known.                                                   */
static void check_interface(struct sally_socket *one)
{
    unsigned index;

    if (one->fd < 0 || one->interface[0] == '\0')
        return;
    errno = 0;
    index = if_nametoindex(one->interface);
    if (index == one->index || (index == 0 && errno != ENODEV))
        return;
    close_one(one);
    one->told = SALLY_SOCKET_NEW;
}

static void tell(struct sally_socket *one, const char *why)
{
    enum sally_socket_state state =
        one->fd >= 0 ? SALLY_SOCKET_LISTENING : SALLY_SOCKET_WAITING;

    if (one->told == state)
        return;
    one->told = state;
    if (state == SALLY_SOCKET_LISTENING)
        sally_log(SALLY_LOG_INFO, "listening",
                  SALLY_TEXT("kind", kinds[one->kind].name),
                  SALLY_TEXT("interface", one->interface),
                  SALLY_TEXT("address", one->address),
                  SALLY_NUMBER("port", one->port));
    else
        sally_log(SALLY_LOG_WARNING, "listener_waiting",
                  SALLY_TEXT("kind", kinds[one->kind].name),
                  SALLY_TEXT("interface", one->interface),
                  SALLY_TEXT("address", one->address),
                  SALLY_NUMBER("port", one->port), SALLY_TEXT("why", why));
}

void sally_sockets_poll(struct sally_sockets *s,
                        void (*on_bound)(void *owner, uint32_t slot,
                                         const struct sally_socket *one),
                        void *owner)
{
    for (uint32_t i = 0; i < SALLY_SOCKETS_MAX; i++) {
        struct sally_socket *one = &s->slot[i];
        const char *why = "";

        if (!one->used)
            continue;
        check_interface(one);
        if (one->fd < 0 && bind_one(one))
            on_bound(owner, i, one);
        else if (one->fd < 0)
            why = strerror(errno);
        tell(one, why);
    }
}
