/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/certificate.h - an X.509 certificate taken apart. RFC 5280 s.4.
 *
 * Only what decides whether to believe it is kept; all spans borrow from the
 * bytes that were parsed. Nothing is verified here.                         */
#ifndef SALLY_SECURITY_CERTIFICATE_H
#define SALLY_SECURITY_CERTIFICATE_H

#include "base/cursor.h"
#include "base/error.h"

/* Bits of the extension keyUsage, RFC 5280 s.4.2.1.3. */
#define SALLY_KEY_SIGNS_DATA 0x80u
#define SALLY_KEY_SIGNS_CERTIFICATES 0x04u
#define SALLY_KEY_SIGNS_CRLS 0x02u

#define SALLY_PATH_UNLIMITED UINT8_MAX

struct sally_certificate {
    struct sally_span whole;
    struct sally_span signed_part; /* TBSCertificate with its header */
    struct sally_span algorithm, signature;
    struct sally_span serial;          /* content of the INTEGER */
    struct sally_span issuer, subject; /* whole Name */
    struct sally_span common_name;     /* of the subject; the last one */
    struct sally_span key;             /* whole SubjectPublicKeyInfo */
    struct sally_span names;           /* content of subjectAltName */
    uint64_t not_before, not_after;    /* seconds since 1970 */
    uint8_t key_usage;                 /* SALLY_KEY_; all where not given */
    uint8_t path_max; /* intermediate CAs below this one, if it is a CA */
    bool ca;
    bool has_names;
    bool serves;      /* may prove a server */
    bool asks;        /* may prove a client */
    bool constrained; /* name constraints, which are not understood here */
};

/* The next certificate of `c`.
 *   MALFORMED        not DER of a certificate
 *   BAD_CERTIFICATE  a critical extension that is not known here             */
enum sally_err
sally_certificate_take(struct sally_cursor *c,
                       struct sally_certificate *out) SALLY_MUST_USE;

/* The one certificate that `der` is; MALFORMED if more follows. */
enum sally_err
sally_certificate_parse(struct sally_span der,
                        struct sally_certificate *out) SALLY_MUST_USE;

/* Whether it is for `name`: a DNS name, or an address as text. A name of the
 * extension may begin with a label "*"; the common name counts only where there
 * is no such extension, and never for an address. RFC 6125 s.6.4, RFC 9525. */
bool sally_certificate_is_for(const struct sally_certificate *c,
                              struct sally_span name);

/* Whether `name` is an IPv4 or IPv6 address as text. */
bool sally_name_is_address(struct sally_span name);

#endif
