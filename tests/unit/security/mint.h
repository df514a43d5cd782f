/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/mint.h - keys, certificates and revocation lists, made
 * when a test runs, right or wrong as it wants them.                        */
#ifndef TESTS_UNIT_SECURITY_MINT_H
#define TESTS_UNIT_SECURITY_MINT_H

#include "base/span.h"

struct mint_pair {
    struct sally_span secret, public; /* PKCS#8; SubjectPublicKeyInfo */
};

/* Times are GeneralizedTime; NULL is 2020 for `from` and 2049 for `until`. */
struct mint_card {
    const char *subject, *issuer; /* common names */
    const struct mint_pair *key, *signer;
    const char *from, *until;
    const char *name, *address;  /* subjectAltName: one DNS name, 4 bytes */
    const char *second_name;
    const char *purpose;         /* "server", "client", "any"; NULL: all */
    unsigned serial;
    unsigned key_usage;          /* bits of SALLY_KEY_; 0: not given */
    bool ca;
    int path_max;                /* of a CA, plus one; 0: not given */
    bool constrained;            /* limits names */
    bool strange;                /* a critical extension that nobody knows */
    bool first_version;          /* v1: no extensions */
    bool bad_signature;
};

struct mint_list { /* a revocation list */
    const char *issuer;
    const struct mint_pair *signer;
    const char *from, *until; /* "" for `until`: none */
    unsigned revoked[4];      /* up to the first 0 */
    bool partial;             /* with a critical extension */
};

/* All that is minted lives until mint_close(). */
void mint_open(void);
void mint_close(void);
struct mint_pair mint_pair(void);
struct sally_span mint_certificate(const struct mint_card *card);
struct sally_span mint_crl(const struct mint_list *list);

/* The same key as SEC 1, and as RFC 5958 with the public half. */
struct sally_span mint_sec1(const struct mint_pair *pair);
struct sally_span mint_rfc5958(const struct mint_pair *pair);

/* One after the other. */
struct sally_span mint_join(struct sally_span a, struct sally_span b);

/* In PEM, under this label. */
struct sally_span mint_pem(struct sally_span der, const char *label);

#endif
