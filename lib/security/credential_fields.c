/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_fields.c - the table of what an account consists
 * of. LwM2M 1.1 Core, objects /0 and /21; RFC 8613 s.11, COSE's registries. */
#include "security/credential.h"

#define IN(mode) (1u << SALLY_MODE_##mode)
#define CERTIFIED (IN(RPK) | IN(X509))
#define SECURED (IN(PSK) | CERTIFIED)
#define ANY (SECURED | IN(NOSEC))

static const struct sally_word modes[] = {
    { "psk", SALLY_MODE_PSK },
    { "rpk", SALLY_MODE_RPK },
    { "x509", SALLY_MODE_X509 },
    { "nosec", SALLY_MODE_NOSEC },
    { NULL, 0 },
};

static const struct sally_word usages[] = {
    { "ca", SALLY_USAGE_CA },
    { "service", SALLY_USAGE_SERVICE },
    { "anchor", SALLY_USAGE_ANCHOR },
    { "domain", SALLY_USAGE_DOMAIN },
    { NULL, 0 },
};

static const struct sally_word matchings[] = {
    { "exact", SALLY_MATCH_EXACT },
    { "sha256", SALLY_MATCH_SHA256 },
    { "sha384", SALLY_MATCH_SHA384 },
    { "sha512", SALLY_MATCH_SHA512 },
    { NULL, 0 },
};

static const struct sally_word suites[] = {
    { "TLS_PSK_WITH_AES_128_CCM_8", 0xc0a8 },
    { "TLS_PSK_WITH_AES_128_CCM", 0xc0a4 },
    { "TLS_PSK_WITH_AES_128_GCM_SHA256", 0x00a8 },
    { "TLS_PSK_WITH_AES_128_CBC_SHA256", 0x00ae },
    { "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", 0xd001 },
    { "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", 0xc037 },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xc0ae },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xc0ac },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b },
    { "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c },
    { "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xc023 },
    { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f },
    { "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030 },
    { "TLS_AES_128_GCM_SHA256", 0x1301 },
    { "TLS_AES_256_GCM_SHA384", 0x1302 },
    { "TLS_CHACHA20_POLY1305_SHA256", 0x1303 },
    { "TLS_AES_128_CCM_SHA256", 0x1304 },
    { "TLS_AES_128_CCM_8_SHA256", 0x1305 },
    { NULL, 0 },
};

static const struct sally_word aeads[] = {
    { "AES-CCM-16-64-128", 10 },
    { "AES-CCM-16-64-256", 11 },
    { "AES-CCM-64-64-128", 12 },
    { "AES-CCM-64-64-256", 13 },
    { "AES-CCM-16-128-128", 30 },
    { "AES-CCM-16-128-256", 31 },
    { "AES-CCM-64-128-128", 32 },
    { "AES-CCM-64-128-256", 33 },
    { "A128GCM", 1 },
    { "A192GCM", 2 },
    { "A256GCM", 3 },
    { "ChaCha20/Poly1305", 24 },
    { NULL, 0 },
};

/* As HKDF and, for servers that write it so, as its HMAC. */
static const struct sally_word hkdfs[] = {
    { "HKDF-SHA-256", -10 },
    { "HKDF-SHA-512", -11 },
    { "HMAC 256/256", 5 },
    { "HMAC 512/512", 7 },
    { NULL, 0 },
};

#define OPAQUE SALLY_CREDENTIAL_OPAQUE
#define INTEGER SALLY_CREDENTIAL_INTEGER

/* In the columns: kind, key, object, resource, type; secret, from a file, in
 * hexadecimal; needed, allowed; limits; words; texts.                       */
static const struct sally_credential_field fields[SALLY_FIELDS] = {
    { SALLY_FIELD_MODE, "mode", 0, 2, INTEGER, false, false, false, ANY, ANY,
      SALLY_MODE_PSK, SALLY_MODE_NOSEC, modes, "a mode",
      "how the account is protected; as the URI of the server says without "
      "it: `psk` with coaps and coaps+tcp, `nosec` with coap and coap+tcp; "
      "with these `nosec` is the only one" },
    { SALLY_FIELD_IDENTITY, "identity", 0, 3, OPAQUE, false, false, false,
      IN(PSK), IN(PSK), 1, SALLY_PSK_IDENTITY_MAX, NULL, "an identity",
      "PSK identity, unique at each server; the endpoint without it" },
    { SALLY_FIELD_PUBLIC_KEY, "public_key_file", 0, 3, OPAQUE, false, true,
      false, 0, IN(RPK), 1, SALLY_CREDENTIAL_MAX, NULL,
      "the public key in PEM or DER",
      "with the public key of `rpk`, in PEM or DER; the private key says it "
      "too" },
    { SALLY_FIELD_CERTIFICATE, "certificate_file", 0, 3, OPAQUE, false, true,
      false, IN(X509), IN(X509), 1, SALLY_CREDENTIAL_MAX, NULL,
      "the sensor's certificate in PEM or DER",
      "with the certificate, and behind it those that lead to its CA, in PEM "
      "or DER; must be given with `x509`" },
    { SALLY_FIELD_SECRET_KEY, "key_file", 0, 5, OPAQUE, true, true, true,
      SECURED, SECURED, 1, SALLY_CREDENTIAL_MAX, NULL, "the sensor's key",
      "with the key: of `psk` 1 to 64 bytes in one line of hexadecimal "
      "digits, of `rpk` and `x509` the private key in PEM or DER; must be "
      "given with all three" },
    { SALLY_FIELD_SERVER_KEY, "server_key_file", 0, 4, OPAQUE, false, true,
      true, CERTIFIED, CERTIFIED, 1, SALLY_CREDENTIAL_MAX, NULL,
      "the server's public key or certificate",
      "with the server's public key (`rpk`), or with its certificate or that "
      "of its CA as `certificate_usage` says, in PEM or DER; with "
      "`matching_type` the digest of it in hexadecimal. Must be given with "
      "both modes, unless the usage is `ca` or `service`" },
    { SALLY_FIELD_USAGE, "certificate_usage", 0, 15, INTEGER, false, false,
      false, 0, IN(X509), SALLY_USAGE_CA, SALLY_USAGE_DOMAIN, usages,
      "a certificate usage",
      "what `server_key_file` holds: `domain` (without this key) the "
      "certificate of the server, which needs nothing else; `anchor` the CA "
      "that it comes from; `service` that certificate and `ca` a CA above it, "
      "which both need the server's `trust_file` besides" },
    { SALLY_FIELD_MATCHING, "matching_type", 0, 13, INTEGER, false, false,
      false, 0, CERTIFIED, SALLY_MATCH_EXACT, SALLY_MATCH_SHA512, matchings,
      "a matching type",
      "whether `server_key_file` has the thing itself (`exact`, without this "
      "key) or its digest; an `anchor` has no digest" },
    { SALLY_FIELD_SERVER_NAME, "server_name", 0, 14, SALLY_CREDENTIAL_TEXT,
      false, false, false, 0, CERTIFIED, 1, SALLY_SERVER_NAME_MAX, NULL,
      "a server's name, which is no IP address,",
      "that the server's certificate must have, and that is asked for (SNI); "
      "the host of its URI without it" },
    { SALLY_FIELD_SUITES, "suites", 0, 16, SALLY_CREDENTIAL_LIST, false, false,
      false, 0, SECURED, 1, UINT16_MAX, suites,
      "a list ( ) of cipher suites such as \"TLS_PSK_WITH_AES_128_CCM_8\"",
      "to offer, by their IANA names and the first one best; our own list "
      "without it. Suites with CBC are offered only if they are named here" },
    { SALLY_FIELD_OSCORE, "oscore", 0, 17, SALLY_CREDENTIAL_LINK, false, false,
      false, 0, ANY, 0, 1, NULL, "a group { }",
      "OSCORE inside of `mode`, or alone with `nosec`: see the group" },
    { SALLY_FIELD_MASTER_SECRET, "secret_file", 21, 0, OPAQUE, true, true,
      true, ANY, ANY, 1, SALLY_SECRET_MAX, NULL, "the Master Secret",
      "with the Master Secret, 1 to 64 bytes in one line of hexadecimal "
      "digits; must be given" },
    { SALLY_FIELD_MASTER_SALT, "salt_file", 21, 5, OPAQUE, true, true, true, 0,
      ANY, 0, SALLY_SECRET_MAX, NULL, "the Master Salt",
      "with the Master Salt likewise; none without it" },
    { SALLY_FIELD_SENDER_ID, "sender_id", 21, 1, OPAQUE, false, false, true,
      ANY, ANY, 0, SALLY_OSCORE_ID_MAX, NULL,
      "an identifier in hexadecimal digits",
      "of the sensor, unique at each server; without it the first 7 bytes (6, "
      "where the AEAD has no room for more) of what the gateway's master key "
      "and the endpoint give, which `sallyportctl sensors` shows. Must be "
      "given without a master key, and where there is room for 1 byte" },
    { SALLY_FIELD_RECIPIENT_ID, "recipient_id", 21, 2, OPAQUE, false, false,
      true, ANY, ANY, 0, SALLY_OSCORE_ID_MAX, NULL,
      "an identifier in hexadecimal digits",
      "of the server; must be given; another one than `sender_id`" },
    { SALLY_FIELD_ID_CONTEXT, "id_context", 21, 6, OPAQUE, false, false, true,
      0, ANY, 0, SALLY_OSCORE_CONTEXT_MAX, NULL,
      "an ID Context in hexadecimal digits",
      "the ID Context; none without it" },
    { SALLY_FIELD_AEAD, "aead", 21, 3, INTEGER, false, false, false, 0, ANY, 1,
      UINT16_MAX, aeads, "an AEAD algorithm",
      "the algorithm, or its COSE number; `AES-CCM-16-64-128` without it. "
      "With a nonce of 12 bytes (`GCM`, `ChaCha20`) identifiers have up to 6 "
      "bytes, with one of 7 (`AES-CCM-64`) 1 byte" },
    { SALLY_FIELD_HKDF, "hkdf", 21, 4, INTEGER, false, false, false, 0, ANY,
      -UINT16_MAX, UINT16_MAX, hkdfs, "a key derivation",
      "the key derivation, or its COSE number; `HKDF-SHA-256` without it" },
};

const struct sally_credential_field *sally_credential_fields(size_t *count)
{
    *count = SALLY_LEN(fields);
    return fields;
}

const struct sally_credential_field *
sally_credential_field(enum sally_credential_kind kind)
{
    return (size_t)kind < SALLY_LEN(fields) ? &fields[kind] : NULL;
}

const struct sally_credential_field *
sally_credential_field_at(uint16_t object, uint16_t resource,
                          enum sally_security_mode mode)
{
    for (size_t i = 0; i < SALLY_LEN(fields); i++)
        if (fields[i].object == object && fields[i].resource == resource &&
            (fields[i].allowed_in & 1u << mode) != 0)
            return &fields[i];
    return NULL;
}
