/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/verbs.h - what sallyportctl can do: one row per verb. */
#ifndef SALLY_CLI_VERBS_H
#define SALLY_CLI_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SALLY_DEFAULT_SOCKET "/run/sallyport/control.sock"
#define SALLY_DEFAULT_CONFIG SALLY_SYSCONFDIR "/sallyport.conf"

/* What the command exits with. */
enum { SALLY_EXIT_DONE = 0, SALLY_EXIT_REFUSED = 1, SALLY_EXIT_USAGE = 2 };

struct sally_cli {
    const char *socket; /* of the daemon's console */
    const char *config; /* the main file */
    bool json;          /* machine-readable output */
    FILE *in, *out, *err;
};

struct sally_verb {
    const char *name, *args, *help;
    int min, max; /* number of arguments behind the verb */
    int (*run)(const struct sally_cli *cli, const struct sally_verb *verb,
               char **args, int count);
};

/* NULL if there is none in this version. */
const struct sally_verb *sally_verb_named(const char *name);

/* One line per verb. */
void sally_verbs_help(FILE *out);

/* Checks the number of arguments and runs the verb; an exit code. */
int sally_verb_run(const struct sally_cli *cli, char **args, int count);

/* The verbs: each in its own file. */
int sally_verb_passwd(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count);
int sally_verb_security(const struct sally_cli *cli,
                        const struct sally_verb *v, char **args, int count);
int sally_verb_test(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count);
int sally_verb_try(const struct sally_cli *cli, const struct sally_verb *v,
                   char **args, int count);
int sally_verb_enroll(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count);
int sally_verb_init(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count);
int sally_verb_replace(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count);
int sally_verb_fleet(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count);
int sally_verb_journal(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count);
int sally_verb_order(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count);
int sally_verb_adopt(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count);
int sally_verb_backup(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count);
int sally_verb_restore(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count);
int sally_verb_factory_reset(const struct sally_cli *cli,
                             const struct sally_verb *v, char **args,
                             int count);
int sally_verb_ask(const struct sally_cli *cli, const struct sally_verb *v,
                   char **args, int count);
int sally_verb_keys(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count);
int sally_verb_version(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count);

#endif
