/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/error.h - every failure in Sallyport is one row of one table.
 *
 * The class is what the caller owes, and is all that a caller should branch
 * on unless it handles one row by name:
 *   NONE   nothing
 *   PEER   count it and drop the datagram, packet or record
 *   LATER  nothing is wrong; call again at the deadline or after input
 *   LOCAL  log it and back off; the peer is not to blame
 *   BUG    close this one link or session; the process goes on              */
#ifndef SALLY_BASE_ERROR_H
#define SALLY_BASE_ERROR_H

#define SALLY_ERR_TABLE(X)                                                     \
    X(OK, NONE, "success")                                                     \
    X(TRUNCATED, PEER, "message ends inside a field")                          \
    X(MALFORMED, PEER, "field has a value the protocol forbids")               \
    X(TOO_LARGE, PEER, "message or value is larger than the limit")            \
    X(UNSUPPORTED, PEER, "feature or format is not supported here")            \
    X(WRONG_TYPE, PEER, "value does not have the resource's type")             \
    X(WRONG_UNIT, PEER, "value comes in another unit than is expected")        \
    X(OUT_OF_RANGE, PEER, "value is outside the allowed range")                \
    X(NOT_FOUND, PEER, "no such object, instance or resource")                 \
    X(NOT_ALLOWED, PEER, "operation is not allowed on this resource")          \
    X(REPLAYED, PEER, "sequence number seen before")                           \
    X(DUPLICATE, PEER, "there is such a one already")                          \
    X(CHALLENGED, PEER, "message is authentic, but may be old")                \
    X(UNAUTHENTIC, PEER, "authentication failed")                              \
    X(UNEXPECTED, PEER, "message does not belong to any exchange")             \
    X(REFUSED, PEER, "peer answered with an error")                            \
    X(RESET, PEER, "peer answered with a Reset")                               \
    X(CLOSED, PEER, "peer closed the session")                                 \
    X(NO_SUITE, PEER, "no cipher suite or curve in common with the peer")      \
    X(NO_VERSION, PEER, "no version of DTLS or TLS in common with the peer")   \
    X(WRONG_KIND, PEER, "peer proves itself in another way than agreed")       \
    X(WRONG_KEY, PEER, "peer's key or certificate is not the expected one")    \
    X(NOT_PROVEN, PEER, "peer does not hold the key that it shows")            \
    X(BAD_CERTIFICATE, PEER, "peer's certificate is broken or not for this")   \
    X(UNKNOWN_CA, PEER, "peer's certificate comes from no trusted authority")  \
    X(WRONG_NAME, PEER, "peer's certificate is for another name")              \
    X(EXPIRED, PEER, "peer's certificate has expired")                         \
    X(NOT_YET_VALID, PEER, "peer's certificate is not valid yet")              \
    X(REVOKED, PEER, "peer's certificate is revoked")                          \
    X(STALE_CRL, LOCAL, "revocation list is missing, too old or unusable")     \
    X(PENDING, LATER, "not finished yet")                                      \
    X(BUSY, LATER, "another exchange is under way")                            \
    X(MOVED, LOCAL, "address of our own changed")                              \
    X(NO_ROOM, LOCAL, "output buffer, pool or quota is full")                  \
    X(NO_MEMORY, LOCAL, "memory limit reached")                                \
    X(TIMED_OUT, LOCAL, "peer did not answer in time")                         \
    X(IO, LOCAL, "input or output failed")                                     \
    X(CRYPTO, LOCAL, "cryptographic operation failed")                         \
    X(NO_CREDENTIAL, LOCAL, "credential is missing or unusable")               \
    X(ELSEWHERE, LOCAL, "state was made on another machine")                   \
    X(EXHAUSTED, LOCAL, "keys were used as often as they may be")              \
    X(ROLLED_BACK, LOCAL, "sequence numbers may be older than their last use") \
    X(CANCELLED, LOCAL, "given up by its owner")                               \
    X(BAD_STATE, BUG, "call is not allowed in this state")

enum sally_err_class {
    SALLY_ERR_NONE,
    SALLY_ERR_PEER,
    SALLY_ERR_LATER,
    SALLY_ERR_LOCAL,
    SALLY_ERR_BUG
};

enum sally_err {
#define X(name, class, text) SALLY_E_##name,
    SALLY_ERR_TABLE(X)
#undef X
};

/* A result that must not be dropped. */
#define SALLY_MUST_USE __attribute__((warn_unused_result))

/* A sentence without a full stop; never NULL, whatever `e` is. */
const char *sally_err_text(enum sally_err e);

/* BUG for a number that is no row. */
enum sally_err_class sally_err_class_of(enum sally_err e);

#endif
