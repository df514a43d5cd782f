/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/wolfssl.c - the bridge on wolfSSL with raw public keys in
 * DTLS 1.3, which wolfSSL's own example server cannot be told to use. The key
 * is the file `key`, its public half in DER `chain`; `raw` is the client's. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bridge.h"

static WOLFSSL *ssl;
static unsigned char expected[256];
static size_t expected_len;

static void must(const char *what, int got)
{
    if (got != WOLFSSL_SUCCESS)
        bridge_die(what, got);
}

static int on_verify(int fine, WOLFSSL_X509_STORE_CTX *store)
{
    (void)fine;
    return store->totalCerts == 1 && store->certs[0].length == expected_len &&
           memcmp(store->certs[0].buffer, expected, expected_len) == 0;
}

static void read_expected(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        bridge_die(path, errno);
    expected_len = fread(expected, 1, sizeof(expected), f);
    fclose(f);
}

void tls_begin(const struct bridge_options *o, int fd)
{
    char raw[] = { WOLFSSL_CERT_TYPE_RPK };
    WOLFSSL_CTX *context;

    must("init", wolfSSL_Init());
    context = wolfSSL_CTX_new(wolfDTLSv1_3_server_method());
    must("key", wolfSSL_CTX_use_certificate_file(context, o->chain,
                                                 WOLFSSL_FILETYPE_ASN1));
    must("key", wolfSSL_CTX_use_PrivateKey_file(context, o->key,
                                                WOLFSSL_FILETYPE_PEM));
    read_expected(o->raw);
    wolfSSL_CTX_set_verify(
        context, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        on_verify);
    ssl = wolfSSL_new(context);
    must("ours", wolfSSL_set_server_cert_type(ssl, raw, 1));
    must("theirs", wolfSSL_set_client_cert_type(ssl, raw, 1));
    must("socket", wolfSSL_set_fd(ssl, fd));
    wolfSSL_dtls_set_using_nonblock(ssl, 1);
}

static int again_or_ended(int got)
{
    int error = wolfSSL_get_error(ssl, got);

    return error == WOLFSSL_ERROR_WANT_READ ||
                   error == WOLFSSL_ERROR_WANT_WRITE
               ? BRIDGE_AGAIN
               : BRIDGE_ENDED;
}

int tls_handshake(void)
{
    int got = wolfSSL_accept(ssl);

    return got == WOLFSSL_SUCCESS ? 1 : again_or_ended(got);
}

int tls_wait(void)
{
    return wolfSSL_dtls_get_current_timeout(ssl) * 1000;
}

int tls_read(unsigned char *into, size_t size)
{
    int got = wolfSSL_read(ssl, into, (int)size);

    return got > 0 ? got : again_or_ended(got);
}

bool tls_write(const unsigned char *from, size_t size)
{
    return wolfSSL_write(ssl, from, (int)size) == (int)size;
}

void tls_close(void)
{
    (void)wolfSSL_shutdown(ssl);
}
