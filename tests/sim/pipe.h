/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/pipe.h - one direction of a TCP connection: bytes in order, cut
 * wherever the seed says, late, damaged by an attacker, or ended.           */
#ifndef TESTS_SIM_PIPE_H
#define TESTS_SIM_PIPE_H

#include "sim/network.h"

#define SIM_PIPE 32768 /* bytes under way */

struct sim_pipe {
    uint8_t bytes[SIM_PIPE];
    size_t len;
    sally_usec due; /* of the next bytes; NEVER: none */
};

/* True while it takes what an end has to say. */
bool sim_pipe_flows(const struct sim_pipe *p);
void sim_pipe_put(struct sim_pipe *p, struct sim_network *n,
                  struct sally_span bytes, sally_usec now);

enum sim_fate { SIM_ARRIVES, SIM_DAMAGED, SIM_CUT };

/* Takes out some of the bytes that are due, `room` at most. */
enum sim_fate sim_pipe_take(struct sim_pipe *p, struct sim_network *n,
                            size_t room, struct sally_buf *out,
                            sally_usec now);
void sim_pipe_clear(struct sim_pipe *p);

#endif
