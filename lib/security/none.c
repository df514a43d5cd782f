/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/none.c - the channel without protection: a datagram is a
 * message, a stream's bytes are its own, and the session is up at once. LwM2M
 * security mode 3.                                                          */
#include "security/rows.h"

#include "base/writer.h"

struct none {
    bool started, closed;
};

static enum sally_err start(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now)
{
    struct none *n = state;

    (void)shared;
    (void)credential;
    (void)finder;
    (void)resumption;
    (void)role;
    (void)now;
    n->started = true;
    n->closed = false;
    return SALLY_E_OK;
}

static void forget(struct sally_resumption *resumption)
{
    resumption->session = NULL;
}

static enum sally_channel_state state_of(const void *state)
{
    const struct none *n = state;

    if (n->closed)
        return SALLY_CHANNEL_CLOSED;
    return n->started ? SALLY_CHANNEL_UP : SALLY_CHANNEL_IDLE;
}

static enum sally_err reason(const void *state)
{
    (void)state;
    return SALLY_E_OK; /* it has no way to fail */
}

static enum sally_err seal(void *state, struct sally_span message,
                           struct sally_buf *wire)
{
    struct sally_writer w = sally_writer_into(wire);

    if (state_of(state) != SALLY_CHANNEL_UP)
        return SALLY_E_BAD_STATE;
    sally_put(&w, message);
    return sally_writer_end(&w);
}

static enum sally_err open_datagram(void *state, struct sally_span wire,
                                    struct sally_buf *message, sally_usec now)
{
    struct sally_writer w = sally_writer_into(message);

    (void)now;
    if (state_of(state) != SALLY_CHANNEL_UP)
        return SALLY_E_BAD_STATE;
    if (wire.len == 0)
        return SALLY_E_PENDING;
    sally_put(&w, wire);
    return w.failed ? SALLY_E_TOO_LARGE : SALLY_E_OK;
}

static struct sally_span output(void *state)
{
    (void)state;
    return (struct sally_span){ NULL, 0 };
}

static sally_usec deadline(const void *state)
{
    (void)state;
    return SALLY_NEVER;
}

static void expire(void *state, sally_usec now)
{
    (void)state;
    (void)now;
}

static void close_channel(void *state)
{
    struct none *n = state;

    n->closed = n->started;
}

static void wipe(void *state)
{
    *(struct none *)state = (struct none){ .started = false };
}

static struct sally_span peer_identity(const void *state)
{
    (void)state;
    return (struct sally_span){ NULL, 0 };
}

static const char *suite(const void *state)
{
    (void)state;
    return "";
}

static bool resumed(const void *state)
{
    (void)state;
    return false;
}

static int alert(const void *state)
{
    (void)state;
    return -1;
}

static bool kept_by_cid(const void *state)
{
    (void)state;
    return false;
}

#define COMMON                                                                 \
    .size = sizeof(struct none), .overhead = 0, .secure = false,               \
    .start = start, .forget = forget, .state = state_of, .reason = reason,     \
    .seal = seal, .open = open_datagram, .output = output,                     \
    .deadline = deadline, .expire = expire, .close = close_channel,            \
    .wipe = wipe, .peer_identity = peer_identity, .suite = suite,              \
    .resumed = resumed, .alert = alert, .kept_by_cid = kept_by_cid,            \
    .cid = peer_identity /* none either */

const struct sally_mechanism sally_mechanism_none = { .name = "none", COMMON };

const struct sally_mechanism sally_mechanism_none_stream = {
    .name = "none over TCP", .stream = true, COMMON
};
