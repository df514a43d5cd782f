/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session.c - begins a session of the library, drives its
 * handshake and ends it.                                                    */
#include "security/session.h"

#include <wolfssl/error-ssl.h>

/* The list of this session; a server's is that of its means. */
static enum sally_err choose_suites(const struct sally_session_start *q,
                                    struct sally_suite_list *out)
{
    if (q->role == SALLY_ROLE_CLIENT)
        return sally_suites_of(q->credential, out);
    if (q->shared->server_suites != NULL)
        *out = *q->shared->server_suites;
    else
        sally_suites_server(q->finder->find != NULL, q->finder->own != NULL,
                            out);
    return out->v12 || out->v13 ? SALLY_E_OK : SALLY_E_UNSUPPORTED;
}

static bool is_13_only(const struct sally_session_start *q,
                       const struct sally_suite_list *suites)
{
    return !suites->v12 || (q->credential != NULL &&
                            q->credential->min_version == SALLY_TLS_1_3);
}

static enum sally_err set_up(struct sally_session *s,
                             const struct sally_session_start *q,
                             const struct sally_suite_list *suites)
{
    int floor = q->transport == SALLY_TRANSPORT_STREAM ? WOLFSSL_TLSV1_3
                                                       : WOLFSSL_DTLSV1_3;

    if (wolfSSL_set_cipher_list(s->ssl, suites->names) != WOLFSSL_SUCCESS)
        return SALLY_E_UNSUPPORTED;
    if (is_13_only(q, suites) &&
        wolfSSL_SetMinVersion(s->ssl, floor) != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    s->psk_suite = suites->psk_13;
    sally_session_psk_join(s);
    if (q->role == SALLY_ROLE_CLIENT)
        sally_session_offer(s);
    return sally_peer_join(&s->peer, s->ssl, &s->shared->clock, q->credential,
                           q->finder);
}

enum sally_err sally_session_begin(struct sally_session *s,
                                   const struct sally_session_start *q)
{
    struct sally_suite_list suites;
    enum sally_err e = choose_suites(q, &suites);
    WOLFSSL_CTX *context;

    if (e != SALLY_E_OK)
        return e;
    if (q->shared->sessions >= q->shared->sessions_max)
        return SALLY_E_NO_MEMORY;
    *s = (struct sally_session){ .shared = q->shared,
                                 .credential = q->credential,
                                 .finder = q->finder,
                                 .resumption = q->resumption,
                                 .alert = -1,
                                 .state = SALLY_CHANNEL_HANDSHAKE,
                                 .role = (uint8_t)q->role,
                                 .transport = (uint8_t)q->transport };
    context =
        sally_context_of(q->shared, q->role, q->transport,
                         suites.v13 ? SALLY_VERSIONS_BOTH : SALLY_VERSIONS_12);
    s->ssl = context == NULL ? NULL : wolfSSL_new(context);
    if (s->ssl == NULL)
        return SALLY_E_NO_MEMORY;
    q->shared->sessions++;
    e = set_up(s, q, &suites);
    if (e != SALLY_E_OK)
        sally_session_wipe(s);
    return e;
}

void sally_session_end(struct sally_session *s, enum sally_channel_state state,
                       enum sally_err reason)
{
    if (s->ssl != NULL) {
        s->alert = (int16_t)sally_library_alert(s->ssl);
        wolfSSL_free(s->ssl);
        s->shared->sessions--;
    }
    s->ssl = NULL;
    s->state = (uint8_t)state;
    s->reason = (uint8_t)reason;
}

enum sally_err sally_session_judge(struct sally_session *s, int result)
{
    int error = wolfSSL_get_error(s->ssl, result);

    /* 1.3: data that overtook the acknowledgement of our last flight is no
     * error. It is lost: dtls_handshake.c.                                  */
    if (error == WOLFSSL_ERROR_WANT_READ || error == APP_DATA_READY)
        return SALLY_E_PENDING;
    if (error != WOLFSSL_ERROR_ZERO_RETURN) {
        sally_session_end(s, SALLY_CHANNEL_FAILED,
                          sally_peer_meaning(&s->peer, error));
        return s->reason;
    }
    if (s->state == SALLY_CHANNEL_UP) {
        (void)wolfSSL_shutdown(s->ssl); /* the answer to a close_notify */
        sally_session_end(s, SALLY_CHANNEL_CLOSED, SALLY_E_OK);
    } else {
        sally_session_end(s, SALLY_CHANNEL_FAILED, SALLY_E_CLOSED);
    }
    return SALLY_E_CLOSED;
}

/* The one thing that a client of 1.3 sends in plain is a ClientHello, whose
 * making asks for the key as well.                                          */
void sally_session_sends(struct sally_session *s, struct sally_span bytes)
{
    const uint8_t handshake = 22;

    if (bytes.len != 0 && bytes.at[0] == handshake)
        s->key_used = false;
}

/* A client may have named an identity and then have shown a certificate: only
 * what it proved counts.                                                    */
static void forget_name(struct sally_session *s)
{
    XFREE(s->name, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    s->name = NULL;
}

static enum sally_err come_up(struct sally_session *s)
{
    enum sally_err e;

    if (s->peer.judged)
        forget_name(s);
    s->resumed = wolfSSL_session_reused(s->ssl) == 1 &&
                 !(s->key_used && sally_session_is_13(s));
    e = sally_peer_confirm(&s->peer, s->name != NULL);
    if (e == SALLY_E_OK && s->role == SALLY_ROLE_SERVER)
        e = sally_session_recognise(s);
    if (e != SALLY_E_OK) {
        sally_session_end(s, SALLY_CHANNEL_FAILED, e);
        return e;
    }
    s->state = SALLY_CHANNEL_UP;
    if (!s->resumed)
        sally_session_keep_evidence(s);
    sally_session_keep(s);
    return SALLY_E_OK;
}

enum sally_err sally_session_shake(struct sally_session *s)
{
    int done = s->role == SALLY_ROLE_CLIENT ? wolfSSL_connect(s->ssl)
                                            : wolfSSL_accept(s->ssl);

    return done == WOLFSSL_SUCCESS ? come_up(s) : sally_session_judge(s, done);
}

void sally_session_close(struct sally_session *s)
{
    if (s->state != SALLY_CHANNEL_UP)
        return;
    (void)wolfSSL_shutdown(s->ssl);
    sally_session_end(s, SALLY_CHANNEL_CLOSED, SALLY_E_OK);
}

void sally_session_wipe(struct sally_session *s)
{
    sally_session_end(s, SALLY_CHANNEL_IDLE, SALLY_E_OK);
    forget_name(s);
    sally_peer_wipe(&s->peer);
    *s = (struct sally_session){ .alert = -1 };
}

struct sally_span sally_session_peer(const struct sally_session *s)
{
    if (s->name == NULL)
        return sally_peer_identity(&s->peer);
    return (struct sally_span){ s->name->bytes, s->name->len };
}

const char *sally_session_suite(const struct sally_session *s)
{
    return s->state == SALLY_CHANNEL_UP ? wolfSSL_get_cipher_name(s->ssl) : "";
}

int sally_session_alert(const struct sally_session *s)
{
    return s->ssl != NULL ? sally_library_alert(s->ssl) : s->alert;
}

bool sally_session_is_13(const struct sally_session *s)
{
    int version = s->ssl == NULL ? 0 : wolfSSL_GetVersion(s->ssl);

    return version == WOLFSSL_DTLSV1_3 || version == WOLFSSL_TLSV1_3;
}
