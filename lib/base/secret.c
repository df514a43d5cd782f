/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/secret.c - wiping and constant-time comparison. */
#include "base/secret.h"

#include <string.h>

/* A store the compiler must keep: it cannot know what the pointer holds. */
static void *(*const volatile wipe_call)(void *, int, size_t) = memset;

void sally_wipe(void *p, size_t n)
{
    if (n != 0)
        (void)wipe_call(p, 0, n);
}

void sally_secret_wipe(struct sally_secret *s)
{
    sally_wipe(s, sizeof(*s));
}

enum sally_err sally_secret_set(struct sally_secret *s, struct sally_span bytes)
{
    if (bytes.len > sizeof(s->bytes))
        return SALLY_E_TOO_LARGE;
    sally_secret_wipe(s);
    if (bytes.len != 0)
        memcpy(s->bytes, bytes.at, bytes.len);
    s->len = bytes.len;
    return SALLY_E_OK;
}

struct sally_span sally_secret_span(const struct sally_secret *s)
{
    return (struct sally_span){ s->bytes, s->len };
}

bool sally_equal_secret(struct sally_span a, struct sally_span b)
{
    volatile uint8_t differ = 0;

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        differ = (uint8_t)(differ | (a.at[i] ^ b.at[i]));
    return differ == 0;
}
