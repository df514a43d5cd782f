/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session_psk.c - gives the library identity and key when it asks.
 * RFC 4279; LwM2M 1.1 Transport s.5.2.8.                                    */
#include "security/holder.h"
#include "security/session.h"

#include <string.h>

/* Returns the key's length; 0 refuses. The hint is not ours to follow: an
 * account has one identity. The library asks whatever the mode is; only an
 * account of mode PSK has a key of this kind.                               */
static unsigned client_key(WOLFSSL *ssl, const char *hint, char *identity,
                           unsigned identity_room, unsigned char *key,
                           unsigned key_room)
{
    struct sally_session *s = wolfSSL_get_psk_callback_ctx(ssl);
    const struct sally_credential *c = s->credential;
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret secret;

    (void)hint;
    secret.len = 0;
    if (c->mode != SALLY_MODE_PSK ||
        sally_holder_reveal(c->holder, c->secret_key, &secret) != SALLY_E_OK ||
        secret.len > key_room ||
        !sally_span_text(c->identity, identity, identity_room))
        return 0;
    memcpy(key, secret.bytes, secret.len);
    return (unsigned)secret.len;
}

/* In 1.3 a key belongs to a hash: to SHA-256, as RFC 8446 s.4.2.11 has it for
 * one that nobody said more about. So the key is offered once, for the first
 * suite that has it, and the server may choose any other that does.         */
static unsigned client_key_13(WOLFSSL *ssl, const char *hint, char *identity,
                              unsigned identity_room, unsigned char *key,
                              unsigned key_room, const char *suite)
{
    struct sally_session *s = wolfSSL_get_psk_callback_ctx(ssl);

    if (suite == NULL || strcmp(suite, s->psk_suite) != 0)
        return 0;
    s->key_used = true;
    return client_key(ssl, hint, identity, identity_room, key, key_room);
}

bool sally_session_name(struct sally_session *s, struct sally_span identity)
{
    struct sally_blob *b = sally_blob_of(identity);

    if (b == NULL)
        return false;
    XFREE(s->name, NULL, DYNAMIC_TYPE_TMP_BUFFER);
    s->name = b;
    return true;
}

static unsigned server_key(WOLFSSL *ssl, const char *identity,
                           unsigned char *key, unsigned room)
{
    struct sally_session *s = wolfSSL_get_psk_callback_ctx(ssl);
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret found = { .len = 0 };

    if (s->finder->find == NULL || strlen(identity) > SALLY_PSK_IDENTITY_MAX ||
        s->finder->find(s->finder->owner, sally_span_of(identity), &found) !=
            SALLY_E_OK ||
        found.len > room || !sally_session_name(s, sally_span_of(identity)))
        return 0;
    memcpy(key, found.bytes, found.len);
    return (unsigned)found.len;
}

static unsigned server_key_13(WOLFSSL *ssl, const char *identity,
                              unsigned char *key, unsigned room,
                              const char **suite)
{
    struct sally_session *s = wolfSSL_get_psk_callback_ctx(ssl);

    *suite = s->psk_suite;
    return s->psk_suite == NULL ? 0 : server_key(ssl, identity, key, room);
}

/* Without the callbacks of a context the library leaves PSK out of what it
 * offers. It asks those of 1.3 while the version is not known yet, too.     */
void sally_session_psk_context(WOLFSSL_CTX *context, enum sally_role role)
{
    if (role == SALLY_ROLE_CLIENT)
        return;
    wolfSSL_CTX_set_psk_server_callback(context, server_key);
    wolfSSL_CTX_set_psk_server_tls13_callback(context, server_key_13);
}

void sally_session_psk_join(struct sally_session *s)
{
    (void)wolfSSL_set_psk_callback_ctx(s->ssl, s);
    if (s->role != SALLY_ROLE_CLIENT || s->credential->mode != SALLY_MODE_PSK)
        return;
    wolfSSL_set_psk_client_callback(s->ssl, client_key);
    if (s->psk_suite != NULL)
        wolfSSL_set_psk_client_cs_callback(s->ssl, client_key_13);
}
