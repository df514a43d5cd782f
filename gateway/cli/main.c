/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/main.c - sallyportctl: the operator's tool. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verbs.h"

static void help(FILE *out)
{
    fputs("usage: sallyportctl [-s SOCKET] [-c FILE] [--json] VERB ...\n\n"
          "  -s, --socket SOCKET  of the daemon (" SALLY_DEFAULT_SOCKET ")\n"
          "  -c, --config FILE    for the verbs that read or write the files\n"
          "                       (" SALLY_DEFAULT_CONFIG ")\n"
          "  -j, --json           one JSON object a line\n"
          "  -h, --help           this text\n\n"
          "Verbs:\n",
          out);
    sally_verbs_help(out);
    fputs("\ntry --sensor ID TOPIC PAYLOAD takes a sensor's own profile; with\n"
          "--hex the payload is in hexadecimal.\n"
          "passwd asks on the terminal, or takes one line of its input.\n\n"
          "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n",
          out);
}

/* A script that reads half an answer from a full disk must hear of it. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    fprintf(stderr, "sallyportctl: the output cannot be written: %s\n",
            strerror(errno));
    return SALLY_EXIT_REFUSED;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "socket", required_argument, NULL, 's' },
        { "config", required_argument, NULL, 'c' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    static char version[] = "version";
    char *version_args[] = { version };
    struct sally_cli cli = {
        SALLY_DEFAULT_SOCKET, SALLY_DEFAULT_CONFIG, false, stdin, stdout, stderr
    };
    int option;

    /* "+": what stands behind the verb belongs to the verb. */
    while ((option = getopt_long(argc, argv, "+s:c:jhV", options, NULL)) != -1)
        switch (option) {
        case 's': cli.socket = optarg; break;
        case 'c': cli.config = optarg; break;
        case 'j': cli.json = true; break;
        case 'h': help(stdout); return finish(SALLY_EXIT_DONE);
        case 'V': return finish(sally_verb_run(&cli, version_args, 1));
        default: return SALLY_EXIT_USAGE;
        }
    return finish(sally_verb_run(&cli, &argv[optind], argc - optind));
}
