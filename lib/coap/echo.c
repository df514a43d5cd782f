/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/echo.c - the same request with the Echo that the server gave. */
#include "coap/echo.h"

#include "coap/option.h"

#include <string.h>

#define ECHO_MAX 40 /* bytes; RFC 9175 s.2.2.1 */

/* The options of `list` with this Echo in place of any other. */
static enum sally_err put_options(struct sally_span list,
                                  struct sally_span echo,
                                  struct sally_buf *out)
{
    struct sally_coap_options walk = { list, 0 };
    struct sally_coap_option_writer w = sally_coap_options_into(out);
    struct sally_coap_option o;
    bool put = false;

    while (sally_coap_option_next(&walk, &o)) {
        if (!put && o.number >= SALLY_OPTION_ECHO) {
            sally_coap_put_option(&w, SALLY_OPTION_ECHO, echo);
            put = true;
        }
        if (o.number != SALLY_OPTION_ECHO)
            sally_coap_put_option(&w, o.number, o.value);
    }
    if (!put)
        sally_coap_put_option(&w, SALLY_OPTION_ECHO, echo);
    return sally_coap_options_end(&w);
}

/* An observation keeps the token that it was asked for with. */
static void renew_token(struct sally_coap_link *l,
                        const struct sally_coap_outgoing *o,
                        uint8_t token[SALLY_COAP_TOKEN_MAX])
{
    memcpy(token, sally_coap_outgoing_token(o).at, SALLY_COAP_TOKEN_MAX);
    if (o->observe == SALLY_OBSERVE_ABSENT)
        sally_random_fill(&l->shared->random, token, SALLY_COAP_TOKEN_MAX);
}

static enum sally_err ask_again(struct sally_coap_link *l,
                                struct sally_coap_outgoing *o,
                                struct sally_span echo, sally_usec now)
{
    uint8_t old[SALLY_MESSAGE_MAX], list[SALLY_MESSAGE_MAX];
    uint8_t token[SALLY_COAP_TOKEN_MAX];
    struct sally_buf options = SALLY_BUF(list);
    struct sally_coap_message m;
    uint16_t mid;
    enum sally_err e;

    memcpy(old, o->message, o->flight.len);
    renew_token(l, o, token);
    e = sally_coap_parse((struct sally_span){ old, o->flight.len }, &m, &mid);
    if (e == SALLY_E_OK)
        e = put_options(m.options, echo, &options);
    if (e != SALLY_E_OK)
        return e;
    m.token = (struct sally_span){ token, sizeof(token) };
    m.options = sally_buf_span(&options);
    return sally_coap_outgoing_write(l, o, &m, now);
}

bool sally_coap_echo_again(struct sally_coap_link *l,
                           struct sally_coap_outgoing *o,
                           const struct sally_coap_message *m, sally_usec now)
{
    struct sally_span echo;

    if (m->code != SALLY_CODE_UNAUTHORIZED || !o->awaiting || o->echoed ||
        !sally_coap_option_find(m->options, SALLY_OPTION_ECHO, &echo) ||
        echo.len == 0 || echo.len > ECHO_MAX ||
        ask_again(l, o, echo, now) != SALLY_E_OK)
        return false;
    o->echoed = true;
    o->until = SALLY_NEVER; /* time runs from when it is sent */
    return true;
}
