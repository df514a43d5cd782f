/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/suites.h - the cipher suites there are, in one table, and which
 * of them an account offers. LwM2M 1.1 Transport s.5.2, /0/x/16.            */
#ifndef SALLY_SECURITY_SUITES_H
#define SALLY_SECURITY_SUITES_H

#include "base/error.h"
#include "security/credential.h"

/* Room for any list, as the library wants it, with its zero byte. */
#define SALLY_SUITE_LIST_MAX 640

/* What is offered: names as the library has them, best first. */
struct sally_suite_list {
    char names[SALLY_SUITE_LIST_MAX];
    bool v12, v13;      /* suites of TLS 1.2, of 1.3 are in it */
    const char *psk_13; /* the first one of 1.3, which a PSK is bound to */
};

/* The list of an account: those that it names, in its order, else the default
 * ones; without those that its mode or its least version rules out. CBC is
 * used where an account names it, and nowhere else. UNSUPPORTED: nothing is
 * left.                                                                     */
enum sally_err sally_suites_of(const struct sally_credential *c,
                               struct sally_suite_list *out) SALLY_MUST_USE;

/* Whether it encrypts with CBC; a number that is not known does not. */
bool sally_suite_is_cbc(uint16_t number) SALLY_MUST_USE;

/* What a server takes from a client of any kind that it has means for: `psk`,
 * a key pair (`certificate`), or both.                                      */
void sally_suites_server(bool psk, bool certificate,
                         struct sally_suite_list *out);

/* The same from names as the library has them, separated by colons; those that
 * are not in the table are left out. UNSUPPORTED: nothing is left.          */
enum sally_err sally_suites_named(const char *names,
                                  struct sally_suite_list *out) SALLY_MUST_USE;

#endif
