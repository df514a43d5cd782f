/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/tls_line.c - one connection over TLS: its handshake, whom it
 * proved, and bytes either way.                                             */
#include "ingress/tls_parts.h"

#include <string.h>

#define NOBODY UINT32_MAX
#define HANDSHAKE_RECORD 22

static enum sally_err begin(struct sally_tls_line *l, sally_usec now)
{
    struct sally_tls_door *d = l->door;
    bool psk = l->by == SALLY_SECURE_PSK;

    if (!psk && (d->certificate.own == NULL || l->by == SALLY_SECURE_NO))
        return SALLY_E_UNSUPPORTED;
    sally_security_clock(d->security,
                         (uint64_t)d->host->utc(d->owner) / 1000, true);
    return sally_stack_accept(&l->stack, d->security, SALLY_SCHEME_COAPS_TCP,
                              psk ? &d->psk : &d->certificate, now);
}

static void free_line(struct sally_tls_line *l)
{
    struct sally_tls_door *d = l->door;

    sally_stack_wipe(&l->stack);
    sally_pool_give(&d->packets, l->wire);
    sally_pool_give(&d->lines, l);
}

/* A visit begins elsewhere. */
static enum sally_err open_line(struct sally_tls_line **out,
                                struct sally_tls_door *d, enum sally_secure by,
                                bool visit, void *handle,
                                const struct sally_auth_source *source,
                                sally_usec now)
{
    const struct sally_span anybody = { NULL, 0 };
    struct sally_tls_line *l;
    enum sally_err e = SALLY_E_NO_ROOM;

    d->now = now;
    if (d->keys == NULL)
        return SALLY_E_UNSUPPORTED;
    l = sally_pool_take(&d->lines);
    if (l == NULL)
        return SALLY_E_NO_ROOM;
    *l = (struct sally_tls_line){ .door = d, .handle = handle, .by = by,
                                  .visit = visit,
                                  .proof = { NOBODY, SALLY_AUTH_PSK },
                                  .interface = source->interface,
                                  .family = source->family };
    memcpy(l->ip, source->ip, source->family == 4 ? 4 : sizeof(l->ip));
    if (!sally_penalties_blocked(d->penalties, source, anybody, now) &&
        sally_tls_admit(l, now))
        e = visit ? SALLY_E_OK : begin(l, now);
    else
        sally_tls_refuse(l, SALLY_E_BUSY);
    if (e != SALLY_E_OK) {
        sally_tls_settle(l);
        free_line(l);
        return e;
    }
    *out = l;
    return SALLY_E_OK;
}

enum sally_err sally_tls_line_open(struct sally_tls_line **out,
                                   struct sally_tls_door *d,
                                   enum sally_secure by, void *handle,
                                   const struct sally_auth_source *source,
                                   sally_usec now)
{
    return open_line(out, d, by, false, handle, source, now);
}

enum sally_err sally_tls_visit_open(struct sally_tls_line **out,
                                    struct sally_tls_door *d, void *handle,
                                    const struct sally_auth_source *source,
                                    sally_usec now)
{
    return open_line(out, d, SALLY_SECURE_PSK, true, handle, source, now);
}

/* --- Up ------------------------------------------------------------------ */

/* An identity of a key that we have, or a name in a certificate that was let
 * in: each is one sensor's. Without either it is nobody yet.                */
static enum sally_err note_proof(struct sally_tls_line *l,
                                 struct sally_span name)
{
    struct sally_tls_door *d = l->door;
    struct sally_auth_source source = sally_tls_source(l);

    l->proof.method = l->by == SALLY_SECURE_PSK ? SALLY_AUTH_PSK
                                                : SALLY_AUTH_CERTIFICATE;
    if (name.len == 0 && l->by == SALLY_SECURE_CERTIFICATE)
        return SALLY_E_OK;
    l->proof.sensor = sally_tls_keys_sensor(d->keys, l->proof.method, name);
    if (l->proof.sensor == NOBODY)
        return SALLY_E_NOT_ALLOWED;
    sally_penalties_forgive(d->penalties, &source, name);
    return SALLY_E_OK;
}

static enum sally_err fail(struct sally_tls_line *l, enum sally_err e)
{
    if (l->unknown && e == SALLY_E_UNAUTHENTIC)
        e = SALLY_E_NO_CREDENTIAL; /* the client is told less than we */
    sally_tls_refuse(l, e);
    sally_tls_settle(l);
    return e == SALLY_E_OK ? SALLY_E_CLOSED : e;
}

static enum sally_err look(struct sally_tls_line *l, enum sally_err e)
{
    enum sally_channel_state state = sally_stack_state(&l->stack);

    if (!l->shaking)
        return e;
    if (state == SALLY_CHANNEL_UP) {
        enum sally_err proof =
            note_proof(l, sally_stack_peer_identity(&l->stack));

        sally_tls_settle(l);
        if (proof == SALLY_E_OK)
            return e;
        sally_tls_refuse(l, proof);
        return proof;
    }
    if (state == SALLY_CHANNEL_HANDSHAKE)
        return e;
    e = sally_stack_reason(&l->stack);
    return fail(l, e);
}

/* Said before the library sees a byte, so that the log can say it. */
static bool is_plaintext(const struct sally_tls_line *l, struct sally_span wire)
{
    return !l->heard && wire.len != 0 && wire.at[0] != HANDSHAKE_RECORD;
}

enum sally_err sally_tls_line_input(struct sally_tls_line *l,
                                    struct sally_span wire,
                                    struct sally_buf *plain, sally_usec now)
{
    struct sally_tls_door *d = l->door;
    enum sally_err e;

    d->now = now;
    if (is_plaintext(l, wire)) {
        sally_tls_refuse(l, SALLY_E_WRONG_TYPE);
        sally_tls_settle(l);
        return SALLY_E_WRONG_TYPE;
    }
    l->heard |= wire.len != 0;
    d->current = l;
    e = sally_stack_open(&l->stack, wire, plain, now);
    d->current = NULL;
    return look(l, e);
}

bool sally_tls_line_is_up(const struct sally_tls_line *l,
                          struct sally_tls_proof *out)
{
    if (sally_stack_state(&l->stack) != SALLY_CHANNEL_UP)
        return false;
    *out = l->proof;
    return true;
}

/* --- Output -------------------------------------------------------------- */

/* The library's own bytes first: they were made before. */
static void fill(struct sally_tls_line *l, struct sally_span plain)
{
    struct sally_span own = sally_stack_output(&l->stack);
    struct sally_buf wire = { l->wire, 0, SALLY_DATAGRAM_MAX };
    struct sally_span part = sally_span_sub(plain, 0, SALLY_MESSAGE_MAX);

    if (own.len != 0) {
        memcpy(l->wire, own.at, own.len);
        wire.len = own.len;
    } else if (part.len != 0 &&
               sally_stack_seal(&l->stack, part, &wire) == SALLY_E_OK) {
        l->sealed = part.len;
    }
    l->wire_from = 0;
    l->wire_len = wire.len;
}

static void give_back(struct sally_tls_line *l)
{
    sally_pool_give(&l->door->packets, l->wire);
    l->wire = NULL;
}

struct sally_span sally_tls_line_output(struct sally_tls_line *l,
                                        struct sally_span plain)
{
    if (l->wire == NULL) {
        l->wire = sally_pool_take(&l->door->packets);
        if (l->wire == NULL)
            return (struct sally_span){ NULL, 0 }; /* at the next pump */
        fill(l, plain);
    }
    if (l->wire_len != 0)
        return (struct sally_span){ &l->wire[l->wire_from],
                                    l->wire_len - l->wire_from };
    give_back(l);
    return (struct sally_span){ NULL, 0 };
}

size_t sally_tls_line_sent(struct sally_tls_line *l, size_t n)
{
    size_t gone = l->sealed;

    l->wire_from += n;
    if (l->wire_from < l->wire_len)
        return 0;
    l->sealed = 0;
    give_back(l);
    return gone;
}

/* --- Visits -------------------------------------------------------------- */

const struct sally_key_finder *
sally_tls_visit_finder(const struct sally_tls_door *d)
{
    return &d->psk;
}

void sally_tls_visit_enter(struct sally_tls_line *l, sally_usec now)
{
    l->door->now = now;
    l->door->current = l;
}

void sally_tls_visit_leave(struct sally_tls_line *l)
{
    l->door->current = NULL;
}

enum sally_err sally_tls_visit_met(struct sally_tls_line *l,
                                   struct sally_span identity,
                                   uint32_t *sensor)
{
    enum sally_err e = note_proof(l, identity);

    if (e != SALLY_E_OK)
        return fail(l, e);
    sally_tls_settle(l);
    *sensor = l->proof.sensor;
    return SALLY_E_OK;
}

void sally_tls_visit_failed(struct sally_tls_line *l, enum sally_err why)
{
    if (l->shaking)
        (void)fail(l, why);
}

struct sally_security *sally_tls_door_security(const struct sally_tls_door *d)
{
    return d->security;
}

/* --- The end ------------------------------------------------------------- */

void sally_tls_line_say_goodbye(struct sally_tls_line *l)
{
    sally_stack_close(&l->stack);
}

void sally_tls_line_close(struct sally_tls_line *l, bool lost)
{
    if (l == NULL)
        return;
    if (l->shaking && lost)
        sally_tls_refuse(l, SALLY_E_CLOSED);
    sally_tls_settle(l);
    free_line(l);
}
