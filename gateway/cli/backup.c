/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/backup.c - the verbs backup and restore: the accounts that
 * bootstrap servers gave, and the keys that are dead. Not readings, and not
 * sequence numbers: old ones would be used twice.                           */
#include "cli/archive.h"
#include "cli/custody.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "cli/control.h"
#include "log/log.h"

/* What was written or read, by kind. */
struct backup {
    struct sally_custody custody;
    struct sally_archive archive;
    size_t books, tombs, older;
    enum sally_err e;
};

static void tally(struct backup *b, enum sally_kept what)
{
    b->books += what == SALLY_KEPT_BOOK;
    b->tombs += what == SALLY_KEPT_TOMB;
}

static bool refuse(const struct backup *b, const char *path, enum sally_err e)
{
    const char *why = sally_err_text(e);

    if (e == SALLY_E_IO)
        why = strerror(errno);
    if (e == SALLY_E_UNAUTHENTIC)
        why = "damaged, or of a gateway with another master key";
    if (e == SALLY_E_TRUNCATED)
        why = "its end is missing";
    if (e == SALLY_E_MALFORMED)
        why = "no backup";
    fprintf(b->custody.cli->err, "sallyportctl: %s: %s\n", path, why);
    return false;
}

/* --- backup --------------------------------------------------------------- */

static bool put(void *owner, const struct sally_kept_place *at,
                struct sally_span body)
{
    struct backup *b = owner;

    b->e = sally_archive_put(&b->archive, at, body);
    tally(b, at->what);
    return b->e == SALLY_E_OK;
}

static bool fill(struct backup *b, const char *path)
{
    if (!sally_custody_become(&b->custody) ||
        !sally_custody_read(&b->custody, put, b))
        return false;
    if (b->e == SALLY_E_OK)
        b->e = sally_archive_finish(&b->archive);
    return b->e == SALLY_E_OK || refuse(b, path, b->e);
}

/* --- The journal ---------------------------------------------------------- */

static void ignore_line(void *context, struct sally_span line)
{
    (void)context;
    (void)line;
}

/* Where no gateway runs, the journal is ours to write. */
static bool note_ourselves(struct backup *b)
{
    if (!sally_custody_take(&b->custody))
        return false;
    sally_log(SALLY_LOG_INFO, "backup_made", SALLY_NUMBER("books", b->books),
              SALLY_NUMBER("dead_keys", b->tombs));
    return sally_custody_settle(&b->custody);
}

/* A backup of what is ill is worth more than none, so this does not undo it. */
static void note(struct backup *b)
{
    struct sally_cli quiet = *b->custody.cli;
    const struct sally_cli *cli = b->custody.cli;
    char room[256], *said = NULL;
    size_t len = 0;
    const char *wrong =
        sally_control_ask(cli->socket, "backup\n", SALLY_CONTROL_WAIT,
                          ignore_line, NULL, room);

    if (wrong[0] == '\0')
        return;
    quiet.err = open_memstream(&said, &len);
    if (quiet.err == NULL)
        return;
    b->custody.cli = &quiet;
    if (!note_ourselves(b))
        fprintf(cli->err, "sallyportctl: this backup is not in the journal: "
                          "%s\n",
                wrong);
    b->custody.cli = cli;
    (void)fclose(quiet.err);
    free(said);
}

/* --- The verb backup ------------------------------------------------------ */

static int tell_backup(const struct backup *b, const char *path)
{
    const struct sally_cli *cli = b->custody.cli;

    if (cli->json)
        fprintf(cli->out, "{\"books\":%zu,\"dead_keys\":%zu}\n", b->books,
                b->tombs);
    else
        fprintf(cli->out,
                "%s: the accounts of %zu sensors and %zu dead keys, sealed "
                "with the master key,\nwithout which it opens nowhere; the "
                "configuration and the key files are not in it\n",
                path, b->books, b->tombs);
    return SALLY_EXIT_DONE;
}

int sally_verb_backup(const struct sally_cli *cli, const struct sally_verb *v,
                      char **args, int count)
{
    SALLY_ON_EXIT(sally_sealer_wipe) struct sally_sealer s = { { 0 } };
    struct backup b = { .e = SALLY_E_OK };
    const uid_t whoever = geteuid();
    int status = SALLY_EXIT_REFUSED;

    (void)v;
    (void)count;
    if (sally_custody_begin(&b.custody, cli) &&
        sally_custody_key(&b.custody, &s)) {
        b.e = sally_archive_make(&b.archive, args[0], &s);
        if (b.e != SALLY_E_OK)
            (void)refuse(&b, args[0], b.e);
        if (b.e == SALLY_E_OK && fill(&b, args[0])) {
            note(&b);
            status = tell_backup(&b, args[0]);
        }
        if (status != SALLY_EXIT_DONE && b.archive.file != NULL &&
            (geteuid() == whoever || seteuid(whoever) == 0))
            (void)unlink(args[0]);
    }
    sally_archive_close(&b.archive);
    sally_custody_end(&b.custody);
    return status;
}

/* --- restore -------------------------------------------------------------- */

/* A book begins with the count of those that the sensor had. */
static uint64_t generation_of(struct sally_span book)
{
    struct sally_cursor c = sally_cursor_over(book);
    uint64_t n = sally_take_u64(&c);

    return c.failed ? 0 : n;
}

/* True if a book that is there is not older than this one. */
static bool is_older(struct backup *b, const struct sally_kept_place *at,
                     struct sally_span body)
{
    uint8_t room[SALLY_KEPT_BODY_MAX];
    struct sally_buf there = SALLY_BUF(room);

    return sally_store_recall(b->custody.store, at, &there) == SALLY_E_OK &&
           generation_of(sally_buf_span(&there)) >= generation_of(body);
}

static bool look(void *owner, const struct sally_kept_place *at,
                 struct sally_span body)
{
    (void)body;
    tally(owner, at->what);
    return true;
}

static bool take(void *owner, const struct sally_kept_place *at,
                 struct sally_span body)
{
    struct backup *b = owner;

    if (at->what == SALLY_KEPT_BOOK && is_older(b, at, body)) {
        b->older++;
        return true;
    }
    if (at->what != SALLY_KEPT_BOOK && at->what != SALLY_KEPT_TOMB)
        return true; /* of a later version */
    sally_custody_keep(&b->custody, at->what, at->name, body);
    if (at->what == SALLY_KEPT_BOOK)
        sally_custody_due(&b->custody, at->name);
    return !b->custody.failed;
}

/* All of it is looked at before anything is changed. */
static bool look_through(struct backup *b, const char *path,
                         const struct sally_sealer *s)
{
    enum sally_err e = sally_archive_open(&b->archive, path, s);

    if (e == SALLY_E_OK)
        e = sally_archive_read(&b->archive, look, b);
    return e == SALLY_E_OK || refuse(b, path, e);
}

static bool restore(struct backup *b, const char *path)
{
    enum sally_err e;

    sally_custody_distrust(&b->custody);
    e = sally_archive_read(&b->archive, take, b);
    if (e != SALLY_E_OK)
        return refuse(b, path, e);
    sally_log(SALLY_LOG_INFO, "backup_restored",
              SALLY_NUMBER("books", b->books - b->older),
              SALLY_NUMBER("dead_keys", b->tombs));
    return sally_custody_settle(&b->custody);
}

static int tell_restore(const struct backup *b)
{
    char head[160];

    (void)snprintf(head, sizeof(head),
                   b->custody.cli->json
                       ? "\"books\":%zu,\"newer_here\":%zu,\"dead_keys\":%zu"
                       : "restored: the accounts of %zu sensors (%zu more are "
                         "newer here, and stay), %zu dead keys",
                   b->books - b->older, b->older, b->tombs);
    sally_custody_tell(&b->custody, head);
    return SALLY_EXIT_DONE;
}

int sally_verb_restore(const struct sally_cli *cli, const struct sally_verb *v,
                       char **args, int count)
{
    SALLY_ON_EXIT(sally_sealer_wipe) struct sally_sealer s = { { 0 } };
    struct backup b = { .e = SALLY_E_OK };
    int status = SALLY_EXIT_REFUSED;

    (void)v;
    (void)count;
    if (sally_custody_begin(&b.custody, cli) &&
        sally_custody_key(&b.custody, &s) &&
        look_through(&b, args[0], &s) &&
        sally_custody_become(&b.custody) && sally_custody_take(&b.custody) &&
        restore(&b, args[0]))
        status = tell_restore(&b);
    sally_archive_close(&b.archive);
    sally_custody_end(&b.custody);
    return status;
}
