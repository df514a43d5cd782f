/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/mbedtls.c - the bridge on mbedTLS 2.28 or 3. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>

#include "bridge.h"

#if MBEDTLS_VERSION_MAJOR >= 3
#define PARSE_KEY(pk, file, rng)                                               \
    mbedtls_pk_parse_keyfile(pk, file, NULL, mbedtls_ctr_drbg_random, rng)
#define ONLY_12(config)                                                        \
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2)
#else
#define PARSE_KEY(pk, file, rng) mbedtls_pk_parse_keyfile(pk, file, NULL)
#define ONLY_12(config)                                                        \
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3,          \
                                 MBEDTLS_SSL_MINOR_VERSION_3)
#endif

static mbedtls_ssl_context ssl;
static mbedtls_ssl_config config;
static mbedtls_net_context net;
static mbedtls_timing_delay_context timer;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context rng;
static mbedtls_ssl_cookie_ctx cookies;
static mbedtls_x509_crt chain, trust;
static mbedtls_pk_context key;
static bool stream;

static void must(const char *what, int got)
{
    if (got != 0)
        bridge_die(what, got);
}

static void prove_by_certificate(const struct bridge_options *o)
{
    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&trust);
    mbedtls_pk_init(&key);
    must("chain", mbedtls_x509_crt_parse_file(&chain, o->chain));
    must("trust", mbedtls_x509_crt_parse_file(&trust, o->trust));
    must("key", PARSE_KEY(&key, o->key, &rng));
    must("own", mbedtls_ssl_conf_own_cert(&config, &chain, &key));
    mbedtls_ssl_conf_ca_chain(&config, &trust, NULL);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
}

static void expect_cookies(void)
{
    mbedtls_ssl_cookie_init(&cookies);
    must("cookies", mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random,
                                             &rng));
    mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write,
                                  mbedtls_ssl_cookie_check, &cookies);
}

static void name_client(void)
{
    static const unsigned char id[] = "the only one";

    must("client",
         mbedtls_ssl_set_client_transport_id(&ssl, id, sizeof(id)));
}

void tls_begin(const struct bridge_options *o, int fd)
{
    stream = o->stream;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&rng);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&ssl);
    mbedtls_net_init(&net);
    net.fd = fd;
    must("psa", (int)psa_crypto_init());
    must("random", mbedtls_ctr_drbg_seed(&rng, mbedtls_entropy_func, &entropy,
                                         NULL, 0));
    must("config",
         mbedtls_ssl_config_defaults(
             &config, MBEDTLS_SSL_IS_SERVER,
             stream ? MBEDTLS_SSL_TRANSPORT_STREAM
                    : MBEDTLS_SSL_TRANSPORT_DATAGRAM,
             MBEDTLS_SSL_PRESET_DEFAULT));
    ONLY_12(&config);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &rng);
    if (o->psk != NULL)
        must("psk", mbedtls_ssl_conf_psk(
                        &config, o->secret, o->secret_len,
                        (const unsigned char *)o->identity,
                        __builtin_strlen(o->identity)));
    else
        prove_by_certificate(o);
    if (!stream)
        expect_cookies();
    must("setup", mbedtls_ssl_setup(&ssl, &config));
    mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay,
                             mbedtls_timing_get_delay);
    if (!stream)
        name_client();
}

static int again_or_ended(int got)
{
    return got == MBEDTLS_ERR_SSL_WANT_READ ||
                   got == MBEDTLS_ERR_SSL_WANT_WRITE
               ? BRIDGE_AGAIN
               : BRIDGE_ENDED;
}

int tls_handshake(void)
{
    int got = mbedtls_ssl_handshake(&ssl);

    if (got == 0)
        return 1;
    if (got != MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED)
        return again_or_ended(got);
    must("reset", mbedtls_ssl_session_reset(&ssl));
    name_client();
    return BRIDGE_AGAIN;
}

int tls_wait(void)
{
    return 100;
}

int tls_read(unsigned char *into, size_t size)
{
    int got = mbedtls_ssl_read(&ssl, into, size);

    return got > 0 ? got : again_or_ended(got);
}

bool tls_write(const unsigned char *from, size_t size)
{
    return mbedtls_ssl_write(&ssl, from, size) == (int)size;
}

void tls_close(void)
{
    (void)mbedtls_ssl_close_notify(&ssl);
}
