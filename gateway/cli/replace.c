/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/replace.c - the verb replace: another device is the sensor from
 * now on. What is new is made beside what holds; then the running gateway does
 * its part, and only then does the new take the place of the old.           */
#include "cli/replace.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "cli/control.h"
#include "cli/line.h"
#include "cli/tables.h"
#include "config/kinds.h"

bool sally_replace_fail(const struct sally_replacing *r, const char *what,
                        const char *why)
{
    fprintf(r->cli->err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

/* --- Options -------------------------------------------------------------- */

static int usage(const struct sally_cli *cli, const struct sally_verb *v)
{
    fprintf(cli->err,
            "usage: sallyportctl [OPTIONS] %s %s\n"
            "-p -     its password, from the terminal or the standard input\n"
            "-m MAC   of the new device, where it is known by that\n"
            "-i IP    likewise\n"
            "-o DIR   where files for the servers' side go\n"
            "-c FILE  certificate of the authority that signs new ones\n"
            "-k FILE  its private key\n",
            v->name, v->args);
    return SALLY_EXIT_USAGE;
}

static bool take_options(char **args, int count,
                         struct sally_replace_options *o)
{
    const struct {
        char letter;
        const char **to;
    } all[] = { { 'p', &o->password }, { 'm', &o->mac },
                { 'i', &o->ip },       { 'o', &o->into },
                { 'c', &o->authority }, { 'k', &o->key } };

    for (int at = 0; at + 1 < count; at += 2) {
        size_t i = 0;

        while (i < SALLY_LEN(all) && args[at][1] != all[i].letter)
            i++;
        if (args[at][0] != '-' || i == SALLY_LEN(all) || args[at][2] != '\0')
            return false;
        *all[i].to = args[at + 1];
    }
    return count % 2 == 1 && args[count - 1][0] != '-' &&
           (o->authority == NULL) == (o->key == NULL) &&
           (o->password == NULL || strcmp(o->password, "-") == 0);
}

/* --- The running gateway -------------------------------------------------- */

static void ignore_line(void *context, struct sally_span line)
{
    (void)context;
    (void)line;
}

static void print_line(void *context, struct sally_span line)
{
    struct sally_json row = { NULL };

    if (sally_json_parse(line, SALLY_CONTROL_LINE, &row) != SALLY_E_OK)
        return;
    sally_table_text(context, row);
    sally_json_free(&row);
}

static bool complain(const struct sally_replacing *r, const char *wrong)
{
    fputs("sallyportctl: ", r->cli->err);
    sally_print_clean(r->cli->err, sally_span_of(wrong));
    fputc('\n', r->cli->err);
    return false;
}

static bool order(const struct sally_replacing *r)
{
    char room[256], request[SALLY_NAME_MAX + 16];
    const char *wrong;

    (void)snprintf(request, sizeof(request), "replace %s\n", r->id);
    wrong = sally_control_ask(r->cli->socket, request, SALLY_CONTROL_WAIT,
                              ignore_line, NULL, room);
    return wrong[0] == '\0' || complain(r, wrong);
}

/* What it says is of interest only where it fails. */
static bool reload(const struct sally_replacing *r)
{
    char room[256];
    char *said = NULL;
    size_t len = 0;
    FILE *lines = open_memstream(&said, &len);
    const char *wrong = "there is not enough memory";
    bool good;

    if (lines != NULL) {
        wrong = sally_control_ask(r->cli->socket, "reload\n",
                                  SALLY_CONTROL_LONG, print_line, lines, room);
        (void)fclose(lines);
    }
    good = wrong[0] == '\0';
    if (!good) {
        fputs(said != NULL ? said : "", r->cli->err);
        (void)complain(r, wrong);
        fputs("sallyportctl: what is new is written and does not count yet: "
              "see to that, then sallyportctl reload\n",
              r->cli->err);
    }
    free(said);
    return good;
}

/* --- What came of it ------------------------------------------------------ */

static void report_json(const struct sally_replacing *r)
{
    struct sally_line l = sally_line_begin();

    sally_put_text(&l.w, "{\"id\":");
    sally_put_json_string(&l.w, sally_span_of(r->id));
    sally_put_text(&l.w, ",\"endpoint\":");
    sally_put_json_string(&l.w, sally_span_of(r->sensor->endpoint));
    sally_put_format(&l.w, ",\"keys\":%u,\"bootstrap\":%s,\"users\":[", r->keys,
                     r->sensor->bootstrap != NULL ? "true" : "false");
    for (size_t i = 0; i < r->user_count; i++) {
        const struct sally_replace_user *u = &r->users[i];

        sally_put_text(&l.w, i == 0 ? "{\"username\":" : ",{\"username\":");
        sally_put_json_string(&l.w, sally_span_of(u->name));
        if (r->options->password == NULL) {
            sally_put_text(&l.w, ",\"password\":");
            sally_put_json_string(
                &l.w, (struct sally_span){ (const uint8_t *)u->password.bytes,
                                           u->password.len });
        }
        sally_put_text(&l.w, "}");
    }
    sally_put_text(&l.w, "]}");
    sally_line_end(&l, r->cli->out);
}

static void report(const struct sally_replacing *r, bool done)
{
    FILE *out = r->cli->out;

    if (r->cli->json) {
        report_json(r);
        return;
    }
    fprintf(out, "%s: replaced%s\n", r->id,
            done ? "; the old device is not let in any more" : "");
    for (size_t i = 0; i < r->user_count; i++)
        if (r->options->password == NULL)
            fprintf(out, "  user %s, password %.*s (shown this once)\n",
                    r->users[i].name, (int)r->users[i].password.len,
                    r->users[i].password.bytes);
    if (r->sensor->bootstrap != NULL)
        fputs("  its bootstrap server is asked for other keys\n", out);
    else
        fprintf(out, "  %u key files made, of which its servers must know; "
                     "the old keys are dead\n",
                r->keys);
}

/* --- The verb ------------------------------------------------------------- */

static bool begin(struct sally_replacing *r)
{
    size_t at;

    if (sally_config_files_read(r->cli->config, &r->files, r->cli->err) != 0 ||
        sally_config_load(r->files.files, r->files.count, &r->config,
                          r->cli->err) != 0)
        return false;
    at = sally_config_sensor_named(&r->config, sally_span_of(r->id));
    if (at >= r->config.sensor_count)
        return sally_replace_fail(r, r->id, "no such sensor");
    r->sensor = &r->config.sensors[at];
    r->id = sally_arena_text(&r->made.arena, sally_span_of(r->sensor->id));
    return sally_enroll_files_read(&r->with, NULL, r->options->authority,
                                   r->options->key, r->cli->err);
}

static int run(struct sally_replacing *r)
{
    bool done;

    if (!begin(r) || !sally_replace_address(r) || !sally_replace_passwords(r))
        return SALLY_EXIT_REFUSED;
    if (!sally_replace_keys(r) || !sally_replace_local_keys(r) ||
        !sally_replace_address_write(r) || !order(r)) {
        sally_made_undo(&r->made);
        return SALLY_EXIT_REFUSED;
    }
    /* The old keys are dead from here on: there is no way back. */
    sally_made_settle(&r->made);
    if (!sally_replace_passwords_write(r))
        return SALLY_EXIT_REFUSED;
    done = reload(r);
    report(r, done);
    sally_replace_local_tell(r);
    return done ? SALLY_EXIT_DONE : SALLY_EXIT_REFUSED;
}

static void wipe(struct sally_replacing *r)
{
    if (r->users != NULL)
        sally_wipe(r->users, (r->sensor->auth_count + 1u) * sizeof(*r->users));
    free(r->users);
    sally_config_wipe(&r->config);
    sally_config_files_wipe(&r->files);
    sally_enroll_files_wipe(&r->with);
    sally_made_wipe(&r->made);
}

int sally_verb_replace(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count)
{
    struct sally_replace_options o = { .into = NULL };
    struct sally_replacing r = { .cli = cli, .options = &o };
    int status;

    if (!take_options(args, count, &o))
        return usage(cli, v);
    r.id = args[count - 1];
    status = run(&r);
    wipe(&r);
    return status;
}
