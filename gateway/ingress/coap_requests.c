/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_requests.c - what a sensor's request asks for: a reading
 * to take, a resource to observe, what there is; and its answer.            */
#include "ingress/coap_server_parts.h"

#include "coap/option.h"
#include "ingress/coap_reading.h"

#define RETRY_AFTER 5 /* seconds; Max-Age of a 5.03 */

void sally_coap_peer_answer(struct sally_coap_peer *p, sally_coap_exchange x,
                            uint8_t code, sally_usec now)
{
    uint8_t room[8];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = code };

    if (code == SALLY_CODE_UNAVAILABLE)
        sally_coap_put_uint(&w, SALLY_OPTION_MAX_AGE, RETRY_AFTER);
    a.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&p->link, x, &a, now);
}

static uint8_t accepted_code(enum sally_accepted result)
{
    switch (result) {
    case SALLY_ACCEPTED_STORED: return SALLY_CODE_CHANGED;
    case SALLY_ACCEPTED_REFUSED: return SALLY_CODE_UNPROCESSABLE;
    case SALLY_ACCEPTED_FULL:
    case SALLY_ACCEPTED_FAILED: return SALLY_CODE_UNAVAILABLE;
    }
    return SALLY_CODE_INTERNAL_ERROR;
}

/* RFC 7252 s.5.9.1: 2.04 is a word for PUT and POST only. */
static uint8_t for_method(uint8_t method, uint8_t code)
{
    return code == SALLY_CODE_CHANGED && method == SALLY_CODE_GET
               ? SALLY_CODE_CONTENT
               : code;
}

/* The number that goes with a message says exchange and method. */
static bool told(void *subject, uint64_t number, enum sally_accepted result,
                 sally_usec now)
{
    struct sally_coap_peer *p = subject;

    sally_coap_peer_answer(
        p, (sally_coap_exchange)number,
        for_method((uint8_t)(number >> 32), accepted_code(result)), now);
    sally_coap_peer_pump(p, now);
    return false; /* a 5.03 with Max-Age makes the sensor come again */
}

static uint8_t refusal_code(enum sally_err e)
{
    switch (e) {
    case SALLY_E_NOT_ALLOWED: return SALLY_CODE_FORBIDDEN;
    case SALLY_E_NO_ROOM: return SALLY_CODE_UNAVAILABLE;
    case SALLY_E_TOO_LARGE: return SALLY_CODE_TOO_LARGE;
    case SALLY_E_OUT_OF_RANGE:
    case SALLY_E_WRONG_UNIT:
    case SALLY_E_WRONG_TYPE: return SALLY_CODE_UNPROCESSABLE;
    default: return SALLY_CODE_BAD_REQUEST;
    }
}

static void take_reading(struct sally_coap_peer *p,
                         const struct sally_coap_request *q,
                         struct sally_span topic, sally_usec now)
{
    uint8_t key[SALLY_INGEST_KEY], query[SALLY_COAP_QUERY_MAX];
    struct sally_buf room = SALLY_BUF(query);
    struct sally_span content;
    uint8_t code = sally_coap_reading_content(q, &room, &content);
    bool nothing = false;
    enum sally_err e;

    if (code == 0 && sally_coap_reading_key(&p->source, q, key) != SALLY_E_OK)
        code = SALLY_CODE_INTERNAL_ERROR;
    if (code != 0) {
        sally_coap_peer_answer(p, q->exchange, code, now);
        return;
    }
    e = sally_outer_message(p->server->outer, p->sensor, key, topic, content,
                            told, p, q->exchange | (uint64_t)q->code << 32,
                            &nothing, now);
    if (e != SALLY_E_OK)
        sally_coap_peer_answer(p, q->exchange, refusal_code(e), now);
    else if (nothing)
        sally_coap_peer_answer(p, q->exchange,
                               for_method(q->code, SALLY_CODE_CHANGED), now);
}

static bool has_query(const struct sally_coap_request *q)
{
    struct sally_span value;

    return sally_coap_option_find(q->options, SALLY_OPTION_URI_QUERY, &value);
}

static void dispatch(struct sally_coap_peer *p,
                     const struct sally_coap_request *q,
                     struct sally_span topic, sally_usec now)
{
    const struct sally_mapping *m = sally_outer_mapping(p->server->outer);
    bool get = q->code == SALLY_CODE_GET;

    if (sally_coap_directory_take(p, q, topic, now))
        return;
    if (sally_coap_discovery_meant(q->options) && get)
        sally_coap_discovery_answer(p, q, now);
    else if (get && sally_mapping_may_subscribe(m, p->sensor, topic))
        sally_coap_observers_get(p, q, topic, now);
    else if (q->code == SALLY_CODE_PUT || q->code == SALLY_CODE_POST ||
             (get && has_query(q)))
        take_reading(p, q, topic, now);
    else
        sally_coap_peer_answer(p, q->exchange, SALLY_CODE_METHOD_NOT_ALLOWED,
                               now);
}

void sally_coap_server_request(void *owner, const struct sally_coap_request *q,
                               sally_usec now)
{
    struct sally_coap_peer *p = owner;
    uint8_t room[SALLY_COAP_TOPIC_MAX];
    struct sally_buf topic = SALLY_BUF(room);
    uint8_t code = sally_coap_reading_options(q);

    if (p->proved_until < now)
        code = SALLY_CODE_UNAUTHORIZED;
    sally_coap_credit_check(p, q->options, now);
    if (code == 0)
        code = sally_coap_reading_topic(q, &topic);
    if (code == 0)
        dispatch(p, q, sally_buf_span(&topic), now);
    else
        sally_coap_peer_answer(p, q->exchange, code, now);
}
