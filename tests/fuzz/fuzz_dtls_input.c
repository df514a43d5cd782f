/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_dtls_input.c - promises of a DTLS session whatever arrives.
 * The input picks where the session stands, then is a script of steps: made up
 * datagrams, the peer's own with one byte changed or none, and time.
 *
 * Promised: a message comes out only if the peer sealed it, and unchanged; a
 * session that is up stays up; what strangers make us hold is bounded, and all
 * of it comes back; the deadline lies ahead after expire.                   */
#include "base/cursor.h"
#include "security/crypto.h"
#include "security/dtls_record.h"
#include "security/heap.h"
#include "security/stack.h"

#include <stdlib.h>
#include <string.h>

#define SAID "sealed by the peer"
#define PACKETS 64

/* A handshake's own needs, and the fragments that a stranger may leave. */
#define HELD_MAX                                                               \
    (100000 +                                                                  \
     (SALLY_DTLS_SEQUENCE_MAX + 1) * (SALLY_DTLS_HANDSHAKE_MAX + 512) +        \
     (SALLY_DTLS_CERTIFICATE_SEQUENCE_MAX + 1) * SALLY_DTLS_CERTIFICATE_MAX)

static struct {
    struct sally_pool packets;
    struct sally_security *security;
    struct sally_credential credential;
    struct sally_key_finder finder;
    size_t heap_at_rest;
} shared;

struct fuzz {
    struct sally_stack client, server;
    struct sally_stack *victim, *peer;
    sally_usec now;
    bool was_up;
};

static void require(bool promise)
{
    if (!promise)
        abort();
}

static enum sally_err find_key(void *owner, struct sally_span identity,
                               struct sally_secret *key)
{
    (void)owner;
    (void)identity;
    return sally_secret_set(key, shared.credential.secret_key);
}

static void wipe(struct fuzz *f)
{
    sally_stack_wipe(&f->client);
    sally_stack_wipe(&f->server);
}

static void begin(struct fuzz *f)
{
    require(sally_stack_accept(&f->server, shared.security, SALLY_SCHEME_COAPS,
                               &shared.finder, f->now) == SALLY_E_OK);
    require(sally_stack_start(&f->client, shared.security, SALLY_SCHEME_COAPS,
                              &shared.credential, f->now) == SALLY_E_OK);
}

/* Carries up to `limit` datagrams from one to the other. */
static unsigned carry(struct fuzz *f, struct sally_stack *from,
                      struct sally_stack *to, unsigned limit)
{
    uint8_t room[SALLY_MESSAGE_MAX];
    unsigned n = 0;

    while (n < limit) {
        struct sally_buf message = SALLY_BUF(room);
        struct sally_span out = sally_stack_output(from);

        if (out.len == 0)
            break;
        (void)!sally_stack_open(to, out, &message, f->now);
        n++;
    }
    return n;
}

static void complete(struct fuzz *f)
{
    begin(f);
    while (carry(f, &f->client, &f->server, 9) +
               carry(f, &f->server, &f->client, 9) !=
           0)
        ;
    require(sally_stack_state(&f->client) == SALLY_CHANNEL_UP);
    require(sally_stack_state(&f->server) == SALLY_CHANNEL_UP);
}

/* Where the session stands: 0 to 7 datagrams into a handshake, or up after a
 * full or a resumed one.                                                    */
static void set_stage(struct fuzz *f, uint8_t stage)
{
    unsigned turns = stage & 7;

    if (stage & 16)
        complete(f);
    if (stage & 8) {
        complete(f);
        return;
    }
    begin(f);
    for (unsigned i = 0; i < turns; i++)
        (void)(i % 2 == 0 ? carry(f, &f->client, &f->server, 1)
                          : carry(f, &f->server, &f->client, 1));
}

static void set_up_once(const struct sally_security_limits *limits)
{
    static struct fuzz f;

    require(sally_pool_init(&shared.packets, SALLY_DATAGRAM_MAX, PACKETS,
                            true) == SALLY_E_OK);
    require(sally_security_init(&shared.security, limits, &shared.packets,
                                sally_crypto_random()) == SALLY_E_OK);
    require(sally_credential_psk(&shared.credential, sally_span_of("sensor"),
                                 sally_span_of("sixteen bytes key")) ==
            SALLY_E_OK);
    shared.finder.find = find_key;
    complete(&f);
    wipe(&f);
    shared.heap_at_rest = sally_heap_live();
}

/* What must hold after every step. */
static void check(struct fuzz *f)
{
    bool up = sally_stack_state(f->victim) == SALLY_CHANNEL_UP;

    require(up || !f->was_up);
    f->was_up = up;
    require(sally_heap_live() <= shared.heap_at_rest + HELD_MAX);
    require(shared.packets.used <= 18);
}

/* Lets one datagram in; `genuine` if the peer made it and nobody touched it. */
static void let_in(struct fuzz *f, struct sally_span datagram, bool genuine)
{
    const struct sally_span more = { NULL, 0 };
    uint8_t room[SALLY_MESSAGE_MAX];
    struct sally_buf message = SALLY_BUF(room);

    while (sally_stack_open(f->victim, datagram, &message, f->now) ==
           SALLY_E_OK) {
        require(genuine && sally_span_is(sally_buf_span(&message), SAID));
        message.len = 0;
        datagram = more;
    }
    require(message.len == 0);
}

static void made_up(struct fuzz *f, struct sally_cursor *c)
{
    size_t len = sally_take_u16(c) % (SALLY_DATAGRAM_MAX + 10);

    if (len > c->rest.len)
        len = c->rest.len;
    let_in(f, sally_take(c, len), false);
}

/* The peer's next datagram: of its handshake, or else a sealed message. */
static void peers_own(struct fuzz *f, struct sally_cursor *c)
{
    size_t place = sally_take_u16(c);
    uint8_t change = sally_take_u8(c), room[SALLY_DATAGRAM_MAX];
    struct sally_buf wire = SALLY_BUF(room);
    struct sally_span out = sally_stack_output(f->peer);

    if (out.len != 0) {
        memcpy(room, out.at, out.len);
        wire.len = out.len;
    } else if (sally_stack_seal(f->peer, sally_span_of(SAID), &wire) !=
               SALLY_E_OK) {
        return;
    }
    room[place % wire.len] = (uint8_t)(room[place % wire.len] ^ change);
    let_in(f, sally_buf_span(&wire), change == 0);
}

static void pass_time(struct fuzz *f, struct sally_cursor *c)
{
    f->now += sally_take_u8(c) * 100 * SALLY_MSEC;
    sally_stack_expire(f->victim, f->now);
    require(sally_stack_deadline(f->victim) > f->now);
}

/* What the victim says reaches the peer, or is lost. */
static void speak(struct fuzz *f, struct sally_cursor *c)
{
    if (sally_take_u8(c) & 1)
        (void)carry(f, f->victim, f->peer, 9);
    else
        while (sally_stack_output(f->victim).len != 0)
            ;
}

static void (*const steps[])(struct fuzz *,
                             struct sally_cursor *) = { made_up, peers_own,
                                                        pass_time, speak };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sally_security_limits limits = { 2, (size_t)16 << 20 };
    struct sally_cursor c =
        sally_cursor_over((struct sally_span){ data, size });
    uint8_t stage = sally_take_u8(&c);
    struct fuzz f = { .now = SALLY_SEC };

    if (shared.security == NULL)
        set_up_once(&limits);
    set_stage(&f, stage);
    f.victim = stage & 32 ? &f.server : &f.client;
    f.peer = stage & 32 ? &f.client : &f.server;
    check(&f);
    for (int i = 0; i < 64 && c.rest.len != 0; i++) {
        steps[sally_take_u8(&c) % SALLY_LEN(steps)](&f, &c);
        check(&f);
    }
    wipe(&f);
    require(sally_heap_live() == shared.heap_at_rest);
    require(shared.packets.used == 0);
    return 0;
}
