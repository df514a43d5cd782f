/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/entrust.h - the secrets of a book go to their holder, and what
 * stands for them stays in it; see security/holder.h.                       */
#ifndef SALLY_UPLINK_ENTRUST_H
#define SALLY_UPLINK_ENTRUST_H

#include "lwm2m/book.h"
#include "security/holder.h"

/* Puts what `h` gives for them in the place of all secrets that are not held
 * yet, and the public half of a raw key beside it where nobody wrote it. A
 * private key of another kind than elliptic curves stays as it is. `h` may be
 * NULL: nothing changes. NO_ROOM: the book is full; NO_MEMORY, and errors of
 * the holder.                                                               */
enum sally_err sally_entrust(const struct sally_holder *h,
                             struct sally_book *book) SALLY_MUST_USE;

#endif
