/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/path.h - /object/instance/resource/resource-instance.
 * LwM2M Core 1.1 s.7.3: each id is a whole number, 0 to 65534; 65535 is
 * reserved, and stands for nothing here.                                    */
#ifndef SALLY_LWM2M_PATH_H
#define SALLY_LWM2M_PATH_H

#include "base/cursor.h"
#include "base/error.h"
#include "base/span.h"
#include "base/writer.h"

#define SALLY_PATH_TEXT 25 /* "/65534/65534/65534/65534" and a zero */

enum { SALLY_DEPTH_ROOT, SALLY_DEPTH_OBJECT, SALLY_DEPTH_INSTANCE,
       SALLY_DEPTH_RESOURCE, SALLY_DEPTH_RESOURCE_INSTANCE };

struct sally_path {
    uint8_t depth;  /* how many of `id` count: 0 "/" to 4 */
    uint16_t id[4]; /* those beyond depth are 0 */
};

/* "/3303/0/5700"; "/" is depth 0. No leading zeros, no empty segment, no
 * trailing slash. MALFORMED, OUT_OF_RANGE (65535 or more).                  */
enum sally_err sally_path_parse(struct sally_span text,
                                struct sally_path *out) SALLY_MUST_USE;

/* One segment more. MALFORMED, OUT_OF_RANGE, BAD_STATE at depth 4. */
enum sally_err sally_path_push(struct sally_path *p,
                               struct sally_span segment) SALLY_MUST_USE;

/* Writes "/a/b/c", or "/" for the root. */
void sally_path_put(struct sally_writer *w, const struct sally_path *p);
const char *sally_path_text(const struct sally_path *p,
                            char out[SALLY_PATH_TEXT]); /* returns out */

/* In a few bytes, and back; what cannot be a path fails the cursor. */
void sally_path_save(struct sally_writer *w, const struct sally_path *p);
struct sally_path sally_path_restore(struct sally_cursor *at);

/* Constructors for code: sally_path_resource(3303, 0, 5700). */
struct sally_path sally_path_object(uint16_t object);
struct sally_path sally_path_instance(uint16_t object, uint16_t instance);
struct sally_path sally_path_resource(uint16_t object, uint16_t instance,
                                      uint16_t resource);

bool sally_path_equal(const struct sally_path *a, const struct sally_path *b);

/* -1, 0, 1 in the order of the ids, shorter before longer. */
int sally_path_order(const struct sally_path *a, const struct sally_path *b);

/* True if `inner` is `outer` or below it. */
bool sally_path_covers(const struct sally_path *outer,
                       const struct sally_path *inner);

#endif
