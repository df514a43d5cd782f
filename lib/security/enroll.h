/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/enroll.h - a new account: keys that are made for it, and what
 * its server must know of it.                                               */
#ifndef SALLY_SECURITY_ENROLL_H
#define SALLY_SECURITY_ENROLL_H

#include "security/credential.h"
#include "security/generate.h"
#include "security/keypair.h"

/* Whose keys they are. */
struct sally_enrolled {
    enum sally_security_mode mode;
    const char *server; /* as the configuration names it; no spaces */
    const char *endpoint;
};

/* Where keys come from, and who vouches for them; borrowed. */
struct sally_enroll_source {
    struct sally_span fleet; /* the gateway's fleet key; empty: shared secrets
                                are random */
    struct sally_span issuers; /* in DER: the certificate of the authority that
                                  signs, and those that go along with it */
    struct sally_span issuer_key; /* in DER; empty: certificates are not made */
    int days;                     /* that they are valid for */
    uint64_t now;                 /* seconds since 1970 */
};

/* A fleet has one secret, which is on no gateway. Each gateway has a key of it,
 * and each shared secret of its accounts is one of that:
 *   gateway's key = HKDF-SHA-256(fleet secret, "gateway NAME"), 32 bytes
 *   secret        = HKDF-SHA-256(gateway's key, "KIND SERVER ENDPOINT")
 * without a salt, where KIND is psk (16 bytes), master_secret (16) or
 * master_salt (8). Who has the fleet secret knows all of them, so they are for
 * the first contact.                                                        */
#define SALLY_FLEET_KEY_LEN 32
enum sally_err sally_enroll_fleet(struct sally_span secret, const char *gateway,
                                  uint8_t out[SALLY_FLEET_KEY_LEN])
    SALLY_MUST_USE;

/* True if what this field holds in an account of this mode is a shared secret,
 * which a fleet key makes.                                                  */
bool sally_enroll_derives(const struct sally_credential_field *field,
                          enum sally_security_mode mode);

/* Appends what a new file for this field of an account holds, a line of digits
 * or PEM. UNSUPPORTED: it is not ours to make, as a certificate is not by this
 * function; NO_ROOM (1,024 bytes are enough), OUT_OF_RANGE, CRYPTO.         */
enum sally_err sally_enroll_file(const struct sally_credential_field *field,
                                 const struct sally_enrolled *whose,
                                 const struct sally_enroll_source *from,
                                 struct sally_buf *out) SALLY_MUST_USE;

/* Appends, in PEM, a certificate of this private key, in DER, for the endpoint,
 * and after it the issuers. UNSUPPORTED: `from` has none; MALFORMED: nor are
 * these certificates; else as sally_generate_issued().                      */
enum sally_err
sally_enroll_certificate(struct sally_span pkcs8,
                         const struct sally_enrolled *whose,
                         const struct sally_enroll_source *from,
                         struct sally_buf *out) SALLY_MUST_USE;

/* What a server needs to recognise the account, apart from what `oscore` of the
 * credential says. Spans borrow from the credential, or from `spki`.        */
struct sally_claim {
    const char *mode; /* the word of the configuration */
    bool session;     /* there is a DTLS or TLS session */
    struct sally_span identity, shared_key; /* with a pre-shared key */
    struct sally_span public_key;           /* a raw one: an SPKI */
    uint8_t spki[SALLY_PUBLIC_KEY_MAX];
};

/* Errors of sally_keypair_public(). */
enum sally_err sally_claim_make(struct sally_claim *out,
                                const struct sally_credential *c)
    SALLY_MUST_USE;

#endif
