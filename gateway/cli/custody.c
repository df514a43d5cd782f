/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/custody.c - takes a store, changes what is kept, gives it back.
 */
#include "cli/custody.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/master.h"
#include "log/log.h"
#include "uplink/roster.h"

#define WAIT_MS 30000 /* for a disk that is slow */

static bool refuse(const struct sally_custody *c, const char *what,
                   const char *why)
{
    fprintf(c->cli->err, "sallyportctl: %s%s%s\n", what,
            why[0] != '\0' ? ": " : "", why);
    return false;
}

bool sally_custody_begin(struct sally_custody *c, const struct sally_cli *cli)
{
    *c = (struct sally_custody){ .cli = cli };
    return sally_config_files_read(cli->config, &c->files, cli->err) == 0 &&
           sally_config_load(c->files.files, c->files.count, &c->config,
                             cli->err) == 0;
}

bool sally_custody_key(const struct sally_custody *c, struct sally_sealer *out)
{
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret key = { .len = 0 };
    char why[SALLY_KEYFILE_WHY] = "";

    if (c->config.master_key_file[0] == '\0')
        return refuse(c, "gateway.master_key_file",
                      "expected one: without it nothing is kept");
    if (sally_master_read(c->config.master_key_file, &key, why) != SALLY_E_OK)
        return refuse(c, "gateway.master_key_file", why);
    return sally_sealer_make(out, sally_secret_span(&key)) == SALLY_E_OK ||
           refuse(c, "gateway.master_key_file", "cannot be used");
}

bool sally_custody_become(const struct sally_custody *c)
{
    struct stat st;

    if (stat(c->config.state_dir, &st) != 0)
        return refuse(c, c->config.state_dir, strerror(errno));
    if (geteuid() != 0 || st.st_uid == 0)
        return true;
    return (setegid(st.st_gid) == 0 && seteuid(st.st_uid) == 0) ||
           refuse(c, "the rights of the gateway's user", strerror(errno));
}

bool sally_custody_read(const struct sally_custody *c,
                        sally_store_kept_row *each, void *owner)
{
    char why[512] = "";

    return sally_store_kept(c->config.state_dir, each, owner, why,
                            sizeof(why)) == SALLY_E_OK ||
           refuse(c, why, "");
}

static sally_msec_utc utc(void)
{
    struct timespec now;

    return clock_gettime(CLOCK_REALTIME, &now) == 0
               ? (sally_msec_utc)now.tv_sec * 1000 + now.tv_nsec / 1000000
               : 0;
}

static void note(void *owner, struct sally_span line)
{
    const struct sally_custody *c = owner;

    sally_store_note(c->store, line, utc(), 0);
}

bool sally_custody_take(struct sally_custody *c)
{
    struct sally_roster r;
    char why[512] = "";
    enum sally_err e = sally_roster_make(&r, &c->config);

    if (e == SALLY_E_OK)
        e = sally_store_open(&c->store, c->config.state_dir, &r.limits,
                             r.sensors, r.count, why, sizeof(why));
    sally_roster_wipe(&r);
    if (e == SALLY_E_BUSY)
        return refuse(c, why, "stop the gateway first");
    if (e != SALLY_E_OK)
        return refuse(c, why[0] != '\0' ? why : sally_err_text(e), "");
    sally_log_open("sallyportctl", SALLY_LOG_ERROR, false, false);
    sally_log_to_journal(note, c);
    return true;
}

/* --- Keeping -------------------------------------------------------------- */

static void on_kept(void *owner, const struct sally_store_receipt *r,
                    enum sally_err e)
{
    struct sally_custody *c = owner;

    (void)r;
    c->waiting--;
    c->failed = c->failed || e != SALLY_E_OK;
}

static bool wait_for_store(struct sally_custody *c)
{
    const struct sally_store_upcalls up = { .on_kept = on_kept, .owner = c };
    struct pollfd p = { sally_store_descriptor(c->store), POLLIN, 0 };

    if (poll(&p, 1, WAIT_MS) != 1)
        return false;
    sally_store_finished(c->store, &up);
    return true;
}

void sally_custody_keep(struct sally_custody *c, enum sally_kept what,
                        struct sally_span name, struct sally_span body)
{
    const struct sally_kept_place at = { what, 0, name };
    enum sally_err e = sally_store_keep(c->store, &at, body, 0);

    while (e == SALLY_E_NO_ROOM && wait_for_store(c))
        e = sally_store_keep(c->store, &at, body, 0);
    c->waiting += e == SALLY_E_OK;
    c->failed = c->failed || e != SALLY_E_OK;
}

void sally_custody_distrust(struct sally_custody *c)
{
    const struct sally_random random = sally_crypto_random();
    uint8_t name[SALLY_INSTANCE_LEN];

    sally_random_fill(&random, name, sizeof(name));
    sally_custody_keep(c, SALLY_KEPT_GATEWAY,
                       sally_span_of(SALLY_KEPT_INSTANCE),
                       (struct sally_span){ name, sizeof(name) });
    sally_custody_keep(c, SALLY_KEPT_GATEWAY, sally_span_of(SALLY_PAST_LOST),
                       sally_span_of("lost"));
}

void sally_custody_due(struct sally_custody *c, struct sally_span id)
{
    sally_custody_keep(c, SALLY_KEPT_DUE, id, sally_span_of("due"));
}

bool sally_custody_settle(struct sally_custody *c)
{
    while (c->waiting != 0 && !c->failed)
        if (!wait_for_store(c))
            c->failed = true;
    if (c->failed)
        return refuse(c, c->config.state_dir, sally_store_failure(c->store));
    return true;
}

void sally_custody_end(struct sally_custody *c)
{
    sally_log_to_journal(NULL, NULL);
    sally_store_close(c->store);
    c->store = NULL;
    sally_config_wipe(&c->config);
    sally_config_files_wipe(&c->files);
}

/* --- Who needs other keys ------------------------------------------------- */

static void tell_list(const struct sally_custody *c, bool bootstrap)
{
    FILE *out = c->cli->out;
    const char *between = "";

    for (size_t i = 0; i < c->config.sensor_count; i++) {
        const struct sally_config_sensor *s = &c->config.sensors[i];

        if ((s->bootstrap != NULL) != bootstrap)
            continue;
        fprintf(out, c->cli->json ? "%s\"%s\"" : "%s  %s",
                c->cli->json ? between : "", s->id);
        if (!c->cli->json)
            fputc('\n', out);
        between = ",";
    }
    if (between[0] == '\0' && !c->cli->json)
        fputs("  nobody\n", out);
}

void sally_custody_tell(const struct sally_custody *c, const char *head)
{
    FILE *out = c->cli->out;

    if (c->cli->json) {
        fprintf(out, "{%s,\"bootstrap\":[", head);
        tell_list(c, true);
        fputs("],\"operator\":[", out);
        tell_list(c, false);
        fputs("]}\n", out);
        return;
    }
    fprintf(out, "%s\nasking their bootstrap server for other keys, at the "
                 "next start:\n",
            head);
    tell_list(c, true);
    fputs("to be given other keys by you, in the files and at their servers; "
          "those with OSCORE\nwhere oscore_start is \"b1\" are refused until "
          "then:\n",
          out);
    tell_list(c, false);
}
