/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_lwm2m_cbor.c - the promises of content format 11544. */
#include "format_promise.h"
#include "lwm2m/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return promise_of_format(SALLY_FORMAT_LWM2M_CBOR, data, size);
}
