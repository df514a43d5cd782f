/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/adopt.c - the verbs adopt and factory-reset: the gateway goes on
 * with a store that was another machine's, or forgets what bootstrap servers
 * gave.                                                                     */
#include "cli/custody.h"

#include <string.h>

#include "log/log.h"
#include "uplink/machine.h"

static void adopt(struct sally_custody *c)
{
    const struct sally_kept_place machine = sally_machine_place();

    sally_custody_keep(c, machine.what, machine.name,
                       (struct sally_span){ NULL, 0 });
    sally_custody_distrust(c);
    for (size_t i = 0; i < c->config.sensor_count; i++)
        if (c->config.sensors[i].bootstrap != NULL)
            sally_custody_due(c, sally_span_of(c->config.sensors[i].id));
    sally_log(SALLY_LOG_INFO, "machine_adopted",
              SALLY_TEXT("why", "the operator said so"));
}

int sally_verb_adopt(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count)
{
    struct sally_custody c;
    int status = SALLY_EXIT_REFUSED;

    (void)v;
    (void)args;
    (void)count;
    if (sally_custody_begin(&c, cli) && sally_custody_become(&c) &&
        sally_custody_take(&c)) {
        adopt(&c);
        if (sally_custody_settle(&c)) {
            sally_custody_tell(&c, cli->json ? "\"adopted\":true"
                                             : "this machine's from now on");
            status = SALLY_EXIT_DONE;
        }
    }
    sally_custody_end(&c);
    return status;
}

/* --- Factory reset -------------------------------------------------------- */

#define BATCH 64 /* names that are read before they are forgotten */

struct reset {
    struct sally_custody custody;
    const char *only; /* NULL: all */
    char names[BATCH][SALLY_KEPT_NAME_MAX + 1];
    size_t count, total;
};

static bool take_name(void *owner, const struct sally_kept_place *at,
                      struct sally_span body)
{
    struct reset *r = owner;

    (void)body;
    if (at->what != SALLY_KEPT_BOOK || at->name.len > SALLY_KEPT_NAME_MAX ||
        (r->only != NULL && !sally_span_is(at->name, r->only)))
        return true;
    memcpy(r->names[r->count], at->name.at, at->name.len);
    r->names[r->count++][at->name.len] = '\0';
    return r->count < BATCH;
}

static void forget(struct reset *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct sally_span name = sally_span_of(r->names[i]);

        sally_custody_keep(&r->custody, SALLY_KEPT_BOOK, name,
                           (struct sally_span){ NULL, 0 });
        sally_custody_keep(&r->custody, SALLY_KEPT_DUE, name,
                           (struct sally_span){ NULL, 0 });
        sally_log(SALLY_LOG_INFO, "factory_reset",
                  SALLY_TEXT("sensor", r->names[i]));
    }
    r->total += r->count;
}

/* Some at a time, each of them durable before the next are looked for. */
static bool reset_all(struct reset *r)
{
    do {
        r->count = 0;
        if (!sally_custody_read(&r->custody, take_name, r))
            return false;
        forget(r);
        if (!sally_custody_settle(&r->custody))
            return false;
    } while (r->count == BATCH);
    return true;
}

static int conclude(const struct reset *r)
{
    const struct sally_cli *cli = r->custody.cli;

    if (r->total == 0 && r->only != NULL) {
        fprintf(cli->err,
                "sallyportctl: %s: no bootstrap server has given it anything\n",
                r->only);
        return SALLY_EXIT_REFUSED;
    }
    if (cli->json)
        fprintf(cli->out, "{\"forgotten\":%zu}\n", r->total);
    else
        fprintf(cli->out,
                "forgotten: the accounts of %zu sensors; what the files say "
                "holds again, but for keys that were revoked\n",
                r->total);
    return SALLY_EXIT_DONE;
}

int sally_verb_factory_reset(const struct sally_cli *cli,
                             const struct sally_verb *v, char **args, int count)
{
    struct reset r = { .only = args[0] };
    int status = SALLY_EXIT_REFUSED;

    (void)v;
    (void)count;
    if (strcmp(args[0], "--all") == 0)
        r.only = NULL;
    if (sally_custody_begin(&r.custody, cli) &&
        sally_custody_become(&r.custody) && sally_custody_take(&r.custody) &&
        reset_all(&r))
        status = conclude(&r);
    sally_custody_end(&r.custody);
    return status;
}
