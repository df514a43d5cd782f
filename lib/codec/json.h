/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/json.h - JSON texts, read as a tree and written piece by piece.
 * RFC 8259.
 *
 * Reading is strict where the parser below is lenient: one value and nothing
 * after it but white space, RFC 8259 numbers only (no NaN, no Infinity, none
 * too large for its type), well-formed UTF-8, no U+0000 even when escaped, no
 * comments. Of members with the same name the last one counts.
 *
 * The tree is the only thing in lib/codec that allocates: at most a small
 * multiple of the text, which the caller bounds.                            */
#ifndef SALLY_CODEC_JSON_H
#define SALLY_CODEC_JSON_H

#include "base/error.h"
#include "base/span.h"
#include "base/writer.h"

#define SALLY_JSON_DEPTH_MAX 16 /* arrays and objects inside each other */

struct json_object;

/* One value of a tree; passed by value. Every one taken out of a tree, and
 * every span, is borrowed from it and dies in sally_json_free().            */
struct sally_json {
    struct json_object *node;
};

/* A number is INTEGER when it is written without fraction and exponent and
 * fits an int64_t, UNSIGNED when it only fits a uint64_t, else REAL.        */
enum sally_json_type {
    SALLY_JSON_NULL,
    SALLY_JSON_BOOLEAN,
    SALLY_JSON_INTEGER,
    SALLY_JSON_UNSIGNED,
    SALLY_JSON_REAL,
    SALLY_JSON_STRING,
    SALLY_JSON_ARRAY,
    SALLY_JSON_OBJECT
};

/* Parses one whole text; the caller frees the tree.
 *   TOO_LARGE     more than `max` bytes, or deeper than SALLY_JSON_DEPTH_MAX
 *   TRUNCATED     the text ends inside the value
 *   MALFORMED     not JSON, or one of the strict rules above
 *   OUT_OF_RANGE  a whole number beyond 64 bits, or 1e999
 *   NO_MEMORY                                                               */
enum sally_err sally_json_parse(struct sally_span text, size_t max,
                                struct sally_json *out) SALLY_MUST_USE;

/* Frees the tree that sally_json_parse() gave. Safe twice. */
void sally_json_free(struct sally_json *tree);

/* The same, and overwrites its strings before: there were keys among them. */
void sally_json_wipe(struct sally_json *tree);

enum sally_json_type sally_json_type_of(struct sally_json j);

/* The member `name` of an object; false if there is none, or no object. */
bool sally_json_member(struct sally_json object, const char *name,
                       struct sally_json *out);

/* Items of an array or members of an object; 0 for everything else. */
size_t sally_json_count(struct sally_json j);

/* The i-th item of an array; false past the end, or if it is none. */
bool sally_json_item(struct sally_json array, size_t i, struct sally_json *out);

/* All members of an object in the order of the text:
 *     struct sally_json_walk walk = sally_json_members(object);
 *     while (sally_json_next(&walk, &name, &value)) ...                     */
struct sally_json_walk {
    void *next;
};
struct sally_json_walk sally_json_members(struct sally_json object);
bool sally_json_next(struct sally_json_walk *walk, struct sally_span *name,
                     struct sally_json *value);

/* The value; false, and *out untouched, if it is of another type. */
bool sally_json_boolean(struct sally_json j, bool *out);
bool sally_json_integer(struct sally_json j, int64_t *out);
bool sally_json_unsigned(struct sally_json j, uint64_t *out);
bool sally_json_string(struct sally_json j, struct sally_span *out);

/* Any number as a double, which rounds whole numbers beyond 2^53. */
bool sally_json_real(struct sally_json j, double *out);

/* Writes `text`, which is UTF-8, in quotes and with the escapes it needs. */
void sally_put_json_string(struct sally_writer *w, struct sally_span text);

/* Writes the shortest text that reads back as `n`. JSON has no word for NaN
 * and Infinity: they fail the writer.                                       */
void sally_put_json_real(struct sally_writer *w, double n);

#endif
