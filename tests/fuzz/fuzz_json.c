/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_json.c - promises of the JSON reader: a tree is no deeper
 * than said, its numbers are finite, its strings UTF-8, and written again it
 * parses to a tree that is written the same.                                */
#include "base/text.h"
#include "codec/json.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An array or object that is being written. */
struct level {
    struct sally_json at;
    struct sally_json_walk walk;
    size_t next;
};

static void put_number(struct sally_writer *w, struct sally_json j)
{
    int64_t integer;
    uint64_t natural;
    double real;

    if (sally_json_integer(j, &integer)) {
        sally_put_integer(w, integer);
        return;
    }
    if (sally_json_unsigned(j, &natural)) {
        sally_put_decimal(w, natural);
        return;
    }
    if (!sally_json_real(j, &real) || !isfinite(real))
        abort();
    sally_put_json_real(w, real);
    if (real == floor(real) && fabs(real) < 1e15)
        sally_put_text(w, ".0"); /* to stay a real */
}

static void put_plain(struct sally_writer *w, struct sally_json j)
{
    struct sally_span text;
    bool flag;

    if (sally_json_type_of(j) == SALLY_JSON_NULL) {
        sally_put_text(w, "null");
    } else if (sally_json_boolean(j, &flag)) {
        sally_put_text(w, flag ? "true" : "false");
    } else if (sally_json_string(j, &text)) {
        if (!sally_text_is_utf8(text))
            abort();
        sally_put_json_string(w, text);
    } else {
        put_number(w, j);
    }
}

/* The next value inside the level, with its name written; false at its end. */
static bool step(struct sally_writer *w, struct level *l,
                 struct sally_json *value)
{
    bool array = sally_json_type_of(l->at) == SALLY_JSON_ARRAY;
    struct sally_span name;

    if (array ? !sally_json_item(l->at, l->next, value)
              : !sally_json_next(&l->walk, &name, value)) {
        sally_put_u8(w, array ? ']' : '}');
        return false;
    }
    if (l->next++ != 0)
        sally_put_u8(w, ',');
    if (!array) {
        sally_put_json_string(w, name);
        sally_put_u8(w, ':');
    }
    return true;
}

static void put_tree(struct sally_writer *w, struct sally_json tree)
{
    struct level levels[SALLY_JSON_DEPTH_MAX];
    struct sally_json value = tree;
    size_t depth = 0;

    do {
        enum sally_json_type type = sally_json_type_of(value);

        if (type == SALLY_JSON_ARRAY || type == SALLY_JSON_OBJECT) {
            if (depth == SALLY_LEN(levels))
                abort();
            sally_put_u8(w, type == SALLY_JSON_ARRAY ? '[' : '{');
            levels[depth++] =
                (struct level){ value, sally_json_members(value), 0 };
        } else {
            put_plain(w, value);
        }
        while (depth != 0 && !step(w, &levels[depth - 1], &value))
            depth--;
    } while (depth != 0);
}

static enum sally_err rewrite(struct sally_span in, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_json tree;
    enum sally_err e = sally_json_parse(in, 1 << 20, &tree);

    if (e != SALLY_E_OK)
        return e;
    put_tree(&w, tree);
    sally_json_free(&tree);
    return sally_writer_end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t first[65536], second[65536];
    struct sally_buf once = SALLY_BUF(first), twice = SALLY_BUF(second);

    if (size > 4096 ||
        rewrite((struct sally_span){ data, size }, &once) != SALLY_E_OK)
        return 0;
    if (rewrite(sally_buf_span(&once), &twice) != SALLY_E_OK ||
        !sally_span_equal(sally_buf_span(&once), sally_buf_span(&twice)))
        abort();
    return 0;
}
