/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/base/test_hash.c - the vectors of SipHash's reference code. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Key 00 01 .. 0f; message 00 01 .. of as many bytes as the row's number. */
static const uint64_t vectors[] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
    0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
    0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
    0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
    0xa129ca6149be45e5
};

static const struct sally_hash_key key = { { 0x0706050403020100,
                                             0x0f0e0d0c0b0a0908 } };

static void agrees_with_the_reference(void **state)
{
    uint8_t message[SALLY_LEN(vectors)];

    (void)state;
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)i;
    for (size_t len = 0; len < sizeof(message); len++)
        if (sally_hash(&key, (struct sally_span){ message, len }) !=
            vectors[len])
            fail_msg("%zu bytes", len);
}

static void depends_on_the_key(void **state)
{
    struct sally_hash_key other = key;

    (void)state;
    other.word[1] ^= 1;
    assert_true(sally_hash(&key, sally_span_of("x")) !=
                sally_hash(&other, sally_span_of("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_reference),
        cmocka_unit_test(depends_on_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
