/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_users.h - the users of a passwords file. */
#ifndef SALLY_INGRESS_AUTH_PASSWORD_USERS_H
#define SALLY_INGRESS_AUTH_PASSWORD_USERS_H

#include "base/hashmap.h"
#include "base/random.h"
#include "ingress/auth/password_file.h"

#include <stdio.h>

struct sally_password_user {
    struct sally_hashmap_node node;
    char name[SALLY_PASSWORD_NAME_MAX];
    struct sally_password_line line; /* its name stands above */
    bool proved;                     /* `proof` holds */
    uint8_t proof[SALLY_SHA256_LEN]; /* HMAC of name, password and hash */
};

struct sally_password_users {
    struct sally_password_user *all; /* owned; all[count] is nobody */
    size_t count;
    struct sally_hashmap by_name;
};

/* Reads the text of a passwords file; every bad line is reported. The copy
 * that is made does not borrow from it. MALFORMED, NO_MEMORY; wipe in every
 * case.                                                                     */
enum sally_err sally_password_users_load(struct sally_password_users *out,
                                         struct sally_span text,
                                         const char *file,
                                         const struct sally_random *random,
                                         FILE *report) SALLY_MUST_USE;
void sally_password_users_wipe(struct sally_password_users *u);

/* NULL if there is none. A keyed hash finds the name: how long that takes says
 * nothing about the names that there are.                                   */
struct sally_password_user *
sally_password_users_find(const struct sally_password_users *u,
                          struct sally_span name);

/* Stands in for users that do not exist: no password has its hash. */
struct sally_password_user *
sally_password_users_nobody(const struct sally_password_users *u);

#endif
