/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/linkformat.h - CoRE links, "</3/0>;pmin=1,</1/0>". RFC 6690 s.2. */
#ifndef SALLY_CODEC_LINKFORMAT_H
#define SALLY_CODEC_LINKFORMAT_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/writer.h"

/* Writing: link, then its attributes, then the next link. The target and
 * names are ours and plain; a quoted value is escaped.                      */
struct sally_links {
    struct sally_writer out;
    bool begun;
};
struct sally_links sally_links_into(struct sally_buf *out);
void sally_put_link(struct sally_links *l, const char *target);
void sally_put_attribute(struct sally_links *l, const char *name,
                         const char *value); /* ;name=value, or ;name if NULL */
void sally_put_quoted(struct sally_links *l, const char *name,
                      struct sally_span value); /* ;name="value" */
enum sally_err sally_links_end(const struct sally_links *l) SALLY_MUST_USE;

/* Reading: the next target (without angle brackets) and its attributes as
 * text, for _attribute(). False at the end or when `c->failed` was set because
 * the list is malformed.                                                    */
bool sally_take_link(struct sally_cursor *c, struct sally_span *target,
                     struct sally_span *attributes);

/* The value of one attribute without quotes; false if it is not there. */
bool sally_link_attribute(struct sally_span attributes, const char *name,
                          struct sally_span *value);

#endif
