/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/fleet.c - the verb fleet: a gateway's key of the fleet's secret,
 * which stays where the verb runs.                                          */
#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "cli/enroll.h"
#include "cli/verbs.h"
#include "config/kinds.h"
#include "config/schema.h"

struct fleet {
    uint8_t secret[SALLY_FLEET_KEY_LEN], key[SALLY_FLEET_KEY_LEN];
    char line[2 * SALLY_FLEET_KEY_LEN + 2];
};

static void fleet_wipe(struct fleet *f) { sally_wipe(f, sizeof(*f)); }

static bool write_key(struct fleet *f, const char *path, FILE *err)
{
    struct sally_made made = { .count = 0 };
    bool good;

    sally_text_to_hex((struct sally_span){ f->key, sizeof(f->key) }, f->line,
                      sizeof(f->line));
    f->line[sizeof(f->line) - 2] = '\n';
    f->line[sizeof(f->line) - 1] = '\0';
    good = sally_made_file(&made, path, 0600, sally_span_of(f->line));
    if (!good) {
        fprintf(err, "sallyportctl: %s: %s\n", path, strerror(errno));
        sally_made_undo(&made);
    }
    sally_made_wipe(&made);
    return good;
}

int sally_verb_fleet(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count)
{
    SALLY_ON_EXIT(fleet_wipe) struct fleet f = { .line = "" };
    struct sally_buf secret = SALLY_BUF(f.secret);
    enum sally_err e;

    (void)v;
    (void)count;
    if (!sally_name_is_plain(args[1])) {
        fprintf(cli->err, "sallyportctl: a gateway's name is up to %d letters, "
                          "digits, '.', '_' or '-'\n",
                SALLY_NAME_MAX);
        return SALLY_EXIT_REFUSED;
    }
    if (!sally_enroll_line(args[0], &secret, cli->err))
        return SALLY_EXIT_REFUSED;
    e = sally_enroll_fleet(sally_buf_span(&secret), args[1], f.key);
    if (e != SALLY_E_OK) {
        fprintf(cli->err, "sallyportctl: %s: %s\n", args[1], sally_err_text(e));
        return SALLY_EXIT_REFUSED;
    }
    return write_key(&f, args[2], cli->err) ? SALLY_EXIT_DONE
                                            : SALLY_EXIT_REFUSED;
}
