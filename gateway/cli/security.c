/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/security.c - the verb security: what each mechanism costs on
 * this machine, with keys that are made for the moment. What a user chooses
 * among is a row here.                                                      */
#include "cli/verbs.h"

#include <string.h>

#include "cli/cost.h"
#include "security/crypto.h"
#include "security/generate.h"
#include "security/keypair.h"
#include "security/object.h"
#include "security/trust.h"

/* One end's key on P-256, and what shows it. */
struct party {
    uint8_t key_room[SALLY_GENERATED_KEY_MAX];
    uint8_t raw_room[SALLY_PUBLIC_KEY_MAX];
    uint8_t certificate_room[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_buf key, raw, certificate;
};

/* The keys of both ends. */
struct keys {
    struct sally_secret psk;
    struct party client, server;
    struct sally_trust *trust; /* the server's: the client's certificate */
    struct sally_credential raw, certificate; /* the server's own */
    struct sally_credential oscore;           /* the client's */
    struct sally_object_contexts *contexts;   /* the server's, of that */
};

static enum sally_err find_psk(void *owner, struct sally_span identity,
                               struct sally_secret *key)
{
    const struct keys *k = owner;

    (void)identity;
    return sally_secret_set(key, sally_secret_span(&k->psk));
}

static enum sally_err admit(void *owner, enum sally_security_mode mode,
                            struct sally_span peer)
{
    (void)owner;
    (void)mode;
    (void)peer;
    return SALLY_E_OK;
}

static enum sally_err find_oscore(void *owner, struct sally_span kid,
                                  struct sally_span kid_context,
                                  const struct sally_credential **out)
{
    const struct keys *k = owner;

    (void)kid;
    (void)kid_context;
    *out = &k->oscore;
    return SALLY_E_OK;
}

/* --- Keys ---------------------------------------------------------------- */

static enum sally_err make_party(struct party *p, const char *name)
{
    enum sally_err e;

    p->key = SALLY_BUF(p->key_room);
    p->raw = SALLY_BUF(p->raw_room);
    p->certificate = SALLY_BUF(p->certificate_room);
    e = sally_generate_key(&p->key);
    if (e == SALLY_E_OK)
        e = sally_keypair_public(sally_buf_span(&p->key), &p->raw);
    if (e == SALLY_E_OK)
        e = sally_generate_certificate(sally_buf_span(&p->key), name, 30,
                                       &p->certificate);
    return e;
}

/* The half of a credential that one end needs to prove itself to another. */
static struct sally_credential_parts parts_of(enum sally_security_mode mode,
                                              const struct party *own,
                                              const struct party *peer)
{
    bool raw = mode == SALLY_MODE_RPK;

    return (struct sally_credential_parts){
        .mode = mode,
        .public_key = sally_buf_span(raw ? &own->raw : &own->certificate),
        .secret_key = sally_buf_span(&own->key),
        .server_public_key =
            sally_buf_span(raw ? &peer->raw : &peer->certificate),
        .usage = SALLY_USAGE_DOMAIN,
    };
}

static enum sally_err make_keys(struct keys *k)
{
    struct sally_random random = sally_crypto_random();
    struct sally_credential_parts raw, certificate;
    struct sally_trust_parts trust;
    enum sally_err e;

    k->psk.len = 16;
    sally_random_fill(&random, k->psk.bytes, k->psk.len);
    e = make_party(&k->client, "plant-7-boiler");
    if (e == SALLY_E_OK)
        e = make_party(&k->server, "lwm2m.example.com");
    if (e != SALLY_E_OK)
        return e;
    raw = parts_of(SALLY_MODE_RPK, &k->server, &k->client);
    certificate = parts_of(SALLY_MODE_X509, &k->server, &k->client);
    trust = (struct sally_trust_parts){
        .anchors = sally_buf_span(&k->client.certificate)
    };
    e = sally_trust_make(&k->trust, &trust);
    certificate.trust = k->trust;
    if (e == SALLY_E_OK)
        e = sally_credential_make(&k->raw, &raw, NULL);
    return e == SALLY_E_OK
               ? sally_credential_make(&k->certificate, &certificate, NULL)
               : e;
}

static void wipe_keys(struct keys *k)
{
    sally_credential_wipe(&k->raw);
    sally_credential_wipe(&k->certificate);
    sally_credential_wipe(&k->oscore);
    sally_trust_wipe(k->trust);
    sally_wipe(k, sizeof(*k));
}

/* --- The rows ------------------------------------------------------------ */

/* What is measured: an account, and what its server has. */
static const struct choice {
    const char *name;
    enum sally_security_mode mode;
    enum sally_scheme scheme;
    uint16_t suite; /* 0: as the library chooses */
    enum sally_tls_version version;
    bool oscore;
} choices[] = {
#define ROW(name, mode, scheme, ...)                                          \
    { name, SALLY_MODE_##mode, SALLY_SCHEME_##scheme, __VA_ARGS__ }
    ROW("none", NOSEC, COAP, .suite = 0),
    ROW("OSCORE", NOSEC, COAP, .oscore = true),
    ROW("DTLS 1.2 PSK", PSK, COAPS, .suite = 0xc0a8),
    ROW("DTLS 1.2 ECDHE-PSK", PSK, COAPS, .suite = 0xd001),
    ROW("DTLS 1.2 RPK", RPK, COAPS, .suite = 0xc0ae),
    ROW("DTLS 1.2 X.509", X509, COAPS, .suite = 0xc0ae),
    ROW("DTLS 1.3 PSK", PSK, COAPS, .version = SALLY_TLS_1_3),
    ROW("DTLS 1.3 RPK", RPK, COAPS, .version = SALLY_TLS_1_3),
    ROW("DTLS 1.3 X.509", X509, COAPS, .version = SALLY_TLS_1_3),
    ROW("DTLS 1.2 PSK + OSCORE", PSK, COAPS, .suite = 0xc0a8, .oscore = true),
    ROW("TCP", NOSEC, COAP_TCP, .suite = 0),
    ROW("TCP + OSCORE", NOSEC, COAP_TCP, .oscore = true),
    ROW("TLS 1.2 PSK", PSK, COAPS_TCP, .suite = 0xc0a8),
    ROW("TLS 1.2 RPK", RPK, COAPS_TCP, .suite = 0xc0ae),
    ROW("TLS 1.2 X.509", X509, COAPS_TCP, .suite = 0xc0ae),
    ROW("TLS 1.3 PSK", PSK, COAPS_TCP, .version = SALLY_TLS_1_3),
    ROW("TLS 1.3 RPK", RPK, COAPS_TCP, .version = SALLY_TLS_1_3),
    ROW("TLS 1.3 X.509", X509, COAPS_TCP, .version = SALLY_TLS_1_3),
#undef ROW
};

static enum sally_err prepare(const struct choice *c, struct keys *k,
                              struct sally_cost_case *out)
{
    const struct sally_oscore_parts context = {
        .master_secret = sally_secret_span(&k->psk),
        .master_salt = sally_span_of("salt"),
        .sender_id = sally_span_of("a"),
        .recipient_id = sally_span_of("b"),
        .start = SALLY_OSCORE_B2
    };
    struct sally_credential_parts parts = { .mode = c->mode };
    enum sally_err e;

    *out = (struct sally_cost_case){
        .name = c->name,
        .scheme = c->scheme,
        .server = { .find = find_psk, .admit = admit, .owner = k,
                    .find_oscore = c->oscore ? find_oscore : NULL,
                    .contexts = c->oscore ? k->contexts : NULL }
    };
    if (c->mode == SALLY_MODE_PSK) {
        parts.identity = sally_span_of("plant-7-boiler");
        parts.secret_key = sally_secret_span(&k->psk);
    } else if (c->mode != SALLY_MODE_NOSEC) {
        parts = parts_of(c->mode, &k->client, &k->server);
        out->server.own =
            c->mode == SALLY_MODE_RPK ? &k->raw : &k->certificate;
    }
    parts.min_version = c->version;
    parts.suites = &c->suite;
    parts.suite_count = c->suite != 0 ? 1 : 0;
    if (c->oscore)
        parts.oscore = &context;
    e = sally_credential_make(&out->client, &parts, NULL);
    sally_credential_wipe(&k->oscore);
    return e == SALLY_E_OK && c->oscore
               ? sally_credential_make(&k->oscore, &parts, NULL)
               : e;
}

static void print_json(FILE *out, const char *name, const struct sally_cost *c)
{
    fprintf(out,
            "{\"mechanism\":\"%s\",\"suite\":\"%s\",\"handshakes\":%d,"
            "\"handshake_bytes\":%zu,\"handshake_datagrams\":%zu,"
            "\"handshake_us\":%.1f,\"handshake_instructions\":%llu,"
            "\"readings\":%d,\"reading_bytes\":%zu,\"reading_us\":%.2f,"
            "\"reading_instructions\":%llu,\"memory\":%zu}\n",
            name, c->suite, SALLY_COST_HANDSHAKES, c->handshake_bytes,
            c->handshake_datagrams, c->handshake_us,
            (unsigned long long)c->handshake_instructions, SALLY_COST_READINGS,
            c->reading_bytes, c->reading_us,
            (unsigned long long)c->reading_instructions, c->memory);
}

/* In thousands. */
static const char *spell(uint64_t instructions, char room[24])
{
    if (instructions == 0)
        return "-"; /* no counter */
    (void)snprintf(room, 24, "%.1f", (double)instructions / 1000);
    return room;
}

static void print(const struct sally_cli *cli, const char *name,
                  const struct sally_cost *c)
{
    char handshake[24], reading[24];

    if (cli->json)
        print_json(cli->out, name, c);
    else
        fprintf(cli->out, "%-22s %6zu %4zu %6.0f %8s %6zu %6.1f %6s %7zu\n",
                name, c->handshake_bytes, c->handshake_datagrams,
                c->handshake_us, spell(c->handshake_instructions, handshake),
                c->reading_bytes, c->reading_us,
                spell(c->reading_instructions, reading), c->memory);
}

static void heading(const struct sally_cli *cli)
{
    if (cli->json)
        return;
    fprintf(cli->out, "%-22s %-27s %-20s %7s\n", "", "HANDSHAKE",
            "8-BYTE READING", "MEMORY");
    fprintf(cli->out, "%-22s %6s %4s %6s %8s %6s %6s %6s %7s\n", "MECHANISM",
            "BYTES", "DGR", "US", "K INSTR", "BYTES", "US", "K INS.", "BYTES");
}

/* The server's OSCORE contexts are new for each row: keys differ. */
static bool measure(const struct sally_cli *cli, const struct choice *choice,
                    struct keys *k)
{
    struct sally_cost_case c = { .name = choice->name };
    struct sally_cost cost;
    enum sally_err e = sally_object_contexts_make(&k->contexts, 4,
                                                  sally_crypto_random());

    if (e == SALLY_E_OK)
        e = prepare(choice, k, &c);
    if (e == SALLY_E_OK)
        e = sally_cost_measure(&c, &cost);
    if (e == SALLY_E_OK)
        print(cli, choice->name, &cost);
    else
        fprintf(cli->err, "sallyportctl: %s: %s\n", choice->name,
                sally_err_text(e));
    sally_credential_wipe(&c.client);
    sally_object_contexts_free(k->contexts);
    k->contexts = NULL;
    return e == SALLY_E_OK;
}

static const struct choice *choice_named(const char *name)
{
    for (size_t i = 0; i < SALLY_LEN(choices); i++)
        if (strcmp(choices[i].name, name) == 0)
            return &choices[i];
    return NULL;
}

static int say_which(const struct sally_cli *cli, const char *name)
{
    fprintf(cli->err, "sallyportctl: \"%s\" is no mechanism; there are", name);
    for (size_t i = 0; i < SALLY_LEN(choices); i++)
        fprintf(cli->err, "%s \"%s\"", i == 0 ? "" : ",", choices[i].name);
    fprintf(cli->err, "\n");
    return SALLY_EXIT_USAGE;
}

int sally_verb_security(const struct sally_cli *cli,
                        const struct sally_verb *v, char **args, int count)
{
    SALLY_ON_EXIT(wipe_keys) struct keys keys = { .trust = NULL };
    const struct choice *only = count == 0 ? NULL : choice_named(args[0]);
    enum sally_err e;
    bool good = true;

    (void)v;
    if (count != 0 && only == NULL)
        return say_which(cli, args[0]);
    e = make_keys(&keys);
    if (e != SALLY_E_OK) {
        fprintf(cli->err, "sallyportctl: keys: %s\n", sally_err_text(e));
        return SALLY_EXIT_REFUSED;
    }
    heading(cli);
    for (size_t i = 0; i < SALLY_LEN(choices); i++)
        if (only == NULL || only == &choices[i])
            good &= measure(cli, &choices[i], &keys);
    return good ? SALLY_EXIT_DONE : SALLY_EXIT_REFUSED;
}
