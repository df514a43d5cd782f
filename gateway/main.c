/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/main.c - sallyportd's command line. */
#include "ignored.h"
#include "privilege.h"
#include "role_process.h"
#include "roles/passwords_file.h"
#include "security/crypto.h"
#include "supervisor.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SALLY_DEFAULT_CONFIG SALLY_SYSCONFDIR "/sallyport.conf"

struct options {
    const char *file, *role;
    bool test, foreground, single, version, help, wrong;
};

enum { OPTION_SINGLE = 256, OPTION_VERSION, OPTION_ROLE, OPTION_HELP };

static const struct option long_options[] = {
    { "single", no_argument, NULL, OPTION_SINGLE },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "help", no_argument, NULL, OPTION_HELP },
    { "role", required_argument, NULL, OPTION_ROLE },
    { NULL, 0, NULL, 0 },
};

static void take(struct options *o, int option)
{
    switch (option) {
    case 'c':
        o->file = optarg;
        break;
    case 't':
        o->test = true;
        break;
    case 'f':
        o->foreground = true;
        break;
    case OPTION_SINGLE:
        o->single = true;
        break;
    case OPTION_VERSION:
        o->version = true;
        break;
    case OPTION_ROLE:
        o->role = optarg;
        break;
    case OPTION_HELP:
        o->help = true;
        break;
    default:
        o->wrong = true;
    }
}

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: sallyportd [-c FILE] [-t] [-f] [--single] [--version]\n"
                "  -c FILE    configuration, default " SALLY_DEFAULT_CONFIG "\n"
                "  -t         check the configuration and exit\n"
                "  -f         stay in the foreground\n"
                "  --single   all roles in one process, for debugging\n"
                "  --version  version, and the features of this build\n");
    return status;
}

static int version(void)
{
    printf("sallyportd " SALLY_VERSION "\n%s: %s\n",
           sally_crypto_version(), sally_crypto_features());
    return 0;
}

/* As the outer door will read them; each line that is wrong is told. */
static bool passwords_are_good(const struct sally_assets *a)
{
    const char *file = a->config.passwords_file;
    struct sally_passwords *p = NULL;
    enum sally_err e = sally_passwords_read(&p, a->passwords, file, stderr);

    sally_passwords_wipe(p);
    if (e != SALLY_E_OK && e != SALLY_E_MALFORMED)
        fprintf(stderr, "%s: %s\n", file, sally_err_text(e));
    return e == SALLY_E_OK;
}

static int test(const struct sally_assets *a)
{
    const struct sally_config *c = &a->config;

    if (!passwords_are_good(a))
        return 1;
    sally_sockets_warn(c, stderr);
    printf("%s: %zu sensors, %zu servers, %zu profiles: good\n", c->file,
           c->sensor_count, c->server_count, c->profile_count);
    sally_ignored_tell(c, a->keys.keyring, stderr);
    return 0;
}

/* To read anew while we read for the first time: it waits until there is
 * somebody to hear it, sally_supervisor_run(), instead of ending us.        */
static void hold_hangups(void)
{
    sigset_t held;

    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &held, NULL);
}

static int run(const struct options *o)
{
    struct sally_assets assets;
    int status = 1;

    if (!o->test)
        hold_hangups();
    if (sally_assets_read(&assets, o->file, stderr) == 0) {
        if (o->test)
            status = test(&assets);
        else if (sally_assets_open(&assets, stderr) == 0 &&
                 (o->foreground || o->single || daemon(1, 1) == 0))
            status = sally_supervisor_run(&assets, o->single);
    }
    sally_assets_wipe(&assets);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = { .file = SALLY_DEFAULT_CONFIG };
    int option;

    while ((option = getopt_long(argc, argv, "c:tf", long_options, NULL)) != -1)
        take(&o, option);
    if (o.wrong || optind != argc)
        return usage(stderr, 2);
    if (o.help)
        return usage(stdout, 0);
    if (o.version)
        return version();
    sally_privilege_basics();
    sally_privilege_raise_descriptors();
    return o.role != NULL ? sally_role_process(o.role) : run(&o);
}
