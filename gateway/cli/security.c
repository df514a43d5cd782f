/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/security.c - the verb security: what each mechanism costs on
 * this machine, with keys that are made for the moment. What a user chooses
 * among is a row here.                                                      */
#include "cli/verbs.h"

#include <string.h>

#include "cli/cost.h"
#include "security/crypto.h"
#include "security/generate.h"

/* The keys of both ends. */
struct keys {
    struct sally_secret psk;
};

static enum sally_err find_psk(void *owner, struct sally_span identity,
                               struct sally_secret *key)
{
    const struct keys *k = owner;

    (void)identity;
    return sally_secret_set(key, sally_secret_span(&k->psk));
}

/* What is measured: an account, and what its server has. */
static const struct choice {
    const char *name;
    enum sally_security_mode mode;
    enum sally_scheme scheme;
    uint16_t suite; /* 0: as the library chooses */
} choices[] = {
    { "none", SALLY_MODE_NOSEC, SALLY_SCHEME_COAP, 0 },
    { "DTLS 1.2 PSK", SALLY_MODE_PSK, SALLY_SCHEME_COAPS, 0xc0a8 },
};

static enum sally_err prepare(const struct choice *c, struct keys *k,
                              struct sally_cost_case *out)
{
    struct sally_credential_parts parts = {
        .mode = c->mode,
        .suites = &c->suite,
        .suite_count = c->suite != 0 ? 1 : 0
    };

    *out = (struct sally_cost_case){ .name = c->name,
                                     .scheme = c->scheme,
                                     .server = { .find = find_psk,
                                                 .owner = k } };
    if (c->mode == SALLY_MODE_PSK) {
        parts.identity = sally_span_of("plant-7-boiler");
        parts.secret_key = sally_secret_span(&k->psk);
    }
    return sally_credential_make(&out->client, &parts, NULL);
}

static void print(const struct sally_cli *cli, const char *name,
                  const struct sally_cost *c)
{
    if (cli->json)
        fprintf(cli->out,
                "{\"mechanism\":\"%s\",\"suite\":\"%s\","
                "\"handshake_bytes\":%zu,\"handshake_datagrams\":%zu,"
                "\"handshake_us\":%.1f,\"reading_bytes\":%zu,"
                "\"reading_us\":%.2f,\"reading_instructions\":%llu,"
                "\"memory\":%zu}\n",
                name, c->suite, c->handshake_bytes, c->handshake_datagrams,
                c->handshake_us, c->reading_bytes, c->reading_us,
                (unsigned long long)c->reading_instructions, c->memory);
    else
        fprintf(cli->out, "%-22s %9zu %5zu %9.0f %8zu %8.1f %8zu\n", name,
                c->handshake_bytes, c->handshake_datagrams, c->handshake_us,
                c->reading_bytes, c->reading_us, c->memory);
}

static void heading(const struct sally_cli *cli)
{
    if (cli->json)
        return;
    fprintf(cli->out, "%-22s %-25s %-17s %8s\n", "", "HANDSHAKE",
            "8-BYTE READING", "MEMORY");
    fprintf(cli->out, "%-22s %9s %5s %9s %8s %8s %8s\n", "MECHANISM", "BYTES",
            "DGR", "US", "BYTES", "US", "BYTES");
}

int sally_verb_security(const struct sally_cli *cli,
                        const struct sally_verb *v, char **args, int count)
{
    struct sally_random random = sally_crypto_random();
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret psk = { .len = 16 };
    struct keys keys;
    int status = SALLY_EXIT_DONE;

    (void)v;
    (void)args;
    (void)count;
    sally_random_fill(&random, psk.bytes, psk.len);
    keys.psk = psk;
    heading(cli);
    for (size_t i = 0; i < SALLY_LEN(choices); i++) {
        struct sally_cost_case c;
        struct sally_cost cost;
        enum sally_err e = prepare(&choices[i], &keys, &c);

        if (e == SALLY_E_OK)
            e = sally_cost_measure(&c, &cost);
        if (e == SALLY_E_OK)
            print(cli, choices[i].name, &cost);
        else
            fprintf(cli->err, "sallyportctl: %s: %s\n", choices[i].name,
                    sally_err_text(e));
        if (e != SALLY_E_OK)
            status = SALLY_EXIT_REFUSED;
        sally_credential_wipe(&c.client);
    }
    sally_secret_wipe(&keys.psk);
    return status;
}
