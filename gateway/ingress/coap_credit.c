/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_credit.c - how many bytes a source gets that may not be
 * where it says, and how it shows that it is: Echo (RFC 9175 s.2).          */
#include "ingress/coap_server_parts.h"

#include "coap/option.h"

#include <string.h>

/* Four bytes, so that the challenge is no longer than a short GET. Who does not
 * hear us needs 2^32 datagrams to guess it, each with as many bytes as he could
 * have had without.                                                         */
#define ECHO_LEN 4
#define ECHO_LASTS (60 * SALLY_SEC) /* to 120 s */

void sally_coap_credit_earn(struct sally_coap_peer *p, size_t bytes)
{
    if (!p->validated && bytes <= UINT32_MAX - p->credit)
        p->credit += (uint32_t)bytes;
}

static bool is_request(struct sally_span datagram)
{
    return datagram.len >= 4 && datagram.at[1] != SALLY_CODE_EMPTY &&
           sally_coap_class(datagram.at[1]) == 0;
}

bool sally_coap_credit_spend(struct sally_coap_peer *p,
                             struct sally_span datagram)
{
    if (p->validated || (p->visit == NULL && is_request(datagram)))
        return true;
    if (datagram.len > p->credit)
        return false;
    p->credit -= (uint32_t)datagram.len;
    return true;
}

/* The value for this source in this minute. Nothing is kept for it: the key is
 * the process's own.                                                        */
static void make_echo(const struct sally_coap_peer *p, uint64_t epoch,
                      uint8_t out[ECHO_LEN])
{
    uint8_t about[sizeof(p->key) + sizeof(epoch)];
    uint64_t digest;

    memcpy(about, p->key, sizeof(p->key));
    memcpy(&about[sizeof(p->key)], &epoch, sizeof(epoch));
    digest = sally_hash(&p->server->echo_key,
                        (struct sally_span){ about, sizeof(about) });
    memcpy(out, &digest, ECHO_LEN);
}

void sally_coap_credit_check(struct sally_coap_peer *p,
                             struct sally_span options, sally_usec now)
{
    uint64_t epoch = (uint64_t)now / (uint64_t)ECHO_LASTS;
    struct sally_span echo;
    uint8_t want[ECHO_LEN];

    if (!sally_coap_option_find(options, SALLY_OPTION_ECHO, &echo) ||
        p->validated)
        return;
    for (uint64_t age = 0; age < 2 && age <= epoch; age++) {
        make_echo(p, epoch - age, want);
        if (sally_span_equal(echo, (struct sally_span){ want, ECHO_LEN }))
            p->validated = true;
    }
}

void sally_coap_credit_challenge(struct sally_coap_peer *p,
                                 sally_coap_exchange x, sally_usec now)
{
    uint8_t room[8], echo[ECHO_LEN];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_UNAUTHORIZED };

    make_echo(p, (uint64_t)now / (uint64_t)ECHO_LASTS, echo);
    sally_coap_put_option(&w, SALLY_OPTION_ECHO,
                          (struct sally_span){ echo, sizeof(echo) });
    a.options = sally_buf_span(&options);
    (void)sally_coap_link_respond(&p->link, x, &a, now);
}
