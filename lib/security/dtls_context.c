/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_context.c - what all sessions of a process share: one
 * library context per role, and the bounds.                                 */
#include "security/dtls.h"
#include "security/dtls_state.h"
#include "security/heap.h"
#include "security/stack.h"

#include <stdlib.h>

/* Offered in this order: what every LwM2M server must have comes first, then
 * what keeps old traffic secret when a key leaks later.                     */
static const char suites[] = "PSK-AES128-CCM-8:"
                             "ECDHE-PSK-AES128-GCM-SHA256:"
                             "ECDHE-PSK-AES128-CBC-SHA256";

static const char certificate_suites[] = "ECDHE-ECDSA-AES128-CCM-8:"
                                         "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                         "ECDHE-RSA-AES128-GCM-SHA256";

static const char all_suites[] = "PSK-AES128-CCM-8:"
                                 "ECDHE-PSK-AES128-GCM-SHA256:"
                                 "ECDHE-PSK-AES128-CBC-SHA256:"
                                 "ECDHE-ECDSA-AES128-CCM-8:"
                                 "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                 "ECDHE-RSA-AES128-GCM-SHA256";

#define RESUMABLE_SECONDS (24 * 60 * 60) /* RFC 5246 s.F.1.4 */

static enum sally_err set_up(WOLFSSL_CTX *c, enum sally_role role)
{
    int curve[] = { WOLFSSL_ECC_SECP256R1 };

    if (wolfSSL_CTX_set_cipher_list(c, suites) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(c, curve, 1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_dtls_set_mtu(c, SALLY_DTLS_MTU) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_group_messages(c) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_timeout(c, RESUMABLE_SECONDS) <= 0 ||
        wolfSSL_CTX_new_rng(c) != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    if (role == SALLY_ROLE_CLIENT) /* sessions are the stack's to keep */
        (void)wolfSSL_CTX_set_session_cache_mode(c, WOLFSSL_SESS_CACHE_OFF);
    else
        (void)wolfSSL_CTX_NoTicketTLSv12(c); /* no secret that opens them all */
    sally_dtls_psk_context(c, role);
    return SALLY_E_OK;
}

static WOLFSSL_CTX *make_context(enum sally_role role)
{
    WOLFSSL_METHOD *method = role == SALLY_ROLE_CLIENT
                                 ? wolfDTLSv1_2_client_method()
                                 : wolfDTLSv1_2_server_method();
    WOLFSSL_CTX *c = method == NULL ? NULL : wolfSSL_CTX_new(method);

    if (c != NULL && set_up(c, role) != SALLY_E_OK) {
        wolfSSL_CTX_free(c);
        return NULL;
    }
    return c;
}

static WOLFSSL_CTX *context_of(struct sally_security *s, enum sally_role role)
{
    if (role == SALLY_ROLE_CLIENT)
        return s->client;
    if (s->server == NULL)
        s->server = make_context(role);
    return s->server;
}

void sally_security_limit(struct sally_security *s,
                          const struct sally_security_limits *limits)
{
    sally_heap_limit(limits->heap_bytes);
    s->sessions_max = limits->sessions;
}

enum sally_err sally_security_init(struct sally_security **out,
                                   const struct sally_security_limits *limits,
                                   struct sally_pool *packets,
                                   struct sally_random random)
{
    struct sally_security *s;

    if (packets->size < sizeof(struct sally_dtls_packet))
        return SALLY_E_NO_ROOM;
    if (sally_heap_install() != SALLY_E_OK || wolfSSL_Init() != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    s = calloc(1, sizeof(*s));
    if (s == NULL) {
        (void)wolfSSL_Cleanup();
        return SALLY_E_NO_MEMORY;
    }
    sally_security_limit(s, limits);
    s->packets = packets;
    s->clock = sally_clock_new();
    sally_random_fill(&random, &s->hash_key, sizeof(s->hash_key));
    s->client = make_context(SALLY_ROLE_CLIENT);
    if (s->client == NULL) {
        sally_security_wipe(s);
        return SALLY_E_CRYPTO;
    }
    *out = s;
    return SALLY_E_OK;
}

void sally_security_wipe(struct sally_security *s)
{
    if (s == NULL)
        return;
    wolfSSL_CTX_free(s->client);
    wolfSSL_CTX_free(s->server);
    (void)wolfSSL_Cleanup();
    sally_heap_limit(SIZE_MAX);
    sally_wipe(s, sizeof(*s));
    free(s);
}

void sally_security_clock(struct sally_security *s, uint64_t utc_seconds,
                          bool synchronised)
{
    if (s != NULL)
        sally_clock_set(&s->clock, utc_seconds, synchronised);
}

void sally_security_floor(struct sally_security *s, uint64_t utc_seconds)
{
    if (s != NULL)
        sally_clock_floor(&s->clock, utc_seconds);
}

size_t sally_security_heap(const struct sally_security *s)
{
    (void)s; /* the library has one heap per process */
    return sally_heap_live();
}

enum sally_err sally_dtls_suites(struct sally_security *s, enum sally_role role,
                                 const char *list)
{
    WOLFSSL_CTX *c = context_of(s, role);

    if (c == NULL)
        return SALLY_E_NO_MEMORY;
    return wolfSSL_CTX_set_cipher_list(c, list) == WOLFSSL_SUCCESS
               ? SALLY_E_OK
               : SALLY_E_UNSUPPORTED;
}

WOLFSSL *sally_dtls_new(struct sally_security *s, enum sally_role role)
{
    WOLFSSL_CTX *c = context_of(s, role);

    return c == NULL ? NULL : wolfSSL_new(c);
}

enum sally_err sally_dtls_choose_suites(struct sally_dtls *d)
{
    const struct sally_credential *c = d->peer.own;
    const char *list =
        d->role == SALLY_ROLE_SERVER ? all_suites : certificate_suites;

    if (c == NULL || c->mode == SALLY_MODE_PSK)
        return SALLY_E_OK;
    return wolfSSL_set_cipher_list(d->ssl, list) == WOLFSSL_SUCCESS
               ? SALLY_E_OK
               : SALLY_E_CRYPTO;
}
