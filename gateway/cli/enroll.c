/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll.c - the verb enroll: entries for new sensors, keys for
 * those that have none, and a file for each server's side. All of it or, when
 * something is wrong, nothing.                                              */
#include "cli/enroll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "cli/verbs.h"
#include "config/files.h"

#define ENTRY_MAX 8192 /* bytes */

struct enrolling {
    const struct sally_cli *cli;
    struct sally_config_files files;
    struct sally_config config;
    struct sally_made made;
    struct sally_span template; /* what stands in each entry besides; or none */
    struct sally_enroll_files with;
    const char *into;           /* directory for the servers' files, or NULL */
    const char **ids;           /* in the arena of `made` */
    size_t count, room;
    size_t first_new; /* of the files: those that are not written yet */
    unsigned keys;    /* made */
};

static bool fail(const struct enrolling *e, const char *what, const char *why)
{
    fprintf(e->cli->err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

/* --- Entries ------------------------------------------------------------- */

static void put_setting(struct sally_writer *w, struct sally_span name,
                        struct sally_span value)
{
    sally_put_text(w, "    ");
    sally_put(w, name);
    sally_put_text(w, " = \"");
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            sally_put_u8(w, '\\');
        sally_put_u8(w, value.at[i]);
    }
    sally_put_text(w, "\";\n");
}

static bool is_known(const struct enrolling *e, struct sally_span id)
{
    return sally_config_sensor_named(&e->config, id) < e->config.sensor_count;
}

static bool remember(struct enrolling *e, struct sally_span id)
{
    if (e->count == e->room) {
        size_t room = e->room == 0 ? 64 : 2 * e->room;
        const char **more = realloc(e->ids, room * sizeof(*more));

        if (more == NULL)
            return fail(e, "sensors", "there is not enough memory");
        e->ids = more;
        e->room = room;
    }
    e->ids[e->count++] = sally_arena_text(&e->made.arena, id);
    return true;
}

/* The entry becomes one of the files that are read, and is not written yet. */
static bool add_entry(struct enrolling *e, struct sally_span id,
                      struct sally_span entry)
{
    struct sally_config_files *f = &e->files;
    const char *slash = strrchr(e->cli->config, '/');
    int dir = slash == NULL ? 0 : (int)(slash - e->cli->config) + 1;
    struct sally_config_file *file = &f->files[f->count];

    if (f->count == SALLY_CONFIG_FILES_MAX)
        return fail(e, "sensors", "with these there are more than 20000 files");
    file->path = sally_arena_format(&f->arena, "%.*ssensors.d/%.*s.conf", dir,
                                    e->cli->config, (int)id.len,
                                    (const char *)id.at);
    file->text = sally_span_of(sally_arena_text(&f->arena, entry));
    f->count++;
    return !f->arena.failed ||
           fail(e, "sensors", "there is not enough memory");
}

/* `names` and `values` are the other columns of its line, `count` of them. */
static bool enroll_one(void *owner, struct sally_span id,
                       const struct sally_span *names,
                       const struct sally_span *values, size_t count)
{
    struct enrolling *e = owner;
    uint8_t room[ENTRY_MAX];
    struct sally_buf entry = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&entry);

    if (!remember(e, id))
        return false;
    if (is_known(e, id))
        return true; /* it may lack keys */
    sally_put_text(&w, "sensors = ( {\n");
    put_setting(&w, sally_span_of("id"), id);
    for (size_t i = 0; i < count; i++)
        if (values[i].len != 0 && !sally_span_is(names[i], "id"))
            put_setting(&w, names[i], values[i]);
    sally_put(&w, e->template);
    sally_put_text(&w, "} );\n");
    return w.failed ? fail(e, "entry", "is longer than 8192 bytes")
                    : add_entry(e, id, sally_buf_span(&entry));
}

/* --- Reading what is asked for ------------------------------------------- */

static bool read_template(struct enrolling *e, const char *path)
{
    FILE *f = fopen(path, "re");
    bool good;

    if (f == NULL)
        return fail(e, path, strerror(errno));
    good = sally_enroll_text(f, path, &e->made.arena, &e->template,
                             e->cli->err);
    (void)fclose(f);
    return good;
}

static bool enroll_table(struct enrolling *e)
{
    struct sally_span text;

    return sally_enroll_text(e->cli->in, "standard input", &e->made.arena,
                             &text, e->cli->err) &&
           sally_enroll_table(text, enroll_one, e, e->cli->err);
}

/* --- Doing it ------------------------------------------------------------ */

/* Each has a line in what its server is told. */
static bool names_each_once(const struct enrolling *e)
{
    const struct sally_config *c = &e->config;
    bool *met = calloc(c->sensor_count, sizeof(*met));
    const char *twice = NULL;

    if (met == NULL)
        return fail(e, "sensors", "there is not enough memory");
    for (size_t i = 0; i < e->count && twice == NULL; i++) {
        size_t at = sally_config_sensor_named(c, sally_span_of(e->ids[i]));

        if (met[at])
            twice = e->ids[i];
        met[at] = true;
    }
    free(met);
    return twice == NULL || fail(e, twice, "is named twice");
}

/* The files that are not there yet are read as well. */
static bool read_again(struct enrolling *e)
{
    sally_config_wipe(&e->config);
    if (sally_config_load(e->files.files, e->files.count, &e->config,
                          e->cli->err) == 0)
        return names_each_once(e);
    fputs("sallyportctl: nothing was written: new entries would have stood "
          "in those files\n",
          e->cli->err);
    return false;
}

/* Adds what is new and reads all of it as the gateway would. */
static bool prepare(struct enrolling *e, char **args, int count)
{
    const struct sally_cli *cli = e->cli;

    if (sally_config_files_read(cli->config, &e->files, cli->err) != 0 ||
        sally_config_load(e->files.files, e->files.count, &e->config,
                          cli->err) != 0)
        return false;
    e->first_new = e->files.count;
    if (count == 1 && strcmp(args[0], "-") == 0) {
        if (!enroll_table(e))
            return false;
    } else {
        for (int i = 0; i < count; i++)
            if (!enroll_one(e, sally_span_of(args[i]), NULL, NULL, 0))
                return false;
    }
    return read_again(e);
}

/* Whoever has the fleet's secret has these keys: they are to be replaced at
 * first contact.                                                            */
static bool is_marked(struct enrolling *e, const struct sally_config_sensor *s,
                      const struct sally_config_account *a)
{
    bool shared = false;

    for (size_t i = 0; i < a->part_count; i++)
        shared |= sally_enroll_derives(sally_credential_field(a->parts[i].kind),
                                       a->mode);
    return e->with.source.fleet.len == 0 || !shared || a->factory ||
           fail(e, s->id,
                "expected `factory = true` in each account whose key is made "
                "of the fleet's (-f), so that a bootstrap server replaces it "
                "first");
}

static bool make_keys(struct enrolling *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct sally_config_sensor *s =
            sally_enroll_sensor(&e->config, e->ids[i]);

        for (size_t k = 0; k < sally_config_accounts(s); k++) {
            if (!is_marked(e, s, &s->accounts[k]))
                return false;
        }
        for (size_t k = 0; k < sally_config_accounts(s); k++) {
            int made =
                sally_enroll_keys(&e->made, &e->config, s, &s->accounts[k],
                                  &e->with.source, e->cli->err);

            if (made < 0)
                return false;
            e->keys += (unsigned)made;
        }
    }
    return true;
}

static bool write_entries(struct enrolling *e)
{
    for (size_t i = e->first_new; i < e->files.count; i++) {
        const struct sally_config_file *f = &e->files.files[i];

        if (!sally_made_file(&e->made, f->path, 0640, f->text))
            return fail(e, f->path, strerror(errno));
    }
    return true;
}

static bool tell_servers(struct enrolling *e)
{
    const struct sally_enroll_list who = { e->ids, e->count };

    return e->into == NULL ||
           sally_enroll_tell(&e->config, &who, e->into, &e->made,
                             e->cli->err);
}

/* --- The verb ------------------------------------------------------------ */

/* What the options name; NULL: not given. */
struct options {
    const char *template, *into, *fleet, *authority, *key;
};

static int usage(const struct sally_cli *cli, const struct sally_verb *v)
{
    fprintf(cli->err,
            "usage: sallyportctl [OPTIONS] %s %s\n"
            "-t FILE  settings that each new entry has besides its id\n"
            "-o DIR   where files for the servers' side go\n"
            "-f FILE  the gateway's fleet key: shared secrets are made of it\n"
            "-c FILE  certificate of the authority that signs new ones\n"
            "-k FILE  its private key\n"
            "-        a table on the standard input, in place of ids\n",
            v->name, v->args);
    return SALLY_EXIT_USAGE;
}

/* How many arguments they take; -1: this cannot be. */
static int take_options(char **args, int count, struct options *o)
{
    const struct {
        char letter;
        const char **to;
    } all[] = { { 't', &o->template },  { 'o', &o->into },
                { 'f', &o->fleet },     { 'c', &o->authority },
                { 'k', &o->key } };
    int at = 0;

    while (at < count && args[at][0] == '-' && args[at][1] != '\0') {
        size_t i = 0;

        while (i < SALLY_LEN(all) && args[at][1] != all[i].letter)
            i++;
        if (i == SALLY_LEN(all) || args[at][2] != '\0' || at + 1 == count)
            return -1;
        *all[i].to = args[at + 1];
        at += 2;
    }
    if (at == count || (o->authority == NULL) != (o->key == NULL))
        return -1;
    for (int i = at + 1; i < count; i++)
        if (args[i][0] == '-')
            return -1; /* behind the ids */
    return at;
}

static void report(const struct enrolling *e)
{
    size_t entries = e->files.count - e->first_new;

    if (e->cli->json)
        fprintf(e->cli->out,
                "{\"sensors\":%zu,\"entries\":%zu,\"keys\":%u}\n", e->count,
                entries, e->keys);
    else
        fprintf(e->cli->out,
                "%zu sensors: %zu entries and %u key files made; they count "
                "after sallyportctl reload\n",
                e->count, entries, e->keys);
}

static bool begin(struct enrolling *e, const struct options *o)
{
    e->into = o->into;
    return (o->template == NULL || read_template(e, o->template)) &&
           sally_enroll_files_read(&e->with, o->fleet, o->authority, o->key,
                                   e->cli->err);
}

static int run(struct enrolling *e, const struct options *o, char **args,
               int count)
{
    if (begin(e, o) && prepare(e, args, count) && make_keys(e) &&
        tell_servers(e) && write_entries(e)) {
        report(e);
        return SALLY_EXIT_DONE;
    }
    sally_made_undo(&e->made);
    return SALLY_EXIT_REFUSED;
}

int sally_verb_enroll(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count)
{
    struct enrolling e = { .cli = cli };
    struct options o = { .into = NULL };
    int at = take_options(args, count, &o);
    int status;

    if (at < 0)
        return usage(cli, v);
    status = run(&e, &o, &args[at], count - at);
    sally_config_wipe(&e.config);
    sally_config_files_wipe(&e.files);
    sally_enroll_files_wipe(&e.with);
    sally_made_wipe(&e.made);
    free(e.ids);
    return status;
}
