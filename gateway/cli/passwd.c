/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/passwd.c - the verb passwd: sets or deletes a password. */
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/passwords.h"
#include "cli/prompt.h"
#include "security/crypto.h"

#define USER_MAX 64

static bool is_user(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == ':' || name[i] == '#' ||
            name[i] == 127)
            return false;
    return len != 0 && len <= USER_MAX && name[0] != '-';
}

static int fail(const struct sally_cli *cli, const char *what, const char *why)
{
    fprintf(cli->err, "sallyportctl: %s: %s\n", what, why);
    return SALLY_EXIT_REFUSED;
}

static int change(const struct sally_cli *cli, const char *path,
                  const char *user, const char *line)
{
    enum sally_err e = sally_passwords_change(path, user, line);

    if (e == SALLY_E_NOT_FOUND)
        return fail(cli, user, "has no password to delete");
    if (e != SALLY_E_OK)
        return fail(cli, path, strerror(errno));
    if (cli->json)
        fprintf(cli->out, "{\"done\":true}\n");
    else
        fprintf(cli->out, "done; it counts after sallyportctl reload\n");
    return SALLY_EXIT_DONE;
}

static int set(const struct sally_cli *cli, const char *path, const char *user)
{
    SALLY_ON_EXIT(sally_typed_wipe) struct sally_typed typed = { .len = 0 };
    struct sally_random random = sally_crypto_random();
    char line[SALLY_PASSWORD_LINE];
    const char *wrong = sally_prompt(cli->in, cli->err, &typed);
    enum sally_err e;

    if (wrong != NULL)
        return fail(cli, user, wrong);
    e = sally_passwords_line(
        user, (struct sally_span){ (uint8_t *)typed.bytes, typed.len }, &random,
        line);
    if (e != SALLY_E_OK)
        return fail(cli, user, sally_err_text(e));
    return change(cli, path, user, line);
}

int sally_verb_passwd(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count)
{
    bool del = strcmp(args[0], "-D") == 0;
    const char *user = args[count - 1];
    const char *slash = strrchr(cli->config, '/');
    int dir = slash == NULL ? 0 : (int)(slash - cli->config) + 1;
    char *path = NULL;
    int status;

    if ((count == 2) != del || !is_user(user)) {
        fprintf(cli->err,
                "usage: sallyportctl [OPTIONS] passwd %s\n"
                "USER has 1 to 64 bytes without spaces, ':' and "
                "'#'\n",
                v->args);
        return SALLY_EXIT_USAGE;
    }
    if (asprintf(&path, "%.*spasswords", dir, cli->config) < 0)
        return fail(cli, user, "there is not enough memory");
    status = del ? change(cli, path, user, NULL) : set(cli, path, user);
    free(path);
    return status;
}
