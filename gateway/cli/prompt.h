/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/prompt.h - asks for a password, never as an argument. */
#ifndef SALLY_CLI_PROMPT_H
#define SALLY_CLI_PROMPT_H

#include <stdio.h>

#include "base/error.h"
#include "base/span.h"

#define SALLY_PASSWORD_ROOM 130 /* bytes: the longest, a line break, a zero */

struct sally_typed {
    size_t len;
    char bytes[SALLY_PASSWORD_ROOM];
};
void sally_typed_wipe(struct sally_typed *t);

/* From the terminal, typed twice without echo; from anything else, one line.
 * Returns NULL, or what is wrong as a sentence without a full stop: nothing
 * typed, too long (over 128 bytes), not the same twice, not text.           */
const char *sally_prompt(FILE *in, FILE *err, struct sally_typed *out);

#endif
