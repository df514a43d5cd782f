/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/probe.h - is there a server at this address, and how does it
 * protect itself? Asked with an identity that is made up for the question.  */
#ifndef SALLY_CLI_PROBE_H
#define SALLY_CLI_PROBE_H

#include "coap/uri.h"
#include "security/stack.h"

#include <stdbool.h>
#include <sys/socket.h>

/* What came of one attempt. */
struct sally_probe {
    bool unreachable; /* the system says so */
    bool heard;       /* somebody answered */
    bool ended;       /* ...and ended the attempt, with `why` */
    int error;        /* errno, where `unreachable` */
    enum sally_err why;
    int alert;             /* of TLS, with `why`; -1: none */
    unsigned milliseconds; /* until the first answer */
};

/* Tries for 5 s at most, and for 5 s before that where a connection has to be
 * made. NO_MEMORY, IO (no socket, see errno).                               */
enum sally_err sally_probe_address(const struct sockaddr *to, socklen_t len,
                                   enum sally_scheme scheme,
                                   struct sally_probe *out) SALLY_MUST_USE;

#endif
