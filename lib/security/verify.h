/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/verify.h - is the peer who an account says it must be?
 *
 * Pure: what the peer showed, what the account demands, the time, and one
 * verdict. RFC 5280 s.6.1 without policies and with name constraints refused;
 * RFC 6698 s.2.1.1 for the usages; RFC 7250.                                */
#ifndef SALLY_SECURITY_VERIFY_H
#define SALLY_SECURITY_VERIFY_H

#include "security/clock.h"
#include "security/credential.h"
#include "security/mechanism.h"

#define SALLY_CHAIN_MAX 6 /* certificates that a peer may send */

/* The raw key of a server, an SPKI in DER. WRONG_KEY. */
enum sally_err sally_verify_key(const struct sally_credential *account,
                                struct sally_span key) SALLY_MUST_USE;

/* Certificates in the order of the handshake, the peer's own first. `role` is
 * ours: a client compares them with its account as the usage says, a server
 * wants any chain to an anchor of its trust.
 *   WRONG_KEY        not the certificate or the CA that the account names
 *   UNKNOWN_CA       no way from an anchor to it; too many of them
 *   BAD_CERTIFICATE  broken, or not made for this
 *   WRONG_NAME, EXPIRED, NOT_YET_VALID, REVOKED, STALE_CRL
 *   UNSUPPORTED      an algorithm that is not known here
 * `evidence`, unless NULL, gets what the verdict rests on (evidence.h).     */
enum sally_err sally_verify_chain(const struct sally_credential *account,
                                  enum sally_role role,
                                  const struct sally_clock *clock,
                                  const struct sally_span *sent, size_t count,
                                  struct sally_buf *evidence) SALLY_MUST_USE;

#endif
