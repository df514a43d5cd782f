/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/bench/oscore.c - what OSCORE costs beyond its AEAD.
 *
 * `oscore WHAT N` does N times: `oscore`, a request with 64 bytes of payload
 * protected by one end and opened by the other; `bare`, AES-CCM sealing and
 * opening of the same bytes, its key expanded each time; `kept`, the same with
 * a key that was expanded once. Run under callgrind with two N, the difference
 * is the cost of one. All parse a message besides, as a link does.          */
#include "coap/option.h"
#include "security/crypto.h"
#include "security/object.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD 64 /* bytes */
#define TEXT (1 + 11 + 1 + PAYLOAD) /* code, options, marker */
#define AAD 25     /* bytes: kid of 2, Partial IV of 2 */
#define TAG 8

static const uint8_t key[32] = { 1 }, nonce[13] = { 2 }, aad[AAD] = { 3 };

static void must(bool fine)
{
    if (!fine)
        exit(2);
}

/* What the link does anyway, and so is no cost of OSCORE's. */
static void parse_one(void)
{
    static const uint8_t wire[] = { 0x44, 2, 0,   0,   't', 'o',  'k', 'n',
                                    0x95, 9, 3, 232, 'c', '1', 0xff, 1 };
    struct sally_coap_message m;
    uint16_t mid;

    must(sally_coap_parse((struct sally_span){ wire, sizeof(wire) }, &m,
                          &mid) == SALLY_E_OK);
}

static void bare(long n)
{
    const struct sally_aead *a = sally_crypto_aead(10);
    struct sally_span header = { aad, sizeof(aad) };
    uint8_t data[TEXT + TAG] = { 0 };

    for (long i = 0; i < n; i++) {
        parse_one();
        must(sally_crypto_seal(a, key, nonce, header, data, TEXT) ==
             SALLY_E_OK);
        must(sally_crypto_open(a, key, nonce, header, data, TEXT + TAG) ==
             SALLY_E_OK);
    }
}

static void kept(long n)
{
    uint8_t data[TEXT] = { 0 }, tag[TAG];
    Aes aes;

    must(wc_AesInit(&aes, NULL, INVALID_DEVID) == 0 &&
         wc_AesCcmSetKey(&aes, key, 16) == 0);
    for (long i = 0; i < n; i++) {
        parse_one();
        must(wc_AesCcmEncrypt(&aes, data, data, TEXT, nonce, 13, tag, TAG, aad,
                              AAD) == 0);
        must(wc_AesCcmDecrypt(&aes, data, data, TEXT, nonce, 13, tag, TAG, aad,
                              AAD) == 0);
    }
    wc_AesFree(&aes);
}

/* 11 bytes of options, and the payload. */
static void fill(struct sally_buf *room, struct sally_coap_message *m)
{
    static const uint8_t payload[PAYLOAD] = { 'x' };
    struct sally_coap_option_writer w = sally_coap_options_into(room);

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "rd/abcdef");
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, 0);
    *m = (struct sally_coap_message){ .code = SALLY_CODE_POST,
                                      .token = sally_span_of("tokn"),
                                      .options = sally_buf_span(room),
                                      .payload = { payload, sizeof(payload) } };
    must(sally_coap_options_end(&w) == SALLY_E_OK && room->len == 11);
}

static void one(void *client, void *server, const struct sally_coap_message *m)
{
    uint8_t wire_room[256], text[256];
    struct sally_buf wire = SALLY_BUF(wire_room), room = SALLY_BUF(text);
    struct sally_binding asked, served;
    struct sally_coap_message outer, inner;
    uint16_t mid;

    must(sally_object_oscore.protect(client, SALLY_OBJECT_REQUEST, m, &asked,
                                     &wire) == SALLY_E_OK);
    must(sally_coap_parse(sally_buf_span(&wire), &outer, &mid) == SALLY_E_OK);
    must(sally_object_oscore.unprotect_request(server, &outer, &served, &inner,
                                               &room, 0) == SALLY_E_OK);
}

/* A client's half at both ends, which has the same work in either direction. */
static void *begin(const struct sally_credential *c, uint64_t from)
{
    struct sally_object_past past = { from != 0, true, from };
    void *state = calloc(1, sally_object_oscore.size);

    must(state != NULL &&
         sally_object_oscore.start(state, c, NULL, &past, NULL,
                                   sally_crypto_random(), 0) == SALLY_E_OK);
    return state;
}

static void oscore(long n)
{
    struct sally_oscore_parts mine = {
        .master_secret = sally_span_of("secret of both"),
        .sender_id = sally_span_of("c1"),
        .recipient_id = sally_span_of("s1"),
        .aead = 10,
        .hkdf = SALLY_HKDF_SHA256,
        .start = SALLY_OSCORE_B1,
    }, theirs = mine;
    struct sally_credential one_end = { .oscore = &mine },
                            other_end = { .oscore = &theirs };
    struct sally_coap_message m;
    uint8_t options[32];
    struct sally_buf room = SALLY_BUF(options);
    void *client, *server;

    theirs.sender_id = mine.recipient_id;
    theirs.recipient_id = mine.sender_id;
    client = begin(&one_end, 1000);
    server = begin(&other_end, 0);
    fill(&room, &m);
    for (long i = 0; i < n; i++)
        one(client, server, &m);
    free(client);
    free(server);
}

static const struct {
    const char *name;
    void (*run)(long n);
} items[] = { { "oscore", oscore }, { "bare", bare }, { "kept", kept } };

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < SALLY_LEN(items); i++)
        if (strcmp(argv[1], items[i].name) == 0) {
            items[i].run(strtol(argv[2], NULL, 10));
            return 0;
        }
    fputs("usage: oscore oscore|bare|kept N\n", stderr);
    return 2;
}
