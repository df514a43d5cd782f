/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_psk.c - gives the library identity and key when it asks.
 * RFC 4279; LwM2M 1.1 Transport s.5.2.8.                                    */
#include "security/dtls_state.h"

#include <string.h>

/* Returns the key's length; 0 refuses. The hint is not ours to follow: an
 * account has one identity.                                                 */
static unsigned client_key(WOLFSSL *ssl, const char *hint, char *identity,
                           unsigned identity_room, unsigned char *key,
                           unsigned key_room)
{
    struct sally_dtls *d = wolfSSL_get_psk_callback_ctx(ssl);
    const struct sally_credential *c = d->credential;

    (void)hint;
    if (c->secret_key.len == 0 || c->secret_key.len > key_room ||
        !sally_span_text(c->identity, identity, identity_room))
        return 0;
    memcpy(key, c->secret_key.at, c->secret_key.len);
    return (unsigned)c->secret_key.len;
}

static bool remember_identity(struct sally_dtls *d, const char *identity)
{
    size_t size = strlen(identity) + 1;

    XFREE(d->peer_identity, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    d->peer_identity = XMALLOC(size, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    if (d->peer_identity != NULL)
        memcpy(d->peer_identity, identity, size);
    return d->peer_identity != NULL;
}

static unsigned server_key(WOLFSSL *ssl, const char *identity,
                           unsigned char *key, unsigned room)
{
    struct sally_dtls *d = wolfSSL_get_psk_callback_ctx(ssl);
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret found = { .len = 0 };

    if (d->finder.find == NULL || strlen(identity) > SALLY_PSK_IDENTITY_MAX ||
        d->finder.find(d->finder.owner, sally_span_of(identity), &found) !=
            SALLY_E_OK ||
        found.len > room || !remember_identity(d, identity))
        return 0;
    memcpy(key, found.bytes, found.len);
    return (unsigned)found.len;
}

void sally_dtls_psk_context(WOLFSSL_CTX *context, enum sally_role role)
{
    if (role == SALLY_ROLE_CLIENT)
        wolfSSL_CTX_set_psk_client_callback(context, client_key);
    else
        wolfSSL_CTX_set_psk_server_callback(context, server_key);
}

void sally_dtls_psk_join(struct sally_dtls *d)
{
    (void)wolfSSL_set_psk_callback_ctx(d->ssl, d);
}
