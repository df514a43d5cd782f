/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_passwords.c - promises of the passwords file: it is taken
 * whole, or refused with a line on the report; what is taken asks the verifier
 * for a cost and lengths within the bus's bounds; nobody gets in unchecked.  */
#include <stdlib.h>
#include <string.h>

#include "ingress/auth/password.h"

static void fill(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 5, n);
}

static void told(void *subject, bool good, sally_usec now)
{
    (void)subject, (void)now;
    if (good)
        abort();
}

static void check_bounds(const struct sally_bus_check *c)
{
    if (c->log2_n < 1 || c->log2_n > 20 || c->r < 1 || c->r > 32 || c->p < 1 ||
        c->p > 16 || UINT64_C(128) * c->r << c->log2_n > UINT64_C(64) << 20)
        abort();
    if (c->salt_len > sizeof(c->salt) || c->hash_len > sizeof(c->hash) ||
        c->salt_len < 8 || c->hash_len < 16)
        abort();
}

/* The first line's name, as far as the first colon, tries to get in. */
static void try_first(struct sally_passwords *p, struct sally_span name)
{
    static const uint8_t ip[] = { 127, 0, 0, 1 };
    struct sally_auth_source s = { ip, 4, 0 };
    struct sally_bus_check c;
    enum sally_password_verdict v = sally_passwords_check(
        p, &s, name, sally_span_of("guess"), told, NULL, SALLY_SEC);

    if (v != SALLY_PASSWORD_LATER && v != SALLY_PASSWORD_BAD)
        abort();
    if (v != SALLY_PASSWORD_LATER)
        return;
    if (!sally_passwords_next(p, false, &c))
        abort();
    check_bounds(&c);
    sally_passwords_checked(p, &(struct sally_bus_checked){ c.ticket, 0 },
                            SALLY_SEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sally_random random = { fill, NULL };
    struct sally_span text = { data, size };
    struct sally_passwords *p = NULL;
    char *said = NULL;
    size_t said_len = 0, colon = 0;
    FILE *report = open_memstream(&said, &said_len);
    enum sally_err e;

    if (report == NULL)
        abort();
    e = sally_passwords_create(&p, text, "passwords", random, report);
    fclose(report);
    if ((e == SALLY_E_OK) != (said_len == 0) || (e != SALLY_E_OK && p != NULL))
        abort();
    free(said);
    while (colon < size && data[colon] != ':')
        colon++;
    if (p != NULL)
        try_first(p, (struct sally_span){ data, colon });
    sally_passwords_wipe(p);
    return 0;
}
