/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password.c - whether a password is right: what was
 * proved before, who has to wait, and what the verifier says.               */
#include "ingress/auth/password.h"

#include "base/secret.h"
#include "ingress/auth/password_queue.h"
#include "ingress/auth/password_users.h"
#include "ingress/auth/penalty.h"
#include "security/crypto.h"

#include <stdlib.h>
#include <string.h>

#define BOOT_KEY_BYTES 32

struct sally_passwords {
    struct sally_password_users users;
    struct sally_password_users next; /* being prepared */
    struct sally_penalties *penalties; /* owned */
    uint8_t boot_key[BOOT_KEY_BYTES];
    uint32_t next_ticket;
    struct sally_password_waiting *under_way; /* at the verifier, or NULL */
    struct sally_password_queue queue;
};

enum sally_err sally_passwords_create(struct sally_passwords **out,
                                      struct sally_span text, const char *file,
                                      struct sally_random random, FILE *report)
{
    struct sally_passwords *p = calloc(1, sizeof(*p));
    enum sally_err e;

    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    sally_password_queue_init(&p->queue);
    sally_random_fill(&random, p->boot_key, sizeof(p->boot_key));
    e = sally_password_users_load(&p->users, text, file, &random, report);
    if (e == SALLY_E_OK)
        e = sally_penalties_create(&p->penalties, random);
    if (e != SALLY_E_OK) {
        sally_passwords_wipe(p);
        return e;
    }
    *out = p;
    return SALLY_E_OK;
}

void sally_passwords_wipe(struct sally_passwords *p)
{
    if (p == NULL)
        return;
    sally_password_users_wipe(&p->users);
    sally_password_users_wipe(&p->next);
    sally_penalties_wipe(p->penalties);
    sally_wipe(p, sizeof(*p));
    free(p);
}

/* --- Another list -------------------------------------------------------- */

enum sally_err sally_passwords_prepare(struct sally_passwords *p,
                                       struct sally_span text, const char *file,
                                       struct sally_random random, FILE *report)
{
    enum sally_err e;

    sally_passwords_abort(p);
    e = sally_password_users_load(&p->next, text, file, &random, report);
    if (e != SALLY_E_OK)
        sally_passwords_abort(p);
    return e;
}

void sally_passwords_abort(struct sally_passwords *p)
{
    sally_password_users_wipe(&p->next);
}

static bool same_line(const struct sally_password_line *a,
                      const struct sally_password_line *b)
{
    return a->scheme == b->scheme && a->cost.log2_n == b->cost.log2_n &&
           a->cost.r == b->cost.r && a->cost.p == b->cost.p &&
           a->iterations == b->iterations &&
           sally_span_equal((struct sally_span){ a->salt, a->salt_len },
                            (struct sally_span){ b->salt, b->salt_len }) &&
           sally_span_equal((struct sally_span){ a->hash, a->hash_len },
                            (struct sally_span){ b->hash, b->hash_len });
}

bool sally_passwords_keep(const struct sally_passwords *p,
                          struct sally_span user)
{
    const struct sally_password_user *was =
        sally_password_users_find(&p->users, user);
    const struct sally_password_user *is =
        sally_password_users_find(&p->next, user);

    return was != NULL && is != NULL && same_line(&was->line, &is->line);
}

/* Whom a waiting check is about, by the next list. */
static void aim_again(struct sally_passwords *p,
                      struct sally_password_waiting *w)
{
    w->user = sally_password_users_find(&p->next, w->name);
    if (w->user == NULL)
        w->user = sally_password_users_nobody(&p->next);
}

/* An answer that is on its way is about the old hash: it is asked for anew
 * unless that is the same.                                                  */
static void aim_all_again(struct sally_passwords *p)
{
    struct sally_password_waiting *w = p->under_way;

    for (struct sally_password_waiting *q = p->queue.first; q != NULL;
         q = q->next)
        aim_again(p, q);
    if (w == NULL)
        return;
    if (!sally_passwords_keep(p, w->name)) {
        p->under_way = NULL;
        sally_password_queue_put(&p->queue, w);
    }
    aim_again(p, w);
}

void sally_passwords_commit(struct sally_passwords *p)
{
    aim_all_again(p);
    for (size_t i = 0; i < p->next.count; i++) {
        struct sally_password_user *u = &p->next.all[i];
        const struct sally_password_user *was =
            sally_password_users_find(&p->users, u->line.name);

        if (was == NULL || !was->proved || !same_line(&was->line, &u->line))
            continue;
        u->proved = true;
        memcpy(u->proof, was->proof, sizeof(u->proof));
    }
    sally_password_users_wipe(&p->users);
    p->users = p->next;
    p->next = (struct sally_password_users){ .count = 0 };
}

/* --- Checks -------------------------------------------------------------- */

/* HMAC of (name, password, hash): a new hash for the user makes it another. */
static enum sally_err prove(const struct sally_passwords *p,
                            const struct sally_password_user *u,
                            struct sally_span password,
                            uint8_t out[SALLY_SHA256_LEN])
{
    uint8_t lengths[2] = { (uint8_t)u->line.name.len, (uint8_t)password.len };
    const struct sally_span parts[] = {
        { lengths, sizeof(lengths) },
        u->line.name,
        password,
        { u->line.hash, u->line.hash_len },
    };

    return sally_crypto_hmac(
        (struct sally_span){ p->boot_key, sizeof(p->boot_key) }, parts,
        SALLY_LEN(parts), out);
}

static bool proved_before(const struct sally_passwords *p,
                          const struct sally_password_user *u,
                          struct sally_span password)
{
    uint8_t proof[SALLY_SHA256_LEN];

    return u->proved && prove(p, u, password, proof) == SALLY_E_OK &&
           sally_equal_secret((struct sally_span){ proof, sizeof(proof) },
                              (struct sally_span){ u->proof,
                                                   sizeof(u->proof) });
}

/* Copies who asks from where with what. Lengths were checked. */
static void fill_place(struct sally_password_waiting *w,
                       const struct sally_auth_source *s,
                       struct sally_span name, struct sally_span password)
{
    w->source = *s;
    memcpy(w->ip, s->ip, s->family == 4 ? 4 : sizeof(w->ip));
    w->source.ip = w->ip;
    if (name.len != 0)
        memcpy(w->name_bytes, name.at, name.len);
    w->name = (struct sally_span){ w->name_bytes, name.len };
    if (password.len != 0)
        memcpy(w->password, password.at, password.len);
    w->password_len = (uint8_t)password.len;
}

enum sally_password_verdict
sally_passwords_check(struct sally_passwords *p,
                      const struct sally_auth_source *source,
                      struct sally_span user, struct sally_span password,
                      sally_password_told *told, void *subject, sally_usec now)
{
    struct sally_password_user *u = sally_password_users_find(&p->users, user);
    struct sally_password_waiting *w;

    if (sally_penalties_blocked(p->penalties, source, user, now))
        return SALLY_PASSWORD_BLOCKED;
    if (user.len > SALLY_PASSWORD_NAME_MAX ||
        password.len > SALLY_PASSWORD_MAX) {
        sally_penalties_failed(p->penalties, source, user, now);
        return SALLY_PASSWORD_BAD;
    }
    if (u != NULL && proved_before(p, u, password))
        return SALLY_PASSWORD_GOOD;
    w = sally_password_queue_place(&p->queue);
    if (w == NULL)
        return SALLY_PASSWORD_BUSY;
    fill_place(w, source, user, password);
    w->user = u != NULL ? u : sally_password_users_nobody(&p->users);
    w->told = told;
    w->subject = subject;
    sally_password_queue_put(&p->queue, w);
    return SALLY_PASSWORD_LATER;
}

static bool is_of(const struct sally_password_waiting *w, const void *what)
{
    return w->subject == what;
}

struct moment {
    struct sally_penalties *penalties;
    sally_usec now;
};

static bool is_blocked(const struct sally_password_waiting *w, const void *what)
{
    const struct moment *m = what;

    return sally_penalties_blocked(m->penalties, &w->source, w->name, m->now);
}

/* One that is under way goes on, for what it tells about the source. */
void sally_passwords_forget(struct sally_passwords *p, const void *subject)
{
    struct sally_password_waiting *w;

    while ((w = sally_password_queue_pick(&p->queue, is_of, subject)) != NULL)
        sally_password_queue_give(&p->queue, w);
    if (p->under_way != NULL && p->under_way->subject == subject) {
        p->under_way->told = NULL;
        p->under_way->subject = NULL;
    }
}

static void put_check(const struct sally_password_waiting *w,
                      struct sally_bus_check *out)
{
    const struct sally_password_line *line = &w->user->line;

    *out = (struct sally_bus_check){
        .ticket = w->ticket,
        .scheme = (uint8_t)line->scheme,
        .iterations = line->iterations,
        .log2_n = (uint8_t)line->cost.log2_n,
        .r = (uint8_t)line->cost.r,
        .p = (uint8_t)line->cost.p,
        .salt_len = (uint8_t)line->salt_len,
        .hash_len = (uint8_t)line->hash_len,
        .password_len = w->password_len,
    };
    memcpy(out->salt, line->salt, line->salt_len);
    memcpy(out->hash, line->hash, line->hash_len);
    memcpy(out->password, w->password, w->password_len);
}

bool sally_passwords_next(struct sally_passwords *p, bool again,
                          struct sally_bus_check *out)
{
    if (p->under_way != NULL && !again)
        return false;
    if (p->under_way == NULL) {
        p->under_way = sally_password_queue_pick(&p->queue, NULL, NULL);
        if (p->under_way == NULL)
            return false;
        p->under_way->ticket = ++p->next_ticket;
    }
    put_check(p->under_way, out);
    return true;
}

/* Remembers the outcome; nobody has no good password, whatever a verifier
 * says.                                                                     */
static bool settle(struct sally_passwords *p,
                   const struct sally_password_waiting *w, bool good,
                   sally_usec now)
{
    struct sally_span password = { w->password, w->password_len };
    struct sally_password_user *u = w->user;

    if (!good || u == sally_password_users_nobody(&p->users)) {
        sally_penalties_failed(p->penalties, &w->source, w->name, now);
        return false;
    }
    u->proved = prove(p, u, password, u->proof) == SALLY_E_OK;
    sally_penalties_forgive(p->penalties, &w->source, w->name);
    return true;
}

static void tell(struct sally_passwords *p, struct sally_password_waiting *w,
                 bool good, sally_usec now)
{
    sally_password_told *told = w->told;
    void *subject = w->subject;

    sally_password_queue_give(&p->queue, w);
    if (told != NULL)
        told(subject, good, now);
}

/* Guesses that were queued before the block fell are not worth a check. */
void sally_passwords_checked(struct sally_passwords *p,
                             const struct sally_bus_checked *c, sally_usec now)
{
    struct sally_password_waiting *w = p->under_way;
    struct moment m = { p->penalties, now };
    bool good;

    if (w == NULL || c->ticket != w->ticket)
        return;
    p->under_way = NULL;
    good = settle(p, w, c->good != 0, now);
    tell(p, w, good, now);
    while (!good &&
           (w = sally_password_queue_pick(&p->queue, is_blocked, &m)) != NULL)
        tell(p, w, false, now);
}
