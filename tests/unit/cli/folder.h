/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/cli/folder.h - a folder for one test, which works in it, and what
 * its files hold.                                                           */
#ifndef TESTS_CLI_FOLDER_H
#define TESTS_CLI_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 16384

static char folder[64];

static int in_folder(void **state)
{
    (void)state;
    memcpy(folder, "/tmp/sally-cli-XXXXXX", sizeof("/tmp/sally-cli-XXXXXX"));
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

/* Calls `each` for what is below the folder, what a folder holds before it. */
static void walk(void (*each)(const FTSENT *e, void *owner), void *owner)
{
    char *const roots[] = { folder, NULL };
    FTS *all = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    const FTSENT *e;

    assert_non_null(all);
    while ((e = fts_read(all)) != NULL)
        if (e->fts_info != FTS_D)
            each(e, owner);
    fts_close(all);
}

static void drop(const FTSENT *e, void *owner)
{
    (void)owner;
    assert_int_equal(remove(e->fts_path), 0);
}

static int out_of_folder(void **state)
{
    (void)state;
    walk(drop, NULL);
    return chdir("/");
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Zero-terminated; the next call but one writes over it. */
static const char *read_file(const char *path)
{
    static char rooms[2][FILE_MAX];
    static unsigned turn;
    char *room = rooms[turn++ % 2];
    FILE *f = fopen(path, "r");
    size_t n;

    if (f == NULL)
        fail_msg("%s cannot be read", path);
    n = fread(room, 1, FILE_MAX - 1, f);
    room[n] = '\0';
    fclose(f);
    return room;
}

static bool exists(const char *path)
{
    struct stat s;

    return lstat(path, &s) == 0;
}

#endif
