/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/owner.h - the owner of a link in the simulation. */
#ifndef TESTS_SIM_OWNER_H
#define TESTS_SIM_OWNER_H

#include "sim/world.h"

extern const struct sally_coap_link_upcalls sim_owner_upcalls;

/* Asks if the channel is up, nothing is under way and more is wanted. */
void sim_owner_ask(struct sim_end *e);

/* Gives the answers that are due. */
void sim_owner_answer(struct sim_end *e);
sally_usec sim_owner_next(const struct sim_end *e);

/* Notes the first thing that went wrong. */
void sim_fault(struct sim_world *w, const char *what);

#endif
