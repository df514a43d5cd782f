/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/proxy_uri.h - a Proxy-Uri in its two halves: whom the
 * proxy is to ask, and what for. RFC 8613 s.4.1.3.3, RFC 7252 s.6.4.        */
#ifndef SALLY_SECURITY_OSCORE_PROXY_URI_H
#define SALLY_SECURITY_OSCORE_PROXY_URI_H

#include "base/error.h"
#include "base/span.h"

/* Appends the options of a request, which have a Proxy-Uri, with path and query
 * of it as Uri-Path and Uri-Query, and scheme and authority left in it.
 * MALFORMED: it is no absolute URI, has a fragment or a user, or stands beside
 * Uri-Host, Uri-Port, Uri-Path or Uri-Query, which it replaces. NO_ROOM.    */
enum sally_err sally_oscore_split(struct sally_span options,
                                  struct sally_buf *out) SALLY_MUST_USE;

#endif
