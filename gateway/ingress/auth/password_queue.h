/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/auth/password_queue.h - checks that wait for the verifier:
 * first come, first served, in a fixed number of places.                    */
#ifndef SALLY_INGRESS_AUTH_PASSWORD_QUEUE_H
#define SALLY_INGRESS_AUTH_PASSWORD_QUEUE_H

#include "ingress/auth/password.h"
#include "ingress/auth/password_users.h"

struct sally_password_waiting {
    struct sally_password_waiting *next;
    struct sally_password_user *user;
    sally_password_told *told; /* NULL: nobody is to be told any more */
    void *subject;
    struct sally_auth_source source; /* its `ip` is the one below */
    uint8_t ip[16];
    struct sally_span name; /* as the peer said it, in name_bytes */
    uint8_t name_bytes[SALLY_PASSWORD_NAME_MAX];
    uint32_t ticket;
    uint8_t password_len;
    uint8_t password[SALLY_PASSWORD_MAX];
};

struct sally_password_queue {
    struct sally_password_waiting *first, *last, *free;
    struct sally_password_waiting places[SALLY_PASSWORD_WAITING];
};

/* Which of those that wait are meant. */
typedef bool sally_password_wanted(const struct sally_password_waiting *w,
                                   const void *what);

/* All places are free. */
void sally_password_queue_init(struct sally_password_queue *q);

/* A free place, not in the queue yet; NULL when there is none. */
struct sally_password_waiting *
sally_password_queue_place(struct sally_password_queue *q);

/* Puts a place at the end. */
void sally_password_queue_put(struct sally_password_queue *q,
                              struct sally_password_waiting *w);

/* Takes out the first for which `wanted` is true (NULL: any); NULL: none. */
struct sally_password_waiting *
sally_password_queue_pick(struct sally_password_queue *q,
                          sally_password_wanted *wanted, const void *what);

/* Wipes the place and gives it back. It is not in the queue. */
void sally_password_queue_give(struct sally_password_queue *q,
                               struct sally_password_waiting *w);

#endif
