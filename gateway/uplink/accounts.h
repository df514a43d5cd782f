/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/accounts.h - from a book of accounts to the clients of a
 * sensor: which of them live, where they go and with which keys.
 *
 * An account of a book is that of the configured server with its Short Server
 * ID. URIs, keys and the values of /1 are the book's; what LwM2M has no word
 * for (version, report, reach, least version, authorities) is the server's. */
#ifndef SALLY_UPLINK_ACCOUNTS_H
#define SALLY_UPLINK_ACCOUNTS_H

#include "lwm2m/book.h"
#include "uplink/sensor.h"

/* A server as a book has it, where that is not as the configuration has it. */
struct sally_virtual_site {
    struct sally_config_server server; /* with these URIs */
    struct sally_uri more[SALLY_CONFIG_URIS_MAX - 1];
    char text[SALLY_URI_TEXT];
};

/* The account of a book with this Short Server ID; 0: that of its bootstrap
 * server. NOT_FOUND, and errors of sally_book_account().                    */
enum sally_err sally_account_find(const struct sally_book *b, uint16_t short_id,
                                  struct sally_account *out,
                                  struct sally_path *culprit) SALLY_MUST_USE;

/* Its credential at the configured server; errors of sally_book_credential().
 */
enum sally_err
sally_account_credential(const struct sally_config_server *server,
                         const struct sally_trust *trust,
                         const struct sally_holder *holder,
                         const struct sally_book *book,
                         const struct sally_account *account,
                         struct sally_credential *out,
                         struct sally_path *culprit) SALLY_MUST_USE;

/* site.c - the client's server as the configuration has it; whether an account
 * leads elsewhere than where the client is; and that it is there from now on
 * (NO_MEMORY: it stays where it was).                                       */
const struct sally_config_server *
sally_account_base(const struct sally_virtual_client *v);
bool sally_account_moves(const struct sally_virtual_client *v,
                         const struct sally_book *book,
                         const struct sally_account *a);
enum sally_err sally_account_settle(struct sally_virtual_client *v,
                                    const struct sally_book *book,
                                    const struct sally_account *a)
    SALLY_MUST_USE;

/* Puts a book in force before anything of the sensor began. */
void sally_account_load_all(struct sally_uplink_sensor *u,
                         const struct sally_book *book, sally_usec now);

/* Puts `book` in force in the place of `before`. A client whose keys, URIs or
 * lifetime change loses its session and all that is kept of it, and begins
 * anew; one without an account any more is revoked; one that is new begins; the
 * others do not notice. Never within a call of one of these clients.        */
void sally_account_apply_all(struct sally_uplink_sensor *u,
                          const struct sally_book *before,
                          const struct sally_book *book, sally_usec now);

/* The keys that the sensor uses and will not have an account for any more, once
 * `book` is in force: to be buried when that is saved. Borrowed.            */
struct sally_dead;
void sally_account_lost(const struct sally_uplink_sensor *u,
                        const struct sally_book *book, struct sally_dead *dead);

/* Its session ends at once, and it sleeps. Its keys are buried before. */
void sally_account_revoke(struct sally_virtual_client *v, sally_usec now);

/* How many of the sensor's clients have keys. */
unsigned sally_account_living(const struct sally_uplink_sensor *u);

/* The server of the client is what `config` says, but for what a book does. */
void sally_account_repoint(struct sally_virtual_client *v,
                           const struct sally_config *config);

/* Gives back what a client has of a book. */
void sally_account_forget(struct sally_virtual_client *v);

#endif
