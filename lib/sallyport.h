/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/sallyport.h - the library from outside: one include for all of it.
 *
 *   lwm2m/engine.h       what the clients of a process share; made first
 *   security/credential.h  what an account proves itself with
 *   security/pem.h, keypair.h, trust.h
 *                        keys and certificates from files, and authorities
 *   lwm2m/client.h       one client towards one server; how it is driven
 *   lwm2m/bootstrap.h    how it gets its accounts; book.h, what they are
 *   lwm2m/resources.h, registry.h, objects/builtin.h
 *                        what the client shows to its server
 *   security/stack.h, coap/link.h
 *                        CoAP and its protection without LwM2M above
 *   security/crypto.h    the random source, and what the library can do
 *
 * No file opens a socket, reads a clock, starts a thread or writes a log: the
 * program does, and gives bytes and the time. Names that begin with sally_ or
 * SALLY_ and that these headers declare stay as they are within a major
 * version; struct fields that a header calls its own may change.            */
#ifndef SALLYPORT_H
#define SALLYPORT_H

#define SALLY_VERSION_MAJOR 0
#define SALLY_VERSION_MINOR 1
#define SALLY_VERSION_PATCH 0

#include "coap/option.h"
#include "coap/uri.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/engine.h"
#include "lwm2m/objects/builtin.h"
#include "security/crypto.h"
#include "security/keypair.h"
#include "security/pem.h"
#include "security/trust.h"

#endif
