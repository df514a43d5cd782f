/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_secure.c - peers that speak CoAP over DTLS: they are
 * nobody until their handshake is over, and then the sensor whose key they
 * have, wherever they are. RFC 7252 s.9.1.
 *
 * Until then the credit of plaintext peers is theirs, too: no more bytes out
 * than came in.                                                             */
#include "ingress/coap_server_parts.h"

#include "base/cursor.h"

#define HANDSHAKE 22
#define CLIENT_HELLO 1
#define QUIET (10 * SALLY_SEC) /* no device is there any more, perhaps */

/* In the clear, as the first of a handshake is. RFC 6347 s.4.1. */
static bool is_client_hello(struct sally_span datagram)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    uint8_t content = sally_take_u8(&c);
    uint16_t version = sally_take_u16(&c), epoch = sally_take_u16(&c);

    (void)version;
    (void)sally_take(&c, 8); /* number and length of the record */
    return content == HANDSHAKE && epoch == 0 &&
           sally_take_u8(&c) == CLIENT_HELLO && !c.failed;
}

static struct sally_coap_peer *begin(struct sally_coap_server *s,
                                     const struct sally_coap_source *from,
                                     sally_usec now)
{
    const struct sally_auth_source source = { .ip = from->peer.ip,
                                              .family = from->peer.family,
                                              .interface = from->interface };
    struct sally_coap_peer *p;

    if (s->door == NULL)
        return NULL;
    p = sally_coap_peer_add(s, from, SALLY_COAP_NOBODY, now);
    if (p == NULL)
        return NULL;
    if (sally_tls_visit_open(&p->visit, s->door, p, &source, now) ==
            SALLY_E_OK &&
        sally_coap_link_accept(&p->link, SALLY_SCHEME_COAPS,
                               sally_tls_visit_finder(s->door),
                               now) == SALLY_E_OK)
        return p;
    sally_coap_peer_drop(p, now);
    return NULL;
}

/* --- What the link tells ------------------------------------------------- */

static void come_up(struct sally_coap_peer *p, sally_usec now)
{
    struct sally_span identity =
        sally_stack_peer_identity(sally_coap_link_stack(&p->link));
    uint32_t sensor;

    p->over = sally_tls_visit_met(p->visit, identity, &sensor) != SALLY_E_OK ||
              sally_outer_sensor(p->server->outer, sensor)->blocked;
    if (p->over)
        return;
    sally_coap_peer_become(p, sensor, now);
    p->validated = true; /* it has answered what only it could have heard */
}

void sally_coap_secure_channel(void *owner, enum sally_err e, sally_usec now)
{
    struct sally_coap_peer *p = owner;

    if (p->visit == NULL)
        return; /* plaintext */
    if (e == SALLY_E_OK) {
        come_up(p, now);
        return;
    }
    sally_tls_visit_failed(p->visit, e);
    p->over = true;
}

/* --- Input --------------------------------------------------------------- */

/* A device that was started again has another session to offer, on the port of
 * the one that it forgot. Anybody can say so in its name, so one that was heard
 * lately stays.                                                             */
static bool begins_anew(const struct sally_coap_peer *p,
                        struct sally_span datagram, sally_usec now)
{
    return is_client_hello(datagram) && p->sensor != SALLY_COAP_NOBODY &&
           now - p->heard > QUIET;
}

static struct sally_coap_peer *find(struct sally_coap_server *s,
                                    const struct sally_coap_source *from,
                                    struct sally_span datagram, sally_usec now)
{
    struct sally_coap_peer *p = sally_coap_peer_find(s, from);

    if (p != NULL && begins_anew(p, datagram, now)) {
        sally_coap_peer_drop(p, now);
        p = NULL;
    }
    return p == NULL && is_client_hello(datagram) ? begin(s, from, now) : p;
}

void sally_coap_secure_input(struct sally_coap_server *s,
                             const struct sally_coap_source *from,
                             struct sally_span datagram, sally_usec now)
{
    struct sally_coap_peer *p = find(s, from, datagram, now);

    if (p == NULL)
        return; /* as if it was lost */
    p->source.local = from->local;
    sally_coap_credit_earn(p, datagram.len);
    sally_coap_peer_refresh(p);
    sally_coap_secure_renew(p, now);
    sally_tls_visit_enter(p->visit, now);
    if (sally_coap_link_input(&p->link, datagram, now) == SALLY_E_OK)
        p->heard = now;
    sally_tls_visit_leave(p->visit);
    sally_coap_peer_pump(p, now);
    if (p->over)
        sally_coap_peer_drop(p, now);
}

void sally_coap_secure_renew(struct sally_coap_peer *p, sally_usec now)
{
    if (p->sensor == SALLY_COAP_NOBODY || p->proved_until >= now)
        return;
    p->proved_until = sally_after(now, SALLY_COAP_PROOF_LASTS);
    sally_coap_peer_online(p, now);
}

void sally_coap_server_end(struct sally_coap_server *s, void *peer,
                           sally_usec now)
{
    sally_coap_peer_drop(peer, now);
    sally_coap_server_arm(s);
}

void sally_coap_server_secure(struct sally_coap_server *s,
                              struct sally_tls_door *door)
{
    s->door = door;
}
