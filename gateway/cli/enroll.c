/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll.c - the verb enroll: entries for new sensors, keys for
 * those that have none, and a file for each server's side. All of it or, when
 * something is wrong, nothing.                                              */
#include "cli/enroll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/text.h"
#include "base/writer.h"
#include "cli/verbs.h"
#include "config/files.h"

#define COLUMNS_MAX 16
#define INPUT_MAX (8u << 20) /* bytes of a table, and of a template */
#define LINE_MAX 8192        /* bytes of an entry, and of a line for a server */

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
static bool enroll_one(struct enrolling *e, struct sally_span id,
                       const struct sally_span *names,
                       const struct sally_span *values, size_t count)
{
    uint8_t room[LINE_MAX];
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

/* All of a stream, in the arena. */
static bool read_all(struct enrolling *e, const char *name, FILE *f,
                     struct sally_span *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *copy = open_memstream(&text, &len);
    int c = 0;

    while (copy != NULL && len < INPUT_MAX && (c = getc(f)) != EOF) {
        putc(c, copy);
        if (c == '\n')
            (void)fflush(copy);
    }
    if (copy == NULL || fclose(copy) != 0 || ferror(f) || c != EOF) {
        free(text);
        return fail(e, name, c != EOF ? "is larger than 8 MiB"
                                      : "cannot be read");
    }
    if (memchr(text, 0, len) != NULL) {
        free(text);
        return fail(e, name, "holds a zero byte: expected text in UTF-8");
    }
    *out = sally_span_of(
        sally_arena_text(&e->made.arena,
                         (struct sally_span){ (uint8_t *)text, len }));
    free(text);
    return true;
}

static bool read_template(struct enrolling *e, const char *path)
{
    FILE *f = fopen(path, "re");
    bool good;

    if (f == NULL)
        return fail(e, path, strerror(errno));
    good = read_all(e, path, f, &e->template);
    (void)fclose(f);
    return good;
}

/* The cells of a line, without quotes; SIZE_MAX: too many, or quoted. */
static size_t take_cells(struct sally_span line, struct sally_span *cells)
{
    struct sally_cursor c = sally_cursor_over(line);
    size_t count = 0;
    bool more = true;

    while (more) {
        struct sally_span rest = c.rest, cell = sally_take_until(&c, ',');

        if (count == COLUMNS_MAX)
            return SIZE_MAX;
        more = cell.len < rest.len; /* a comma follows */
        cells[count] = sally_text_trim(cell);
        for (size_t i = 0; i < cells[count].len; i++)
            if (cells[count].at[i] == '"' || cells[count].at[i] < ' ')
                return SIZE_MAX;
        count++;
    }
    return count;
}

/* What a key of the configuration looks like; it is written as it is. */
static bool is_name(struct sally_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((name.at[i] < 'a' || name.at[i] > 'z') && name.at[i] != '_')
            return false;
    return name.len != 0;
}

/* SIZE_MAX: there is none, or another one is no name. */
static size_t find_id(const struct sally_span *names, size_t count)
{
    size_t id = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        if (!is_name(names[i]))
            return SIZE_MAX;
        if (sally_span_is(names[i], "id"))
            id = i;
    }
    return id;
}

/* Some programs mark a table as UTF-8 by this. */
static struct sally_span skip_mark(struct sally_span text)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

    if (text.len >= sizeof(mark) && memcmp(text.at, mark, sizeof(mark)) == 0)
        return sally_span_sub(text, sizeof(mark), text.len);
    return text;
}

static bool blame_line(const struct enrolling *e, unsigned number,
                       const char *what)
{
    fprintf(e->cli->err, "sallyportctl: standard input:%u: %s\n", number, what);
    return false;
}

/* The first line names the columns; the others are a sensor each. */
static bool enroll_table(struct enrolling *e)
{
    struct sally_span text, names[COLUMNS_MAX], cells[COLUMNS_MAX];
    struct sally_cursor c;
    size_t columns, id;
    unsigned number = 1;

    if (!read_all(e, "standard input", e->cli->in, &text))
        return false;
    c = sally_cursor_over(skip_mark(text));
    columns = take_cells(sally_take_until(&c, '\n'), names);
    id = columns == SIZE_MAX ? SIZE_MAX : find_id(names, columns);
    if (id == SIZE_MAX)
        return blame_line(e, 1, "expected the names of up to 16 columns, one "
                                "of them id, separated by commas");
    while (c.rest.len != 0) {
        struct sally_span line = sally_text_trim(sally_take_until(&c, '\n'));

        number++;
        if (line.len == 0)
            continue;
        if (take_cells(line, cells) != columns || cells[id].len == 0)
            return blame_line(e, number, "expected as many values as the first "
                                         "line has names, without quotes");
        if (!enroll_one(e, cells[id], names, cells, columns))
            return false;
    }
    return e->count != 0 || blame_line(e, number, "expected a sensor");
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

static const struct sally_config_sensor *sensor_of(const struct enrolling *e,
                                                   const char *id)
{
    return &e->config.sensors[sally_config_sensor_named(&e->config,
                                                        sally_span_of(id))];
}

static bool make_keys(struct enrolling *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct sally_config_sensor *s = sensor_of(e, e->ids[i]);

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

/* --- The servers' side --------------------------------------------------- */

struct outgoing {
    struct sally_buf leshan, values; /* in one owned room, leshan's first */
    unsigned unsaid; /* accounts that one of them has no word for */
};

static void wipe_outgoing(struct outgoing *o)
{
    sally_wipe(o->leshan.at, o->leshan.len);
    sally_wipe(o->values.at, o->values.len);
    free(o->leshan.at);
}

static bool put_line(struct sally_buf *out,
                     enum sally_err (*form)(const char *endpoint,
                                            const struct sally_credential *c,
                                            struct sally_buf *out),
                     const char *endpoint, const struct sally_credential *c,
                     unsigned *unsaid)
{
    size_t before = out->len;
    enum sally_err e = form(endpoint, c, out);

    if (e == SALLY_E_UNSUPPORTED) {
        out->len = before;
        ++*unsaid;
        return true;
    }
    if (e != SALLY_E_OK || out->len == out->room)
        return false;
    out->at[out->len++] = '\n';
    return true;
}

static bool put_account(struct enrolling *e, struct outgoing *o,
                        const struct sally_config_sensor *s,
                        const struct sally_config_account *a)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };

    if (!sally_enroll_credential(&e->config, s, a, &c, e->cli->err))
        return false;
    if (put_line(&o->leshan, sally_enroll_leshan, s->endpoint, &c,
                 &o->unsaid) &&
        put_line(&o->values, sally_enroll_values, s->endpoint, &c, &o->unsaid))
        return true;
    return fail(e, s->id, "its keys do not fit a line");
}

static bool write_outgoing(struct enrolling *e, const char *server,
                           const struct outgoing *o)
{
    const char *json = sally_arena_format(&e->made.arena, "%s/%s.leshan.jsonl",
                                          e->into, server);
    const char *csv =
        sally_arena_format(&e->made.arena, "%s/%s.csv", e->into, server);

    if (o->unsaid != 0)
        fprintf(e->cli->err,
                "sallyportctl: %s: left out %u accounts that Leshan's "
                "interface has no words for\n",
                json, o->unsaid);
    if (!sally_made_file(&e->made, json, 0600, sally_buf_span(&o->leshan)))
        return fail(e, json, strerror(errno));
    if (!sally_made_file(&e->made, csv, 0600, sally_buf_span(&o->values)))
        return fail(e, csv, strerror(errno));
    return true;
}

static bool tell_server(struct enrolling *e, uint32_t server)
{
    const size_t room = (e->count + 1) * LINE_MAX;
    uint8_t *rooms = calloc(2, room);
    SALLY_ON_EXIT(wipe_outgoing) struct outgoing o = {
        { rooms, 0, room }, { rooms, 0, room }, 0
    };
    struct sally_writer head;
    bool any = false;

    if (rooms == NULL)
        return fail(e, "keys", "there is not enough memory");
    o.values.at += room;
    head = sally_writer_into(&o.values);
    sally_put_text(&head, sally_enroll_head);
    for (size_t i = 0; i < e->count; i++) {
        const struct sally_config_sensor *s = sensor_of(e, e->ids[i]);

        for (size_t k = 0; k < sally_config_accounts(s); k++) {
            if (s->accounts[k].server != server || s->accounts[k].dormant)
                continue;
            if (!put_account(e, &o, s, &s->accounts[k]))
                return false;
            any = true;
        }
    }
    return !any || write_outgoing(e, e->config.servers[server].name, &o);
}

static bool tell_servers(struct enrolling *e)
{
    for (uint32_t i = 0; e->into != NULL && i < e->config.server_count; i++)
        if (!tell_server(e, i))
            return false;
    return true;
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
