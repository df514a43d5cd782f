/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/files.c - finds and reads the configuration's files. */
#include "config/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Objects first and sensors last, as they look each other up. */
static const char *const folders[] = { "objects.d", "profiles.d", "sensors.d" };

/* What reading works with. */
struct reading {
    struct sally_config_files *out;
    FILE *report;
    unsigned bad;
};

static void complain(struct reading *r, const char *path, const char *what)
{
    r->bad++;
    fprintf(r->report, "%s: %s\n", path, what);
}

static const char *read_text(int fd, size_t size, uint8_t *bytes)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(fd, &bytes[used], size - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            return "became shorter while it was read";
        used += (size_t)n;
    }
    return NULL;
}

/* NULL, or what is wrong with the file. */
static const char *take_text(struct reading *r, int fd,
                             struct sally_config_file *f)
{
    struct stat s;
    uint8_t *bytes;

    if (fstat(fd, &s) != 0)
        return strerror(errno);
    if (!S_ISREG(s.st_mode))
        return "is not a regular file";
    if (s.st_size > SALLY_CONFIG_FILE_MAX)
        return "is larger than 1 MiB";
    f->text.len = (size_t)s.st_size;
    if (f->text.len == 0)
        return NULL;
    bytes = sally_arena_take(&r->out->arena, f->text.len, 1);
    if (bytes == NULL)
        return "there is not enough memory to read it";
    f->text.at = bytes;
    return read_text(fd, f->text.len, bytes);
}

static void take_file(struct reading *r, const char *path)
{
    struct sally_config_file *f = &r->out->files[r->out->count];
    /* NONBLOCK: opening a FIFO must not hang; it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *wrong;

    f->path = path;
    f->text = (struct sally_span){ NULL, 0 };
    r->out->count++; /* also when it cannot be read: files[0] is the main one */
    if (fd < 0) {
        complain(r, path, strerror(errno));
        return;
    }
    wrong = take_text(r, fd, f);
    if (wrong != NULL)
        complain(r, path, wrong);
    close(fd);
}

static int is_config(const struct dirent *entry)
{
    struct sally_span name = sally_span_of(entry->d_name);

    return name.len > 5 && name.at[0] != '.' &&
           sally_span_is(sally_span_sub(name, name.len - 5, 5), ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* not by locale */
}

static void take_folder(struct reading *r, const char *folder)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_config, by_name);
    size_t room = SALLY_CONFIG_FILES_MAX - r->out->count;

    if (count < 0) {
        if (errno != ENOENT)
            complain(r, folder, strerror(errno));
        return;
    }
    if ((size_t)count > room)
        complain(r, folder,
                 "with this folder there are more than 20000 "
                 "files");
    for (int i = 0; i < count; i++) {
        if ((size_t)i < room)
            take_file(r, sally_arena_format(&r->out->arena, "%s/%s", folder,
                                            names[i]->d_name));
        free(names[i]);
    }
    free(names);
}

unsigned sally_config_files_read(const char *main_path,
                                 struct sally_config_files *out, FILE *report)
{
    struct reading r = { .out = out, .report = report };
    const char *slash = strrchr(main_path, '/');
    int dir = slash == NULL ? 0 : (int)(slash - main_path) + 1;

    *out = (struct sally_config_files){ .count = 0 };
    out->files = sally_arena_take(&out->arena, SALLY_CONFIG_FILES_MAX,
                                  sizeof(*out->files));
    if (out->files == NULL) {
        complain(&r, main_path, "there is not enough memory to read it");
        return r.bad;
    }
    take_file(&r, sally_arena_text(&out->arena, sally_span_of(main_path)));
    for (size_t i = 0; i < SALLY_LEN(folders); i++)
        take_folder(&r, sally_arena_format(&out->arena, "%.*s%s", dir,
                                           main_path, folders[i]));
    if (out->arena.failed && r.bad == 0)
        complain(&r, main_path, "there is not enough memory to read it");
    return r.bad;
}

void sally_config_files_wipe(struct sally_config_files *f)
{
    sally_arena_wipe(&f->arena);
    *f = (struct sally_config_files){ .count = 0 };
}
