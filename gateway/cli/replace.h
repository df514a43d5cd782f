/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/replace.h - the parts of the verb replace: what proved the old
 * device, and the keys of its accounts.                                     */
#ifndef SALLY_CLI_REPLACE_H
#define SALLY_CLI_REPLACE_H

#include "cli/enroll.h"
#include "cli/passwords.h"
#include "cli/prompt.h"
#include "cli/verbs.h"
#include "config/files.h"

/* What the options name; NULL: not given. */
struct sally_replace_options {
    const char *password; /* "-": from the standard input */
    const char *mac, *ip, *into, *authority, *key;
};

/* A user of the sensor's, with the line that is to stand in `passwords`. */
struct sally_replace_user {
    const char *name;
    struct sally_typed password;
    char line[SALLY_PASSWORD_LINE];
};

struct sally_replacing {
    const struct sally_cli *cli;
    const struct sally_replace_options *options;
    struct sally_config_files files;
    struct sally_config config;
    const struct sally_config_sensor *sensor; /* of `config` */
    const char *id;
    struct sally_made made;
    struct sally_enroll_files with;
    struct sally_replace_user *users; /* owned; wiped */
    size_t user_count;
    unsigned keys; /* files made */
};

/* Says so on the tool's standard error; false. */
bool sally_replace_fail(const struct sally_replacing *r, const char *what,
                        const char *why);

/* A new MAC or IP address in the text of the sensor's file, in memory, and the
 * configuration read with it. False, and it says so: there is one to change and
 * no option for it, or the other way round; it stands in a way that only a
 * person can change; or it is the one that it was.                          */
bool sally_replace_address(struct sally_replacing *r);
bool sally_replace_address_write(struct sally_replacing *r);

/* Makes passwords for its users, or takes the one that is given. */
bool sally_replace_passwords(struct sally_replacing *r);
bool sally_replace_passwords_write(const struct sally_replacing *r);

/* New keys of TLS where it has such proofs, with the old ones aside; and what
 * is left to do, on standard error, certificates among it.                  */
bool sally_replace_local_keys(struct sally_replacing *r);
void sally_replace_local_tell(const struct sally_replacing *r);

/* New key files for the accounts of a sensor without a bootstrap server, with
 * the old ones aside, and the servers' files.                               */
bool sally_replace_keys(struct sally_replacing *r);

#endif
