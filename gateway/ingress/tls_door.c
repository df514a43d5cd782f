/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/tls_door.c - places for handshakes, keys for them, and what
 * becomes of those that guess.                                              */
#include "ingress/tls_parts.h"
#include "log/log.h"
#include "security/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_BASE 1000000
#define HEAP_PER_LINE 40000 /* bytes of the library */
#define NOBODY UINT32_MAX

struct sally_auth_source sally_tls_source(const struct sally_tls_line *l)
{
    return (struct sally_auth_source){ l->ip, l->family, l->interface };
}

/* --- Refusing ------------------------------------------------------------ */

/* What an operator can act on, and whether somebody was guessing. */
static const struct reason {
    enum sally_err e;
    bool guessed;
    const char *text;
} reasons[] = {
    { SALLY_E_UNAUTHENTIC, true, "its key is not the one in `key_file`" },
    { SALLY_E_NO_CREDENTIAL, true, "no sensor has this identity" },
    { SALLY_E_NOT_ALLOWED, true, "no sensor has a certificate of this name" },
    { SALLY_E_UNKNOWN_CA, true, "its certificate is of no CA in `ca_file`" },
    { SALLY_E_EXPIRED, true, "its certificate has expired" },
    { SALLY_E_NOT_YET_VALID, true, "its certificate is not valid yet" },
    { SALLY_E_REVOKED, true, "its certificate is revoked" },
    { SALLY_E_NOT_PROVEN, true, "it does not have the key that it shows" },
    { SALLY_E_BAD_CERTIFICATE, true, "its certificate is not one for this" },
    { SALLY_E_WRONG_KIND, true, "it shows no certificate of a kind we take" },
    { SALLY_E_REFUSED, false, "it does not take our key or certificate" },
    { SALLY_E_TIMED_OUT, false, "its handshake took too long" },
    { SALLY_E_CLOSED, false, "it went away during the handshake" },
    { SALLY_E_WRONG_TYPE, false, "it speaks plaintext where TLS is spoken" },
    { SALLY_E_BUSY, false, "too many handshakes, or failures before" },
};

static const struct reason *reason_of(enum sally_err e)
{
    for (size_t i = 0; i < SALLY_LEN(reasons); i++)
        if (reasons[i].e == e)
            return &reasons[i];
    return NULL;
}

/* The client ended it by an alert about our certificate, RFC 8446 s.6.2, which
 * the library may call another name. We say so only of what it showed.      */
static bool is_our_certificate(const struct sally_tls_line *l,
                               const struct reason *r)
{
    int alert = sally_stack_alert(&l->stack);

    return l->by == SALLY_SECURE_CERTIFICATE && (r == NULL || !r->guessed) &&
           alert >= 42 && alert <= 48;
}

void sally_tls_refuse(struct sally_tls_line *l, enum sally_err why)
{
    const struct reason *r = is_our_certificate(l, reason_of(why))
                                 ? reason_of(SALLY_E_REFUSED)
                                 : reason_of(why);
    struct sally_auth_source source = sally_tls_source(l);
    char ip[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->ip, ip, sizeof(ip));
    sally_log(SALLY_LOG_WARNING, "tls_refused",
              SALLY_TEXT("protocol", l->visit ? "coap" : "mqtt"),
              SALLY_TEXT("peer", ip), SALLY_TEXT("name", l->name),
              SALLY_NUMBER("alert", sally_stack_alert(&l->stack)),
              SALLY_TEXT("why", r == NULL ? sally_err_text(why) : r->text));
    if (r != NULL && r->guessed)
        sally_penalties_failed(l->door->penalties, &source,
                               sally_span_of(l->name), l->door->now);
}

/* --- Places -------------------------------------------------------------- */

static bool same_source(const struct sally_tls_line *l, uint8_t family,
                        const uint8_t ip[16])
{
    return l->family == family && memcmp(l->ip, ip, sizeof(l->ip)) == 0;
}

static struct places *places_of(const struct sally_tls_line *l)
{
    return &l->door->places[l->visit];
}

/* The door has its pace: a handshake costs a signature, whoever asks. */
static bool is_in_pace(const struct places *p, const struct sally_tls_line *l,
                       sally_usec now)
{
    const struct begun *oldest = &p->begun[p->next_begun];
    unsigned same = 0;

    if (oldest->family != 0 && now - oldest->when < SALLY_SEC)
        return false;
    for (size_t i = 0; i < SALLY_LEN(p->begun); i++)
        same += p->begun[i].family != 0 && now - p->begun[i].when < SALLY_SEC &&
                same_source(l, p->begun[i].family, p->begun[i].ip);
    return same < SALLY_TLS_BEGUN_SOURCE;
}

static bool has_share(const struct places *p, const struct sally_tls_line *l)
{
    unsigned same = 0;

    for (const struct sally_tls_line *o = p->first; o != NULL; o = o->next)
        same += same_source(l, o->family, o->ip);
    return same < SALLY_TLS_SHAKING_SOURCE;
}

static void arm(struct sally_tls_door *d)
{
    sally_usec due = SALLY_NEVER;

    for (size_t i = 0; i < SALLY_LEN(d->places); i++)
        if (d->places[i].first != NULL)
            due = sally_earlier(due, sally_after(d->places[i].first->begun,
                                                 SALLY_TLS_SHAKE_TIME));
    d->host->arm(d->owner, due);
}

void sally_tls_settle(struct sally_tls_line *l)
{
    struct places *p = places_of(l);

    if (!l->shaking)
        return;
    l->shaking = false;
    p->shaking--;
    if (l->previous == NULL)
        p->first = l->next;
    else
        l->previous->next = l->next;
    if (l->next == NULL)
        p->last = l->previous;
    else
        l->next->previous = l->previous;
    l->next = l->previous = NULL;
    arm(l->door);
}

/* Ends a handshake from outside of it. */
static void end(struct sally_tls_line *l, enum sally_err why)
{
    struct sally_tls_door *d = l->door;

    sally_tls_refuse(l, why);
    sally_tls_settle(l);
    if (l->visit)
        d->host->end_visit(d->owner, l->handle);
    else
        d->host->end(d->owner, l->handle);
}

/* Where all are taken, the oldest has had its time. */
static bool make_place(struct places *p, sally_usec now)
{
    if (p->shaking < SALLY_TLS_SHAKING_MAX)
        return true;
    if (now - p->first->begun < SALLY_TLS_SHAKE_SURE)
        return false;
    end(p->first, SALLY_E_BUSY);
    return true;
}

static void note_begun(struct places *p, const struct sally_tls_line *l,
                       sally_usec now)
{
    struct begun *b = &p->begun[p->next_begun];

    b->when = now;
    b->family = l->family;
    memcpy(b->ip, l->ip, sizeof(b->ip));
    p->next_begun = (p->next_begun + 1) % SALLY_LEN(p->begun);
}

bool sally_tls_admit(struct sally_tls_line *l, sally_usec now)
{
    struct places *p = places_of(l);

    if (!is_in_pace(p, l, now) || !has_share(p, l) || !make_place(p, now))
        return false;
    note_begun(p, l, now);
    l->begun = now;
    l->shaking = true;
    l->previous = p->last;
    if (p->last == NULL)
        p->first = l;
    else
        p->last->next = l;
    p->last = l;
    p->shaking++;
    arm(l->door);
    return true;
}

/* Over DTLS a wrong key shows by silence alone: what does not verify is as if
 * it had not come. RFC 6347 s.4.1.2.7.                                      */
static enum sally_err why_so_long(const struct sally_tls_line *l)
{
    if (!l->visit || l->name[0] == '\0')
        return SALLY_E_TIMED_OUT;
    return l->unknown ? SALLY_E_NO_CREDENTIAL : SALLY_E_UNAUTHENTIC;
}

void sally_tls_door_expire(struct sally_tls_door *d, sally_usec now)
{
    d->now = now;
    for (size_t i = 0; i < SALLY_LEN(d->places); i++) {
        struct places *p = &d->places[i];

        while (p->first != NULL &&
               sally_after(p->first->begun, SALLY_TLS_SHAKE_TIME) <= now)
            end(p->first, why_so_long(p->first));
    }
    arm(d);
}

/* --- Keys ---------------------------------------------------------------- */

static void note_name(struct sally_tls_door *d, struct sally_span name)
{
    struct sally_tls_line *l = d->current;

    if (l != NULL)
        (void)sally_span_text(sally_span_sub(name, 0, SALLY_TLS_NAME_SAID),
                              l->name, sizeof(l->name));
}

static bool is_blocked(const struct sally_tls_door *d, struct sally_span name)
{
    struct sally_auth_source source;

    if (d->current == NULL)
        return true;
    source = sally_tls_source(d->current);
    return sally_penalties_blocked(d->penalties, &source, name, d->now);
}

static enum sally_err find(void *owner, struct sally_span identity,
                           struct sally_secret *key)
{
    struct sally_tls_door *d = owner;
    enum sally_err e = is_blocked(d, identity)
                           ? SALLY_E_NOT_FOUND
                           : sally_tls_keys_psk(d->keys, identity, key);

    note_name(d, identity);
    if (d->current != NULL)
        d->current->unknown = e != SALLY_E_OK;
    return e;
}

/* The chain is verified; is it a sensor's? */
static enum sally_err admit(void *owner, enum sally_security_mode mode,
                            struct sally_span peer)
{
    struct sally_tls_door *d = owner;
    struct sally_certificate c;

    (void)mode; /* a raw key is no certificate */
    if (sally_certificate_parse(peer, &c) != SALLY_E_OK)
        return SALLY_E_BAD_CERTIFICATE;
    note_name(d, c.common_name);
    return is_blocked(d, c.common_name) ||
                   sally_tls_keys_sensor(d->keys, SALLY_AUTH_CERTIFICATE,
                                         c.common_name) == NOBODY
               ? SALLY_E_NOT_ALLOWED
               : SALLY_E_OK;
}

void sally_tls_door_rekey(struct sally_tls_door *d,
                          struct sally_tls_keys *keys)
{
    const struct sally_credential *own = sally_tls_keys_own(keys);

    for (size_t i = 0; i < SALLY_LEN(d->places); i++)
        while (d->places[i].first != NULL)
            end(d->places[i].first, SALLY_E_BUSY);
    sally_tls_keys_wipe(d->keys);
    d->keys = keys;
    d->psk = (struct sally_key_finder){ .find = find, .owner = d };
    d->certificate = (struct sally_key_finder){
        .admit = admit,
        .own = own->secret_key.len == 0 ? NULL : own,
        .anonymous = true,
        .owner = d,
    };
}

const struct sally_tls_keys *
sally_tls_door_keys(const struct sally_tls_door *d)
{
    return d->keys;
}

/* --- Building ------------------------------------------------------------ */

static struct sally_security_limits limits_for(size_t lines)
{
    return (struct sally_security_limits){
        .sessions = lines, .heap_bytes = HEAP_BASE + lines * HEAP_PER_LINE
    };
}

/* Few are busy at once; each handshake may hold a dozen. */
static size_t packets_for(size_t lines)
{
    return (size_t)13 * SALLY_TLS_SHAKING_MAX + 2 * lines;
}

static enum sally_err build(struct sally_tls_door *d, size_t lines,
                            struct sally_random random)
{
    const struct sally_security_limits limits = limits_for(lines);
    enum sally_err e = sally_pool_init(&d->packets, SALLY_DATAGRAM_MAX,
                                       packets_for(lines), false);

    if (e == SALLY_E_OK)
        e = sally_pool_init(&d->lines, sizeof(struct sally_tls_line), lines,
                            false);
    if (e == SALLY_E_OK)
        e = sally_penalties_create(&d->penalties, random);
    return e == SALLY_E_OK
               ? sally_security_init(&d->security, &limits, &d->packets, random)
               : e;
}

enum sally_err sally_tls_door_create(struct sally_tls_door **out, size_t lines,
                                     struct sally_random random,
                                     const struct sally_tls_host *host,
                                     void *owner)
{
    struct sally_tls_door *d = calloc(1, sizeof(*d));
    enum sally_err e;

    if (d == NULL)
        return SALLY_E_NO_MEMORY;
    d->host = host;
    d->owner = owner;
    e = build(d, lines, random);
    if (e != SALLY_E_OK) {
        sally_tls_door_wipe(d);
        return e;
    }
    *out = d;
    return SALLY_E_OK;
}

enum sally_err sally_tls_door_grow(struct sally_tls_door *d, size_t lines)
{
    const struct sally_security_limits limits = limits_for(lines);
    enum sally_err e = sally_pool_grow(&d->packets, packets_for(lines));

    if (e == SALLY_E_OK)
        e = sally_pool_grow(&d->lines, lines);
    if (e == SALLY_E_OK)
        sally_security_limit(d->security, &limits);
    return e;
}

void sally_tls_door_wipe(struct sally_tls_door *d)
{
    if (d == NULL)
        return;
    sally_security_wipe(d->security);
    sally_penalties_wipe(d->penalties);
    sally_tls_keys_wipe(d->keys);
    sally_pool_wipe(&d->lines);
    sally_pool_wipe(&d->packets);
    free(d);
}
