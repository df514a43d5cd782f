/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/floor.h - the bounds of a bootstrap server, which hold even
 * where somebody else has it: what it writes must not be less than the operator
 * wants, and lead nowhere that he did not name.                             */
#ifndef SALLY_UPLINK_FLOOR_H
#define SALLY_UPLINK_FLOOR_H

#include "config/config.h"
#include "lwm2m/book.h"

struct sally_floor_verdict {
    struct sally_path path; /* of the resource at fault */
    const char *why;        /* a clause after its path; NULL: all is well */
};

/* Judges the accounts that `bootstrap`, a server's slot in `c`, wants to put in
 * the place of `before`; they are whole (sally_book_check()). True: they may
 * be. The first that is not is in *out.                                     */
bool sally_floor_allows(const struct sally_config *c, uint32_t bootstrap,
                        const struct sally_book *before,
                        const struct sally_book *staged,
                        struct sally_floor_verdict *out) SALLY_MUST_USE;

/* The slot of the server with this Short Server ID; UINT32_MAX: none. */
uint32_t sally_floor_server(const struct sally_config *c, uint16_t short_id);

#endif
