/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_tlv.c - the promises of content format 11542. */
#include "format_promise.h"
#include "lwm2m/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return promise_of_format(SALLY_FORMAT_TLV, data, size);
}
