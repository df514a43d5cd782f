/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/replay.c - the main of a fuzz target where libFuzzer is not: runs
 * every file of the directories named on the command line through it once, in
 * the order of their names. Fails when there is no file to run.             */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1u << 20) /* bytes; seeds are far smaller */

/* Runs one file. The copy has its exact size, so that a sanitizer sees the
 * first byte read past its end.                                             */
static void run_file(const char *path)
{
    static uint8_t room[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *exact;
    size_t size;

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size = fread(room, 1, sizeof(room), file);
    fclose(file);
    exact = malloc(size != 0 ? size : 1);
    if (exact == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        exact[i] = room[i];
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Returns how many files the directory held. */
static int run_directory(const char *directory)
{
    struct dirent **entries;
    char path[4096];
    int count = scandir(directory, &entries, is_visible, alphasort);

    if (count < 0) {
        perror(directory);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
        run_file(path);
        free(entries[i]);
    }
    free(entries);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++)
        count += run_directory(argv[i]);
    printf("%d inputs replayed\n", count);
    return count == 0;
}
