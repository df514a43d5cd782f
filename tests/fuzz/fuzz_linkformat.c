/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_linkformat.c - promises of CoRE links: spans lie in the
 * input, and the links put together again read as the same links.           */
#include "codec/linkformat.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct sally_span part, struct sally_span whole)
{
    if (part.len != 0 &&
        (part.at < whole.at || part.at + part.len > whole.at + whole.len))
        abort();
}

/* Writes all links of `in` again; false if it is malformed. */
static bool rewrite(struct sally_span in, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_cursor c = sally_cursor_over(in);
    struct sally_span target, attributes, value;

    while (sally_take_link(&c, &target, &attributes)) {
        inside(target, in);
        inside(attributes, in);
        if (sally_link_attribute(attributes, "rt", &value))
            inside(value, attributes);
        sally_put_text(&w, out->len == 0 ? "<" : ",<");
        sally_put(&w, target);
        sally_put_u8(&w, '>');
        sally_put(&w, attributes);
    }
    if (sally_writer_end(&w) != SALLY_E_OK)
        abort();
    return !c.failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t first[4096], second[4096];
    struct sally_buf once = SALLY_BUF(first), twice = SALLY_BUF(second);

    if (size > 4000 || !rewrite((struct sally_span){ data, size }, &once))
        return 0;
    if (!rewrite(sally_buf_span(&once), &twice) ||
        !sally_span_equal(sally_buf_span(&once), sally_buf_span(&twice)))
        abort();
    return 0;
}
