/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/role_process.c - one role, alone in its process. */
#include "role_process.h"

#include "config/bundle.h"
#include "log/log.h"
#include "privilege.h"
#include "roles/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOST_WAIT 1 /* seconds from the end of the supervisor to ours */

/* In the order in which they are stopped: first nothing comes in any more,
 * then what there is goes out.                                              */
const struct sally_role_row *const sally_role_rows[SALLY_ROLE_ROWS] = {
    &sally_role_outer,    &sally_role_inner,   &sally_role_verifier,
    &sally_role_resolver, &sally_role_console, &sally_role_keyholder,
};

struct role_process {
    struct sally_loop *loop;
    int status;
};

/* One that ends because nobody is above it must not stand in the way of the
 * next start: what is stored is safe without an orderly close, which a slow
 * disk can make long.                                                       */
static void process_ended(void *owner, int status)
{
    struct role_process *p = owner;

    p->status = status;
    if (status != 0)
        (void)alarm(LOST_WAIT);
    sally_loop_stop(p->loop);
}

static const struct sally_role_row *row_named(const char *name)
{
    for (size_t i = 0; i < SALLY_ROLE_ROWS; i++)
        if (strcmp(sally_role_text(sally_role_rows[i]->name), name) == 0)
            return sally_role_rows[i];
    return NULL;
}

/* A connection of each sensor here, a socket for each account there. What goes
 * beyond is refused one by one, which nobody would connect with this.       */
static void check_descriptors(const struct sally_role_row *row,
                              const struct sally_config *c)
{
    const size_t limit = sally_privilege_descriptors();
    size_t wanted = 64;

    for (size_t i = 0; i < c->sensor_count; i++)
        wanted += row->name == SALLY_INNER
                      ? sally_config_accounts(&c->sensors[i])
                      : 1;
    if ((row->name == SALLY_INNER || row->name == SALLY_OUTER) &&
        wanted > limit)
        sally_log(SALLY_LOG_ERROR, "too_few_descriptors",
                  SALLY_NUMBER("limit", limit), SALLY_NUMBER("wanted", wanted),
                  SALLY_TEXT("why", "raise the limit of open files, "
                                    "LimitNOFILE= of the service"));
}

static int run_role(const struct sally_role_row *row, struct sally_config *c)
{
    struct role_process p = { .status = 1 };
    struct sally_runner *runner = NULL;

    sally_log_open(sally_role_text(row->name), c->log.level, c->log.json,
                   c->log.syslog);
    if (row->name != SALLY_VERIFIER) /* has a bound of its own per check */
        sally_privilege_limit_memory(c->memory_limit_mb);
    check_descriptors(row, c);
    if (sally_loop_open(&p.loop, sally_runner_timers(c)) != SALLY_E_OK) {
        sally_bundle_config_free(c);
        return 1;
    }
    if (row->name != SALLY_KEYHOLDER) /* the inner door waits for it */
        sally_loop_pace(p.loop, SALLY_ROLE_PACE);
    if (sally_runner_open(&runner, row, p.loop, c, SALLY_ROLE_BUS_FD,
                          process_ended, &p) == SALLY_E_OK)
        sally_loop_run(p.loop);
    sally_runner_close(runner);
    sally_loop_close(p.loop);
    return p.status;
}

int sally_role_process(const char *name)
{
    const struct sally_role_row *row = row_named(name);
    struct sally_config *config;

    if (row == NULL || fcntl(SALLY_ROLE_BUNDLE_FD, F_GETFD) < 0) {
        fprintf(stderr, "--role is for the supervisor's use\n");
        return 2;
    }
    (void)fcntl(SALLY_ROLE_BUS_FD, F_SETFD, FD_CLOEXEC);
    (void)signal(SIGPIPE, SIG_IGN);
    /* Of a terminal or a service manager, to all of us: the supervisor's to
     * hear, which stops one role after the other.                           */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    if (!sally_privilege_drop()) {
        fprintf(stderr, "cannot give up capabilities: %s\n", strerror(errno));
        return 1;
    }
    if (sally_bundle_load(SALLY_ROLE_BUNDLE_FD, &config, stderr) != SALLY_E_OK)
        return 1;
    (void)close(SALLY_ROLE_BUNDLE_FD);
    return run_role(row, config);
}
