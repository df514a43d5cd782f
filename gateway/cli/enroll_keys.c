/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_keys.c - the key files of a new account: made where they
 * are missing, then read as the gateway reads them.                         */
#include "cli/enroll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/credentials.h"
#include "config/keyfile.h"
#include "config/keyring.h"
#include "security/credential_file.h"
#include "security/enroll.h"

#define TEXT_MAX 1024
#define PARTS_MAX ((size_t)2 * SALLY_CREDENTIAL_MAX) /* with their heads */

/* --- Files that were made ------------------------------------------------ */

static bool note_made(struct sally_made *m, const char *path)
{
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : 2 * m->room;
        const char **more = realloc(m->paths, room * sizeof(*more));

        if (more == NULL)
            return false;
        m->paths = more;
        m->room = room;
    }
    m->paths[m->count++] = sally_arena_text(&m->arena, sally_span_of(path));
    return !m->arena.failed;
}

/* Only root may give the file away; others keep it. */
static void give_to_owner(const char *path, int fd)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".")
                                 : strndup(path, (size_t)(slash - path) + 1);
    struct stat s;

    if (folder != NULL && stat(folder, &s) == 0 &&
        fchown(fd, s.st_uid, s.st_gid) != 0)
        errno = 0;
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
    good = note_made(m, path);
    give_to_owner(path, fd);
    good = good && write_all(fd, text);
    return close(fd) == 0 && good;
}

void sally_made_undo(struct sally_made *m)
{
    while (m->count != 0)
        (void)unlink(m->paths[--m->count]);
}

void sally_made_wipe(struct sally_made *m)
{
    free(m->paths);
    sally_arena_wipe(&m->arena);
    *m = (struct sally_made){ .count = 0 };
}

/* --- Making -------------------------------------------------------------- */

/* 1: made, 0: it is there, or is not ours to make; -1: told. */
static int make_one(struct sally_made *m, const char *path,
                    const struct sally_credential_field *field,
                    enum sally_security_mode mode, FILE *err)
{
    uint8_t room[TEXT_MAX];
    struct sally_buf text = SALLY_BUF(room);
    enum sally_err e;
    bool good;

    if (access(path, F_OK) == 0)
        return 0;
    e = sally_enroll_file(field, mode, &text);
    if (e == SALLY_E_UNSUPPORTED)
        return 0;
    good = e == SALLY_E_OK &&
           sally_made_file(m, path, 0600, sally_buf_span(&text));
    sally_wipe(room, sizeof(room));
    if (good)
        return 1;
    fprintf(err, "%s: cannot be made: %s\n", path,
            e != SALLY_E_OK ? sally_err_text(e) : strerror(errno));
    return -1;
}

int sally_enroll_keys(struct sally_made *m,
                      const struct sally_config_account *a, FILE *err)
{
    int made = 0;

    for (size_t i = 0; i < a->part_count; i++) {
        const struct sally_config_part *p = &a->parts[i];
        const struct sally_credential_field *f = sally_credential_field(p->kind);
        int n;

        if (!f->from_file)
            continue;
        n = make_one(m, (const char *)p->bytes.at, f, a->mode, err);
        if (n < 0)
            return n;
        made += n;
    }
    return made;
}

/* --- Reading ------------------------------------------------------------- */

static uint8_t matching_of(const struct sally_config_account *a)
{
    const struct sally_config_part *p =
        sally_config_part(a, SALLY_FIELD_MATCHING);

    return p == NULL ? SALLY_MATCH_EXACT : (uint8_t)p->number;
}

/* What the file holds, appended to the parts of the account. */
static bool read_file(const struct sally_config_account *a,
                      const struct sally_config_part *p, struct sally_buf *file,
                      struct sally_buf *parts, FILE *err)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);
    const struct sally_credential_how how = { a->mode, matching_of(a) };
    const char *path = (const char *)p->bytes.at;
    uint8_t room[SALLY_CREDENTIAL_MAX];
    struct sally_buf part = SALLY_BUF(room);
    char why[SALLY_KEYFILE_WHY] = "";
    const char *clause = "";
    int fd;

    file->len = 0;
    if (sally_keyfile_open(path, geteuid(), f->secret, &fd, why) !=
        SALLY_E_OK) {
        fprintf(err, "%s\n", why);
        return false;
    }
    if (sally_keyfile_read(fd, file, why) != SALLY_E_OK)
        clause = why;
    else if (sally_credential_read(f, how, sally_buf_span(file), &part,
                                   &clause) == SALLY_E_OK &&
             sally_keyring_part(parts, p->kind, sally_buf_span(&part)) ==
                 SALLY_E_OK)
        clause = NULL;
    (void)close(fd);
    sally_wipe(room, sizeof(room));
    if (clause != NULL)
        fprintf(err, "%s: %s\n", path, clause);
    return clause == NULL;
}

static bool read_files(const struct sally_config_account *a,
                       struct sally_buf *file, struct sally_buf *parts,
                       FILE *err)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (sally_credential_field(a->parts[i].kind)->from_file &&
            !read_file(a, &a->parts[i], file, parts, err))
            return false;
    return true;
}

static bool make(const struct sally_config *c,
                 const struct sally_config_sensor *s,
                 const struct sally_config_account *a, struct sally_span parts,
                 struct sally_credential *out, FILE *err)
{
    const struct sally_credential_field *culprit = NULL;
    const char *why = "";
    enum sally_err e = sally_config_credential(&c->servers[a->server], a, parts,
                                               NULL, out, &culprit);

    if (e != SALLY_E_OK)
        why = culprit == NULL ? sally_err_text(e)
                              : sally_config_wanted(culprit, e);
    else
        e = sally_credential_prove(out, &culprit, &why);
    if (e != SALLY_E_OK)
        fprintf(err, "%s:%u: %s: %s\n", s->file, a->line,
                culprit == NULL ? "account" : culprit->config_key, why);
    return e == SALLY_E_OK;
}

bool sally_enroll_credential(const struct sally_config *c,
                             const struct sally_config_sensor *s,
                             const struct sally_config_account *a,
                             struct sally_credential *out, FILE *err)
{
    const size_t room = SALLY_KEYFILE_MAX + PARTS_MAX;
    uint8_t *both = malloc(room);
    struct sally_buf file = { both, 0, SALLY_KEYFILE_MAX };
    struct sally_buf parts;
    bool good;

    if (both == NULL) {
        fprintf(err, "sallyportctl: there is not enough memory\n");
        return false;
    }
    parts = (struct sally_buf){ &both[SALLY_KEYFILE_MAX], 0, PARTS_MAX };
    good = read_files(a, &file, &parts, err) &&
           make(c, s, a, sally_buf_span(&parts), out, err);
    sally_wipe(both, room);
    free(both);
    return good;
}
