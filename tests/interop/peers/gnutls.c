/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/gnutls.c - the bridge on GnuTLS, over TCP: the echo that
 * its own server has there waits for a line feed. */
#include <gnutls/gnutls.h>

#include <stdio.h>
#include <string.h>

#include "bridge.h"

static gnutls_session_t session;
static const struct bridge_options *options;

static void must(const char *what, int got)
{
    if (got < 0)
        bridge_die(what, got);
}

static int find_secret(gnutls_session_t s, const char *identity,
                       gnutls_datum_t *key)
{
    (void)s;
    if (strcmp(identity, options->identity) != 0)
        return -1;
    key->data = gnutls_malloc(options->secret_len);
    key->size = (unsigned)options->secret_len;
    if (key->data == NULL)
        return -1;
    memcpy(key->data, options->secret, options->secret_len);
    return 0;
}

static void prove_by_psk(void)
{
    gnutls_psk_server_credentials_t c;

    must("psk", gnutls_psk_allocate_server_credentials(&c));
    gnutls_psk_set_server_credentials_function(c, find_secret);
    must("psk", gnutls_credentials_set(session, GNUTLS_CRD_PSK, c));
}

/* The client's raw key is the one in the file. */
static int check_raw(gnutls_session_t s)
{
    unsigned char expected[256];
    unsigned count = 0;
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(s, &count);
    FILE *f = fopen(options->raw, "rb");
    size_t n = f != NULL ? fread(expected, 1, sizeof(expected), f) : 0;

    if (f != NULL)
        fclose(f);
    return count == 1 && sent[0].size == n &&
                   memcmp(sent[0].data, expected, n) == 0
               ? 0
               : GNUTLS_E_CERTIFICATE_ERROR;
}

static void prove_by_pair(void)
{
    gnutls_certificate_credentials_t c;

    must("pair", gnutls_certificate_allocate_credentials(&c));
    if (options->raw != NULL) {
        must("raw key", gnutls_certificate_set_rawpk_key_file(
                            c, options->chain, options->key,
                            GNUTLS_X509_FMT_PEM, NULL, 0, NULL, 0, 0, 0));
        gnutls_session_set_verify_function(session, check_raw);
    } else {
        must("chain",
             gnutls_certificate_set_x509_key_file(
                 c, options->chain, options->key, GNUTLS_X509_FMT_PEM));
        must("trust", gnutls_certificate_set_x509_trust_file(
                          c, options->trust, GNUTLS_X509_FMT_PEM));
        gnutls_session_set_verify_cert(session, NULL, 0);
    }
    must("pair", gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c));
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
}

void tls_begin(const struct bridge_options *o, int fd)
{
    char priority[160];

    options = o;
    must("init", gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK |
                                           GNUTLS_ENABLE_RAWPK));
    snprintf(priority, sizeof(priority),
             "NORMAL:-VERS-ALL:+VERS-TLS%s:+AES-128-CCM-8%s%s", o->version,
             o->psk != NULL ? ":-KX-ALL:+PSK" : "",
             o->raw != NULL ? ":+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK" : "");
    must("priority",
         gnutls_priority_set_direct(session, priority, NULL));
    if (o->psk != NULL)
        prove_by_psk();
    else
        prove_by_pair();
    gnutls_transport_set_int(session, fd);
}

static int again_or_ended(long got)
{
    return got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED ? BRIDGE_AGAIN
                                                                : BRIDGE_ENDED;
}

int tls_handshake(void)
{
    int got = gnutls_handshake(session);

    return got == 0 ? 1 : again_or_ended(got);
}

int tls_wait(void)
{
    return -1;
}

int tls_read(unsigned char *into, size_t size)
{
    ssize_t got = gnutls_record_recv(session, into, size);

    return got > 0 ? (int)got : again_or_ended(got);
}

bool tls_write(const unsigned char *from, size_t size)
{
    return gnutls_record_send(session, from, size) == (ssize_t)size;
}

void tls_close(void)
{
    (void)gnutls_bye(session, GNUTLS_SHUT_WR);
}
