/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/floor.c - one row for each thing that an account must not be. */
#include "security/floor.h"

#include "security/held.h"
#include "security/suites.h"

#define BITS_MIN 128

const struct sally_security_floor sally_floor_default = {
    .modes = 1u << SALLY_MODE_PSK | 1u << SALLY_MODE_RPK |
             1u << SALLY_MODE_X509 | 1u << SALLY_MODE_NOSEC,
    .key_bits = BITS_MIN,
};

const struct sally_word sally_floor_modes[] = {
    { "psk", SALLY_MODE_PSK },
    { "rpk", SALLY_MODE_RPK },
    { "x509", SALLY_MODE_X509 },
    { "oscore", SALLY_MODE_NOSEC },
    { NULL, 0 },
};

static bool has_oscore(const struct sally_credential_draft *d)
{
    return (d->given & 1u << SALLY_FIELD_OSCORE) != 0;
}

bool sally_floor_protects(const struct sally_credential_draft *d)
{
    return d->parts.mode != SALLY_MODE_NOSEC || has_oscore(d);
}

/* An account without any protection is its owner's concern. */
static bool mode_ok(const struct sally_security_floor *f,
                    const struct sally_credential_draft *d)
{
    return !sally_floor_protects(d) || (f->modes & 1u << d->parts.mode) != 0;
}

static bool shared_key_ok(const struct sally_security_floor *f,
                          const struct sally_credential_draft *d)
{
    return d->parts.mode != SALLY_MODE_PSK ||
           8 * sally_held_length(d->parts.secret_key) >= f->key_bits;
}

static bool master_secret_ok(const struct sally_security_floor *f,
                             const struct sally_credential_draft *d)
{
    return !has_oscore(d) ||
           8 * sally_held_length(d->oscore.master_secret) >= f->key_bits;
}

static bool suites_ok(const struct sally_security_floor *f,
                      const struct sally_credential_draft *d)
{
    for (size_t i = 0; !f->cbc && i < d->parts.suite_count; i++)
        if (sally_suite_is_cbc(d->suites[i]))
            return false;
    return true;
}

static bool usage_ok(const struct sally_security_floor *f,
                     const struct sally_credential_draft *d)
{
    bool given = (d->given & 1u << SALLY_FIELD_USAGE) != 0;

    return !f->anchored || d->parts.mode != SALLY_MODE_X509 ||
           (given && d->parts.usage <= SALLY_USAGE_SERVICE);
}

static const struct rule {
    enum sally_credential_kind kind;
    bool (*ok)(const struct sally_security_floor *f,
               const struct sally_credential_draft *d);
    const char *fault;
} rules[] = {
    { SALLY_FIELD_MODE, mode_ok, "is not among the `modes` of the floor" },
    { SALLY_FIELD_SECRET_KEY, shared_key_ok,
      "is shorter than `key_bits` of the floor" },
    { SALLY_FIELD_MASTER_SECRET, master_secret_ok,
      "is shorter than `key_bits` of the floor" },
    { SALLY_FIELD_SUITES, suites_ok,
      "names a suite with CBC, and `cbc` of the floor is false" },
    { SALLY_FIELD_USAGE, usage_ok,
      "is not 0 or 1, so the server's certificate need not lead to "
      "`trust_file`" },
};

const char *
sally_floor_fault(const struct sally_security_floor *floor,
                  const struct sally_credential_draft *account,
                  const struct sally_credential_field **culprit)
{
    for (size_t i = 0; i < SALLY_LEN(rules); i++)
        if (!rules[i].ok(floor, account)) {
            *culprit = sally_credential_field(rules[i].kind);
            return rules[i].fault;
        }
    return NULL;
}
