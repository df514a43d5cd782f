/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/record.c - seals and opens 64 bytes N times, by our stack or by
 * the bare library, for something that counts instructions:
 *     record stack|bare 1.2|1.3 seal|both N                                 */
#include "security/crypto.h"
#include "security/dtls.h"
#include "security/stack.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char identity[] = "sensor-1", key[] = "a key of sixteen";
static const uint8_t message[64] = { 1 };

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "record: %s\n", why);
    exit(1);
}

/* --- Ours ---------------------------------------------------------------- */

static struct {
    struct sally_security *security;
    struct sally_pool packets;
    struct sally_stack client, server;
    struct sally_credential credential;
} ours;

static enum sally_err find(void *owner, struct sally_span who,
                           struct sally_secret *out)
{
    (void)owner;
    (void)who;
    return sally_secret_set(out, sally_span_of(key));
}

static bool carry(struct sally_stack *from, struct sally_stack *to)
{
    uint8_t copy[SALLY_DATAGRAM_MAX], room[SALLY_MESSAGE_MAX];
    struct sally_span out;
    bool any = false;

    while ((out = sally_stack_output(from)).len != 0) {
        struct sally_buf none = SALLY_BUF(room);

        memcpy(copy, out.at, out.len);
        if (sally_stack_open(to, (struct sally_span){ copy, out.len }, &none,
                             SALLY_SEC) == SALLY_E_OK)
            stop("a message out of a handshake");
        any = true;
    }
    return any;
}

static void ours_up(const char *suites)
{
    static const struct sally_key_finder finder = { .find = find };
    const struct sally_security_limits limits = { 2, (size_t)1 << 24 };

    if (sally_pool_init(&ours.packets, SALLY_DATAGRAM_MAX, 16, true) !=
            SALLY_E_OK ||
        sally_security_init(&ours.security, &limits, &ours.packets,
                            sally_crypto_random()) != SALLY_E_OK ||
        sally_dtls_suites(ours.security, suites) != SALLY_E_OK ||
        sally_credential_psk(&ours.credential, sally_span_of(identity),
                             sally_span_of(key)) != SALLY_E_OK ||
        sally_stack_start(&ours.client, ours.security, SALLY_SCHEME_COAPS,
                          &ours.credential, SALLY_SEC) != SALLY_E_OK ||
        sally_stack_accept(&ours.server, ours.security, SALLY_SCHEME_COAPS,
                           &finder, SALLY_SEC) != SALLY_E_OK)
        stop("cannot be set up");
    for (bool moved = true; moved;) {
        moved = carry(&ours.client, &ours.server);
        moved = carry(&ours.server, &ours.client) || moved;
    }
    if (sally_stack_state(&ours.client) != SALLY_CHANNEL_UP)
        stop("no session");
}

static void ours_pass(bool both)
{
    uint8_t room[SALLY_DATAGRAM_MAX], back[SALLY_MESSAGE_MAX];
    struct sally_buf wire = SALLY_BUF(room), got = SALLY_BUF(back);

    if (sally_stack_seal(&ours.client,
                         (struct sally_span){ message, sizeof(message) },
                         &wire) != SALLY_E_OK)
        stop("not sealed");
    if (both && sally_stack_open(&ours.server, sally_buf_span(&wire), &got,
                                 SALLY_SEC) != SALLY_E_OK)
        stop("not opened");
}

/* --- The library alone --------------------------------------------------- */

struct box {
    uint8_t bytes[16][2048];
    int len[16];
    unsigned in, out;
};

static struct {
    struct box up, down;
    WOLFSSL *client, *server;
} bare;

static int put(WOLFSSL *ssl, char *at, int n, void *to)
{
    struct box *b = to;

    (void)ssl;
    if (n > (int)sizeof(b->bytes[0]))
        stop("datagram too long");
    memcpy(b->bytes[b->in % 16], at, (size_t)n);
    b->len[b->in++ % 16] = n;
    return n;
}

static int take(WOLFSSL *ssl, char *at, int room, void *from)
{
    struct box *b = from;
    int n;

    (void)ssl;
    if (b->in == b->out)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    n = b->len[b->out % 16] < room ? b->len[b->out % 16] : room;
    memcpy(at, b->bytes[b->out++ % 16], (size_t)n);
    return n;
}

static unsigned client_key(WOLFSSL *ssl, const char *hint, char *who,
                           unsigned who_room, unsigned char *out, unsigned room)
{
    (void)ssl;
    (void)hint;
    if (who_room < sizeof(identity) || room < sizeof(key) - 1)
        return 0;
    memcpy(who, identity, sizeof(identity));
    memcpy(out, key, sizeof(key) - 1);
    return sizeof(key) - 1;
}

static unsigned server_key(WOLFSSL *ssl, const char *who, unsigned char *out,
                           unsigned room)
{
    (void)ssl;
    (void)who;
    if (room < sizeof(key) - 1)
        return 0;
    memcpy(out, key, sizeof(key) - 1);
    return sizeof(key) - 1;
}

static WOLFSSL *bare_end(WOLFSSL_METHOD *method, const char *suites,
                         struct box *in, struct box *out)
{
    int curve[] = { WOLFSSL_ECC_SECP256R1 };
    WOLFSSL_CTX *c = wolfSSL_CTX_new(method);
    WOLFSSL *ssl;

    if (c == NULL || wolfSSL_CTX_new_rng(c) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_cipher_list(c, suites) != WOLFSSL_SUCCESS)
        stop("no context");
    wolfSSL_CTX_set_psk_client_callback(c, client_key);
    wolfSSL_CTX_set_psk_server_callback(c, server_key);
    ssl = wolfSSL_new(c);
    if (ssl == NULL || wolfSSL_set_groups(ssl, curve, 1) != WOLFSSL_SUCCESS)
        stop("no session");
    wolfSSL_SSLSetIORecv(ssl, take);
    wolfSSL_SSLSetIOSend(ssl, put);
    wolfSSL_SetIOReadCtx(ssl, in);
    wolfSSL_SetIOWriteCtx(ssl, out);
    return ssl;
}

static void bare_up(bool newer, const char *suites)
{
    uint8_t none[64];

    (void)wolfSSL_Init();
    bare.client = bare_end(newer ? wolfDTLSv1_3_client_method()
                                 : wolfDTLSv1_2_client_method(),
                           suites, &bare.down, &bare.up);
    bare.server = bare_end(newer ? wolfDTLSv1_3_server_method()
                                 : wolfDTLSv1_2_server_method(),
                           suites, &bare.up, &bare.down);
    for (int i = 0; i < 8; i++) {
        (void)wolfSSL_connect(bare.client);
        (void)wolfSSL_accept(bare.server);
    }
    (void)wolfSSL_read(bare.client, none, sizeof(none)); /* a ticket */
    if (wolfSSL_is_init_finished(bare.client) == 0)
        stop("no handshake");
}

static void bare_pass(bool both)
{
    uint8_t back[SALLY_MESSAGE_MAX];

    if (wolfSSL_write(bare.client, message, sizeof(message)) != sizeof(message))
        stop("not written");
    if (both &&
        wolfSSL_read(bare.server, back, sizeof(back)) != sizeof(message))
        stop("not read");
}

int main(int argc, char **argv)
{
    bool library, newer, both;
    const char *suites;
    long n;

    if (argc != 5)
        stop("usage: record stack|bare 1.2|1.3 seal|both N");
    library = strcmp(argv[1], "bare") == 0;
    newer = strcmp(argv[2], "1.3") == 0;
    both = strcmp(argv[3], "both") == 0;
    n = strtol(argv[4], NULL, 10);
    suites = newer ? "TLS13-AES128-GCM-SHA256" : "PSK-AES128-CCM-8";
    if (library)
        bare_up(newer, suites);
    else
        ours_up(suites);
    for (long i = 0; i < n; i++)
        (library ? bare_pass : ours_pass)(both);
    return 0;
}
