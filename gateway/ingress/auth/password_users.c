/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_users.c - a passwords file as a table. */
#include "ingress/auth/password_users.h"

#include "base/cursor.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The next line that says something; false at the end. */
static bool next_line(struct sally_cursor *c, unsigned *number,
                      struct sally_span *line)
{
    while (c->rest.len != 0) {
        *line = sally_text_trim(sally_take_until(c, '\n'));
        (*number)++;
        if (line->len != 0 && line->at[0] != '#')
            return true;
    }
    return false;
}

static size_t count_lines(struct sally_span text)
{
    struct sally_cursor c = sally_cursor_over(text);
    struct sally_span line;
    unsigned number = 0;
    size_t n = 0;

    while (next_line(&c, &number, &line))
        n++;
    return n;
}

struct sally_password_user *
sally_password_users_find(const struct sally_password_users *u,
                          struct sally_span name)
{
    struct sally_hashmap_node *n = sally_hashmap_find(&u->by_name, name);

    return n == NULL ? NULL : SALLY_OWNER(n, struct sally_password_user, node);
}

struct sally_password_user *
sally_password_users_nobody(const struct sally_password_users *u)
{
    return &u->all[u->count];
}

/* NULL, or what is wrong with the line. */
static const char *add_user(struct sally_password_users *users,
                            struct sally_span line)
{
    struct sally_password_user *u = &users->all[users->count];
    const char *expected = sally_password_line_parse(line, &u->line);

    if (expected != NULL)
        return expected;
    if (sally_password_users_find(users, u->line.name) != NULL)
        return "each user name once";
    memcpy(u->name, u->line.name.at, u->line.name.len);
    u->line.name.at = (const uint8_t *)u->name;
    sally_hashmap_add(&users->by_name, &u->node, u->line.name);
    users->count++;
    return NULL;
}

static enum sally_err add_users(struct sally_password_users *users,
                                struct sally_span text, const char *file,
                                FILE *report)
{
    struct sally_cursor c = sally_cursor_over(text);
    enum sally_err e = SALLY_E_OK;
    struct sally_span line;
    unsigned number = 0;

    while (next_line(&c, &number, &line)) {
        const char *expected = add_user(users, line);

        if (expected == NULL)
            continue;
        fprintf(report, "%s:%u: expected %s\n", file, number, expected);
        e = SALLY_E_MALFORMED;
    }
    return e;
}

/* A stranger's check costs what a user's costs, so that the time of the answer
 * does not tell who exists.                                                 */
static void make_nobody(struct sally_password_users *users,
                        const struct sally_random *random)
{
    struct sally_password_user *nobody = &users->all[users->count];

    *nobody = (struct sally_password_user){ .proved = false };
    nobody->line.cost = (struct sally_scrypt){ 15, 8, 1 };
    if (users->count != 0)
        nobody->line = users->all[0].line;
    nobody->line.name = (struct sally_span){ NULL, 0 };
    nobody->line.salt_len = 16;
    nobody->line.hash_len = 32;
    sally_random_fill(random, nobody->line.salt, nobody->line.salt_len);
    sally_random_fill(random, nobody->line.hash, nobody->line.hash_len);
}

enum sally_err sally_password_users_load(struct sally_password_users *out,
                                         struct sally_span text,
                                         const char *file,
                                         const struct sally_random *random,
                                         FILE *report)
{
    size_t lines = count_lines(text);
    struct sally_hash_key seed;
    enum sally_err e;

    *out = (struct sally_password_users){ .count = 0 };
    out->all = calloc(lines + 1, sizeof(*out->all));
    if (out->all == NULL)
        return SALLY_E_NO_MEMORY;
    sally_random_fill(random, &seed, sizeof(seed));
    e = sally_hashmap_init(&out->by_name, lines + 1, seed);
    if (e == SALLY_E_OK)
        e = add_users(out, text, file, report);
    if (e == SALLY_E_OK)
        make_nobody(out, random);
    return e;
}

void sally_password_users_wipe(struct sally_password_users *u)
{
    if (u->all != NULL)
        sally_wipe(u->all, (u->count + 1) * sizeof(*u->all));
    free(u->all);
    sally_hashmap_wipe(&u->by_name);
    *u = (struct sally_password_users){ .count = 0 };
}
