/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/message.h - CoAP over UDP messages to and from bytes. RFC 7252 s.3.
 * Pure: no allocation, no clock, no I/O. Depends on base/ only.             */
#ifndef SALLY_COAP_MESSAGE_H
#define SALLY_COAP_MESSAGE_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_COAP_TOKEN_MAX 8 /* bytes; RFC 7252 s.3, TKL 9..15 reserved */

enum sally_coap_type {
    SALLY_COAP_CON,
    SALLY_COAP_NON,
    SALLY_COAP_ACK,
    SALLY_COAP_RST
};

/* Codes, class << 5 | detail: 0x45 is 2.05. */
#define SALLY_COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))

#define SALLY_COAP_CODE_TABLE(X)                                               \
    X(EMPTY, 0, 0)                                                             \
    X(GET, 0, 1)                                                               \
    X(POST, 0, 2)                                                              \
    X(PUT, 0, 3)                                                               \
    X(DELETE, 0, 4)                                                            \
    X(FETCH, 0, 5)                                                             \
    X(PATCH, 0, 6)                                                             \
    X(IPATCH, 0, 7)                                                            \
    X(CREATED, 2, 1)                                                           \
    X(DELETED, 2, 2)                                                           \
    X(VALID, 2, 3)                                                             \
    X(CHANGED, 2, 4)                                                           \
    X(CONTENT, 2, 5)                                                           \
    X(CONTINUE, 2, 31)                                                         \
    X(BAD_REQUEST, 4, 0)                                                       \
    X(UNAUTHORIZED, 4, 1)                                                      \
    X(BAD_OPTION, 4, 2)                                                        \
    X(FORBIDDEN, 4, 3)                                                         \
    X(NOT_FOUND, 4, 4)                                                         \
    X(METHOD_NOT_ALLOWED, 4, 5)                                                \
    X(NOT_ACCEPTABLE, 4, 6)                                                    \
    X(REQUEST_INCOMPLETE, 4, 8)                                                \
    X(CONFLICT, 4, 9)                                                          \
    X(PRECONDITION_FAILED, 4, 12)                                              \
    X(TOO_LARGE, 4, 13)                                                        \
    X(UNSUPPORTED_FORMAT, 4, 15)                                               \
    X(UNPROCESSABLE, 4, 22)                                                    \
    X(TOO_MANY_REQUESTS, 4, 29)                                                \
    X(INTERNAL_ERROR, 5, 0)                                                    \
    X(NOT_IMPLEMENTED, 5, 1)                                                   \
    X(BAD_GATEWAY, 5, 2)                                                       \
    X(UNAVAILABLE, 5, 3)                                                       \
    X(GATEWAY_TIMEOUT, 5, 4)                                                   \
    X(NO_PROXYING, 5, 5)                                                       \
    X(CSM, 7, 1)                                                               \
    X(PING, 7, 2)                                                              \
    X(PONG, 7, 3)                                                              \
    X(RELEASE, 7, 4)                                                           \
    X(ABORT, 7, 5)

enum {
#define X(name, class, detail) SALLY_CODE_##name = (class) << 5 | (detail),
    SALLY_COAP_CODE_TABLE(X)
#undef X
};

/* 0 request (or empty), 2 success, 4 client error, 5 server error, 7 signal on
 * a stream (stream.h). */
static inline unsigned sally_coap_class(uint8_t code) { return code >> 5; }

/* A decoded message. Every span borrows from the parsed datagram, so the
 * message dies with it: copy what must outlive the receive callback.        */
struct sally_coap_message {
    enum sally_coap_type type;
    uint8_t code;
    uint16_t mid;              /* host order */
    struct sally_span token;   /* 0..SALLY_COAP_TOKEN_MAX bytes */
    struct sally_span options; /* still encoded, proven well-formed */
    struct sally_span payload; /* len 0 when there is none */
};

/* Decodes one whole datagram and proves its option list well-formed, so that
 * sally_coap_option_next() cannot fail later.
 *   TRUNCATED  a field runs past the end of `datagram`
 *   MALFORMED  version not 1; TKL > 8; nibble 15; marker without payload;
 *              code 0.00 followed by anything (RFC 7252 s.4.1)
 * On failure *out is untouched; *mid_out is still set once 4 bytes were read,
 * since s.4.2 wants a Reset for a malformed CON.                            */
enum sally_err sally_coap_parse(struct sally_span datagram,
                                struct sally_coap_message *out,
                                uint16_t *mid_out) SALLY_MUST_USE;

/* What follows the header of a frame on a stream (stream.h), whose length is
 * known by then: token, options, payload. The message is of type NON and has no
 * id. Errors as above.                                                      */
enum sally_err sally_coap_parse_frame(struct sally_span rest, uint8_t code,
                                      size_t token_len,
                                      struct sally_coap_message *out)
    SALLY_MUST_USE;

/* Appends the message's bytes. NO_ROOM. */
enum sally_err sally_coap_write(const struct sally_coap_message *m,
                                struct sally_buf *out) SALLY_MUST_USE;

#endif
