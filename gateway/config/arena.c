/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/arena.c - chunks that are filled from the front. */
#include "config/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes; larger objects get their own chunk. What is large lies apart from the
 * small things that are made and freed meanwhile, so that those leave no holes;
 * the part of it that is never used costs nothing.                          */
#define CHUNK ((size_t)16384)
#define LARGE_CHUNK ((size_t)262144)
#define LARGE_FROM ((size_t)65536)

/* Of pointers and numbers; nothing in a configuration is wider. */
#define STEP alignof(uint64_t)

struct sally_arena_chunk {
    struct sally_arena_chunk *next;
    size_t used, room;
    alignas(STEP) uint8_t bytes[];
};

static struct sally_arena_chunk *grow(struct sally_arena *a, size_t bytes)
{
    size_t usual = a->bytes < LARGE_FROM ? CHUNK : LARGE_CHUNK;
    size_t room = bytes > usual ? bytes : usual;
    struct sally_arena_chunk *chunk = calloc(1, sizeof(*chunk) + room);

    if (chunk == NULL) {
        a->failed = true;
        return NULL;
    }
    chunk->room = room;
    chunk->next = a->chunks;
    a->chunks = chunk;
    return chunk;
}

/* Bytes at a place that `step` divides. */
static void *take(struct sally_arena *a, size_t bytes, size_t step)
{
    struct sally_arena_chunk *chunk = a->chunks;
    size_t gap = chunk == NULL ? 0 : (step - chunk->used % step) % step;
    void *found;

    if (chunk == NULL || chunk->room - chunk->used < gap ||
        chunk->room - chunk->used - gap < bytes) {
        chunk = grow(a, bytes);
        gap = 0;
    }
    if (chunk == NULL)
        return NULL;
    found = &chunk->bytes[chunk->used + gap];
    chunk->used += gap + bytes;
    a->bytes += gap + bytes;
    return found;
}

void *sally_arena_take(struct sally_arena *a, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    if (size > SIZE_MAX / 4 / count) {
        a->failed = true;
        return NULL;
    }
    return take(a, count * size, STEP);
}

const char *sally_arena_text(struct sally_arena *a, struct sally_span s)
{
    char *copy = s.len == 0 ? NULL : take(a, s.len + 1, 1);

    if (copy == NULL)
        return "";
    memcpy(copy, s.at, s.len);
    return copy;
}

const char *sally_arena_format(struct sally_arena *a, const char *format, ...)
{
    va_list args, again;
    char *text = NULL;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len > 0)
        text = take(a, (size_t)len + 1, 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text == NULL ? "" : text;
}

const char *sally_arena_expand(struct sally_arena *a, const char *text,
                               const char *id)
{
    const char *found = strstr(text, "{id}");
    const char *result = text;

    while (found != NULL) {
        size_t before = (size_t)(found - result);
        size_t resume = before + strlen(id);

        result = sally_arena_format(a, "%.*s%s%s", (int)before, result, id,
                                    &found[strlen("{id}")]);
        if (a->failed)
            return "";
        found = strstr(&result[resume], "{id}");
    }
    return result;
}

void sally_arena_wipe(struct sally_arena *a)
{
    while (a->chunks != NULL) {
        struct sally_arena_chunk *next = a->chunks->next;

        free(a->chunks);
        a->chunks = next;
    }
    *a = (struct sally_arena){ .chunks = NULL };
}
