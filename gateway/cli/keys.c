/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/keys.c - the verb keys: what may stand in the configuration, from
 * the tables that read it. A router has no manual page at hand, and the manual
 * page is made of the JSON of this verb.                                    */
#include "cli/verbs.h"

#include <string.h>

#include "cli/line.h"
#include "config/reference.h"

#define COLUMNS 80
#define INDENT 4

/* Sentences, broken between words. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = 0;

    while (text[0] != '\0') {
        size_t word = strcspn(text, " ");

        if (column != 0 && column + 1 + word > COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%*s%.*s", column == 0 ? INDENT : 1, "",
                                  (int)word, text);
        text += word + strspn(&text[word], " ");
    }
    fputc('\n', out);
}

static void print_key(FILE *out, const struct sally_reference_key *k)
{
    fprintf(out, "\n  %s: %s", k->name, k->kind);
    if (k->must)
        fputs("; must be given", out);
    if (k->fallback != NULL)
        fprintf(out, "; default %s", k->fallback);
    fputc('\n', out);
    print_wrapped(out, k->meaning);
}

static void put_text(struct sally_writer *w, const char *name, const char *text)
{
    sally_put_format(w, ",\"%s\":", name);
    if (text == NULL)
        sally_put_text(w, "null");
    else
        sally_put_json_string(w, sally_span_of(text));
}

static void print_group_json(FILE *out, const struct sally_reference_group *g)
{
    struct sally_line l = sally_line_begin();

    sally_put_text(&l.w, "{\"group\":");
    sally_put_json_string(&l.w, sally_span_of(g->name));
    put_text(&l.w, "about", g->about);
    sally_put_text(&l.w, "}");
    sally_line_end(&l, out);
}

static void print_key_json(FILE *out, const char *group,
                           const struct sally_reference_key *k)
{
    struct sally_line l = sally_line_begin();

    sally_put_text(&l.w, "{\"group\":");
    sally_put_json_string(&l.w, sally_span_of(group));
    put_text(&l.w, "key", k->name);
    put_text(&l.w, "kind", k->kind);
    put_text(&l.w, "default", k->fallback);
    sally_put_format(&l.w, ",\"must\":%s", k->must ? "true" : "false");
    put_text(&l.w, "meaning", k->meaning);
    sally_put_text(&l.w, "}");
    sally_line_end(&l, out);
}

static void print_group(const struct sally_cli *cli, size_t number,
                        const struct sally_reference_group *g)
{
    struct sally_reference_key k;

    if (cli->json) {
        print_group_json(cli->out, g);
    } else {
        fprintf(cli->out, "%s\n", g->name);
        print_wrapped(cli->out, g->about);
    }
    for (size_t i = 0; sally_reference_key(number, i, &k); i++)
        if (cli->json)
            print_key_json(cli->out, g->name, &k);
        else
            print_key(cli->out, &k);
    if (!cli->json)
        fputc('\n', cli->out);
}

static int complain(FILE *err, const char *name)
{
    struct sally_reference_group g;

    fputs("sallyportctl: no group ", err);
    sally_print_clean(err, sally_span_of(name));
    fputs("; the groups are", err);
    for (size_t i = 0; sally_reference_group(i, &g); i++)
        fprintf(err, "%s %s", i == 0 ? "" : ",", g.name);
    fputc('\n', err);
    return SALLY_EXIT_REFUSED;
}

int sally_verb_keys(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count)
{
    struct sally_reference_group g;
    bool found = false;

    (void)v;
    for (size_t i = 0; sally_reference_group(i, &g); i++) {
        if (count == 1 && strcmp(args[0], g.name) != 0)
            continue;
        found = true;
        print_group(cli, i, &g);
    }
    return found ? SALLY_EXIT_DONE : complain(cli->err, args[0]);
}
