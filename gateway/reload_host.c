/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/reload_host.c - what each step of a reload does here. */
#include "reload_host.h"

#include "log/log.h"
#include "notify.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REPORT_MAX 65536 /* bytes that the operator is told */
#define LINES_LOGGED 20  /* of one report */

static struct sally_child *child_of(struct sally_reloading *r,
                                    enum sally_role_name name)
{
    struct sally_child *c = &r->children[name];

    return c->row == NULL ? NULL : c; /* the supervisor is none */
}

static enum sally_reload_role role(void *owner, enum sally_role_name name)
{
    const struct sally_child *c = child_of(owner, name);

    if (c == NULL || c->state == SALLY_CHILD_ABSENT)
        return SALLY_RELOAD_ABSENT;
    if (c->state == SALLY_CHILD_STARTING)
        return SALLY_RELOAD_STARTING;
    return c->row->prepare == NULL ? SALLY_RELOAD_PLAIN : SALLY_RELOAD_ASKED;
}

static unsigned read_next(void *owner, FILE *report)
{
    struct sally_reloading *r = owner;
    unsigned bad;

    sally_notify_reloading();
    r->by_console = r->console_asks;
    r->console_asks = false;
    bad = sally_assets_next(&r->next, r->family->assets, report);
    if (bad == 0 && r->family->single)
        bad = sally_reloading_check_single(&r->next.config, report);
    return bad;
}

/* Plain roles are given what is in force already. */
static bool give(void *owner, enum sally_role_name name, bool asked)
{
    struct sally_reloading *r = owner;
    struct sally_child *c = child_of(r, name);

    return c != NULL &&
           sally_child_give(c, asked ? &r->next : r->family->assets, asked);
}

/* At once: between two orders to two roles nothing else comes. */
static void order(void *owner, enum sally_role_name name,
                  enum sally_control what)
{
    struct sally_child *c = child_of(owner, name);

    if (c == NULL)
        return;
    (void)sally_child_order(c, what, 0, 0, -1);
    if (c->bus != NULL)
        sally_bus_flush(c->bus);
}

static void end_role(void *owner, enum sally_role_name name)
{
    struct sally_child *c = child_of(owner, name);

    sally_log(SALLY_LOG_ERROR, "reload_not_followed",
              SALLY_TEXT("role", sally_role_text(name)));
    if (c != NULL && c->pid > 0)
        (void)kill(c->pid, SIGKILL);
}

static void adopt(void *owner)
{
    struct sally_reloading *r = owner;
    struct sally_assets *a = r->family->assets;

    sally_assets_adopt(a, &r->next);
    sally_assets_rest(a);
    sally_log_configure(a->config.log.level, a->config.log.json,
                        a->config.log.syslog);
}

static void drop(void *owner)
{
    struct sally_reloading *r = owner;

    sally_assets_wipe(&r->next);
}

/* --- Telling -------------------------------------------------------------- */

static void log_refusal(const char *report)
{
    struct sally_span rest = sally_span_of(report);

    for (unsigned i = 0; rest.len != 0 && i < LINES_LOGGED; i++) {
        const uint8_t *end = memchr(rest.at, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);
        char line[256];

        if (!sally_span_text(sally_span_sub(rest, 0, sizeof(line) - 1 < len
                                                         ? sizeof(line) - 1
                                                         : len),
                             line, sizeof(line)))
            return;
        sally_log(SALLY_LOG_ERROR, "config_refused", SALLY_TEXT("what", line));
        rest = sally_span_sub(rest, len + 1, rest.len);
    }
    sally_log(SALLY_LOG_ERROR, "reload_refused",
              SALLY_TEXT("what", "the configuration stays as it was"));
}

static const char *summary(const struct sally_assets *a, char *out,
                           size_t size)
{
    (void)snprintf(out, size,
                   "reloaded: generation %u: %zu added, %zu changed, "
                   "%zu removed, %zu unchanged\n",
                   a->plan.generation, a->counts.added, a->counts.changed,
                   a->counts.removed, a->counts.unchanged);
    return out;
}

static void log_success(const struct sally_assets *a)
{
    sally_log(SALLY_LOG_INFO, "reloaded",
              SALLY_NUMBER("generation", a->plan.generation),
              SALLY_NUMBER("added", a->counts.added),
              SALLY_NUMBER("changed", a->counts.changed),
              SALLY_NUMBER("removed", a->counts.removed),
              SALLY_NUMBER("unchanged", a->counts.unchanged));
}

static void make_report(struct sally_reloading *r)
{
    r->report = memfd_create("sallyport-reload", MFD_CLOEXEC);
}

/* Written now, read by the console: a descriptor for it was kept. */
static void tell_console(struct sally_reloading *r, bool done,
                         const char *report)
{
    size_t len = strlen(report);
    int fd = r->report;

    if (len > REPORT_MAX)
        len = REPORT_MAX;
    r->report = -1;
    if (fd >= 0 && write(fd, report, len) != (ssize_t)len) {
        (void)close(fd);
        fd = -1;
    }
    sally_child_order(&r->children[SALLY_CONSOLE], SALLY_CONTROL_RELOADED,
                      !done, 0, fd);
    if (r->children[SALLY_CONSOLE].bus != NULL)
        sally_bus_flush(r->children[SALLY_CONSOLE].bus);
    make_report(r);
}

static void told(void *owner, bool done, const char *report)
{
    struct sally_reloading *r = owner;
    const struct sally_assets *a = r->family->assets;
    char line[256];

    if (done)
        log_success(a);
    else
        log_refusal(report);
    if (r->by_console)
        tell_console(r, done, done ? summary(a, line, sizeof(line)) : report);
    r->by_console = false;
    sally_notify_manager("READY=1");
}

static void arm(void *owner, sally_usec when)
{
    struct sally_reloading *r = owner;

    sally_timer_set(r->family->loop, &r->patience, when);
}

static const struct sally_reload_host host = {
    .role = role,
    .read = read_next,
    .give = give,
    .order = order,
    .kill = end_role,
    .adopt = adopt,
    .drop = drop,
    .told = told,
    .arm = arm,
};

/* --- Life ----------------------------------------------------------------- */

static void on_patience(void *owner, sally_usec now)
{
    struct sally_reloading *r = owner;

    sally_reload_expire(&r->steps, now);
}

void sally_reloading_init(struct sally_reloading *r,
                          struct sally_family *family,
                          struct sally_child *children)
{
    *r = (struct sally_reloading){ .family = family, .children = children };
    sally_assets_init(&r->next);
    sally_reload_init(&r->steps, &host, r);
    sally_timer_init(&r->patience, on_patience, r);
    make_report(r);
}

void sally_reloading_wipe(struct sally_reloading *r)
{
    if (r->family == NULL)
        return;
    sally_reload_wipe(&r->steps);
    sally_assets_wipe(&r->next);
    if (r->report >= 0)
        (void)close(r->report);
}

void sally_reloading_request(struct sally_reloading *r, bool by_console,
                             sally_usec now)
{
    r->console_asks = r->console_asks || by_console;
    sally_reload_request(&r->steps, now);
}

static bool is_here(const struct sally_config_server *s)
{
    const struct sally_uri *uri;

    for (size_t i = 0; (uri = sally_config_uri(s, i)) != NULL; i++)
        if (strncmp(uri->host, "127.", 4) != 0 &&
            strcmp(uri->host, "::1") != 0 &&
            strcmp(uri->host, "localhost") != 0)
            return false;
    return true;
}

/* What would be a hole in a gateway is what a debugger needs. */
unsigned sally_reloading_check_single(const struct sally_config *c,
                                      FILE *report)
{
    for (size_t i = 0; i < c->server_count; i++) {
        if (c->servers[i].name[0] == '\0' || is_here(&c->servers[i]))
            continue;
        fprintf(report,
                "--single is for debugging: server %s is not on this machine\n",
                c->servers[i].name);
        return 1;
    }
    return 0;
}
