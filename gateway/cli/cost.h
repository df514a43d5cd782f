/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/cost.h - what a mechanism costs, measured between two ends in
 * the memory of this process: what a server does is not counted.            */
#ifndef SALLY_CLI_COST_H
#define SALLY_CLI_COST_H

#include "security/credential.h"
#include "security/stack.h"

/* What each figure is the mean of. */
#define SALLY_COST_HANDSHAKES 20
#define SALLY_COST_READINGS 500

/* An account of the client, and what its server must know. */
struct sally_cost_case {
    const char *name;
    enum sally_scheme scheme;
    struct sally_credential client;
    struct sally_key_finder server;
};

struct sally_cost {
    char suite[40];
    /* Both ways, without the headers of IP, UDP and TCP. */
    size_t handshake_bytes, handshake_datagrams;
    size_t reading_bytes; /* 8 bytes of payload and their acknowledgement */
    /* Of the client; instructions 0: cannot be counted here. */
    double handshake_us, reading_us;
    uint64_t handshake_instructions, reading_instructions;
    size_t memory; /* bytes of a client's association at rest */
};

/* NO_MEMORY; or why the two ends did not come together. */
enum sally_err sally_cost_measure(const struct sally_cost_case *c,
                                  struct sally_cost *out) SALLY_MUST_USE;

#endif
