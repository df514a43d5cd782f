/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/cost.h - what a mechanism costs, measured between two ends in
 * the memory of this process: what a server does is not counted.            */
#ifndef SALLY_CLI_COST_H
#define SALLY_CLI_COST_H

#include "security/credential.h"
#include "security/stack.h"

/* An account of the client, and what its server must know. */
struct sally_cost_case {
    const char *name;
    enum sally_scheme scheme;
    struct sally_credential client;
    struct sally_key_finder server;
};

struct sally_cost {
    char suite[40];
    size_t handshake_bytes, handshake_datagrams; /* both ways */
    size_t reading_bytes; /* 8 bytes of payload and their acknowledgement */
    double handshake_us, reading_us; /* of the client */
    uint64_t reading_instructions;   /* of the client; 0: cannot be counted */
    size_t memory; /* bytes of a client's association at rest */
};

/* NO_MEMORY; or why the two ends did not come together. */
enum sally_err sally_cost_measure(const struct sally_cost_case *c,
                                  struct sally_cost *out) SALLY_MUST_USE;

#endif
