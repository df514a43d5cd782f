/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/option.h - CoAP options in an encoded list. RFC 7252 s.3.1, 5.4,
 * 5.10; RFC 7641 s.2; RFC 7959 s.2; RFC 9175.                               */
#ifndef SALLY_COAP_OPTION_H
#define SALLY_COAP_OPTION_H

#include "base/cursor.h"
#include "base/writer.h"
#include "coap/message.h"

enum sally_coap_option_number {
    SALLY_OPTION_IF_MATCH = 1,
    SALLY_OPTION_URI_HOST = 3,
    SALLY_OPTION_ETAG = 4,
    SALLY_OPTION_IF_NONE_MATCH = 5,
    SALLY_OPTION_OBSERVE = 6,
    SALLY_OPTION_URI_PORT = 7,
    SALLY_OPTION_LOCATION_PATH = 8,
    SALLY_OPTION_OSCORE = 9,
    SALLY_OPTION_URI_PATH = 11,
    SALLY_OPTION_CONTENT_FORMAT = 12,
    SALLY_OPTION_MAX_AGE = 14,
    SALLY_OPTION_URI_QUERY = 15,
    SALLY_OPTION_HOP_LIMIT = 16,
    SALLY_OPTION_ACCEPT = 17,
    SALLY_OPTION_LOCATION_QUERY = 20,
    SALLY_OPTION_BLOCK2 = 23,
    SALLY_OPTION_BLOCK1 = 27,
    SALLY_OPTION_SIZE2 = 28,
    SALLY_OPTION_PROXY_URI = 35,
    SALLY_OPTION_PROXY_SCHEME = 39,
    SALLY_OPTION_SIZE1 = 60,
    SALLY_OPTION_ECHO = 252,
    SALLY_OPTION_NO_RESPONSE = 258,
    SALLY_OPTION_REQUEST_TAG = 292
};

struct sally_coap_option {
    uint16_t number;
    struct sally_span value; /* borrows from the list */
};

/* A walk over a list that sally_coap_parse() proved well-formed. Begin with
 * { list, 0 }.                                                              */
struct sally_coap_options {
    struct sally_span rest;
    uint32_t number; /* of the last option given */
};

/* Most options have one byte in front of a few: these are taken without the
 * steps that the others need. `rest` is not empty. False: it is not such a
 * one, and nothing is taken.                                                */
static inline bool sally_coap_option_short(struct sally_span *rest,
                                           struct sally_coap_option *o)
{
    size_t len = rest->at[0] & 15u;
    unsigned delta = rest->at[0] >> 4;

    if (len > 12 || delta > 12 || len >= rest->len ||
        o->number + delta > UINT16_MAX)
        return false;
    o->number = (uint16_t)(o->number + delta);
    o->value = (struct sally_span){ &rest->at[1], len };
    *rest = (struct sally_span){ &rest->at[1 + len], rest->len - 1 - len };
    return true;
}

/* _take() and _next() of any other option. */
enum sally_err
sally_coap_option_long(struct sally_cursor *c,
                       struct sally_coap_option *o) SALLY_MUST_USE;
bool sally_coap_option_step(struct sally_coap_options *walk,
                            struct sally_coap_option *out);

/* False at the end. Here, since each message is walked several times. */
static inline bool sally_coap_option_next(struct sally_coap_options *walk,
                                          struct sally_coap_option *out)
{
    if (walk->rest.len == 0)
        return false;
    out->number = (uint16_t)walk->number;
    if (!sally_coap_option_short(&walk->rest, out))
        return sally_coap_option_step(walk, out);
    walk->number = out->number;
    return true;
}

/* The first option with this number; false if there is none. */
bool sally_coap_option_find(struct sally_span list, uint16_t number,
                            struct sally_span *value);

/* The first one as an unsigned number of 0 to 4 bytes (s.3.2); false if there
 * is none or it is longer.                                                  */
bool sally_coap_option_uint(struct sally_span list, uint16_t number,
                            uint32_t *value);

/* Takes one option off a list whose form is not proven yet. `o` holds the
 * number of the option before it, 0 at the start. TRUNCATED, MALFORMED.     */
static inline enum sally_err
sally_coap_option_take(struct sally_cursor *c, struct sally_coap_option *o)
{
    if (!c->failed && c->rest.len != 0 && sally_coap_option_short(&c->rest, o))
        return SALLY_E_OK;
    return sally_coap_option_long(c, o);
}

/* A list that does not come from sally_coap_parse() is checked here.
 * TRUNCATED, MALFORMED.                                                     */
enum sally_err sally_coap_options_check(struct sally_span list) SALLY_MUST_USE;

/* BAD_OPTION rules of s.5.4: the first critical option in `list` that is not
 * in `known` (ascending numbers), is repeated though it must not be, or has a
 * length outside its range gives false and its number. Elective ones are
 * ignored.                                                                  */
bool sally_coap_options_understood(struct sally_span list,
                                   const uint16_t *known, size_t count,
                                   uint16_t *culprit);

/* Appends options to a list; numbers must not descend (BAD_STATE otherwise,
 * sticky like a full buffer).                                               */
struct sally_coap_option_writer {
    struct sally_writer out;
    uint16_t last;
    bool descended; /* a number below `last` was put */
};
struct sally_coap_option_writer sally_coap_options_into(struct sally_buf *out);
void sally_coap_put_option(struct sally_coap_option_writer *w, uint16_t number,
                           struct sally_span value);
void sally_coap_put_uint(struct sally_coap_option_writer *w, uint16_t number,
                         uint32_t value);
enum sally_err
sally_coap_options_end(const struct sally_coap_option_writer *w) SALLY_MUST_USE;

/* One option per segment of "a/b/c", with or without a leading slash; no
 * percent-decoding.                                                         */
void sally_coap_put_path(struct sally_coap_option_writer *w, uint16_t number,
                         const char *path);

#endif
