/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/factory.h - the accounts of the configuration as a book: what
 * a sensor has before its first bootstrap, so that a bootstrap server can look
 * at it and write to parts of it.                                           */
#ifndef SALLY_UPLINK_FACTORY_H
#define SALLY_UPLINK_FACTORY_H

#include "config/config.h"
#include "lwm2m/book.h"

/* Puts account number `account` of the sensor, that of its bootstrap server
 * included, with what its files hold as a keyring entry has it, into `book`,
 * which is made larger for it and never larger than it must be. The bootstrap
 * account is /0/0, that in slot n /0/n+1; an instance of /21 has the number of
 * that of /0. MALFORMED: not such an entry; NO_MEMORY, NO_ROOM, and errors of
 * values that their resources cannot take.                                  */
enum sally_err sally_factory_put(struct sally_book *book,
                                 const struct sally_config *config,
                                 const struct sally_config_sensor *sensor,
                                 uint32_t account,
                                 struct sally_span files) SALLY_MUST_USE;

/* Calls `each` with the config key of every part of a file's account, that of
 * the bootstrap server (0) included, in which `book` says something else; with
 * "account" where `book` has no such account.                               */
void sally_factory_compare(const struct sally_book *factory,
                           const struct sally_book *book, uint16_t short_id,
                           void (*each)(void *owner, const char *key),
                           void *owner);

#endif
