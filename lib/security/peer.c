/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/peer.c - keys and certificates in the library's session. RFC
 * 7250, RFC 7925 s.4.3 and 4.4; LwM2M 1.1 Transport s.5.2.8.
 *
 * The library verifies no chain: its own list of authorities stays empty, so
 * that it finds no signer, keeps no certificate that a peer sent, and asks us.
 * All that it may have found besides, a kind of certificate that was not
 * negotiated first of all, is final.                                        */
#include "security/peer.h"

#include "security/certificate.h"
#include "security/der.h"
#include "security/holder.h"
#include "security/keypair.h"
#include "security/verify.h"

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include <string.h>

/* --- Judging ------------------------------------------------------------- */

static enum sally_err keep_identity(struct sally_peer *p, struct sally_span s)
{
    XFREE(p->identity, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    p->identity = NULL;
    p->identity_len = 0;
    if (s.len == 0 || s.len > UINT16_MAX)
        return SALLY_E_OK;
    p->identity = XMALLOC(s.len, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    if (p->identity == NULL)
        return SALLY_E_NO_MEMORY;
    memcpy(p->identity, s.at, s.len);
    p->identity_len = (uint16_t)s.len;
    return SALLY_E_OK;
}

static enum sally_err admit(struct sally_peer *p, enum sally_security_mode mode,
                            struct sally_span shown, struct sally_span identity)
{
    const struct sally_key_finder *f = p->finder;
    enum sally_err e;

    if (f->admit == NULL)
        return SALLY_E_WRONG_KIND;
    e = f->admit(f->owner, mode, shown);
    return e == SALLY_E_OK ? keep_identity(p, identity) : e;
}

static enum sally_err keep_evidence(struct sally_peer *p, struct sally_span s)
{
    struct sally_blob *b = sally_blob_of(s);

    if (b == NULL)
        return SALLY_E_NO_MEMORY;
    XFREE(p->evidence, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    p->evidence = b;
    return SALLY_E_OK;
}

static enum sally_err judge_client(struct sally_peer *p, bool raw,
                                   const struct sally_span *sent, size_t count)
{
    struct sally_certificate c;
    enum sally_err e;

    if (raw)
        return admit(p, SALLY_MODE_RPK, sent[0], sent[0]);
    e = sally_verify_chain(p->own, SALLY_ROLE_SERVER, p->clock, sent, count,
                           NULL);
    if (e == SALLY_E_OK)
        e = sally_certificate_parse(sent[0], &c);
    return e == SALLY_E_OK ? admit(p, SALLY_MODE_X509, sent[0], c.common_name)
                           : e;
}

/* All of it, one after the other, as it came. */
static enum sally_err keep_shown(struct sally_peer *p, bool raw,
                                 const struct sally_span *sent, size_t count)
{
    struct sally_blob *b;
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += sent[i].len;
    b = XMALLOC(sizeof(*b) + len, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    if (b == NULL)
        return SALLY_E_NO_MEMORY;
    b->len = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(&b->bytes[b->len], sent[i].at, sent[i].len);
        b->len += sent[i].len;
    }
    XFREE(p->evidence, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    p->evidence = b;
    p->raw = raw;
    return SALLY_E_OK;
}

enum sally_err sally_peer_judge_again(struct sally_peer *p, bool raw,
                                      struct sally_span shown)
{
    struct sally_span sent[SALLY_CHAIN_MAX] = { { NULL, 0 } };
    struct sally_cursor c = sally_cursor_over(shown);
    size_t count = 0;

    if (p->own == NULL)
        return SALLY_E_WRONG_KIND;
    if (raw)
        return judge_client(p, true, &shown, 1);
    while (c.rest.len != 0) {
        if (count == SALLY_LEN(sent))
            return SALLY_E_UNKNOWN_CA;
        sent[count] = sally_der_take_whole(&c, SALLY_DER_SEQUENCE);
        if (c.failed)
            return SALLY_E_BAD_CERTIFICATE;
        count++;
    }
    return judge_client(p, false, sent, count);
}

static enum sally_err judge_server(struct sally_peer *p,
                                   const struct sally_span *sent, size_t count)
{
    uint8_t room[SALLY_EVIDENCE_MAX];
    struct sally_buf evidence = SALLY_BUF(room);
    enum sally_err e = sally_verify_chain(p->own, SALLY_ROLE_CLIENT, p->clock,
                                          sent, count, &evidence);

    return e == SALLY_E_OK ? keep_evidence(p, sally_buf_span(&evidence)) : e;
}

static enum sally_err judge(struct sally_peer *p, bool raw,
                            const struct sally_span *sent, size_t count)
{
    if (p->own == NULL || count == 0 || (raw && count != 1))
        return SALLY_E_WRONG_KIND;
    if (p->finder != NULL) {
        enum sally_err e = judge_client(p, raw, sent, count);

        return e == SALLY_E_OK ? keep_shown(p, raw, sent, count) : e;
    }
    if (p->own->mode == SALLY_MODE_RPK && raw)
        return sally_verify_key(p->own, sent[0]);
    if (p->own->mode == SALLY_MODE_X509 && !raw)
        return judge_server(p, sent, count);
    return SALLY_E_WRONG_KIND;
}

static bool takes_anybody(const struct sally_key_finder *f)
{
    return f != NULL && f->anonymous && f->find == NULL;
}

/* Whether a raw key of the peer was agreed on. */
static bool agreed_raw(const struct sally_peer *p)
{
    int type = WOLFSSL_CERT_TYPE_UNKNOWN;

    if (p->finder != NULL)
        (void)wolfSSL_get_negotiated_client_cert_type(p->ssl, &type);
    else
        (void)wolfSSL_get_negotiated_server_cert_type(p->ssl, &type);
    return type == WOLFSSL_CERT_TYPE_RPK;
}

static bool give_verdict(struct sally_peer *p, enum sally_err e)
{
    p->judged = true;
    p->verdict = (uint8_t)e;
    return e == SALLY_E_OK;
}

/* The library asks for certificates above the peer's own too, and twice for
 * that one: it is judged once. Of a raw key it finds nothing to complain; of a
 * certificate it must find that nobody signed it, or, the second time, nothing.
 */
static int on_verify(int fine, WOLFSSL_X509_STORE_CTX *store)
{
    struct sally_peer *p = store->userCtx;
    bool raw = agreed_raw(p);
    struct sally_span sent[SALLY_CHAIN_MAX + 1];
    size_t count = store->totalCerts < 0 ? 0 : (size_t)store->totalCerts;

    if (count == 0 && takes_anybody(p->finder))
        return 1; /* it showed none, and is nobody yet */
    if (fine != 1 && raw)
        return give_verdict(p, SALLY_E_WRONG_KIND);
    if (fine != 1 && store->error != ASN_NO_SIGNER_E)
        return give_verdict(p, sally_library_meaning(store->error));
    if (store->error_depth != 0)
        return 1;
    if (p->judged)
        return p->verdict == SALLY_E_OK;
    if (count > SALLY_LEN(sent))
        count = SALLY_LEN(sent); /* one too many, which is refused */
    for (size_t i = 0; i < count; i++)
        sent[i] = (struct sally_span){ store->certs[i].buffer,
                                       store->certs[i].length };
    return give_verdict(p, judge(p, raw, sent, count));
}

/* --- Joining ------------------------------------------------------------- */

/* ECDSA only; a key that the library has is RSA. */
static int on_sign(WOLFSSL *ssl, const unsigned char *in, unsigned in_len,
                   unsigned char *out, word32 *out_len,
                   const unsigned char *key, unsigned key_len, void *owner)
{
    const struct sally_peer *p = owner;
    struct sally_buf signature = { out, 0, *out_len };

    (void)ssl;
    (void)key;
    (void)key_len;
    if (p == NULL || p->own == NULL ||
        sally_holder_sign(p->own->holder, p->own->secret_key,
                          (struct sally_span){ in, in_len },
                          &signature) != SALLY_E_OK)
        return NO_PRIVATE_KEY;
    *out_len = (word32)signature.len;
    return 0;
}

/* With it the library needs no key of its own to show what proves one. */
void sally_peer_context(WOLFSSL_CTX *context)
{
    wolfSSL_CTX_SetEccSignCb(context, on_sign);
}

static enum sally_err load_raw(WOLFSSL *ssl, const struct sally_credential *c)
{
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf made = SALLY_BUF(room);
    struct sally_span key = c->public_key;

    if (key.len == 0) {
        if (sally_keypair_public(c->secret_key, &made) != SALLY_E_OK)
            return SALLY_E_NO_CREDENTIAL;
        key = sally_buf_span(&made);
    } else if (!sally_held_is(c->secret_key) &&
               sally_keypair_check(key, c->secret_key) != SALLY_E_OK) {
        return SALLY_E_NO_CREDENTIAL;
    }
    return wolfSSL_use_certificate_buffer(ssl, key.at, (long)key.len,
                                          WOLFSSL_FILETYPE_ASN1) ==
                   WOLFSSL_SUCCESS
               ? SALLY_E_OK
               : SALLY_E_NO_CREDENTIAL;
}

/* What is held was proved to belong to its certificate when it was taken. */
static enum sally_err load_chain(WOLFSSL *ssl, const struct sally_credential *c)
{
    struct sally_span chain = c->public_key;
    bool held = sally_held_is(c->secret_key);

    if (chain.len == 0 || chain.len > INT32_MAX ||
        wolfSSL_use_certificate_chain_buffer_format(
            ssl, chain.at, (long)chain.len, WOLFSSL_FILETYPE_ASN1) !=
            WOLFSSL_SUCCESS ||
        (!held && sally_keypair_check(chain, c->secret_key) != SALLY_E_OK))
        return SALLY_E_NO_CREDENTIAL;
    return SALLY_E_OK;
}

static enum sally_err show_own(WOLFSSL *ssl, const struct sally_credential *c)
{
    switch (c->mode) {
    case SALLY_MODE_RPK: return load_raw(ssl, c);
    case SALLY_MODE_X509: return load_chain(ssl, c);
    case SALLY_MODE_PSK:
    case SALLY_MODE_NOSEC: break;
    }
    return SALLY_E_OK;
}

/* A server of the library insists on having a key, and RSA is signed by it. */
static bool load_secret(WOLFSSL *ssl, struct sally_span key)
{
    return key.len != 0 && key.len <= INT32_MAX &&
           wolfSSL_use_PrivateKey_buffer(ssl, key.at, (long)key.len,
                                         WOLFSSL_FILETYPE_ASN1) ==
               WOLFSSL_SUCCESS;
}

static enum sally_err load_own(WOLFSSL *ssl, const struct sally_credential *c,
                               bool server)
{
    bool shows = c->mode == SALLY_MODE_RPK || c->mode == SALLY_MODE_X509;
    enum sally_err e = show_own(ssl, c);

    if (e != SALLY_E_OK || !shows ||
        (!server && !sally_keypair_is_rsa(c->public_key)))
        return e;
    return load_secret(ssl, c->secret_key) ? SALLY_E_OK
                                           : SALLY_E_NO_CREDENTIAL;
}

/* What a server shows, and what it takes of its clients. */
static bool allow_kinds(WOLFSSL *ssl, const struct sally_credential *c,
                        bool server)
{
    bool raw = c->mode == SALLY_MODE_RPK;
    char shown[] = { raw ? WOLFSSL_CERT_TYPE_RPK : WOLFSSL_CERT_TYPE_X509 };
    char taken[] = { WOLFSSL_CERT_TYPE_RPK, WOLFSSL_CERT_TYPE_X509 };

    if (server)
        return wolfSSL_set_server_cert_type(ssl, shown, 1) == 1 &&
               wolfSSL_set_client_cert_type(ssl, taken, 2) == 1;
    return !raw || (wolfSSL_set_server_cert_type(ssl, shown, 1) == 1 &&
                    wolfSSL_set_client_cert_type(ssl, shown, 1) == 1);
}

/* Never an address: RFC 6066 s.3. */
static bool say_name(WOLFSSL *ssl, struct sally_span name)
{
    if (name.len == 0 || sally_name_is_address(name))
        return true;
    return wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name.at,
                          (unsigned short)name.len) == WOLFSSL_SUCCESS;
}

static enum sally_err join_client(struct sally_peer *p, WOLFSSL *ssl)
{
    enum sally_err e = load_own(ssl, p->own, false);

    wolfSSL_set_verify(ssl, WOLFSSL_VERIFY_PEER, on_verify);
    if (e != SALLY_E_OK)
        return e;
    if (!allow_kinds(ssl, p->own, false) || !say_name(ssl, p->own->server_name))
        return SALLY_E_NO_MEMORY;
    return SALLY_E_OK;
}

/* Of a client. */
static int what_to_ask(const struct sally_key_finder *f)
{
    if (!takes_anybody(f))
        return WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_EXCEPT_PSK;
    return f->own->trust != NULL ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE;
}

static enum sally_err join_server(struct sally_peer *p, WOLFSSL *ssl)
{
    enum sally_err e;

    if (p->own == NULL)
        return SALLY_E_OK;
    e = load_own(ssl, p->own, true);
    if (e != SALLY_E_OK)
        return e;
    wolfSSL_set_verify(ssl, what_to_ask(p->finder), on_verify);
    return allow_kinds(ssl, p->own, true) ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

enum sally_err sally_peer_join(struct sally_peer *p, WOLFSSL *ssl,
                               const struct sally_clock *clock,
                               const struct sally_credential *own,
                               const struct sally_key_finder *finder)
{
    *p = (struct sally_peer){ .ssl = ssl, .clock = clock, .finder = finder };
    p->own = finder != NULL ? finder->own : own;
    wolfSSL_SetCertCbCtx(ssl, p);
    wolfSSL_SetEccSignCtx(ssl, p);
    return finder != NULL ? join_server(p, ssl) : join_client(p, ssl);
}

/* --- After the handshake ------------------------------------------------- */

enum sally_err sally_peer_meaning(const struct sally_peer *p, int library)
{
    return p->judged && p->verdict != SALLY_E_OK
               ? (enum sally_err)p->verdict
               : sally_library_meaning(library);
}

/* A client with a PSK has nothing to judge, and the PSK proves the server. */
static bool needs_verdict(const struct sally_peer *p, bool psk)
{
    if (p->finder != NULL)
        return !psk;
    return p->own->mode == SALLY_MODE_RPK || p->own->mode == SALLY_MODE_X509;
}

enum sally_err sally_peer_confirm(struct sally_peer *p, bool psk)
{
    bool resumed = wolfSSL_session_reused(p->ssl) == 1;
    bool raw = agreed_raw(p);

    (void)wolfSSL_UnloadCertsKeys(p->ssl);
    p->ssl = NULL;
    if (resumed || !needs_verdict(p, psk))
        return SALLY_E_OK;
    if (!p->judged)
        return takes_anybody(p->finder) ? SALLY_E_OK : SALLY_E_WRONG_KIND;
    if (p->verdict == SALLY_E_OK && p->finder == NULL &&
        raw != (p->own->mode == SALLY_MODE_RPK))
        return SALLY_E_WRONG_KIND;
    return p->verdict;
}

struct sally_span sally_peer_identity(const struct sally_peer *p)
{
    return (struct sally_span){ p->identity, p->identity_len };
}

void sally_peer_wipe(struct sally_peer *p)
{
    XFREE(p->identity, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    XFREE(p->evidence, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    *p = (struct sally_peer){ .ssl = NULL };
}
