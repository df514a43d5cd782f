/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_coap_stream.c - promises of CoAP over a stream, whatever the
 * peer sends: a stream gives the same messages and says the same however it is
 * cut; what it says is made of whole frames; a link over it holds a bounded
 * number of blocks, and none after a wipe.
 *
 * The first byte says how to cut, the rest are the peer's bytes.            */
#include "coap/link.h"
#include "coap/option.h"
#include "coap/stream.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX (SALLY_LINK_OUTGOING_MAX + SALLY_DEDUP_LARGE + 4)
#define BODY_MAX 2048

/* What came of a stream: a hash of its messages and of what it said. */
struct outcome {
    struct sally_hash_key key;
    uint64_t digest;
    enum sally_err last;
};

static void note(struct outcome *o, struct sally_span s)
{
    o->key.word[0] = o->digest;
    o->digest = sally_hash(&o->key, s);
}

static void inside(struct sally_span part, const struct sally_coap_stream *s)
{
    if (part.len != 0 && (part.at < s->bytes ||
                          part.at + part.len > s->bytes + sizeof(s->bytes)))
        abort();
}

/* All that the stream holds. */
static void take(struct sally_coap_stream *s, struct outcome *o)
{
    struct sally_coap_message m;
    enum sally_err e;

    do {
        if (sally_coap_stream_out(s).len != 0)
            note(o, sally_coap_stream_out(s));
        sally_coap_stream_sent(s);
        e = sally_coap_stream_next(s, &m);
        if (e == SALLY_E_OK) {
            inside(m.token, s);
            inside(m.options, s);
            inside(m.payload, s);
            if (sally_coap_options_check(m.options) != SALLY_E_OK)
                abort();
            note(o, m.token);
            note(o, m.options);
            note(o, m.payload);
        } else if (e != SALLY_E_PENDING) {
            o->last = e;
        }
    } while (e == SALLY_E_OK || sally_coap_stream_out(s).len != 0);
}

static struct outcome feed(struct sally_span in, size_t cut)
{
    struct sally_coap_stream s;
    struct outcome o = { .digest = 1, .last = SALLY_E_OK };

    sally_coap_stream_init(&s, 0);
    sally_coap_stream_begin(&s, 0);
    while (in.len != 0 && sally_coap_stream_room(&s) != 0) {
        struct sally_span part = sally_span_sub(in, 0, cut);

        if (part.len > sally_coap_stream_room(&s))
            part.len = sally_coap_stream_room(&s);
        memcpy(&s.in.at[s.in.len], part.at, part.len);
        s.in.len += part.len;
        in = sally_span_sub(in, part.len, in.len);
        take(&s, &o);
    }
    return o;
}

/* --- A link -------------------------------------------------------------- */

static void fill(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 0x5a, n);
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    static const uint8_t large[BODY_MAX];
    struct sally_coap_link *l = owner;
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };

    if (q->code == SALLY_CODE_DELETE)
        return; /* is never answered */
    if (q->payload.len != 0)
        a.payload = (struct sally_span){ large, q->payload.at[0] * 8u };
    (void)sally_coap_link_respond(l, q->exchange, &a, now);
}

static const struct sally_coap_link_upcalls upcalls = { .on_request =
                                                            on_request };

/* Frames, one after the other, and nothing else. */
static void check_frames(struct sally_span wire)
{
    struct sally_coap_stream s;
    struct sally_coap_message m;
    static const uint8_t csm[] = { 0x00, 0xe1 };
    enum sally_err e;

    sally_coap_stream_init(&s, 0);
    sally_coap_stream_begin(&s, 0);
    sally_coap_stream_sent(&s);
    memcpy(s.bytes, csm, sizeof(csm));
    s.in.len = sizeof(csm);
    (void)!sally_coap_stream_next(&s, &m);
    if (wire.len > sally_coap_stream_room(&s))
        abort();
    memcpy(s.bytes, wire.at, wire.len);
    s.in.len = wire.len;
    do {
        sally_coap_stream_sent(&s);
        e = sally_coap_stream_next(&s, &m);
    } while (e == SALLY_E_OK || s.out_len != 0);
    if (s.in.len - s.taken != 0 ||
        (e != SALLY_E_PENDING && e != SALLY_E_REFUSED))
        abort();
}

static void drive(struct sally_coap_link *l, struct sally_span in, size_t cut)
{
    sally_usec now = SALLY_SEC;

    for (unsigned turns = 0; turns < 4096; turns++) {
        struct sally_span wire;
        struct sally_span part = sally_span_sub(in, 0, cut);

        while ((wire = sally_coap_link_output(l, now)).len != 0)
            check_frames(wire);
        if (l->shared->packets->used > PACKETS_MAX)
            abort();
        if (part.len > sally_coap_link_room(l))
            part.len = sally_coap_link_room(l);
        if (part.len != 0)
            (void)sally_coap_link_input(l, part, now);
        else if (sally_coap_link_deadline(l) == SALLY_NEVER)
            return;
        in = sally_span_sub(in, part.len, in.len);
        if (sally_coap_link_deadline(l) > now && part.len == 0)
            now = sally_coap_link_deadline(l);
        sally_coap_link_expire(l, now);
    }
}

static void try_link(struct sally_span in, size_t cut)
{
    struct sally_pool packets, bodies;
    struct sally_coap_parameters parameters = sally_coap_defaults;
    struct sally_coap_shared shared = { &parameters, &packets, &bodies,
                                        { fill, NULL }, NULL };
    struct sally_coap_link l;

    parameters.body_max = BODY_MAX;
    if (sally_pool_init(&packets, SALLY_DATAGRAM_MAX, 64, false) !=
            SALLY_E_OK ||
        sally_pool_init(&bodies, BODY_MAX, 8, false) != SALLY_E_OK)
        abort();
    sally_coap_link_init(&l, &shared, &upcalls, &l);
    if (sally_coap_link_accept(&l, SALLY_SCHEME_COAP_TCP, NULL, 0) !=
        SALLY_E_OK)
        abort();
    drive(&l, in, cut);
    sally_coap_link_wipe(&l);
    if (packets.used != 0 || bodies.used != 0)
        abort();
    sally_pool_wipe(&packets);
    sally_pool_wipe(&bodies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_span in = { data, size };
    struct outcome a, b;
    size_t cut;

    if (size < 2)
        return 0;
    cut = 1u + data[0];
    in = sally_span_sub(in, 1, size);
    a = feed(in, cut);
    b = feed(in, SALLY_MESSAGE_MAX);
    if (a.digest != b.digest || a.last != b.last)
        abort();
    try_link(in, cut);
    return 0;
}
