/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_lwm2m_path.c - promises of paths: what parses writes back to
 * the same text, and every shorter path made of it covers it.               */
#include "lwm2m/path.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_path p, outer;
    char text[SALLY_PATH_TEXT];

    if (sally_path_parse((struct sally_span){ data, size }, &p) != SALLY_E_OK)
        return 0;
    if (!sally_span_is((struct sally_span){ data, size },
                       sally_path_text(&p, text)))
        abort();
    for (outer = p; outer.depth > 0;) {
        outer.id[--outer.depth] = 0;
        if (!sally_path_covers(&outer, &p) ||
            sally_path_covers(&p, &outer) ||
            sally_path_order(&outer, &p) != -1)
            abort();
    }
    return 0;
}
