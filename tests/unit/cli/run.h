/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/run.h - runs a verb and gives back what it printed. */
#ifndef TESTS_CLI_RUN_H
#define TESTS_CLI_RUN_H

#include <stdlib.h>
#include <string.h>

#include "cli/verbs.h"

struct ran {
    int status;
    char *out, *err; /* owned */
};

static struct ran run_verb(const char *socket, bool json,
                           const char *const *words)
{
    struct ran r = { .status = -1 };
    size_t out_size, err_size;
    struct sally_cli cli = { socket, "sallyport.conf", json, stdin,
                             open_memstream(&r.out, &out_size),
                             open_memstream(&r.err, &err_size) };
    char *args[16];
    int count = 0;

    for (; words[count] != NULL; count++)
        args[count] = strdup(words[count]);
    r.status = sally_verb_run(&cli, args, count);
    for (int i = 0; i < count; i++)
        free(args[i]);
    fclose(cli.out);
    fclose(cli.err);
    return r;
}

static void ran_free(struct ran *r)
{
    free(r->out);
    free(r->err);
}

#endif
