/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls.c - DTLS 1.2 as a channel mechanism: one engine per
 * association. RFC 6347, RFC 7925, RFC 6655.                                */
#include "security/dtls_state.h"
#include "security/rows.h"

#define PATIENCE (60 * SALLY_SEC) /* for a whole handshake */

void sally_dtls_end(struct sally_dtls *d, enum sally_channel_state state,
                    enum sally_err reason)
{
    if (d->ssl != NULL) {
        d->alert = (int16_t)sally_library_alert(d->ssl);
        wolfSSL_free(d->ssl);
        d->shared->sessions--;
    }
    d->ssl = NULL;
    sally_dtls_drop_final(d);
    d->unread = 0;
    d->resend_at = d->give_up_at = SALLY_NEVER;
    d->state = (uint8_t)state;
    d->reason = (uint8_t)reason;
}

static enum sally_err start(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now)
{
    struct sally_dtls *d = state;
    enum sally_err e;

    if (shared->sessions >= shared->sessions_max)
        return SALLY_E_NO_MEMORY;
    *d = (struct sally_dtls){ .shared = shared,
                              .credential = credential,
                              .resumption = resumption,
                              .resend_at = SALLY_NEVER,
                              .give_up_at = sally_after(now, PATIENCE),
                              .state = SALLY_CHANNEL_HANDSHAKE,
                              .alert = -1,
                              .role = (uint8_t)role };
    if (finder != NULL)
        d->finder = *finder;
    d->ssl = sally_dtls_new(shared, role);
    if (d->ssl == NULL)
        return SALLY_E_NO_MEMORY;
    shared->sessions++;
    sally_dtls_io_join(d);
    sally_dtls_psk_join(d);
    e = sally_peer_join(&d->peer, d->ssl, &shared->clock, credential,
                        finder != NULL ? &d->finder : NULL);
    if (e == SALLY_E_OK)
        e = sally_dtls_choose_suites(d);
    if (e != SALLY_E_OK)
        return e;
    if (role == SALLY_ROLE_CLIENT) {
        sally_dtls_resumption_offer(d);
        sally_dtls_shake(d, now);
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

static struct sally_span output(void *state)
{
    return sally_dtls_io_next(state);
}

static sally_usec deadline(const void *state)
{
    const struct sally_dtls *d = state;

    return sally_earlier(d->resend_at, d->give_up_at);
}

static void close_channel(void *state)
{
    struct sally_dtls *d = state;

    if (d->state != SALLY_CHANNEL_UP)
        return;
    (void)wolfSSL_shutdown(d->ssl);
    sally_dtls_end(d, SALLY_CHANNEL_CLOSED, SALLY_E_OK);
}

static void wipe(void *state)
{
    struct sally_dtls *d = state;

    if (d->shared == NULL)
        return;
    sally_dtls_end(d, SALLY_CHANNEL_IDLE, SALLY_E_OK);
    sally_dtls_io_wipe(d);
    sally_peer_wipe(&d->peer);
    XFREE(d->peer_identity, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    *d = (struct sally_dtls){ .shared = NULL };
}

static struct sally_span peer_identity(const void *state)
{
    const struct sally_dtls *d = state;

    return d->peer_identity != NULL ? sally_span_of(d->peer_identity)
                                    : sally_peer_identity(&d->peer);
}

static const char *suite(const void *state)
{
    const struct sally_dtls *d = state;

    return d->state == SALLY_CHANNEL_UP ? wolfSSL_get_cipher_name(d->ssl) : "";
}

static int alert(const void *state)
{
    const struct sally_dtls *d = state;

    return d->ssl != NULL ? sally_library_alert(d->ssl) : d->alert;
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
    .seal = sally_dtls_seal,
    .open = sally_dtls_open,
    .output = output,
    .deadline = deadline,
    .expire = sally_dtls_expire,
    .close = close_channel,
    .wipe = wipe,
    .peer_identity = peer_identity,
    .suite = suite,
    .resumed = resumed,
    .alert = alert,
};
