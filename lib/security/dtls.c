/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls.c - DTLS 1.2 and 1.3 as a channel mechanism: one engine per
 * association. RFC 6347, RFC 9147, RFC 7925, RFC 6655.                      */
#include "security/dtls_state.h"
#include "security/rows.h"

_Static_assert(offsetof(struct sally_dtls, session) == 0,
               "SALLY_SESSION_TELLS begins with it");

#define PATIENCE (60 * SALLY_SEC) /* for a whole handshake */

void sally_dtls_settle(struct sally_dtls *d)
{
    if (d->session.ssl != NULL)
        return;
    sally_dtls_drop_final(d);
    d->unread = 0;
    d->resend_at = d->give_up_at = SALLY_NEVER;
}

void sally_dtls_end(struct sally_dtls *d, enum sally_channel_state state,
                    enum sally_err reason)
{
    sally_session_end(&d->session, state, reason);
    sally_dtls_settle(d);
}

static enum sally_err start(void *state, struct sally_security *shared,
                            const struct sally_credential *credential,
                            const struct sally_key_finder *finder,
                            struct sally_resumption *resumption,
                            enum sally_role role, sally_usec now)
{
    const struct sally_session_start how = { shared, credential,
                                             finder, resumption,
                                             role,   SALLY_TRANSPORT_DATAGRAM };
    struct sally_dtls *d = state;
    enum sally_err e;

    *d = (struct sally_dtls){ .resend_at = SALLY_NEVER,
                              .give_up_at = sally_after(now, PATIENCE) };
    e = sally_session_begin(&d->session, &how);
    if (e != SALLY_E_OK)
        return e;
    sally_dtls_io_join(d);
    e = sally_dtls_cid_join(d);
    if (e != SALLY_E_OK)
        return e;
    if (role == SALLY_ROLE_CLIENT)
        sally_dtls_shake(d, now);
    return d->session.state == SALLY_CHANNEL_FAILED ? d->session.reason
                                                    : SALLY_E_OK;
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

    sally_session_close(&d->session);
    sally_dtls_settle(d);
}

static void wipe(void *state)
{
    struct sally_dtls *d = state;

    if (d->session.shared == NULL)
        return;
    sally_dtls_end(d, SALLY_CHANNEL_IDLE, SALLY_E_OK);
    sally_dtls_io_wipe(d);
    sally_session_wipe(&d->session);
    *d = (struct sally_dtls){ .cid_len = 0 };
}

static bool kept_by_cid(const void *state)
{
    return sally_dtls_cid_kept(state);
}

static struct sally_span cid(const void *state)
{
    const struct sally_dtls *d = state;

    return (struct sally_span){ d->cid, d->cid_len };
}

const struct sally_mechanism sally_mechanism_dtls = {
    .name = "dtls",
    .size = sizeof(struct sally_dtls),
    .overhead = SALLY_DTLS_OVERHEAD,
    .secure = true,
    .start = start,
    SALLY_SESSION_TELLS,
    .seal = sally_dtls_seal,
    .open = sally_dtls_open,
    .output = output,
    .deadline = deadline,
    .expire = sally_dtls_expire,
    .close = close_channel,
    .wipe = wipe,
    .kept_by_cid = kept_by_cid,
    .cid = cid,
};
