/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/privilege.h - what a process gives up before it touches anything
 * that came from outside.                                                   */
#ifndef SALLY_PRIVILEGE_H
#define SALLY_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

/* Every process: files are private, no core is written, no debugger of another
 * user attaches, nothing that is executed gains rights.                     */
void sally_privilege_basics(void);

/* As many descriptors as the system lets us have: one per sensor and more. */
void sally_privilege_raise_descriptors(void);
size_t sally_privilege_descriptors(void); /* how many that are */

/* A role: no more memory than this, whatever comes in; what cannot be had is
 * refused where it is asked for. Sanitizers need far more than they use, so
 * there it has no effect.                                                   */
void sally_privilege_limit_memory(unsigned megabytes);

/* A role: no capability is left, whoever started us. False on failure. */
bool sally_privilege_drop(void);

#endif
