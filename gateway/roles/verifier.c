/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/verifier.c - compares passwords with their hashes, away from
 * the outer door: a check with scrypt takes some 50 ms and 16 MiB by intention,
 * and must hold up no sensor. It has no key, no file and no socket. One check
 * at a time is the outer door's doing.                                      */
#include "ingress/auth/password_file.h"
#include "log/log.h"
#include "roles/role.h"
#include "security/crypto.h"

#include <stdlib.h>
#include <unistd.h>

#define FRAMES 8 /* answers are short */
#define MEMORY_MAX ((uint64_t)64 << 20) /* bytes that one check may take */
#define SALT_MIN 8                      /* bytes; shorter is no hash of ours */
#define HASH_MIN 16

struct digest {
    uint8_t bytes[64]; /* as many as a hash can have */
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

static enum sally_err hash(const struct sally_bus_check *c, struct digest *out)
{
    struct sally_scrypt cost = { c->log2_n, c->r, c->p };
    const struct sally_span salted[] = { { c->password, c->password_len },
                                         { c->salt, c->salt_len } };

    switch ((enum sally_password_scheme)c->scheme) {
    case SALLY_PASSWORD_SCRYPT:
        return affordable(c) ? sally_crypto_scrypt(salted[0], salted[1], cost,
                                                   out->bytes, c->hash_len)
                             : SALLY_E_OUT_OF_RANGE;
    case SALLY_PASSWORD_PBKDF2:
        return sally_crypto_pbkdf2(salted[0], salted[1], c->iterations,
                                   out->bytes, c->hash_len);
    case SALLY_PASSWORD_SHA512:
        return sally_crypto_sha512(salted, SALLY_LEN(salted), out->bytes);
    case SALLY_PASSWORD_SCHEMES:
    default:
        return SALLY_E_UNSUPPORTED;
    }
}

static bool password_is_good(const struct sally_bus_check *c)
{
    SALLY_ON_EXIT(wipe_digest) struct digest digest;

    if (c->salt_len < SALT_MIN || c->hash_len < HASH_MIN ||
        hash(c, &digest) != SALLY_E_OK)
        return false;
    return sally_equal_secret((struct sally_span){ digest.bytes, c->hash_len },
                              (struct sally_span){ c->hash, c->hash_len });
}

/* --- The role ------------------------------------------------------------ */

struct verifier {
    const struct sally_role_context *context;
    struct sally_bus *outer; /* NULL while that is away */
};

/* The bus wipes the question when this returns. An answer that finds no room
 * is lost: the outer door asks again.                                       */
static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    struct sally_bus_message answer;

    (void)owner;
    (void)fd;
    (void)now;
    sally_bus_begin(&answer, SALLY_BUS_CHECKED);
    answer.as.checked.ticket = m->as.check.ticket;
    answer.as.checked.good = password_is_good(&m->as.check);
    if (sally_bus_send(b, &answer) != SALLY_E_OK)
        sally_log(SALLY_LOG_WARNING, "answer_lost",
                  SALLY_TEXT("peer", sally_role_text(SALLY_OUTER)));
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    struct verifier *v = owner;

    (void)now;
    v->outer = NULL;
    sally_bus_close(b);
    v->context->lost(v->context->runner, SALLY_OUTER, e);
}

static const struct sally_bus_upcalls bus_upcalls = { .on_message = on_message,
                                                      .on_gone = on_gone };

static void on_peer(void *role, enum sally_role_name peer, int fd)
{
    struct verifier *v = role;

    if (peer != SALLY_OUTER) {
        (void)close(fd);
        return;
    }
    sally_bus_close(v->outer);
    v->outer = NULL;
    if (sally_bus_open(&v->outer, v->context->loop, fd, SALLY_VERIFIER, peer,
                       FRAMES, &bus_upcalls, v) != SALLY_E_OK)
        sally_log(SALLY_LOG_ERROR, "bus_failed",
                  SALLY_TEXT("peer", sally_role_text(peer)));
}

static enum sally_err create(void **out,
                             const struct sally_role_context *context)
{
    struct verifier *v = calloc(1, sizeof(*v));

    if (v == NULL)
        return SALLY_E_NO_MEMORY;
    v->context = context;
    *out = v;
    return SALLY_E_OK;
}

static void start(void *role, sally_usec now)
{
    struct verifier *v = role;

    (void)now;
    v->context->report(v->context->runner, SALLY_CONTROL_READY);
}

static void stop(void *role, sally_usec now)
{
    struct verifier *v = role;

    (void)now;
    v->context->report(v->context->runner, SALLY_CONTROL_DONE);
}

static void destroy(void *role)
{
    struct verifier *v = role;

    if (v == NULL)
        return;
    sally_bus_close(v->outer);
    free(v);
}

const struct sally_role_row sally_role_verifier = {
    .name = SALLY_VERIFIER,
    .create = create,
    .on_peer = on_peer,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
