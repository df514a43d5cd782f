/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/ask.c - the verbs status, sensors, show, doctor, values, reload,
 * rotate and revoke: what the daemon says, as it says it or as a table of 80
 * columns.                                                                  */
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/tables.h"
#include "config/schema.h"

/* How each verb shows a line of the answer. */
static const struct view {
    const char *verb;
    void (*heading)(FILE *out); /* NULL: none */
    void (*line)(FILE *out, struct sally_json row);
    unsigned wait; /* seconds */
} views[] = {
    { "status", NULL, sally_table_pairs, SALLY_CONTROL_WAIT },
    { "sensors", sally_table_sensors_heading, sally_table_sensor,
      SALLY_CONTROL_WAIT },
    { "show", NULL, sally_table_show, SALLY_CONTROL_WAIT },
    { "doctor", NULL, sally_table_doctor, SALLY_CONTROL_WAIT },
    { "values", sally_table_values_heading, sally_table_value,
      SALLY_CONTROL_WAIT },
    { "rotate", NULL, sally_table_order, SALLY_CONTROL_WAIT },
    { "revoke", NULL, sally_table_order, SALLY_CONTROL_WAIT },
    { "reload", NULL, sally_table_text, SALLY_CONTROL_LONG },
};

struct answer {
    const struct sally_cli *cli;
    const struct view *view;
    unsigned rows;
};

static const struct view *view_of(const char *verb)
{
    for (size_t i = 0; i < SALLY_LEN(views); i++)
        if (strcmp(views[i].verb, verb) == 0)
            return &views[i];
    return NULL;
}

static void print_line(void *context, struct sally_span line)
{
    struct answer *a = context;
    FILE *out = a->cli->out;
    struct sally_json row = { NULL };

    if (a->cli->json) {
        fwrite(line.at, 1, line.len, out);
        fputc('\n', out);
        return;
    }
    if (sally_json_parse(line, SALLY_CONTROL_LINE, &row) != SALLY_E_OK)
        return; /* not from a daemon that speaks this protocol */
    if (a->rows++ == 0 && a->view->heading != NULL)
        a->view->heading(out);
    a->view->line(out, row);
    sally_json_free(&row);
}

static int ask(const struct sally_cli *cli, const struct sally_verb *v,
               char **args, int count)
{
    struct answer a = { .cli = cli, .view = view_of(v->name) };
    char room[256], request[256] = "";
    const char *wrong;

    if (a.view == NULL)
        return SALLY_EXIT_USAGE;
    /* A name that holds a line break would be two requests. */
    for (int i = 0; i < count; i++)
        if (!sally_name_is_plain(args[i])) {
            fprintf(cli->err,
                    "sallyportctl: a %s has 1 to 64 letters, digits, '.', "
                    "'_' or '-'\n",
                    i == 0 ? "sensor's id" : "server's name");
            return SALLY_EXIT_USAGE;
        }
    (void)snprintf(request, sizeof(request), "%s%s%s%s%s\n", v->name,
                   count > 0 ? " " : "", count > 0 ? args[0] : "",
                   count > 1 ? " " : "", count > 1 ? args[1] : "");
    wrong = sally_control_ask(cli->socket, request, a.view->wait, print_line,
                              &a, room);
    if (wrong[0] == '\0')
        return SALLY_EXIT_DONE;
    fputs("sallyportctl: ", cli->err);
    sally_print_clean(cli->err, sally_span_of(wrong));
    fputc('\n', cli->err);
    return SALLY_EXIT_REFUSED;
}

int sally_verb_ask(const struct sally_cli *cli, const struct sally_verb *v,
                   char **args, int count)
{
    return ask(cli, v, args, count);
}

/* Nothing is done to all by leaving a word out. */
int sally_verb_order(const struct sally_cli *cli, const struct sally_verb *v,
                     char **args, int count)
{
    bool all = strcmp(args[0], "--all") == 0;

    return ask(cli, v, args, all && count == 1 ? 0 : count);
}
