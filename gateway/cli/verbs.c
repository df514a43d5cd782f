/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/verbs.c - the table of verbs. */
#include "cli/verbs.h"

#include <limits.h>
#include <string.h>

#include "base/span.h"
#include "security/crypto.h"

static const struct sally_verb verbs[] = {
    { "status", "", "the gateway as a whole", 0, 0, sally_verb_ask },
    { "sensors", "", "every sensor with its accounts", 0, 0, sally_verb_ask },
    { "show", "SENSOR", "one sensor, hop by hop", 1, 1, sally_verb_ask },
    { "doctor", "SENSOR", "why it is silent, and what to change", 1, 1,
      sally_verb_ask },
    { "values", "[SENSOR]", "the present values", 0, 1, sally_verb_ask },
    { "reload", "", "takes what the configuration says now", 0, 0,
      sally_verb_ask },
    { "rotate", "SENSOR | --all", "asks its bootstrap server for keys", 1, 1,
      sally_verb_order },
    { "revoke", "SENSOR [SERVER]", "ends its accounts and its keys for good", 1,
      2, sally_verb_order },
    { "replace", "[OPTIONS] SENSOR", "another device is this sensor now", 1, 13,
      sally_verb_replace },
    { "init", "[OPTIONS]", "a configuration to begin with, and the master key",
      0, 8, sally_verb_init },
    { "enroll", "[OPTIONS] ID...", "new sensors with keys of their own", 1,
      INT_MAX, sally_verb_enroll },
    { "fleet", "IN GATEWAY OUT", "a gateway's key of the fleet's, in files",
      3, 3, sally_verb_fleet },
    { "backup", "FILE", "accounts and dead keys, sealed", 1, 1,
      sally_verb_backup },
    { "restore", "FILE", "takes them back, and says who needs other keys", 1,
      1, sally_verb_restore },
    { "factory-reset", "SENSOR | --all",
      "forgets what bootstrap servers gave", 1, 1, sally_verb_factory_reset },
    { "adopt", "", "goes on with another machine's state", 0, 0,
      sally_verb_adopt },
    { "journal", "[--verify [N:HASH]]",
      "what touched security, and that nobody changed it", 0, 2,
      sally_verb_journal },
    { "test", "SERVER", "does a server answer from here?", 1, 1,
      sally_verb_test },
    { "security", "[MECHANISM]", "what each costs on this machine", 0, 1,
      sally_verb_security },
    { "try", "PROFILE TOPIC PAYLOAD", "what a profile makes of a message", 3, 5,
      sally_verb_try },
    { "passwd", "[-D] USER", "sets a sensor's password, or deletes it", 1, 2,
      sally_verb_passwd },
    { "keys", "[GROUP]", "what may stand in the configuration", 0, 1,
      sally_verb_keys },
    { "version", "", "of this program and its libraries", 0, 0,
      sally_verb_version },
};

const struct sally_verb *sally_verb_named(const char *name)
{
    for (size_t i = 0; i < SALLY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

void sally_verbs_help(FILE *out)
{
    for (size_t i = 0; i < SALLY_LEN(verbs); i++)
        fprintf(out, "  %-13s %-22s %s\n", verbs[i].name, verbs[i].args,
                verbs[i].help);
}

int sally_verb_run(const struct sally_cli *cli, char **args, int count)
{
    const struct sally_verb *verb =
        count == 0 ? NULL : sally_verb_named(args[0]);

    if (count == 0) {
        fprintf(cli->err, "sallyportctl: which verb? See --help\n");
        return SALLY_EXIT_USAGE;
    }
    if (verb == NULL) {
        fprintf(cli->err,
                "sallyportctl: \"%s\" is no verb of this version; "
                "see --help\n",
                args[0]);
        return SALLY_EXIT_USAGE;
    }
    if (count - 1 < verb->min || count - 1 > verb->max) {
        fprintf(cli->err, "usage: sallyportctl [OPTIONS] %s %s\n", verb->name,
                verb->args);
        return SALLY_EXIT_USAGE;
    }
    return verb->run(cli, verb, &args[1], count - 1);
}

int sally_verb_version(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count)
{
    (void)v;
    (void)args;
    (void)count;
    if (cli->json)
        fprintf(cli->out,
                "{\"version\":\"%s\",\"wolfssl\":\"%s\","
                "\"features\":\"%s\"}\n",
                SALLY_VERSION, sally_crypto_version(), sally_crypto_features());
    else
        fprintf(cli->out, "sallyportctl %s\n%s\nfeatures: %s\n", SALLY_VERSION,
                sally_crypto_version(), sally_crypto_features());
    return SALLY_EXIT_DONE;
}
