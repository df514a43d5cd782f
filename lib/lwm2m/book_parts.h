/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_parts.h - what the files of a book have of each other. */
#ifndef SALLY_LWM2M_BOOK_PARTS_H
#define SALLY_LWM2M_BOOK_PARTS_H

#include "lwm2m/book.h"

/* --- book.c -------------------------------------------------------------- */

/* The book becomes these entries. NO_ROOM. */
enum sally_err sally_book_fill(struct sally_book *b,
                               struct sally_span entries) SALLY_MUST_USE;

/* --- book_form.c --------------------------------------------------------- */

/* How many instances of an object a book may have; 0: it has no such object. */
size_t sally_book_limit(uint16_t object);

/* One entry off the cursor. TRUNCATED, MALFORMED. */
enum sally_err sally_book_take(struct sally_cursor *c, struct sally_path *path,
                               struct sally_lwm2m_value *value) SALLY_MUST_USE;

/* Appends all of an entry but the bytes of text, which it returns; 32 bytes are
 * enough for it.                                                            */
struct sally_span sally_book_put_head(struct sally_buf *head,
                                      const struct sally_path *path,
                                      const struct sally_lwm2m_value *value);

/* --- book_pairs.c -------------------------------------------------------- */

/* A number at `resource` of an instance; 0 if it is not there. */
int64_t sally_book_number(const struct sally_book *b, uint16_t object,
                          uint16_t instance, uint16_t resource);

/* How many instances of `object` say so at `resource`. */
size_t sally_book_count(const struct sally_book *b, uint16_t object,
                        uint16_t resource, int64_t short_id);

/* There is an account of a server with this Short Server ID, which is not 0. */
bool sally_book_knows(const struct sally_book *b, int64_t short_id);

/* A resource of an instance of /0. */
bool sally_book_security(const struct sally_book *b, uint16_t instance,
                         uint16_t resource, struct sally_lwm2m_value *out);

/* The first instance of /0 that links to this one of /21. */
bool sally_book_linking(const struct sally_book *b, uint16_t oscore,
                        uint16_t *instance);

#endif
