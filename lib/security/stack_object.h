/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/stack_object.h - between stack.c and stack_object.c. */
#ifndef SALLY_SECURITY_STACK_OBJECT_H
#define SALLY_SECURITY_STACK_OBJECT_H

#include "security/stack.h"

/* Room for `row`; nothing for NULL. NO_MEMORY. */
enum sally_err
sally_stack_object_make(struct sally_stack *s,
                        const struct sally_object_mechanism *row)
    SALLY_MUST_USE;
void sally_stack_object_end(struct sally_stack *s);

/* UP if there is none, HANDSHAKE before its start. */
enum sally_channel_state sally_stack_object_state(const struct sally_stack *s);
sally_usec sally_stack_object_deadline(const struct sally_stack *s);
void sally_stack_object_expire(struct sally_stack *s, sally_usec now);

#endif
