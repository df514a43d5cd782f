/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls.c - DTLS 1.2 as a channel mechanism: one engine per
 * association. RFC 6347, RFC 7925, RFC 6655.                                */
#include "security/dtls_record.h"
#include "security/dtls_state.h"
#include "security/rows.h"

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#define PATIENCE (60 * SALLY_SEC) /* for a whole handshake */

/* What the library's errors mean to us; all others are CRYPTO. */
static const struct meaning {
    int library;
    enum sally_err e;
} meanings[] = {
    { FATAL_ERROR, SALLY_E_REFUSED }, /* a fatal alert came in */
    { MEMORY_E, SALLY_E_NO_MEMORY },
    { PSK_KEY_ERROR, SALLY_E_NO_CREDENTIAL },
    { VERIFY_FINISHED_ERROR, SALLY_E_UNAUTHENTIC },
    { VERIFY_MAC_ERROR, SALLY_E_UNAUTHENTIC },
    { DECRYPT_ERROR, SALLY_E_UNAUTHENTIC },
    { MATCH_SUITE_ERROR, SALLY_E_UNSUPPORTED },
    { UNSUPPORTED_SUITE, SALLY_E_UNSUPPORTED },
    { VERSION_ERROR, SALLY_E_UNSUPPORTED },
    { SOCKET_ERROR_E, SALLY_E_TIMED_OUT },
    { BUFFER_ERROR, SALLY_E_MALFORMED },
    { PARSE_ERROR, SALLY_E_MALFORMED },
    { LENGTH_ERROR, SALLY_E_MALFORMED },
    { INCOMPLETE_DATA, SALLY_E_MALFORMED },
    { DTLS_TOO_MANY_FRAGMENTS_E, SALLY_E_TOO_LARGE },
    { HANDSHAKE_SIZE_ERROR, SALLY_E_TOO_LARGE },
};

static enum sally_err meaning_of(int library)
{
    for (size_t i = 0; i < SALLY_LEN(meanings); i++)
        if (meanings[i].library == library)
            return meanings[i].e;
    return SALLY_E_CRYPTO;
}

/* Gives the session object back; a last alert may still wait in the queue. */
static void end(struct sally_dtls *d, enum sally_channel_state state,
                enum sally_err reason)
{
    if (d->ssl != NULL) {
        wolfSSL_free(d->ssl);
        d->shared->sessions--;
    }
    d->ssl = NULL;
    d->unread = 0;
    d->resend_at = d->give_up_at = SALLY_NEVER;
    d->state = (uint8_t)state;
    d->reason = (uint8_t)reason;
}

/* A flight went out since there were `before` datagrams: wait for an answer. */
static void arm(struct sally_dtls *d, unsigned before, sally_usec now)
{
    if (d->queued > before)
        d->resend_at = sally_after(
            now, (sally_usec)wolfSSL_dtls_get_current_timeout(d->ssl) *
                     SALLY_SEC);
}

static void come_up(struct sally_dtls *d)
{
    d->state = SALLY_CHANNEL_UP;
    d->resend_at = d->give_up_at = SALLY_NEVER;
    d->resumed = wolfSSL_session_reused(d->ssl) == 1;
    if (d->role == SALLY_ROLE_CLIENT)
        sally_dtls_resumption_keep(d);
}

static void shake_hands(struct sally_dtls *d, sally_usec now)
{
    unsigned before = d->queued;
    int done = d->role == SALLY_ROLE_CLIENT ? wolfSSL_connect(d->ssl)
                                            : wolfSSL_accept(d->ssl);
    int error;

    if (done == WOLFSSL_SUCCESS) {
        come_up(d);
        return;
    }
    error = wolfSSL_get_error(d->ssl, done);
    if (error == WOLFSSL_ERROR_WANT_READ)
        arm(d, before, now);
    else if (error == WOLFSSL_ERROR_ZERO_RETURN)
        end(d, SALLY_CHANNEL_FAILED, SALLY_E_CLOSED);
    else
        end(d, SALLY_CHANNEL_FAILED, meaning_of(error));
}

static enum sally_err start(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now)
{
    struct sally_dtls *d = state;

    if (shared->sessions >= shared->sessions_max)
        return SALLY_E_NO_MEMORY;
    *d = (struct sally_dtls){ .shared = shared,
                              .credential = credential,
                              .resumption = resumption,
                              .resend_at = SALLY_NEVER,
                              .give_up_at = sally_after(now, PATIENCE),
                              .state = SALLY_CHANNEL_HANDSHAKE,
                              .role = (uint8_t)role };
    if (finder != NULL)
        d->finder = *finder;
    d->ssl = sally_dtls_new(shared, role);
    if (d->ssl == NULL)
        return SALLY_E_NO_MEMORY;
    shared->sessions++;
    sally_dtls_io_join(d);
    sally_dtls_psk_join(d);
    if (role == SALLY_ROLE_CLIENT) {
        sally_dtls_resumption_offer(d);
        shake_hands(d, now);
    }
    return d->state == SALLY_CHANNEL_FAILED ? d->reason : SALLY_E_OK;
}

static enum sally_channel_state state_of(const void *state)
{
    return ((const struct sally_dtls *)state)->state;
}

static enum sally_err reason(const void *state)
{
    return ((const struct sally_dtls *)state)->reason;
}

static enum sally_err seal(void *state, struct sally_span message,
                           struct sally_buf *wire)
{
    struct sally_dtls *d = state;
    int n;

    if (d->state == SALLY_CHANNEL_HANDSHAKE)
        return SALLY_E_PENDING;
    if (d->state != SALLY_CHANNEL_UP || message.len == 0)
        return SALLY_E_BAD_STATE;
    if (message.len > SALLY_MESSAGE_MAX ||
        wire->room - wire->len < message.len + SALLY_DTLS_OVERHEAD)
        return SALLY_E_NO_ROOM;
    d->capture = wire;
    n = wolfSSL_write(d->ssl, message.at, (int)message.len);
    d->capture = NULL;
    if (n == (int)message.len)
        return SALLY_E_OK;
    end(d, SALLY_CHANNEL_FAILED, meaning_of(wolfSSL_get_error(d->ssl, n)));
    return d->reason;
}

/* A record that is longer than the caller's room is not a message of ours:
 * the rest of it is thrown away.                                            */
static bool drop_rest(struct sally_dtls *d)
{
    uint8_t rest[64];
    bool any = false;

    while (wolfSSL_pending(d->ssl) > 0 &&
           wolfSSL_read(d->ssl, rest, sizeof(rest)) > 0)
        any = true;
    return any;
}

struct drops {
    unsigned forged, replayed;
};

static struct drops drops_of(const struct sally_dtls *d)
{
    struct drops n = { 0, 0 };

    (void)wolfSSL_dtls_get_drop_stats(d->ssl, &n.forged, &n.replayed);
    return n;
}

/* Nothing came out of the library: was that a crime, the end, or nothing? */
static enum sally_err nothing_read(struct sally_dtls *d, int result,
                                   struct drops before)
{
    int error = wolfSSL_get_error(d->ssl, result);
    struct drops after = drops_of(d);

    if (error == WOLFSSL_ERROR_ZERO_RETURN) {
        (void)wolfSSL_shutdown(d->ssl); /* the answer to a close_notify */
        end(d, SALLY_CHANNEL_CLOSED, SALLY_E_OK);
        return SALLY_E_CLOSED;
    }
    if (error != WOLFSSL_ERROR_WANT_READ) {
        end(d, SALLY_CHANNEL_FAILED, meaning_of(error));
        return d->reason;
    }
    d->unread = 0;
    if (after.forged != before.forged)
        return SALLY_E_UNAUTHENTIC;
    return after.replayed != before.replayed ? SALLY_E_REPLAYED
                                             : SALLY_E_PENDING;
}

static enum sally_err read_record(struct sally_dtls *d,
                                  struct sally_buf *message)
{
    struct drops before = drops_of(d);
    size_t room = message->room - message->len;
    int n;

    if (room == 0)
        return SALLY_E_NO_ROOM;
    n = wolfSSL_read(d->ssl, &message->at[message->len], (int)room);
    if (n <= 0)
        return nothing_read(d, n, before);
    if (drop_rest(d))
        return SALLY_E_TOO_LARGE;
    message->len += (size_t)n;
    d->unread--;
    return SALLY_E_OK;
}

/* Takes a datagram in. The library copies it at its first read; a record that
 * fills it needs no second read, which would leave a buffer behind.         */
static enum sally_err take_in(struct sally_dtls *d, struct sally_span wire,
                              sally_usec now)
{
    bool up = d->state == SALLY_CHANNEL_UP;
    struct sally_dtls_datagram seen;
    enum sally_err e = sally_dtls_admit(wire, up, &seen);

    if (e != SALLY_E_OK)
        return e;
    d->inbound = wire;
    d->unread = up || seen.application_data ? seen.records : 0;
    if (!up)
        shake_hands(d, now);
    return SALLY_E_OK;
}

static enum sally_err open_datagram(void *state, struct sally_span wire,
                                    struct sally_buf *message, sally_usec now)
{
    struct sally_dtls *d = state;
    enum sally_err e = SALLY_E_OK;

    if (d->ssl == NULL)
        return SALLY_E_BAD_STATE;
    if (wire.len != 0)
        e = take_in(d, wire, now);
    if (e == SALLY_E_OK && d->state == SALLY_CHANNEL_FAILED)
        e = d->reason;
    if (e == SALLY_E_OK)
        e = d->unread > 0 && d->state == SALLY_CHANNEL_UP ? read_record(d, message)
                                                    : SALLY_E_PENDING;
    d->inbound = (struct sally_span){ NULL, 0 };
    return e;
}

static struct sally_span output(void *state)
{
    return sally_dtls_io_next(state);
}

static sally_usec deadline(const void *state)
{
    const struct sally_dtls *d = state;

    return sally_earlier(d->resend_at, d->give_up_at);
}

static void expire(void *state, sally_usec now)
{
    struct sally_dtls *d = state;
    unsigned before = d->queued;

    if (d->state != SALLY_CHANNEL_HANDSHAKE)
        return;
    if (now >= d->give_up_at) {
        end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
        return;
    }
    if (now < d->resend_at)
        return;
    d->resend_at = SALLY_NEVER;
    if (wolfSSL_dtls_got_timeout(d->ssl) != WOLFSSL_SUCCESS)
        end(d, SALLY_CHANNEL_FAILED, SALLY_E_TIMED_OUT);
    else
        arm(d, before, now);
}

static void close_channel(void *state)
{
    struct sally_dtls *d = state;

    if (d->state != SALLY_CHANNEL_UP)
        return;
    (void)wolfSSL_shutdown(d->ssl);
    end(d, SALLY_CHANNEL_CLOSED, SALLY_E_OK);
}

static void wipe(void *state)
{
    struct sally_dtls *d = state;

    if (d->shared == NULL)
        return;
    end(d, SALLY_CHANNEL_IDLE, SALLY_E_OK);
    sally_dtls_io_wipe(d);
    XFREE(d->peer_identity, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    *d = (struct sally_dtls){ .shared = NULL };
}

static struct sally_span peer_identity(const void *state)
{
    return sally_span_of(((const struct sally_dtls *)state)->peer_identity);
}

static const char *suite(const void *state)
{
    const struct sally_dtls *d = state;

    return d->state == SALLY_CHANNEL_UP ? wolfSSL_get_cipher_name(d->ssl) : "";
}

static bool resumed(const void *state)
{
    return ((const struct sally_dtls *)state)->resumed;
}

const struct sally_mechanism sally_mechanism_dtls = {
    .name = "dtls",
    .size = sizeof(struct sally_dtls),
    .overhead = SALLY_DTLS_OVERHEAD,
    .secure = true,
    .start = start,
    .forget = sally_dtls_resumption_forget,
    .state = state_of,
    .reason = reason,
    .seal = seal,
    .open = open_datagram,
    .output = output,
    .deadline = deadline,
    .expire = expire,
    .close = close_channel,
    .wipe = wipe,
    .peer_identity = peer_identity,
    .suite = suite,
    .resumed = resumed,
};
