/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/link_send.c - what the parts of a link have to say goes out, one
 * datagram or piece of a stream at a time, sealed.                          */
#include "coap/connection.h"
#include "coap/link_parts.h"
#include "coap/shield.h"

void sally_coap_link_give_wire(struct sally_coap_link *l)
{
    sally_pool_give(l->shared->packets, l->wire);
    l->wire = NULL;
}

/* The next message to send, which counts as sent from here on: whatever keeps
 * it from going out is loss, and retransmission mends that.                 */
static struct sally_span next_message(struct sally_coap_link *l, sally_usec now)
{
    struct sally_coap_flight *f = sally_coap_reliable_ready(&l->reliable);
    struct sally_coap_outgoing *o = (struct sally_coap_outgoing *)(void *)f;
    struct sally_span bytes;

    if (f == NULL)
        return (struct sally_span){ NULL, 0 };
    bytes = o->coat != NULL ? sally_coap_shield_bytes(l, o, now)
                            : (struct sally_span){ o->message, f->len };
    if (bytes.len == 0)
        return bytes;
    sally_coap_outgoing_sent(l, o, now);
    if (l->stream != NULL)
        sally_coap_connection_sent(l, o, now);
    return bytes;
}

/* `message` empty: signalling of a stream. Without a block there is no room. */
static enum sally_err seal(struct sally_coap_link *l, struct sally_span message,
                           struct sally_span *wire)
{
    struct sally_buf room = { NULL, 0, 0 };
    enum sally_err e;

    if (l->wire == NULL)
        l->wire = sally_pool_take(l->shared->packets);
    if (l->wire != NULL)
        room = (struct sally_buf){ l->wire, 0, SALLY_DATAGRAM_MAX };
    if (l->stream == NULL)
        e = sally_stack_seal(&l->stack, message, &room);
    else if (message.len != 0)
        e = sally_coap_connection_seal(l, message, &room);
    else
        e = sally_coap_connection_signal(l, &room);
    *wire = sally_buf_span(&room);
    return e;
}

/* Answers to the peer go first: it waits for them and sends again if not. */
static bool send_one(struct sally_coap_link *l, sally_usec now,
                     struct sally_span *wire, enum sally_err *e)
{
    struct sally_coap_seen *seen = sally_coap_dedup_ready(&l->dedup);
    struct sally_span message = { NULL, 0 };

    if (l->stream != NULL && sally_coap_stream_out(l->stream).len != 0) {
        *e = seal(l, message, wire);
        return true;
    }
    if (!sally_coap_connection_carries(l))
        return false;
    if (seen != NULL) {
        *e = seal(l, sally_coap_seen_answer(seen), wire);
        sally_coap_dedup_sent(&l->dedup, seen);
        return true;
    }
    message = next_message(l, now);
    if (message.len != 0)
        *e = seal(l, message, wire);
    return message.len != 0;
}

/* An alert tells the peer at once why we are gone; then all of it goes. */
static void leave(struct sally_coap_link *l)
{
    if (!l->leaving)
        return;
    l->leaving = false;
    sally_stack_end(&l->stack);
    l->told = SALLY_CHANNEL_IDLE;
}

struct sally_span sally_coap_link_output(struct sally_coap_link *l,
                                         sally_usec now)
{
    struct sally_span wire = sally_stack_output(&l->stack);
    enum sally_err e;

    if (wire.len != 0)
        return wire;
    leave(l);
    while (sally_stack_carries(&l->stack) && send_one(l, now, &wire, &e))
        if (e == SALLY_E_OK && wire.len != 0)
            return wire;
    sally_coap_link_give_wire(l);
    return (struct sally_span){ NULL, 0 };
}
