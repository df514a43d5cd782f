/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link_take.c - what arrives at a link goes to the part that it is
 * for.                                                                      */
#include "coap/connection.h"
#include "coap/link_parts.h"
#include "coap/observe.h"
#include "coap/response.h"
#include "coap/shield.h"

/* RFC 7252 s.4.2: a confirmable message that makes no sense gets a Reset,
 * which is also what a ping (an empty one) wants.                           */
static enum sally_err reject(struct sally_coap_link *l,
                             struct sally_coap_seen *seen,
                             enum sally_coap_type type, enum sally_err e)
{
    if (type == SALLY_COAP_CON)
        sally_coap_response_empty(l, seen, SALLY_COAP_RST);
    return e;
}

static enum sally_err take_new(struct sally_coap_link *l,
                               const struct sally_coap_message *m,
                               struct sally_coap_seen *seen, sally_usec now)
{
    switch (sally_coap_class(m->code)) {
    case 0:
        if (m->code == SALLY_CODE_EMPTY)
            return reject(l, seen, m->type,
                          m->type == SALLY_COAP_CON ? SALLY_E_OK
                                                    : SALLY_E_MALFORMED);
        return l->shield != NULL ? sally_coap_shield_request(l, m, seen, now)
                                 : sally_coap_serving_request(l, m, seen, now);
    case 2:
    case 4:
    case 5: return sally_coap_exchange_response(l, m, seen, now);
    default: return reject(l, seen, m->type, SALLY_E_MALFORMED); /* reserved */
    }
}

/* A confirmable or non-confirmable message. If there is no room to deal with
 * it, it counts as lost: the peer will send it again.                       */
static enum sally_err take_first_hand(struct sally_coap_link *l,
                                      const struct sally_coap_message *m,
                                      sally_usec now)
{
    struct sally_coap_seen *seen;
    enum sally_err e = sally_coap_dedup_see(&l->dedup, m->mid, now, &seen);

    if (e != SALLY_E_OK)
        return e;
    e = take_new(l, m, seen, now);
    if (e == SALLY_E_NO_ROOM && sally_coap_class(m->code) == 0) {
        seen = sally_coap_dedup_find(&l->dedup, m->mid);
        if (seen != NULL && seen->len == 0)
            sally_coap_dedup_forget(&l->dedup, seen);
    }
    return e;
}

/* What a malformed datagram still says in its first four bytes. */
static enum sally_err take_malformed(struct sally_coap_link *l,
                                     struct sally_span bytes, uint16_t mid,
                                     enum sally_err e, sally_usec now)
{
    struct sally_coap_seen *seen;

    if (bytes.len >= 4 && bytes.at[0] >> 6 == 1 &&
        (bytes.at[0] >> 4 & 3) == SALLY_COAP_CON &&
        sally_coap_dedup_see(&l->dedup, mid, now, &seen) == SALLY_E_OK)
        (void)reject(l, seen, SALLY_COAP_CON, e);
    return e;
}

static enum sally_err take_message(struct sally_coap_link *l,
                                   struct sally_span bytes, sally_usec now)
{
    struct sally_coap_message m;
    uint16_t mid = 0;
    enum sally_err e = sally_coap_parse(bytes, &m, &mid);

    if (e != SALLY_E_OK)
        return take_malformed(l, bytes, mid, e, now);
    switch (m.type) {
    case SALLY_COAP_CON:
    case SALLY_COAP_NON: return take_first_hand(l, &m, now);
    case SALLY_COAP_ACK:
        if (m.code == SALLY_CODE_EMPTY)
            return sally_coap_exchange_acknowledge(l, m.mid, now);
        if (sally_coap_class(m.code) == 2 || sally_coap_class(m.code) == 4 ||
            sally_coap_class(m.code) == 5)
            return sally_coap_exchange_response(l, &m, NULL, now);
        return SALLY_E_MALFORMED;
    case SALLY_COAP_RST:
        return m.code == SALLY_CODE_EMPTY
                   ? sally_coap_exchange_reset(l, m.mid, now)
                   : SALLY_E_MALFORMED;
    }
    return SALLY_E_MALFORMED;
}

/* Messages pass, if only those that bring the keys about. */
static bool carries(const struct sally_coap_link *l)
{
    return sally_coap_connection_carries(l) &&
           !sally_coap_link_is_over(l->told);
}

enum sally_err sally_coap_link_take_stream(struct sally_coap_link *l,
                                           sally_usec now)
{
    enum sally_err result = SALLY_E_OK;
    struct sally_coap_message m;
    enum sally_err e;

    do {
        e = sally_coap_connection_next(l, &m, now);
        sally_coap_link_follow(l, now);
        if (e == SALLY_E_OK && carries(l))
            result = sally_coap_connection_take(l, &m, now);
    } while (e == SALLY_E_OK && carries(l));
    return e == SALLY_E_PENDING || e == SALLY_E_OK ? result : e;
}

enum sally_err sally_coap_link_input(struct sally_coap_link *l,
                                     struct sally_span datagram, sally_usec now)
{
    uint8_t bytes[SALLY_DATAGRAM_MAX];
    struct sally_buf message = SALLY_BUF(bytes);
    enum sally_err result = SALLY_E_OK;
    enum sally_err e;

    if (l->told == SALLY_CHANNEL_IDLE || sally_coap_link_is_over(l->told))
        return SALLY_E_UNEXPECTED;
    if (l->stream != NULL) {
        sally_coap_connection_feed(l, datagram, now);
        return sally_coap_link_take_stream(l, now);
    }
    e = sally_stack_open(&l->stack, datagram, &message, now);
    sally_coap_link_follow(l, now);
    while (e == SALLY_E_OK && carries(l)) {
        result = take_message(l, sally_buf_span(&message), now);
        message.len = 0;
        e = sally_stack_open(&l->stack, (struct sally_span){ NULL, 0 },
                             &message, now);
        sally_coap_link_follow(l, now);
    }
    return e == SALLY_E_PENDING || e == SALLY_E_OK ? result : e;
}
