/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/client.c - our connection to a broker from beginning to end: input,
 * time, answers.                                                            */
#include "mqtt/client.h"

#include "mqtt/client_parts.h"

#define OUTPUT_HIGH 1024 /* bytes waiting to go out stop input */

const char *sally_mqtt_loss_text(enum sally_mqtt_loss why)
{
    static const char *const texts[] = {
#define X(name, text) text,
        SALLY_MQTT_LOSS_TABLE(X)
#undef X
    };

    return (size_t)why < SALLY_LEN(texts) ? texts[why] : "unknown";
}

void sally_mqtt_client_init(struct sally_mqtt_client *c,
                            const struct sally_mqtt_client_upcalls *upcalls,
                            void *owner, const struct sally_mqtt_pools *pools,
                            const struct sally_mqtt_client_options *options,
                            sally_usec now)
{
    *c = (struct sally_mqtt_client){ .upcalls = upcalls,
                                     .owner = owner,
                                     .pools = pools,
                                     .options = options,
                                     .heard = now,
                                     .sent = now,
                                     .asked = now,
                                     .next_number = 1,
                                     .packet_max = SALLY_MQTT_PACKET_MAX,
                                     .keep_alive = options->keep_alive,
                                     .next_id = 1,
                                     .send_max = SALLY_MQTT_CLIENT_SEND };
    sally_mqtt_client_greet(c, now);
}

/* While this is so, what the broker says is not read, for our own reasons. */
static bool stopped(const struct sally_mqtt_client *c)
{
    return c->full || c->count == SALLY_MQTT_CLIENT_RECEIVE ||
           (c->state != SALLY_MQTT_CLIENT_CONNECTING &&
            sally_mqtt_block_span(&c->out).len >= OUTPUT_HIGH);
}

size_t sally_mqtt_client_room(const struct sally_mqtt_client *c)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED || stopped(c))
        return 0;
    return SALLY_MQTT_LARGE - sally_mqtt_block_span(&c->in).len;
}

/* The header of the first packet held, if all of the packet is there. */
static bool whole_packet(struct sally_mqtt_client *c, struct sally_span held,
                         struct sally_mqtt_header *h)
{
    enum sally_err e = sally_mqtt_header(held, h);

    if (e == SALLY_E_PENDING)
        return false;
    if (e != SALLY_E_OK) {
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_PROTOCOL);
        return false;
    }
    if (h->header + h->body > SALLY_MQTT_PACKET_MAX) {
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_TOO_LARGE);
        return false;
    }
    return held.len >= h->header + h->body;
}

static bool take_packet(struct sally_mqtt_client *c, struct sally_cursor *held,
                        sally_usec now)
{
    struct sally_mqtt_header h;

    if (!whole_packet(c, held->rest, &h) ||
        !sally_mqtt_client_packet(
            c, &h, sally_span_sub(held->rest, h.header, h.body), now))
        return false;
    (void)sally_take(held, h.header + h.body);
    c->heard = now;
    return true;
}

/* Packets are read where they lie in the block. */
static void eat(struct sally_mqtt_client *c, sally_usec now)
{
    struct sally_span held = sally_mqtt_block_span(&c->in);
    struct sally_cursor left = sally_cursor_over(held);

    if (c->busy || held.len == 0)
        return;
    c->busy = true;
    while (c->state != SALLY_MQTT_CLIENT_ENDED && !stopped(c) &&
           take_packet(c, &left, now)) {
    }
    c->busy = false;
    sally_mqtt_block_used(&c->in, c->pools, held.len - left.rest.len);
}

void sally_mqtt_client_input(struct sally_mqtt_client *c,
                             struct sally_span bytes, sally_usec now)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED || bytes.len == 0)
        return;
    if (!sally_mqtt_block_fit(&c->in, c->pools, bytes.len, true)) {
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_NO_ROOM);
        return;
    }
    sally_mqtt_block_put(&c->in, bytes);
    eat(c, now);
}

/* The time that input waited for us is not the broker's. */
static void go_on(struct sally_mqtt_client *c, bool waited, sally_usec now)
{
    if (waited && !stopped(c))
        c->asked = now;
    eat(c, now);
}

struct sally_span sally_mqtt_client_output(const struct sally_mqtt_client *c)
{
    return sally_mqtt_block_span(&c->out);
}

void sally_mqtt_client_sent(struct sally_mqtt_client *c, size_t n,
                            sally_usec now)
{
    bool waited = stopped(c);

    sally_mqtt_block_used(&c->out, c->pools, n);
    go_on(c, waited, now);
}

void sally_mqtt_client_resume(struct sally_mqtt_client *c, sally_usec now)
{
    bool waited = stopped(c);

    c->full = false;
    go_on(c, waited, now);
}

/* The PUBACKs of what is durable, up to the first that is not. */
static void acknowledge(struct sally_mqtt_client *c, sally_usec now)
{
    while (c->count != 0 && (c->done & 1) != 0) {
        uint16_t id = c->unfinished[c->first];

        c->done >>= 1;
        c->first = (uint8_t)((c->first + 1) % SALLY_MQTT_CLIENT_RECEIVE);
        c->count--;
        sally_mqtt_client_acknowledge(c, id, now);
    }
}

void sally_mqtt_client_answer(struct sally_mqtt_client *c, uint32_t number,
                              sally_usec now)
{
    uint32_t at = number - (c->next_number - c->count);
    bool waited = stopped(c);

    if (c->state == SALLY_MQTT_CLIENT_ENDED || number == 0 || at >= c->count)
        return;
    c->done |= UINT32_C(1) << at;
    acknowledge(c, now);
    go_on(c, waited, now);
}

static sally_usec next_ping(const struct sally_mqtt_client *c)
{
    sally_usec idle = c->sent < c->heard || stopped(c) ? c->sent : c->heard;

    return sally_after(idle, c->keep_alive * SALLY_SEC);
}

/* While input is stopped the broker's answer may lie there unread, and we go on
 * telling it that we live.                                                  */
sally_usec sally_mqtt_client_deadline(const struct sally_mqtt_client *c)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED)
        return SALLY_NEVER;
    if (stopped(c))
        return next_ping(c);
    if (c->pinging || c->state != SALLY_MQTT_CLIENT_OPEN)
        return sally_after(c->asked, SALLY_MQTT_CLIENT_ANSWER);
    return next_ping(c);
}

void sally_mqtt_client_expire(struct sally_mqtt_client *c, sally_usec now)
{
    if (c->state == SALLY_MQTT_CLIENT_ENDED ||
        sally_mqtt_client_deadline(c) > now)
        return;
    if (!stopped(c) && (c->pinging || c->state != SALLY_MQTT_CLIENT_OPEN))
        sally_mqtt_client_end(c, SALLY_MQTT_LOSS_SILENT);
    else
        sally_mqtt_client_ping(c, now);
}

void sally_mqtt_client_wipe(struct sally_mqtt_client *c)
{
    if (c->pools == NULL)
        return;
    c->state = SALLY_MQTT_CLIENT_ENDED;
    sally_mqtt_block_drop(&c->in, c->pools);
    sally_mqtt_block_drop(&c->out, c->pools);
}
