/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_lwm2m_text.c - promises of values as plain text: what reads
 * writes to a text that reads as the same value. The first byte of the input
 * chooses the type.                                                         */
#include "lwm2m/value.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t kept[4096], kept_again[4096], room[8192];
    struct sally_buf scratch = SALLY_BUF(kept), out = SALLY_BUF(room);
    struct sally_buf scratch_again = SALLY_BUF(kept_again);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_lwm2m_value value, again;
    enum sally_lwm2m_type type;

    if (size == 0 || size > 4096)
        return 0;
    type = (enum sally_lwm2m_type)(data[0] % (SALLY_TYPE_CORELNK + 1));
    if (sally_value_from_text((struct sally_span){ &data[1], size - 1 }, type,
                              &scratch, &value) != SALLY_E_OK)
        return 0;
    if (value.type != type ||
        sally_value_put_text(&w, &value) != SALLY_E_OK ||
        sally_value_from_text(sally_buf_span(&out), type, &scratch_again,
                              &again) != SALLY_E_OK ||
        !sally_value_equal(&value, &again))
        abort();
    return 0;
}
