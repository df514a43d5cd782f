/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/access.h - what one server may do to an object instance, as the
 * instances of Access Control (/2) in a book say. LwM2M Core 1.1 s.8.2.
 *
 * Rights count where a client has accounts of several servers. An instance that
 * no /2 names is open to all of them, as its client decides otherwise. Object 1
 * is left out: a client shows each server its own instance only, under a number
 * that is not the book's. So are rights to create, which no server has here. */
#ifndef SALLY_LWM2M_ACCESS_H
#define SALLY_LWM2M_ACCESS_H

#include "lwm2m/book.h"

/* Bits of /2/x/2. Discover needs none; to observe, and to set attributes, is to
 * read.                                                                     */
enum {
    SALLY_MAY_READ = 1,
    SALLY_MAY_WRITE = 2,
    SALLY_MAY_EXECUTE = 4
};

/* The rights of one server. */
struct sally_access {
    uint8_t count;
    struct sally_access_right {
        uint16_t object, instance;
        uint8_t may;
    } rights[SALLY_BOOK_ACCESS_INSTANCES];
};

/* Those of the server with this Short Server ID. An entry of the list with its
 * number says so; else an owner may do all; else the entry 0 is for everybody;
 * else it may do nothing.                                                   */
void sally_access_take(const struct sally_book *b, uint16_t short_id,
                       struct sally_access *out);

/* `path` is a resource, an instance or an object, of which the last is never
 * refused: what of it may not be read is left out. NULL: there are no limits.
 */
bool sally_access_allows(const struct sally_access *a,
                         const struct sally_path *path, uint8_t right);

#endif
