/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/uri.h - URIs of servers: coap://, coaps://, coap+tcp:// and
 * coaps+tcp://. RFC 7252 s.6.1, 6.2; RFC 8323 s.8.1, 8.2; RFC 3986 s.3.2.   */
#ifndef SALLY_COAP_URI_H
#define SALLY_COAP_URI_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_URI_HOST_MAX 253 /* characters of a DNS name */
#define SALLY_URI_PORT_COAP 5683
#define SALLY_URI_PORT_COAPS 5684

enum sally_uri_host {
    SALLY_URI_NAME, /* letters, digits, "-", "_" and "." */
    SALLY_URI_IPV4, /* four decimal numbers, none with a leading zero */
    SALLY_URI_IPV6  /* without the brackets */
};

struct sally_uri {
    bool secure; /* coaps and coaps+tcp */
    bool stream; /* over TCP */
    enum sally_uri_host kind;
    uint16_t port;
    char host[SALLY_URI_HOST_MAX + 1]; /* in lower case; zero-terminated. An
                                          IPv6 address may end in a zone, as
                                          in fe80::1%eth0, in its own case */
};

/* Reads a whole URI. The zone of a link-local address is an interface's name
 * after %25 (RFC 6874). A path of "/" is allowed; more of a path, a query, a
 * fragment or user information is not: a server's URI has none.
 *   UNSUPPORTED   a scheme other than these four
 *   TOO_LARGE     the host is longer than SALLY_URI_HOST_MAX
 *   OUT_OF_RANGE  port 0 or above 65535
 *   MALFORMED     anything else
 * On failure *out is untouched.                                             */
enum sally_err sally_uri_parse(struct sally_span text,
                               struct sally_uri *out) SALLY_MUST_USE;

/* Room that is enough for every URI that sally_uri_text() writes. */
#define SALLY_URI_TEXT (sizeof("coaps+tcp://[25]:65535") + SALLY_URI_HOST_MAX)

/* The URI in its shortest form, without a default port, zero-terminated.
 * `size` is at least SALLY_URI_TEXT. Returns the length.                    */
size_t sally_uri_text(const struct sally_uri *uri, char *out, size_t size);

#endif
