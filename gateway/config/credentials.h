/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/credentials.h - from what the configuration and the key files
 * say of an account to its credential.                                      */
#ifndef SALLY_CONFIG_CREDENTIALS_H
#define SALLY_CONFIG_CREDENTIALS_H

#include "config/config.h"
#include "security/trust.h"

/* True if a file holds a part of it, which the keyring brings. */
bool sally_config_has_files(const struct sally_config_account *a);

/* Makes the credential of account `a`; `server` is the one that it names, and
 * `files` the parts of its keyring entry. `trust` is the server's, `holder`
 * has what is held; both outlive the credential; NULL: none. *out is zeroed or
 * made before. Errors of sally_credential_make() with the field at fault, and
 * MALFORMED for parts that are none.                                        */
enum sally_err
sally_config_credential(const struct sally_config_server *server,
                        const struct sally_config_account *a,
                        struct sally_span files,
                        const struct sally_trust *trust,
                        const struct sally_holder *holder,
                        struct sally_credential *out,
                        const struct sally_credential_field **culprit)
    SALLY_MUST_USE;

/* What an account does not say itself and its server does: adds that to a draft
 * whose fields are put. `hosts` is where names go that the draft then borrows.
 * NO_ROOM: there are too many.                                              */
struct sally_config_hosts {
    uint8_t bytes[SALLY_CONFIG_URIS_MAX * (SALLY_URI_HOST_MAX + 1)];
};
enum sally_err
sally_config_demand(const struct sally_config_server *server,
                    const struct sally_trust *trust,
                    const struct sally_holder *holder,
                    struct sally_credential_draft *draft,
                    struct sally_config_hosts *hosts) SALLY_MUST_USE;

/* What is wrong, as a message goes on after "expected". */
const char *sally_config_wanted(const struct sally_credential_field *culprit,
                                enum sally_err e);

/* Makes the trust of a server of the parts of its keyring entry; *out is NULL
 * if it has none. Errors of trust.h; MALFORMED for parts that are none.     */
enum sally_err sally_config_trust(const struct sally_config_server *server,
                                  struct sally_span files,
                                  struct sally_trust **out) SALLY_MUST_USE;

#endif
