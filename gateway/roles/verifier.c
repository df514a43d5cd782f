/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/verifier.c - compares passwords with their scrypt hashes, away
 * from the outer door: a check takes some 50 ms and 16 MiB by intention, and
 * must hold up no sensor. It has no key, no file and no socket. One check at a
 * time is the outer door's doing.                                           */
#include "roles/answerer.h"

#include "security/crypto.h"

#define MEMORY_MAX ((uint64_t)64 << 20) /* bytes that one check may take */
#define SALT_MIN 8                      /* bytes; shorter is no hash of ours */
#define HASH_MIN 16

struct digest {
    uint8_t bytes[64];
};

static void wipe_digest(struct digest *d)
{
    sally_wipe(d, sizeof(*d));
}

/* RFC 7914 s.2: scrypt fills 128 * r * N bytes; the parallel ones run one
 * after the other and cost time only.                                       */
static bool affordable(const struct sally_bus_check *c)
{
    return (uint64_t)128 * c->r << c->log2_n <= MEMORY_MAX;
}

static bool password_is_good(const struct sally_bus_check *c)
{
    SALLY_ON_EXIT(wipe_digest) struct digest digest;
    struct sally_scrypt cost = { c->log2_n, c->r, c->p };

    if (!affordable(c) || c->salt_len < SALT_MIN || c->hash_len < HASH_MIN)
        return false;
    if (sally_crypto_scrypt((struct sally_span){ c->password, c->password_len },
                            (struct sally_span){ c->salt, c->salt_len }, cost,
                            digest.bytes, c->hash_len) != SALLY_E_OK)
        return false;
    return sally_equal_secret((struct sally_span){ digest.bytes, c->hash_len },
                              (struct sally_span){ c->hash, c->hash_len });
}

/* The bus wipes the question when this returns. */
static bool check(const struct sally_bus_message *question,
                  struct sally_bus_message *answer)
{
    if (question->type != SALLY_BUS_CHECK)
        return false;
    sally_bus_begin(answer, SALLY_BUS_CHECKED);
    answer->as.checked.ticket = question->as.check.ticket;
    answer->as.checked.good = password_is_good(&question->as.check);
    return true;
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    return sally_answerer_create(out, context, SALLY_VERIFIER, SALLY_OUTER,
                                 check);
}

const struct sally_role_row sally_role_verifier = {
    .name = SALLY_VERIFIER,
    .create = create,
    .on_peer = sally_answerer_on_peer,
    .start = sally_answerer_start,
    .stop = sally_answerer_stop,
    .destroy = sally_answerer_destroy,
};
