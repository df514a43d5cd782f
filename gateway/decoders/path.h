/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/decoders/path.h - selectors of nested formats, step by step.
 *
 * A selector is names joined by dots, each with any number of [n] behind it:
 * `a.b[2].c:0`. Every other character is part of a name.                    */
#ifndef SALLY_DECODERS_PATH_H
#define SALLY_DECODERS_PATH_H

#include "base/cursor.h"

#define SALLY_PATH_NAME_MAX 256 /* bytes */

struct sally_path_step {
    bool item; /* the index-th of a list; else the member `name` */
    size_t index;
    struct sally_span name; /* borrowed from the selector */
};

/* Takes the next step off `rest`. False if an index is no number, which no
 * list has.                                                                 */
bool sally_path_next(struct sally_cursor *rest, struct sally_path_step *out);

#endif
