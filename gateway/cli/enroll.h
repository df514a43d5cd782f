/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll.h - new sensors: their files, their keys, and what their
 * servers must know of them.                                                */
#ifndef SALLY_CLI_ENROLL_H
#define SALLY_CLI_ENROLL_H

#include <stdio.h>

#include "config/config.h"
#include "security/enroll.h"

/* What was done to files so far, so that it can be undone when something fails.
 */
struct sally_made_step {
    const char *path;
    bool aside; /* the one that was there has another name; else: was made */
};
struct sally_made {
    struct sally_arena arena;
    struct sally_made_step *steps;
    size_t count, room;
};

/* Makes the file, which must not exist, with `mode` and the owner of its
 * folder, writes and syncs it. In a setgid folder its group may read the file.
 * False: errno tells.                                                       */
bool sally_made_file(struct sally_made *m, const char *path, unsigned mode,
                     struct sally_span text);

/* Gives the file another name, with ".replaced" behind it, to make place for a
 * new one. False: errno tells. When the new ones are there, _alike() gives them
 * owner and mode of the old ones; when all is well, _settle() deletes those.
 */
bool sally_made_aside(struct sally_made *m, const char *path);
bool sally_made_alike(struct sally_made *m);
void sally_made_settle(struct sally_made *m);

void sally_made_undo(struct sally_made *m);
void sally_made_wipe(struct sally_made *m); /* the files stay */

/* All of a stream of text, in the arena. False, and it says so: it is longer
 * than 8 MiB, holds a zero byte, or cannot be read. `name` is what it is called
 * in the message.                                                           */
bool sally_enroll_text(FILE *f, const char *name, struct sally_arena *arena,
                       struct sally_span *out, FILE *err);

/* A table separated by commas: the first line names the columns, one of them
 * "id"; each other line is a sensor, of which `each` gets all `count` columns,
 * and says whether to go on. False, and it says so, where it is no such table.
 */
#define SALLY_COLUMNS_MAX 16
typedef bool sally_enroll_row(void *owner, struct sally_span id,
                              const struct sally_span *names,
                              const struct sally_span *values, size_t count);
bool sally_enroll_table(struct sally_span text, sally_enroll_row *each,
                        void *owner, FILE *err);

/* What keys are made with, as files say it. */
struct sally_enroll_files {
    struct sally_enroll_source source;
    uint8_t *room; /* owned; wiped */
};

/* Reads them; NULL: there is none. `authority` and `key` go together. False,
 * and it says so, where one is not what it should be. `out` is zeroed.      */
bool sally_enroll_files_read(struct sally_enroll_files *out, const char *fleet,
                             const char *authority, const char *key, FILE *err);
void sally_enroll_files_wipe(struct sally_enroll_files *f);

/* A file of 32 bytes, as one line of hexadecimal digits, appended to `out`. */
bool sally_enroll_line(const char *path, struct sally_buf *out, FILE *err);

/* Makes the key files of an account that are missing and can be made: shared
 * secrets, private keys for raw public keys, and with an authority private keys
 * and certificates. Returns how many it made, or -1 when one cannot be made,
 * which it says.                                                            */
int sally_enroll_keys(struct sally_made *m, const struct sally_config *c,
                      const struct sally_config_sensor *s,
                      const struct sally_config_account *a,
                      const struct sally_enroll_source *from, FILE *err);

/* What the file of this part holds, as bytes of its field, appended to `out`;
 * `file` is room for all of it, which the caller wipes. False, and it says so,
 * when it cannot be read or holds something else.                           */
bool sally_enroll_read(const struct sally_config_account *a,
                       const struct sally_config_part *p,
                       struct sally_buf *file, struct sally_buf *out,
                       FILE *err);

/* The account's credential of what its files hold; false, and it says so, when
 * one cannot be read or they do not go together. `out` is zeroed.           */
bool sally_enroll_credential(const struct sally_config *c,
                             const struct sally_config_sensor *s,
                             const struct sally_config_account *a,
                             struct sally_credential *out, FILE *err);

/* Sensors of the configuration, by their ids. */
struct sally_enroll_list {
    const char *const *ids;
    size_t count;
};

/* The sensor with that id, which is there. */
const struct sally_config_sensor *
sally_enroll_sensor(const struct sally_config *c, const char *id);

/* Makes the files for the servers at which they have accounts, in the directory
 * `into`; see sallyportctl(1). Accounts that their bootstrap server is to give
 * get random pre-shared keys, which stand in these files and nowhere else.
 * False, and it says so, when one cannot be made, or a key file is not what it
 * should be.                                                                */
bool sally_enroll_tell(const struct sally_config *c,
                       const struct sally_enroll_list *who, const char *into,
                       struct sally_made *made, FILE *err);

/* What a bootstrap server gives: appended as the REST interface of Leshan's
 * demonstration bootstrap server takes it (POST /api/bootstrap/ENDPOINT),
 * without line break. Holds secrets. NO_ROOM; UNSUPPORTED: it has no word for
 * an ID Context of OSCORE.                                                  */
struct sally_enroll_account {
    const struct sally_config_server *server; /* that has a URI */
    struct sally_credential credential;
    uint32_t lifetime; /* seconds */
};
enum sally_err sally_enroll_config(const struct sally_enroll_account *all,
                                   size_t count,
                                   struct sally_buf *out) SALLY_MUST_USE;

/* A line for the server's side, without line break: as the REST interface of
 * Leshan's demonstration server takes it (PUT /api/security/clients), and as
 * comma-separated values under the head. NO_ROOM; UNSUPPORTED: this form has no
 * word for such an account. Both hold secrets.                              */
#define SALLY_ENROLL_LINE 8192 /* bytes of it, with its line break, at most */
extern const char sally_enroll_head[];
enum sally_err sally_enroll_leshan(const char *endpoint,
                                   const struct sally_credential *c,
                                   struct sally_buf *out) SALLY_MUST_USE;
enum sally_err sally_enroll_values(const char *endpoint,
                                   const struct sally_credential *c,
                                   struct sally_buf *out) SALLY_MUST_USE;

#endif
