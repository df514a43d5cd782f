/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_fields.c - the table of what an account consists
 * of. LwM2M 1.1 Core, objects /0 and /21; RFC 8613 s.11, COSE's registries. */
#include "security/credential.h"

#define IN(mode) (1u << SALLY_MODE_##mode)
#define CERTIFIED (IN(RPK) | IN(X509))
#define SECURED (IN(PSK) | CERTIFIED)
#define ANY (SECURED | IN(NOSEC))
#define NO_WORDS NULL

static const struct sally_credential_word modes[] = {
    { "psk", SALLY_MODE_PSK },
    { "rpk", SALLY_MODE_RPK },
    { "x509", SALLY_MODE_X509 },
    { "nosec", SALLY_MODE_NOSEC },
    { NULL, 0 },
};

static const struct sally_credential_word usages[] = {
    { "ca", SALLY_USAGE_CA },
    { "service", SALLY_USAGE_SERVICE },
    { "anchor", SALLY_USAGE_ANCHOR },
    { "domain", SALLY_USAGE_DOMAIN },
    { NULL, 0 },
};

static const struct sally_credential_word matchings[] = {
    { "exact", SALLY_MATCH_EXACT },
    { "sha256", SALLY_MATCH_SHA256 },
    { "sha384", SALLY_MATCH_SHA384 },
    { "sha512", SALLY_MATCH_SHA512 },
    { NULL, 0 },
};

static const struct sally_credential_word suites[] = {
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

static const struct sally_credential_word aeads[] = {
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
static const struct sally_credential_word hkdfs[] = {
    { "HKDF-SHA-256", -10 },
    { "HKDF-SHA-512", -11 },
    { "HMAC 256/256", 5 },
    { "HMAC 512/512", 7 },
    { NULL, 0 },
};

#define WHAT_KEY                                                               \
    "the pre-shared key in hexadecimal, 1 to 64 bytes, or the private key in " \
    "PEM or DER"

static const struct sally_credential_field fields[SALLY_FIELDS] = {
    { SALLY_FIELD_MODE, "mode", 0, 2, SALLY_CREDENTIAL_INTEGER, false, false,
      ANY, ANY, SALLY_MODE_PSK, SALLY_MODE_NOSEC, modes,
      "how the account is protected" },
    { SALLY_FIELD_IDENTITY, "identity", 0, 3, SALLY_CREDENTIAL_OPAQUE, false,
      false, IN(PSK), IN(PSK), 1, SALLY_PSK_IDENTITY_MAX, NO_WORDS,
      "the identity of the pre-shared key, 1 to 128 bytes" },
    { SALLY_FIELD_PUBLIC_KEY, "public_key_file", 0, 3, SALLY_CREDENTIAL_OPAQUE,
      false, true, 0, IN(RPK), 1, SALLY_CREDENTIAL_MAX, NO_WORDS,
      "the public key in PEM or DER" },
    { SALLY_FIELD_CERTIFICATE, "certificate_file", 0, 3,
      SALLY_CREDENTIAL_OPAQUE, false, true, IN(X509), IN(X509), 1,
      SALLY_CREDENTIAL_MAX, NO_WORDS,
      "the certificate in PEM or DER, with those that lead to its CA" },
    { SALLY_FIELD_SECRET_KEY, "key_file", 0, 5, SALLY_CREDENTIAL_OPAQUE, true,
      true, SECURED, SECURED, 1, SALLY_CREDENTIAL_MAX, NO_WORDS, WHAT_KEY },
    { SALLY_FIELD_SERVER_KEY, "server_key_file", 0, 4, SALLY_CREDENTIAL_OPAQUE,
      false, true, CERTIFIED, CERTIFIED, 1, SALLY_CREDENTIAL_MAX, NO_WORDS,
      "the public key or certificate of the server, or its CA's, in PEM or "
      "DER; or a digest in hexadecimal" },
    { SALLY_FIELD_USAGE, "certificate_usage", 0, 15, SALLY_CREDENTIAL_INTEGER,
      false, false, 0, IN(X509), SALLY_USAGE_CA, SALLY_USAGE_DOMAIN, usages,
      "what the certificate in `server_key_file` is" },
    { SALLY_FIELD_MATCHING, "matching_type", 0, 13, SALLY_CREDENTIAL_INTEGER,
      false, false, 0, CERTIFIED, SALLY_MATCH_EXACT, SALLY_MATCH_SHA512,
      matchings, "how `server_key_file` is compared" },
    { SALLY_FIELD_SERVER_NAME, "server_name", 0, 14, SALLY_CREDENTIAL_TEXT,
      false, false, 0, CERTIFIED, 1, SALLY_SERVER_NAME_MAX, NO_WORDS,
      "the name of the server in its certificate; no IP address" },
    { SALLY_FIELD_SUITES, "suites", 0, 16, SALLY_CREDENTIAL_LIST, false, false,
      0, SECURED, 1, UINT16_MAX, suites, "the cipher suites to offer" },
    { SALLY_FIELD_OSCORE, "oscore", 0, 17, SALLY_CREDENTIAL_LINK, false, false,
      0, ANY, 0, 1, NO_WORDS, "the keys of OSCORE" },
    { SALLY_FIELD_MASTER_SECRET, "secret_file", 21, 0, SALLY_CREDENTIAL_OPAQUE,
      true, true, ANY, ANY, 1, SALLY_SECRET_MAX, NO_WORDS,
      "the Master Secret in hexadecimal, 1 to 64 bytes" },
    { SALLY_FIELD_MASTER_SALT, "salt_file", 21, 5, SALLY_CREDENTIAL_OPAQUE,
      true, true, 0, ANY, 0, SALLY_SECRET_MAX, NO_WORDS,
      "the Master Salt in hexadecimal, at most 64 bytes" },
    { SALLY_FIELD_SENDER_ID, "sender_id", 21, 1, SALLY_CREDENTIAL_OPAQUE,
      false, false, ANY, ANY, 0, SALLY_OSCORE_ID_MAX, NO_WORDS,
      "the sensor's identifier, 0 to 7 bytes" },
    { SALLY_FIELD_RECIPIENT_ID, "recipient_id", 21, 2, SALLY_CREDENTIAL_OPAQUE,
      false, false, ANY, ANY, 0, SALLY_OSCORE_ID_MAX, NO_WORDS,
      "the server's identifier, 0 to 7 bytes" },
    { SALLY_FIELD_ID_CONTEXT, "id_context", 21, 6, SALLY_CREDENTIAL_OPAQUE,
      false, false, 0, ANY, 0, SALLY_OSCORE_CONTEXT_MAX, NO_WORDS,
      "the ID Context, at most 64 bytes" },
    { SALLY_FIELD_AEAD, "aead", 21, 3, SALLY_CREDENTIAL_INTEGER, false, false,
      0, ANY, 1, UINT16_MAX, aeads, "the AEAD algorithm" },
    { SALLY_FIELD_HKDF, "hkdf", 21, 4, SALLY_CREDENTIAL_INTEGER, false, false,
      0, ANY, -UINT16_MAX, UINT16_MAX, hkdfs, "the key derivation" },
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
