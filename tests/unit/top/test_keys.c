/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/top/test_keys.c - the supervisor reads key files: what it takes,
 * what it says about what it does not, and what a reload finds changed.     */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/keyring.h"
#include "keys.h"
#include "unit/config/given.h"
#include "unit/security/mint.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define USER(name)                                                             \
    "authenticate = ( { method = \"password\"; username = \"" name "\"; } ); "
#define ONE(account)                                                           \
    "sensors = ( { id = \"a\"; profile = \"p\"; " USER("u")                    \
    "accounts = ( { server = \"cloud\"; " account " } ); } );\n"
#define TWO(first, second)                                                     \
    "sensors = ( { id = \"a\"; profile = \"p\"; " USER("u")                    \
    "accounts = ( { server = \"cloud\"; " first " } ); },\n"                   \
    "{ id = \"b\"; profile = \"p\"; " USER("v")                                \
    "accounts = ( { server = \"cloud\"; " second " } ); } );\n"
#define OPEN_SERVER                                                            \
    "servers = ( { name = \"cloud\"; uri = \"coap://127.0.0.1\"; "             \
    "short_server_id = 1; } );\n"
#define TRUSTING(more)                                                         \
    "servers = ( { name = \"cloud\"; uri = \"coaps://host.example\"; "         \
    "short_server_id = 1; trust_file = \"ca.pem\"; " more " } );\n"
#define OSCORE(secret, sender)                                                 \
    "oscore = { secret_file = \"" secret "\"; sender_id = \"" sender           \
    "\"; recipient_id = \"\"; };"
#define WITHOUT_ID(secret, more)                                               \
    "oscore = { secret_file = \"" secret "\"; recipient_id = \"\"; " more " };"
#define KEYED(master)                                                          \
    "gateway = { name = \"plant-7\"; master_key_file = \"" master "\"; };\n"
#define AT "etc/sallyport.conf:"

static char folder[] = "/tmp/sally-keys-XXXXXX";

static void put(const char *name, struct sally_span content, mode_t mode)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "etc/%s", name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content.at, 1, content.len, f), content.len);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void put_pem(const char *name, struct sally_span der, const char *label,
                    mode_t mode)
{
    put(name, mint_pem(der, label), mode);
}

/* A sensor, its server and a CA, as files. */
static void put_all(void)
{
    const struct mint_pair ca = mint_pair(), own = mint_pair(),
                           server = mint_pair();
    const struct mint_card ca_card = { .subject = "ca", .issuer = "ca",
                                       .key = &ca, .signer = &ca,
                                       .ca = true };
    const struct mint_card own_card = { .subject = "a", .issuer = "ca",
                                        .key = &own, .signer = &ca };
    const struct mint_list list = { .issuer = "ca", .signer = &ca };
    const struct mint_list partial = { .issuer = "ca", .signer = &ca,
                                       .partial = true };

    put_pem("ca.pem", mint_certificate(&ca_card), "CERTIFICATE", 0644);
    put_pem("a.pem", mint_certificate(&own_card), "CERTIFICATE", 0644);
    put_pem("a.key", own.secret, "PRIVATE KEY", 0600);
    put_pem("a.pub", own.public, "PUBLIC KEY", 0644);
    put_pem("s.key", server.secret, "PRIVATE KEY", 0600);
    put_pem("s.pub", server.public, "PUBLIC KEY", 0644);
    put_pem("ca.crl", mint_crl(&list), "X509 CRL", 0644);
    put_pem("bad.crl", mint_crl(&partial), "X509 CRL", 0644);
    put("k", sally_span_of(HEX16 "\n"), 0600);
    put("master", sally_span_of(HEX16 HEX16 "\n"), 0600);
    put("l", sally_span_of("ff" HEX16), 0600);
    put("short", sally_span_of("0102"), 0600);
    put("digest", sally_span_of(HEX16), 0644);
    put("open", sally_span_of(HEX16), 0644);
    put("text", sally_span_of("correct horse"), 0644);
}

static int into_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("etc", 0700) != 0)
        return -1;
    mint_open();
    put_all();
    return 0;
}

static int out_of_folder(void **state)
{
    static const char *const names[] = {
        "ca.pem", "a.pem", "a.key", "a.pub",   "s.key",  "s.pub", "ca.crl",
        "bad.crl", "k",    "l",     "short",   "digest", "open",  "text",
        "master",
    };
    char path[64];

    (void)state;
    mint_close();
    for (size_t i = 0; i < SALLY_LEN(names); i++) {
        snprintf(path, sizeof(path), "etc/%s", names[i]);
        (void)unlink(path);
    }
    return rmdir("etc") != 0 || chdir("/") != 0 || rmdir(folder) != 0;
}

/* Loads `text`, which is right, and reads its keys. */
static unsigned read_keys(const char *text, struct sally_config *c,
                          struct sally_keys *k,
                          const struct sally_keys *running,
                          const struct sally_config *running_config,
                          char **report)
{
    char *config_report = NULL;
    size_t size = 0;
    FILE *stream;
    unsigned bad = load_given(text, NULL, NULL, c, &config_report);

    if (bad != 0)
        fail_msg("%s", config_report);
    free(config_report);
    sally_keys_init(k);
    stream = open_memstream(report, &size);
    assert_non_null(stream);
    bad = sally_keys_read(k, c, running, running_config, stream);
    fclose(stream);
    return bad;
}

static const struct row {
    const char *what, *text;
    const char *want; /* the whole report */
    bool good;        /* it is a warning */
} rows[] = {
    { "a key", BASE PROFILES ONE("key_file = \"k\";"), "", true },
    { "a short key", BASE PROFILES ONE("key_file = \"short\";"),
      AT "5: warning: key_file: etc/short: the key has 2 bytes; at least 16 "
         "are advised\n", true },
    { "a key that is not there", BASE PROFILES ONE("key_file = \"no\";"),
      AT "5: key_file: etc/no: cannot be opened: No such file or directory\n",
      false },
    { "a key that others can read", BASE PROFILES ONE("key_file = \"open\";"),
      AT "5: key_file: etc/open: has mode 0644, so others can read or change "
         "the key; use chmod 0600 or 0640\n", false },
    { "two sensors with one key and two identities",
      BASE PROFILES TWO("key_file = \"k\";", "key_file = \"k\";"), "", true },
    { "two accounts of a sensor with one key",
      GATEWAY LOCAL
      "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]\"; "
      "short_server_id = 1; }, { name = \"sky\"; uri = \"coaps://[::1]\"; "
      "short_server_id = 2; } );\n" PROFILES
      "sensors = ( { id = \"a\"; profile = \"p\"; " USER("u")
      "accounts = ( { server = \"cloud\"; key_file = \"k\"; },\n"
      "{ server = \"sky\"; key_file = \"k\"; } ); } );\n",
      AT "6: key_file: expected a key that no other account has, got that of "
      AT "5\n", false },
    { "a raw key",
      BASE PROFILES ONE("mode = \"rpk\"; key_file = \"a.key\"; "
                        "server_key_file = \"s.pub\";"), "", true },
    { "a raw key with its public half",
      BASE PROFILES ONE("mode = \"rpk\"; key_file = \"a.key\"; "
                        "public_key_file = \"a.pub\"; server_key_file = "
                        "\"s.pub\";"), "", true },
    { "halves that are of two keys",
      BASE PROFILES ONE("mode = \"rpk\"; key_file = \"a.key\"; "
                        "public_key_file = \"s.pub\"; server_key_file = "
                        "\"s.pub\";"),
      AT "5: key_file: etc/a.key: it is not the private key of the public key "
         "in public_key_file\n", false },
    { "digits for a raw key",
      BASE PROFILES ONE("mode = \"rpk\"; key_file = \"k\"; server_key_file = "
                        "\"text\";"),
      AT "5: key_file: etc/k: the file must hold one private key in PEM or "
         "DER, without a password\n"
      AT "5: server_key_file: etc/text: the file must hold one public key "
         "(SubjectPublicKeyInfo) in PEM or DER\n", false },
    { "one raw key for two sensors",
      BASE PROFILES TWO("mode = \"rpk\"; key_file = \"a.key\"; "
                        "server_key_file = \"s.pub\";",
                        "mode = \"rpk\"; key_file = \"a.key\"; "
                        "server_key_file = \"s.pub\";"),
      AT "6: key_file: expected a key that no other account has, got that of "
      AT "5\n", false },
    { "a certificate",
      BASE PROFILES ONE("mode = \"x509\"; key_file = \"a.key\"; "
                        "certificate_file = \"a.pem\"; server_key_file = "
                        "\"ca.pem\"; certificate_usage = \"anchor\";"),
      "", true },
    { "the certificate of another key",
      BASE PROFILES ONE("mode = \"x509\"; key_file = \"s.key\"; "
                        "certificate_file = \"a.pem\"; server_key_file = "
                        "\"ca.pem\"; certificate_usage = \"anchor\";"),
      AT "5: key_file: etc/s.key: it is not the private key of the certificate "
         "in certificate_file\n", false },
    { "a digest of another length",
      BASE PROFILES ONE("mode = \"x509\"; key_file = \"a.key\"; "
                        "certificate_file = \"a.pem\"; server_key_file = "
                        "\"digest\"; matching_type = \"sha256\";"),
      AT "5: server_key_file: expected a digest as long as `matching_type` "
         "says\n", false },
    { "an anchor by its digest",
      BASE PROFILES ONE("mode = \"x509\"; key_file = \"a.key\"; "
                        "certificate_file = \"a.pem\"; server_key_file = "
                        "\"digest\"; matching_type = \"sha256\"; "
                        "certificate_usage = \"anchor\";"),
      AT "5: matching_type: expected \"exact\", since an anchor cannot be a "
         "digest\n", false },
    { "an address as the name",
      BASE PROFILES ONE("mode = \"x509\"; key_file = \"a.key\"; "
                        "certificate_file = \"a.pem\"; server_key_file = "
                        "\"ca.pem\"; server_name = \"192.0.2.1\";"),
      AT "5: server_name: expected a name, since an IP address is never asked "
         "for\n", false },
    { "CAs and their lists",
      GATEWAY LOCAL TRUSTING("crl_file = \"ca.crl\"; crl_max_age = \"30d\";")
          PROFILES ONE("mode = \"x509\"; key_file = \"a.key\"; "
                       "certificate_file = \"a.pem\"; certificate_usage = "
                       "\"ca\";"), "", true },
    { "CAs that are none",
      GATEWAY LOCAL "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]\"; "
                    "short_server_id = 1; trust_file = \"text\"; } );\n"
          PROFILES ONE("key_file = \"k\";"),
      AT "3: trust_file: etc/text: the file must hold certificates in PEM or "
         "DER\n", false },
    { "a certificate that is no CA",
      GATEWAY LOCAL "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]\"; "
                    "short_server_id = 1; trust_file = \"a.pem\"; } );\n"
          PROFILES ONE("key_file = \"k\";"),
      AT "3: trust_file: etc/a.pem: a certificate in it is not that of a CA, or "
         "limits names, which is not supported\n",
      false },
    { "lists that are none",
      GATEWAY LOCAL TRUSTING("crl_file = \"ca.pem\";")
          PROFILES ONE("key_file = \"k\";"),
      AT "3: crl_file: etc/ca.pem: the file must hold revocation lists in PEM "
         "or DER\n", false },
    { "a partial list",
      GATEWAY LOCAL TRUSTING("crl_file = \"bad.crl\";")
          PROFILES ONE("key_file = \"k\";"),
      AT "3: crl_file: etc/bad.crl: a list in it is partial or indirect\n",
      false },
    { "OSCORE",
      GATEWAY LOCAL OPEN_SERVER PROFILES ONE(OSCORE("k", "0a")), "", true },
    { "two sensors with one Master Secret",
      GATEWAY LOCAL OPEN_SERVER PROFILES TWO(OSCORE("k", "0a"),
                                             OSCORE("k", "0b")),
      AT "6: secret_file: expected a key that no other account has, got that "
         "of " AT "5\n", false },
    { "two ID Contexts with one Master Secret",
      GATEWAY LOCAL OPEN_SERVER PROFILES TWO(
          OSCORE("k", "0a\"; id_context = \"01"),
          OSCORE("k", "0a\"; id_context = \"02")), "", true },
    { "a Sender ID that is made",
      KEYED("master") LOCAL OPEN_SERVER PROFILES TWO(WITHOUT_ID("k", ""),
                                                     WITHOUT_ID("l", "")),
      "", true },
    { "a Sender ID that has no room to be made",
      KEYED("master") LOCAL OPEN_SERVER PROFILES ONE(
          WITHOUT_ID("k", "aead = \"AES-CCM-64-64-128\";")),
      AT "5: sender_id: must be given with this AEAD, which leaves 1 byte for "
         "it\n", false },
    { "a Sender ID of a master key that is none",
      KEYED("k") LOCAL OPEN_SERVER PROFILES ONE(WITHOUT_ID("k", "")),
      AT "5: sender_id: gateway.master_key_file: expected 32 bytes, as 64 "
         "hexadecimal digits\n", false },
    { "identifiers that are the same",
      GATEWAY LOCAL OPEN_SERVER PROFILES ONE(OSCORE("k", "")),
      AT "5: recipient_id: expected another identifier than that in "
         "sender_id\n", false },
    { "an identifier that is too long for its AEAD",
      GATEWAY LOCAL OPEN_SERVER PROFILES ONE(
          OSCORE("k", "01020304050607\"; aead = \"A128GCM")),
      AT "5: sender_id: expected no more bytes than the nonce of the AEAD "
         "leaves: 7, 6 or 1\n", false },
    { "all that is wrong at once",
      GATEWAY LOCAL OPEN_SERVER PROFILES TWO(OSCORE("text", "0a"),
                                             OSCORE("no", "0b")),
      AT "5: secret_file: etc/text: has mode 0644, so others can read or "
         "change the key; use chmod 0600 or 0640\n"
      AT "6: secret_file: etc/no: cannot be opened: No such file or "
         "directory\n", false },
};

static void says_each_row(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct sally_config c;
        struct sally_keys k;
        char *report = NULL;
        unsigned bad = read_keys(r->text, &c, &k, NULL, NULL, &report);

        if ((bad == 0) != r->good || strcmp(report, r->want) != 0) {
            print_error("%s: %u wrong\n  got:  %s\n  want: %s\n", r->what, bad,
                        report, r->want);
            failed++;
        }
        free(report);
        sally_keys_wipe(&k);
        sally_config_wipe(&c);
    }
    assert_int_equal(failed, 0);
}

/* --- The local side ------------------------------------------------------ */

#define TLS(files)                                                             \
    GATEWAY "local = { mqtt = ( { secure = \"psk\"; }, { port = 8884; secure "  \
            "= \"certificate\"; } );\n tls = { " files " }; };\n" SERVERS       \
    PROFILES
#define OWN "certificate_file = \"a.pem\"; key_file = \"a.key\"; "
#define BY_KEY(id, file)                                                       \
    "{ id = \"" id "\"; profile = \"p\"; authenticate = ( { method = "         \
    "\"psk\"; key_file = \"" file "\"; } ); accounts = ( { server = \"cloud\"; "\
    "key_file = \"k\"; } ); }"

static const struct row local_rows[] = {
    { "a certificate, a CA, a list and a key",
      TLS(OWN "ca_file = \"ca.pem\"; crl_file = \"ca.crl\";")
      "sensors = ( " BY_KEY("a", "l") " );\n", "", true },
    { "another certificate's key",
      TLS("certificate_file = \"a.pem\"; key_file = \"s.key\";")
      "sensors = ( " BY_KEY("a", "l") " );\n",
      AT "3: key_file: is not the key of the certificate\n", false },
    { "a key in place of a certificate",
      TLS("certificate_file = \"a.key\"; key_file = \"a.key\";")
      "sensors = ( " BY_KEY("a", "l") " );\n",
      AT "3: certificate_file: etc/a.key: the file must hold certificates in "
         "PEM or DER\n", false },
    { "CAs that are none, and a list that is partial",
      TLS(OWN "ca_file = \"a.pem\"; crl_file = \"bad.crl\";")
      "sensors = ( " BY_KEY("a", "l") " );\n",
      AT "3: ca_file: peer's certificate is broken or not for this\n", false },
    { "the key of an account",
      TLS(OWN) "sensors = ( " BY_KEY("a", "k") " );\n",
      AT "6: key_file: etc/k: expected a key that no account at a server "
         "has\n", false },
    { "a key that two have, one that others can read, one that is short",
      TLS(OWN) "sensors = ( " BY_KEY("a", "l") ",\n" BY_KEY("b", "l") ",\n"
      BY_KEY("c", "open") ",\n" BY_KEY("d", "short") " );\n",
      AT "8: key_file: etc/open: has mode 0644, so others can read or change "
         "the key; use chmod 0600 or 0640\n"
      AT "9: warning: key_file: etc/short: the key has 2 bytes; at least 16 "
         "are advised\n"
      AT "7: key_file: etc/l: expected a key that no other sensor has\n",
      false },
};

static void says_each_row_of_the_local_side(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(local_rows); i++) {
        const struct row *r = &local_rows[i];
        struct sally_config c;
        struct sally_keys k, local;
        char *report = NULL;
        size_t size;
        FILE *stream;
        unsigned bad = read_keys(r->text, &c, &k, NULL, NULL, &report);

        if (bad != 0)
            fail_msg("%s", report);
        free(report);
        sally_keys_init(&local);
        stream = open_memstream(&report, &size);
        assert_non_null(stream);
        bad = sally_keys_read_local(&local, &c, &k, stream);
        fclose(stream);
        if ((bad == 0) != r->good || strcmp(report, r->want) != 0) {
            print_error("%s: %u wrong\n  got:  %s\n  want: %s\n", r->what, bad,
                        report, r->want);
            failed++;
        }
        free(report);
        sally_keys_wipe(&local);
        sally_keys_wipe(&k);
        sally_config_wipe(&c);
    }
    assert_int_equal(failed, 0);
}

/* --- Reload -------------------------------------------------------------- */

#define FLEET                                                                  \
    GATEWAY LOCAL TRUSTING("crl_file = \"ca.crl\";") PROFILES                  \
    TWO("mode = \"x509\"; key_file = \"a.key\"; certificate_file = "           \
        "\"a.pem\"; certificate_usage = \"ca\";",                              \
        "key_file = \"l\";")

struct world {
    struct sally_config config;
    struct sally_keys keys;
    struct sally_plan plan;
};

static void open_world(struct world *w, const struct world *before)
{
    char *report = NULL;

    if (read_keys(FLEET, &w->config, &w->keys,
                  before == NULL ? NULL : &before->keys,
                  before == NULL ? NULL : &before->config, &report) != 0)
        fail_msg("%s", report);
    free(report);
}

static void run_world(struct world *w)
{
    assert_int_equal(sally_plan_first(&w->config, &w->plan), SALLY_E_OK);
    assert_int_equal(sally_keys_assign(&w->keys, &w->config, &w->plan),
                     SALLY_E_OK);
    assert_int_equal(sally_config_arrange(&w->config, &w->plan), SALLY_E_OK);
}

static void close_world(struct world *w)
{
    sally_plan_wipe(&w->plan);
    sally_keys_wipe(&w->keys);
    sally_config_wipe(&w->config);
}

/* Which of sensor a, sensor b and the server are others by now. */
static unsigned changes(const struct world *before)
{
    struct world now = { .plan = { .places = NULL } };
    bool sensors[2] = { false, false }, servers[1] = { false };
    unsigned bits;

    open_world(&now, before);
    sally_keys_compare(&now.keys, &now.config, &before->keys, &before->config,
                       sensors, servers);
    bits = (unsigned)sensors[0] | (unsigned)sensors[1] << 1 |
           (unsigned)servers[0] << 2;
    close_world(&now);
    return bits;
}

static void a_reload_sees_what_changed(void **state)
{
    struct world w = { .plan = { .places = NULL } };
    const struct mint_pair ca = mint_pair();
    const struct mint_card card = { .subject = "new", .issuer = "new",
                                    .key = &ca, .signer = &ca, .ca = true };
    const struct mint_list list = { .issuer = "ca", .signer = &ca,
                                    .revoked = { 5 } };

    (void)state;
    open_world(&w, NULL);
    run_world(&w);
    assert_int_equal(changes(&w), 0);
    put("l", sally_span_of("00" HEX16), 0600);
    assert_int_equal(changes(&w), 2);
    put("l", sally_span_of("ff" HEX16), 0600);
    assert_int_equal(changes(&w), 0);
    put_pem("ca.crl", mint_crl(&list), "X509 CRL", 0644);
    assert_int_equal(changes(&w), 0); /* who is there takes it over */
    put_pem("ca.pem", mint_certificate(&card), "CERTIFICATE", 0644);
    assert_int_equal(changes(&w), 7); /* all that meet this server */
    put_all();
    assert_int_equal(changes(&w), 7); /* another CA, key and certificate */
    close_world(&w);
}

static void the_keyring_has_them_in_their_slots(void **state)
{
    struct world w = { .plan = { .places = NULL } };
    struct sally_keyring_entry e;
    struct sally_keyring k;
    struct sally_span bytes;
    unsigned kind;

    (void)state;
    open_world(&w, NULL);
    run_world(&w);
    assert_int_equal(sally_keyring_open(&k, w.keys.keyring), SALLY_E_OK);
    assert_int_equal(sally_keyring_next(&k, &e), SALLY_E_OK);
    assert_int_equal(e.sensor, SALLY_KEYRING_SERVER);
    assert_true(sally_keyring_take(&e.parts, &kind, &bytes));
    assert_int_equal(kind, SALLY_KEYRING_TRUST);
    assert_true(sally_keyring_take(&e.parts, &kind, &bytes));
    assert_int_equal(kind, SALLY_KEYRING_CRL);
    assert_int_equal(sally_keyring_next(&k, &e), SALLY_E_OK);
    assert_int_equal(e.sensor, 0);
    assert_true(sally_keyring_take(&e.parts, &kind, &bytes));
    assert_int_equal(kind, SALLY_FIELD_CERTIFICATE);
    assert_true(sally_keyring_take(&e.parts, &kind, &bytes));
    assert_int_equal(kind, SALLY_FIELD_SECRET_KEY);
    assert_int_equal(e.parts.len, 0);
    assert_int_equal(sally_keyring_next(&k, &e), SALLY_E_OK);
    assert_int_equal(e.sensor, 1);
    assert_int_equal(sally_keyring_next(&k, &e), SALLY_E_NOT_FOUND);
    sally_keyring_wipe(&k);
    close_world(&w);
}

/* --- Sender IDs ---------------------------------------------------------- */

/* The Sender ID that the keyring has for sensor number `sensor`, as text. */
static void sender_of(const char *text, uint32_t sensor,
                      const struct sally_keys *running,
                      const struct sally_config *running_config, char out[16])
{
    struct sally_plan plan = { .count = 0 };
    struct sally_keyring ring;
    struct sally_keyring_entry entry;
    struct sally_config c;
    struct sally_keys k;
    struct sally_span bytes;
    char *report = NULL;
    unsigned kind;

    if (read_keys(text, &c, &k, running, running_config, &report) != 0)
        fail_msg("%s", report);
    free(report);
    assert_int_equal(sally_plan_first(&c, &plan), SALLY_E_OK);
    assert_int_equal(sally_keys_assign(&k, &c, &plan), SALLY_E_OK);
    assert_int_equal(sally_keyring_open(&ring, k.keyring), SALLY_E_OK);
    do
        assert_int_equal(sally_keyring_next(&ring, &entry), SALLY_E_OK);
    while (entry.sensor != sensor);
    out[0] = '\0';
    while (sally_keyring_take(&entry.parts, &kind, &bytes))
        if (kind == SALLY_FIELD_SENDER_ID)
            sally_text_to_hex(bytes, out, 16);
    sally_keyring_wipe(&ring);
    sally_plan_wipe(&plan);
    sally_keys_wipe(&k);
    sally_config_wipe(&c);
}

#define MADE                                                                   \
    KEYED("master") LOCAL OPEN_SERVER PROFILES TWO(WITHOUT_ID("k", ""),        \
                                                   WITHOUT_ID("l", ""))

static void a_sender_id_is_the_endpoints_own(void **state)
{
    char a[16], b[16], again[16], gcm[16];

    (void)state;
    sender_of(MADE, 0, NULL, NULL, a);
    sender_of(MADE, 1, NULL, NULL, b);
    sender_of(MADE, 0, NULL, NULL, again);
    assert_int_equal(strlen(a), 14);
    assert_int_equal(strlen(b), 14);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    sender_of(KEYED("master") LOCAL OPEN_SERVER PROFILES ONE(
                  WITHOUT_ID("k", "aead = \"A128GCM\";")),
              0, NULL, NULL, gcm);
    assert_int_equal(strlen(gcm), 12);
    assert_memory_equal(a, gcm, 12);
    sender_of(GATEWAY LOCAL OPEN_SERVER PROFILES ONE(OSCORE("k", "0a")), 0,
              NULL, NULL, a);
    assert_string_equal(a, ""); /* the configuration has it */
}

/* What a master key gave stays as long as the gateway runs; and who has it, by
 * configuration or made, has it alone.                                      */
static void a_sender_id_stays_and_is_unique(void **state)
{
    char a[16], b[16], text[1024], *report = NULL;
    struct sally_config c, next;
    struct sally_keys k, other;

    (void)state;
    sender_of(MADE, 0, NULL, NULL, a);
    assert_int_equal(read_keys(MADE, &c, &k, NULL, NULL, &report), 0);
    free(report);
    put("master", sally_span_of("ff" HEX16 HEX16), 0600);
    sender_of(MADE, 0, &k, &c, b);
    put("master", sally_span_of(HEX16 HEX16 "\n"), 0600);
    assert_string_equal(a, b);
    snprintf(text, sizeof(text),
             KEYED("master") LOCAL OPEN_SERVER PROFILES TWO(
                 WITHOUT_ID("k", ""), OSCORE("l", "%s")), a);
    report = NULL;
    assert_int_equal(read_keys(text, &next, &other, NULL, NULL, &report), 1);
    assert_string_equal(report, AT "6: sender_id: expected a key that no other "
                                "account has, got that of " AT "5\n");
    free(report);
    sally_keys_wipe(&other);
    sally_config_wipe(&next);
    sally_keys_wipe(&k);
    sally_config_wipe(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_each_row),
        cmocka_unit_test(says_each_row_of_the_local_side),
        cmocka_unit_test(a_reload_sees_what_changed),
        cmocka_unit_test(the_keyring_has_them_in_their_slots),
        cmocka_unit_test(a_sender_id_is_the_endpoints_own),
        cmocka_unit_test(a_sender_id_stays_and_is_unique),
    };

    return cmocka_run_group_tests(tests, into_folder, out_of_folder);
}
