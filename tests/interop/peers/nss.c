/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/nss.c - the bridge on NSS. Pre-shared keys are an
 * experimental part of it and for (D)TLS 1.3 only. */
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>

#include "bridge.h"

static PRFileDesc *ssl;
static bool stream;

static void must(const char *what, SECStatus got)
{
    if (got != SECSuccess)
        bridge_die(what, (int)PR_GetError());
}

/* A server of NSS has a certificate, even if nobody is to see it. */
static void have_certificate(void)
{
    CERTCertificate *own = PK11_FindCertFromNickname("server", NULL);
    SECKEYPrivateKey *key =
        own != NULL ? PK11_FindKeyByAnyCert(own, NULL) : NULL;

    if (key == NULL)
        bridge_die("server's certificate", (int)PR_GetError());
    must("own", SSL_ConfigServerCert(ssl, own, key, NULL, 0));
}

static void ask_for_certificate(void)
{
    must("request", SSL_OptionSet(ssl, SSL_REQUEST_CERTIFICATE, PR_TRUE));
    must("require", SSL_OptionSet(ssl, SSL_REQUIRE_CERTIFICATE,
                                  SSL_REQUIRE_ALWAYS));
}

static void prove_by_psk(const struct bridge_options *o)
{
    SECItem secret = { siBuffer, (unsigned char *)o->secret,
                       (unsigned)o->secret_len };
    PK11SlotInfo *slot = PK11_GetInternalSlot();
    PK11SymKey *key = PK11_ImportSymKey(slot, CKM_HKDF_KEY_GEN,
                                        PK11_OriginUnwrap, CKA_DERIVE, &secret,
                                        NULL);

    if (key == NULL)
        bridge_die("psk", (int)PR_GetError());
    must("psk",
         SSL_AddExternalPsk(ssl, key, (const PRUint8 *)o->identity,
                            (unsigned)__builtin_strlen(o->identity),
                            ssl_hash_sha256));
}

void tls_begin(const struct bridge_options *o, int fd)
{
    PRUint16 version = o->newest ? SSL_LIBRARY_VERSION_TLS_1_3
                                 : SSL_LIBRARY_VERSION_TLS_1_2;
    SSLVersionRange range = { version, version };
    PRSocketOptionData option = { .option = PR_SockOpt_Nonblocking,
                                  .value.non_blocking = PR_TRUE };
    PRFileDesc *below;

    stream = o->stream;
    must("db", NSS_Init(o->db));
    must("policy", NSS_SetDomesticPolicy());
    below = stream ? PR_ImportTCPSocket(fd) : PR_ImportUDPSocket(fd);
    if (PR_SetSocketOption(below, &option) != PR_SUCCESS)
        bridge_die("socket", (int)PR_GetError());
    ssl = stream ? SSL_ImportFD(NULL, below) : DTLS_ImportFD(NULL, below);
    if (ssl == NULL)
        bridge_die("import", (int)PR_GetError());
    must("cache", SSL_ConfigServerSessionIDCache(16, 100, 100, NULL));
    must("version", SSL_VersionRangeSet(ssl, &range));
    have_certificate();
    if (o->psk != NULL)
        prove_by_psk(o);
    else
        ask_for_certificate();
    must("server", SSL_ResetHandshake(ssl, PR_TRUE));
}

static int again_or_ended(void)
{
    return PR_GetError() == PR_WOULD_BLOCK_ERROR ? BRIDGE_AGAIN : BRIDGE_ENDED;
}

int tls_handshake(void)
{
    int got = SSL_ForceHandshake(ssl) == SECSuccess ? 1 : again_or_ended();

    if (got == BRIDGE_ENDED)
        bridge_die(PR_ErrorToName(PR_GetError()), (int)PR_GetError());
    return got;
}

int tls_wait(void)
{
    PRIntervalTime wait;

    if (stream || DTLS_GetHandshakeTimeout(ssl, &wait) != SECSuccess)
        return -1;
    return (int)PR_IntervalToMilliseconds(wait) + 1;
}

int tls_read(unsigned char *into, size_t size)
{
    PRInt32 got = PR_Recv(ssl, into, (PRInt32)size, 0, PR_INTERVAL_NO_WAIT);

    if (got == 0)
        return BRIDGE_ENDED;
    return got > 0 ? (int)got : again_or_ended();
}

bool tls_write(const unsigned char *from, size_t size)
{
    return PR_Send(ssl, from, (PRInt32)size, 0, PR_INTERVAL_NO_WAIT) ==
           (PRInt32)size;
}

void tls_close(void)
{
    (void)PR_Shutdown(ssl, PR_SHUTDOWN_SEND);
    (void)PR_Close(ssl);
}
