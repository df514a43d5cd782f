/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session_context.c - what all sessions of a process share:
 * library contexts, one of each kind, and the bounds.                       */
#include "security/dtls.h"
#include "security/heap.h"
#include "security/session.h"
#include "security/stack.h"

#include <stdlib.h>

#define RESUMABLE_SECONDS (24 * 60 * 60) /* RFC 5246 s.F.1.4 */

static WOLFSSL_METHOD *(*const methods[2][2][2])(void) = {
    [SALLY_ROLE_CLIENT] = { { wolfDTLSv1_2_client_method,
                              wolfDTLS_client_method },
                            { wolfTLSv1_2_client_method,
                              wolfTLS_client_method } },
    [SALLY_ROLE_SERVER] = { { wolfDTLSv1_2_server_method,
                              wolfDTLS_server_method },
                            { wolfTLSv1_2_server_method,
                              wolfTLS_server_method } },
};

/* All that a context lets happen is at least 1.2: the library is built without
 * older versions, and the floor says it once more.                          */
static enum sally_err set_up(WOLFSSL_CTX *c, enum sally_role role,
                             enum sally_transport transport)
{
    bool stream = transport == SALLY_TRANSPORT_STREAM;
    int curve[] = { WOLFSSL_ECC_SECP256R1 };

    /* Each session brings its own list; one that forgot to has no more than
     * what everybody has.                                                   */
    if (wolfSSL_CTX_set_cipher_list(c, "PSK-AES128-CCM-8") != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    if (wolfSSL_CTX_SetMinVersion(c, stream ? WOLFSSL_TLSV1_2
                                            : WOLFSSL_DTLSV1_2) !=
            WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(c, curve, 1) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_group_messages(c) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_timeout(c, RESUMABLE_SECONDS) <= 0 ||
        wolfSSL_CTX_new_rng(c) != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    if (!stream &&
        wolfSSL_CTX_dtls_set_mtu(c, SALLY_DTLS_MTU) != WOLFSSL_SUCCESS)
        return SALLY_E_CRYPTO;
    if (role == SALLY_ROLE_CLIENT) /* sessions are the stack's to keep */
        (void)wolfSSL_CTX_set_session_cache_mode(c, WOLFSSL_SESS_CACHE_OFF);
    else
        (void)wolfSSL_CTX_NoTicketTLSv12(c); /* no secret that opens them all */
    sally_session_psk_context(c, role);
    sally_peer_context(c);
    return SALLY_E_OK;
}

WOLFSSL_CTX *sally_context_make(enum sally_role role,
                                enum sally_transport transport,
                                enum sally_versions versions)
{
    WOLFSSL_METHOD *method = methods[role][transport][versions]();
    WOLFSSL_CTX *c = method == NULL ? NULL : wolfSSL_CTX_new(method);

    if (c != NULL && set_up(c, role, transport) != SALLY_E_OK) {
        wolfSSL_CTX_free(c);
        return NULL;
    }
    return c;
}

WOLFSSL_CTX *sally_context_of(struct sally_security *s, enum sally_role role,
                              enum sally_transport transport,
                              enum sally_versions versions)
{
    WOLFSSL_CTX **c = &s->contexts[role][transport][versions];

    if (*c == NULL)
        *c = sally_context_make(role, transport, versions);
    return *c;
}

#define KNOWN_PER_SESSION 4 /* entries; a client leaves some behind */

bool sally_session_known_room(struct sally_security *shared)
{
    if (shared->known != NULL)
        return true;
    shared->known_count =
        shared->sessions_max * KNOWN_PER_SESSION + SALLY_KNOWN_NEIGHBOURS;
    shared->known = calloc(shared->known_count, sizeof(*shared->known));
    return shared->known != NULL;
}

void sally_security_limit(struct sally_security *s,
                          const struct sally_security_limits *limits)
{
    sally_heap_limit(limits->heap_bytes);
    s->sessions_max = limits->sessions;
}

/* Those that nearly every process needs, so that it fails early. */
static bool make_common(struct sally_security *s)
{
    return sally_context_of(s, SALLY_ROLE_CLIENT, SALLY_TRANSPORT_DATAGRAM,
                            SALLY_VERSIONS_12) != NULL &&
           sally_context_of(s, SALLY_ROLE_CLIENT, SALLY_TRANSPORT_DATAGRAM,
                            SALLY_VERSIONS_BOTH) != NULL;
}

enum sally_err sally_security_init(struct sally_security **out,
                                   const struct sally_security_limits *limits,
                                   struct sally_pool *packets,
                                   struct sally_random random)
{
    struct sally_security *s;

    if (packets->size < SALLY_DATAGRAM_MAX)
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
    s->random = random;
    s->clock = sally_clock_new();
    sally_random_fill(&random, &s->hash_key, sizeof(s->hash_key));
    if (!make_common(s)) {
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
    for (size_t i = 0; i < sizeof(s->contexts) / sizeof(WOLFSSL_CTX *); i++)
        wolfSSL_CTX_free((&s->contexts[0][0][0])[i]);
    sally_session_known_wipe(s);
    free(s->server_suites);
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

/* Made here already, so that it fails early. */
static WOLFSSL_CTX *server_context(struct sally_security *s,
                                   const struct sally_suite_list *suites)
{
    return sally_context_of(s, SALLY_ROLE_SERVER, SALLY_TRANSPORT_DATAGRAM,
                            suites->v13 ? SALLY_VERSIONS_BOTH
                                        : SALLY_VERSIONS_12);
}

enum sally_err sally_dtls_suites(struct sally_security *s, const char *list)
{
    struct sally_suite_list *suites = malloc(sizeof(*suites));
    enum sally_err e =
        suites == NULL ? SALLY_E_NO_MEMORY : sally_suites_named(list, suites);

    if (e == SALLY_E_OK && server_context(s, suites) == NULL)
        e = SALLY_E_NO_MEMORY;
    if (e != SALLY_E_OK) {
        free(suites);
        return e;
    }
    free(s->server_suites);
    s->server_suites = suites;
    return SALLY_E_OK;
}
