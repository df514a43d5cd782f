/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_made.c - the files that enrolment makes: never over
 * another one, and all of them gone again when something fails.             */
#include "cli/enroll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool note_made(struct sally_made *m, const char *path, bool aside)
{
    const char *copy = sally_arena_text(&m->arena, sally_span_of(path));

    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : 2 * m->room;
        struct sally_made_step *more =
            realloc(m->steps, room * sizeof(*more));

        if (more == NULL)
            return false;
        m->steps = more;
        m->room = room;
    }
    m->steps[m->count++] = (struct sally_made_step){ copy, aside };
    return !m->arena.failed;
}

/* Only root may give the file away; others keep it. In a folder whose files get
 * its group, that is the service's, which has to read them.                 */
static void give_to_owner(const char *path, unsigned mode, int fd)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".")
                                 : strndup(path, (size_t)(slash - path) + 1);
    struct stat s;

    if (folder != NULL && stat(folder, &s) == 0) {
        if (fchown(fd, s.st_uid, s.st_gid) != 0)
            errno = 0;
        if ((s.st_mode & S_ISGID) != 0 && fchmod(fd, mode | S_IRGRP) != 0)
            errno = 0;
    }
    free(folder);
}

static bool write_all(int fd, struct sally_span text)
{
    while (text.len != 0) {
        ssize_t n = write(fd, text.at, text.len);

        if (n <= 0)
            return false;
        text = sally_span_sub(text, (size_t)n, text.len);
    }
    return fsync(fd) == 0;
}

bool sally_made_file(struct sally_made *m, const char *path, unsigned mode,
                     struct sally_span text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool good;

    if (fd < 0)
        return false;
    good = note_made(m, path, false);
    give_to_owner(path, mode, fd);
    good = good && write_all(fd, text);
    return close(fd) == 0 && good;
}

static const char *aside_of(struct sally_made *m, const char *path)
{
    return sally_arena_format(&m->arena, "%s.replaced", path);
}

bool sally_made_aside(struct sally_made *m, const char *path)
{
    const char *aside = aside_of(m, path);

    return !m->arena.failed && note_made(m, path, true) &&
           rename(path, aside) == 0;
}

void sally_made_undo(struct sally_made *m)
{
    while (m->count != 0) {
        const struct sally_made_step *s = &m->steps[--m->count];

        if (s->aside)
            (void)rename(aside_of(m, s->path), s->path);
        else
            (void)unlink(s->path);
    }
}

/* As far as it may; a file that the gateway cannot read is told by the reload.
 */
bool sally_made_alike(struct sally_made *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const char *path = m->steps[i].path;
        struct stat old;

        if (!m->steps[i].aside)
            continue;
        if (stat(aside_of(m, path), &old) != 0 ||
            chmod(path, old.st_mode & 07777) != 0 ||
            (chown(path, old.st_uid, old.st_gid) != 0 && geteuid() == 0))
            return false;
    }
    return true;
}

void sally_made_settle(struct sally_made *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->steps[i].aside)
            (void)unlink(aside_of(m, m->steps[i].path));
    m->count = 0;
}

void sally_made_wipe(struct sally_made *m)
{
    free(m->steps);
    sally_arena_wipe(&m->arena);
    *m = (struct sally_made){ .count = 0 };
}
