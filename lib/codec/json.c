/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/codec/json.c - reading JSON through json-c. */
#include "codec/json.h"

#include "base/secret.h"
#include "base/text.h"
#include "codec/json_check.h"

#include <json-c/json.h>
#include <json-c/json_visit.h>
#include <json-c/printbuf.h>
#include <limits.h>

/* A value that has no end of its own, such as 12, needs the zero byte to be
 * told that nothing follows. *end is how much of the text it took.          */
static struct json_object *parse_all(struct json_tokener *t,
                                     struct sally_span text, size_t *end)
{
    struct json_object *node =
        json_tokener_parse_ex(t, (const char *)text.at, (int)text.len);

    *end = json_tokener_get_parse_end(t);
    if (json_tokener_get_error(t) != json_tokener_continue)
        return node;
    *end = text.len;
    return json_tokener_parse_ex(t, "", 1);
}

static enum sally_err error_of(struct json_tokener *t, bool whole)
{
    switch (json_tokener_get_error(t)) {
    case json_tokener_success:
        return whole ? SALLY_E_OK : SALLY_E_MALFORMED;
    case json_tokener_continue:
    case json_tokener_error_parse_eof:
        return SALLY_E_TRUNCATED;
    case json_tokener_error_depth:
        return SALLY_E_TOO_LARGE;
    default:
        return SALLY_E_MALFORMED;
    }
}

/* Where strings are put together. With room for the longest from the start it
 * is never copied, and nothing of it stays behind.                          */
static bool make_room(struct json_tokener *t, size_t len)
{
    if (printbuf_memset(t->pb, 0, 0, (int)len) != 0)
        return false;
    printbuf_reset(t->pb);
    return true;
}

static void clear_room(struct json_tokener *t)
{
    sally_wipe(t->pb->buf, (size_t)t->pb->size);
}

/* Not by JSON_TOKENER_STRICT: in json-c 0.17 and 0.18 that refuses every
 * character beyond ASCII. What it would refuse, sally_json_check() has.     */
static enum sally_err parse(struct sally_span text, struct sally_json *out)
{
    struct json_tokener *t = json_tokener_new_ex(SALLY_JSON_DEPTH_MAX + 2);
    enum sally_err e;
    size_t end;

    if (t == NULL)
        return SALLY_E_NO_MEMORY;
    if (make_room(t, text.len)) {
        out->node = parse_all(t, text, &end);
        e = error_of(t, end == text.len);
    } else {
        e = SALLY_E_NO_MEMORY;
    }
    clear_room(t);
    json_tokener_free(t);
    return e;
}

enum sally_err sally_json_parse(struct sally_span text, size_t max,
                                struct sally_json *out)
{
    struct sally_json made = { NULL };
    enum sally_err e;

    if (text.len > max || text.len > INT_MAX)
        return SALLY_E_TOO_LARGE;
    text = sally_text_trim(text);
    if (text.len == 0)
        return SALLY_E_TRUNCATED;
    if (!sally_text_is_utf8(text))
        return SALLY_E_MALFORMED;
    e = sally_json_check(text, SALLY_JSON_DEPTH_MAX);
    if (e == SALLY_E_OK)
        e = parse(text, &made);
    if (e == SALLY_E_OK)
        *out = made;
    else
        sally_json_wipe(&made);
    return e;
}

void sally_json_free(struct sally_json *tree)
{
    (void)json_object_put(tree->node);
    tree->node = NULL;
}

static int wipe_string(struct json_object *node, int flags,
                       struct json_object *parent, const char *key,
                       size_t *index, void *owner)
{
    (void)flags;
    (void)parent;
    (void)key;
    (void)index;
    (void)owner;
    if (json_object_is_type(node, json_type_string))
        sally_wipe((void *)(uintptr_t)json_object_get_string(node),
                   (size_t)json_object_get_string_len(node));
    return JSON_C_VISIT_RETURN_CONTINUE;
}

void sally_json_wipe(struct sally_json *tree)
{
    if (tree->node != NULL)
        (void)json_c_visit(tree->node, 0, wipe_string, NULL);
    sally_json_free(tree);
}

static enum sally_json_type integer_type(struct json_object *node)
{
    return json_object_get_uint64(node) > INT64_MAX ? SALLY_JSON_UNSIGNED
                                                    : SALLY_JSON_INTEGER;
}

enum sally_json_type sally_json_type_of(struct sally_json j)
{
    switch (json_object_get_type(j.node)) {
    case json_type_null:
        return SALLY_JSON_NULL;
    case json_type_boolean:
        return SALLY_JSON_BOOLEAN;
    case json_type_double:
        return SALLY_JSON_REAL;
    case json_type_int:
        return integer_type(j.node);
    case json_type_object:
        return SALLY_JSON_OBJECT;
    case json_type_array:
        return SALLY_JSON_ARRAY;
    case json_type_string:
        return SALLY_JSON_STRING;
    }
    return SALLY_JSON_NULL;
}

bool sally_json_member(struct sally_json object, const char *name,
                       struct sally_json *out)
{
    return json_object_is_type(object.node, json_type_object) &&
           json_object_object_get_ex(object.node, name, &out->node);
}

size_t sally_json_count(struct sally_json j)
{
    if (json_object_is_type(j.node, json_type_array))
        return json_object_array_length(j.node);
    if (json_object_is_type(j.node, json_type_object))
        return (size_t)json_object_object_length(j.node);
    return 0;
}

bool sally_json_item(struct sally_json array, size_t i, struct sally_json *out)
{
    if (!json_object_is_type(array.node, json_type_array) ||
        i >= json_object_array_length(array.node))
        return false;
    out->node = json_object_array_get_idx(array.node, i);
    return true;
}

struct sally_json_walk sally_json_members(struct sally_json object)
{
    if (!json_object_is_type(object.node, json_type_object))
        return (struct sally_json_walk){ NULL };
    return (struct sally_json_walk){
        lh_table_head(json_object_get_object(object.node))
    };
}

bool sally_json_next(struct sally_json_walk *walk, struct sally_span *name,
                     struct sally_json *value)
{
    struct lh_entry *at = walk->next;

    if (at == NULL)
        return false;
    *name = sally_span_of(lh_entry_k(at));
    value->node = lh_entry_v(at);
    walk->next = lh_entry_next(at);
    return true;
}

bool sally_json_boolean(struct sally_json j, bool *out)
{
    if (!json_object_is_type(j.node, json_type_boolean))
        return false;
    *out = json_object_get_boolean(j.node);
    return true;
}

bool sally_json_integer(struct sally_json j, int64_t *out)
{
    if (sally_json_type_of(j) != SALLY_JSON_INTEGER)
        return false;
    *out = json_object_get_int64(j.node);
    return true;
}

bool sally_json_unsigned(struct sally_json j, uint64_t *out)
{
    if (!json_object_is_type(j.node, json_type_int) ||
        json_object_get_int64(j.node) < 0)
        return false;
    *out = json_object_get_uint64(j.node);
    return true;
}

bool sally_json_real(struct sally_json j, double *out)
{
    if (!json_object_is_type(j.node, json_type_int) &&
        !json_object_is_type(j.node, json_type_double))
        return false;
    *out = json_object_get_double(j.node);
    return true;
}

bool sally_json_string(struct sally_json j, struct sally_span *out)
{
    if (!json_object_is_type(j.node, json_type_string))
        return false;
    *out = (struct sally_span){
        (const uint8_t *)json_object_get_string(j.node),
        (size_t)json_object_get_string_len(j.node)
    };
    return true;
}
