/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/journal.c - the verb journal: the lines of the security journal,
 * or the proof that they are what the gateway wrote. From the state directory,
 * so that it needs no daemon, and a copy will do.                           */
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/line.h"
#include "config/files.h"
#include "store/store.h"

/* What was kept elsewhere: the line with this number had this hash. */
struct claim {
    uint64_t number; /* 0: nothing was */
    uint8_t hash[SALLY_SHA256_LEN];
    bool met;
};

struct reading {
    const struct sally_cli *cli;
    bool verify, broken;
    struct claim claim;
    struct sally_note last; /* number 0: none yet */
    uint64_t first, count;
};

static void hex_of(const struct sally_note *n, char out[65])
{
    sally_text_to_hex((struct sally_span){ n->hash, sizeof(n->hash) }, out, 65);
}

/* --- Printing ------------------------------------------------------------ */

static void format_time(sally_msec_utc t, char out[40])
{
    time_t seconds = (time_t)(t / 1000);
    struct tm utc;
    size_t n;

    (void)gmtime_r(&seconds, &utc);
    n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(&out[n], 40 - n, ".%03uZ", (unsigned)(t % 1000));
}

static void print_json(FILE *out, const struct sally_note *n, const char *when)
{
    struct sally_line l = sally_line_begin();
    char hash[65];

    hex_of(n, hash);
    sally_put_format(&l.w, "{\"number\":%llu,\"time\":\"%s\",\"line\":",
                     (unsigned long long)n->number, when);
    sally_put_json_string(&l.w, n->line);
    sally_put_format(&l.w, ",\"hash\":\"%s\"}", hash);
    sally_line_end(&l, out);
}

static void print(const struct sally_cli *cli, const struct sally_note *n)
{
    char when[40];

    format_time(n->time, when);
    if (cli->json) {
        print_json(cli->out, n, when);
        return;
    }
    fprintf(cli->out, "%llu %s ", (unsigned long long)n->number, when);
    (void)sally_print_clean(cli->out, n->line);
    fputc('\n', cli->out);
}

/* --- Verifying ----------------------------------------------------------- */

/* The first line that is kept stands on one that is not there any more, so its
 * hash is taken as it is.                                                   */
static bool follows(const struct reading *r, const struct sally_note *n)
{
    static const uint8_t beginning[SALLY_SHA256_LEN];
    struct sally_note again = *n;

    if (r->count == 0 && n->number > 1)
        return true;
    return n->number == r->last.number + 1 &&
           sally_note_chain(&again, n->number == 1 ? beginning
                                                   : r->last.hash) ==
               SALLY_E_OK &&
           memcmp(again.hash, n->hash, sizeof(n->hash)) == 0;
}

static bool check(struct reading *r, const struct sally_note *n)
{
    if (!follows(r, n)) {
        fprintf(r->cli->err,
                "sallyportctl: line %llu does not follow from line %llu: one "
                "of them was changed, or lines are missing\n",
                (unsigned long long)n->number,
                (unsigned long long)r->last.number);
        r->broken = true;
    }
    if (n->number == r->claim.number)
        r->claim.met =
            memcmp(n->hash, r->claim.hash, sizeof(n->hash)) == 0;
    return !r->broken;
}

static bool take(void *owner, const struct sally_note *n)
{
    struct reading *r = owner;

    if (!r->verify)
        print(r->cli, n);
    else if (!check(r, n))
        return false;
    r->first = r->count == 0 ? n->number : r->first;
    r->count++;
    r->last = *n;
    return true;
}

static int conclude(const struct reading *r)
{
    char hash[65];

    if (r->broken)
        return SALLY_EXIT_REFUSED;
    if (r->claim.number != 0 && !r->claim.met) {
        fprintf(r->cli->err,
                "sallyportctl: line %llu is not there with that hash: this is "
                "another journal, or an older one\n",
                (unsigned long long)r->claim.number);
        return SALLY_EXIT_REFUSED;
    }
    hex_of(&r->last, hash);
    if (r->cli->json)
        fprintf(r->cli->out,
                "{\"first\":%llu,\"last\":%llu,\"hash\":\"%s\"}\n",
                (unsigned long long)r->first,
                (unsigned long long)r->last.number, hash);
    else if (r->count == 0)
        fputs("the journal is empty\n", r->cli->out);
    else
        fprintf(r->cli->out,
                "lines %llu to %llu follow from each other; the last is "
                "%llu:%s\n",
                (unsigned long long)r->first,
                (unsigned long long)r->last.number,
                (unsigned long long)r->last.number, hash);
    return SALLY_EXIT_DONE;
}

/* --- The verb ------------------------------------------------------------ */

/* NUMBER:HASH, as the log's event journal_head has them. */
static bool parse_claim(const char *text, struct claim *out)
{
    struct sally_buf hash = SALLY_BUF(out->hash);
    char *end;

    if (text[0] < '1' || text[0] > '9')
        return false;
    out->number = strtoull(text, &end, 10);
    return *end == ':' &&
           sally_text_hex(sally_span_of(end + 1), &hash) == SALLY_E_OK &&
           hash.len == sizeof(out->hash);
}

static int read_journal(struct reading *r, const char *state_dir)
{
    char why[512] = "";

    if (sally_store_notes(state_dir, take, r, why, sizeof(why)) !=
        SALLY_E_OK) {
        fprintf(r->cli->err, "sallyportctl: %s\n", why);
        return SALLY_EXIT_REFUSED;
    }
    return r->verify ? conclude(r) : SALLY_EXIT_DONE;
}

int sally_verb_journal(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count)
{
    struct sally_config_files files;
    struct sally_config config = { .server_count = 0 };
    struct reading r = { .cli = cli, .verify = count != 0 };
    int status = SALLY_EXIT_REFUSED;

    if ((count != 0 && strcmp(args[0], "--verify") != 0) ||
        (count == 2 && !parse_claim(args[1], &r.claim))) {
        fprintf(cli->err, "usage: sallyportctl [OPTIONS] %s %s\n", v->name,
                v->args);
        return SALLY_EXIT_USAGE;
    }
    if (sally_config_files_read(cli->config, &files, cli->err) == 0 &&
        sally_config_load(files.files, files.count, &config, cli->err) == 0)
        status = read_journal(&r, config.state_dir);
    sally_config_wipe(&config);
    sally_config_files_wipe(&files);
    return status;
}
