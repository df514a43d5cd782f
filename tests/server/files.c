/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/files.c - pre-shared keys and object definitions. */
#include "server/server.h"

#include "base/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 20000
#define FILES_MAX 512
#define FILE_MAX 65536 /* bytes of one object definition */

/* --- Keys: lines of "identity:hexadecimal key" --------------------------- */

static bool take_key(struct sally_span line, struct server_key *out)
{
    struct sally_cursor c = sally_cursor_over(line);
    struct sally_span identity = sally_take_until(&c, ':');
    struct sally_buf key = { out->key.bytes, 0, sizeof(out->key.bytes) };

    if (identity.len == 0 ||
        !sally_span_text(identity, out->identity, sizeof(out->identity)) ||
        sally_text_hex(c.rest, &key) != SALLY_E_OK || key.len == 0)
        return false;
    out->key.len = key.len;
    return true;
}

bool server_load_keys(struct server *s, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512];
    unsigned number = 0;
    bool good = file != NULL;

    if (!good)
        perror(path);
    if (s->keys == NULL)
        s->keys = calloc(KEYS_MAX, sizeof(*s->keys));
    s->key_count = 0; /* these are all */
    while (good && s->keys != NULL && fgets(line, sizeof(line), file)) {
        struct sally_span text = sally_text_trim(sally_span_of(line));

        number++;
        if (text.len == 0 || text.at[0] == '#')
            continue;
        good = s->key_count < KEYS_MAX &&
               take_key(text, &s->keys[s->key_count]);
        if (good)
            s->key_count++;
        else
            fprintf(stderr, "%s:%u: expected identity:hexadecimal key\n", path,
                    number);
    }
    if (file != NULL)
        fclose(file);
    return good && s->keys != NULL;
}

enum sally_err server_find_key(void *owner, struct sally_span identity,
                               struct sally_secret *key)
{
    const struct server *s = owner;

    for (size_t i = 0; i < s->key_count; i++)
        if (sally_span_is(identity, s->keys[i].identity)) {
            *key = s->keys[i].key;
            return SALLY_E_OK;
        }
    return SALLY_E_NOT_FOUND;
}

/* --- Objects ------------------------------------------------------------- */

/* As little as a configuration can be; none of it is used. */
static const char main_text[] =
    "gateway = { name = \"server\"; };"
    "local = { coap = ( { port = 5683; } ); };"
    "servers = ( { name = \"a\"; uri = \"coap://127.0.0.1\";"
    " short_server_id = 1; } );";

static bool is_definition(const struct dirent *d)
{
    struct sally_span name = sally_span_of(d->d_name);
    struct sally_span end = sally_span_sub(name, name.len < 5 ? 0
                                                 : name.len - 5, 5);

    return d->d_name[0] != '.' && sally_span_is(end, ".conf");
}

/* Reads one file under the name that the configuration knows such files by. */
static bool read_file(const char *dir, const char *name,
                      struct sally_config_file *out)
{
    char path[4096], *as = malloc(512);
    uint8_t *text = malloc(FILE_MAX);
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "r");
    if (as == NULL || text == NULL || file == NULL) {
        perror(path);
        free(as);
        free(text);
        if (file != NULL)
            fclose(file);
        return false;
    }
    snprintf(as, 512, "objects.d/%s", name);
    out->path = as;
    out->text = (struct sally_span){ text, fread(text, 1, FILE_MAX, file) };
    fclose(file);
    return true;
}

static void free_files(struct sally_config_file *files, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        free((char *)(uintptr_t)files[i].path);
        free((uint8_t *)(uintptr_t)files[i].text.at);
    }
}

/* A configuration of nothing but the directory's definitions. */
bool server_load_objects(struct server *s, const char *dir)
{
    static struct sally_config_file files[FILES_MAX];
    DIR *d = dir != NULL ? opendir(dir) : NULL;
    size_t count = 1;
    bool good = dir == NULL || d != NULL;
    struct dirent *one;

    files[0].path = "server.conf";
    files[0].text = sally_span_of(main_text);
    if (!good)
        perror(dir);
    while (good && d != NULL && count < FILES_MAX && (one = readdir(d)) != NULL)
        if (is_definition(one))
            good = read_file(dir, one->d_name, &files[count++]);
    if (d != NULL)
        closedir(d);
    good = good && sally_config_load(files, count, &s->config, stderr) == 0;
    free_files(files, count);
    return good;
}
