/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/registry.c - definitions copied at start, found by halving. */
#include "lwm2m/registry.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 65534

static bool ids_ascend(const struct sally_object_definition *d)
{
    if (d->id > ID_MAX)
        return false;
    for (size_t i = 0; i < d->count; i++)
        if (d->resources[i].id > ID_MAX ||
            (i != 0 && d->resources[i].id <= d->resources[i - 1].id))
            return false;
    return true;
}

/* The first object whose id is not below `id`. */
static size_t place_of(const struct sally_registry *r, uint16_t id)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r->objects[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum sally_err grow(struct sally_registry *r)
{
    size_t room = r->room == 0 ? 16 : r->room * 2;
    struct sally_object_definition *objects;

    if (r->count < r->room)
        return SALLY_E_OK;
    objects = realloc(r->objects, room * sizeof(*objects));
    if (objects == NULL)
        return SALLY_E_NO_MEMORY;
    r->objects = objects;
    r->room = room;
    return SALLY_E_OK;
}

/* NULL is the empty string, so that nobody has to ask. */
static size_t text_size(const char *text)
{
    return text == NULL ? 1 : strlen(text) + 1;
}

static size_t texts_size(const struct sally_object_definition *d)
{
    size_t size = text_size(d->name) + text_size(d->version);

    for (size_t i = 0; i < d->count; i++)
        size += text_size(d->resources[i].name) +
                text_size(d->resources[i].unit);
    return size;
}

/* Copies one text into the block that holds all texts of an object. */
static const char *keep(char *texts, size_t *used, const char *text)
{
    char *kept = &texts[*used];
    size_t size = text_size(text);

    memcpy(kept, text == NULL ? "" : text, size);
    *used += size;
    return kept;
}

/* Two blocks: the resources, and all texts with the object's name first. */
static enum sally_err copy(const struct sally_object_definition *from,
                           struct sally_object_definition *to)
{
    struct sally_resource_definition *resources =
        calloc(from->count + 1, sizeof(*resources));
    char *texts = malloc(texts_size(from));
    size_t used = 0;

    if (resources == NULL || texts == NULL) {
        free(resources);
        free(texts);
        return SALLY_E_NO_MEMORY;
    }
    *to = *from;
    to->name = keep(texts, &used, from->name);
    to->version = keep(texts, &used, from->version);
    for (size_t i = 0; i < from->count; i++) {
        resources[i] = from->resources[i];
        resources[i].name = keep(texts, &used, from->resources[i].name);
        resources[i].unit = keep(texts, &used, from->resources[i].unit);
    }
    to->resources = resources;
    return SALLY_E_OK;
}

enum sally_err sally_registry_add(struct sally_registry *r,
                                  const struct sally_object_definition *d)
{
    struct sally_object_definition made;
    size_t at = place_of(r, d->id);
    enum sally_err e;

    if (!ids_ascend(d))
        return SALLY_E_OUT_OF_RANGE;
    if (at < r->count && r->objects[at].id == d->id)
        return SALLY_E_DUPLICATE;
    e = grow(r);
    if (e == SALLY_E_OK)
        e = copy(d, &made);
    if (e != SALLY_E_OK)
        return e;
    memmove(&r->objects[at + 1], &r->objects[at],
            (r->count - at) * sizeof(*r->objects));
    r->objects[at] = made;
    r->count++;
    return SALLY_E_OK;
}

const struct sally_object_definition *
sally_registry_object(const struct sally_registry *r, uint16_t object)
{
    size_t at = place_of(r, object);

    return at < r->count && r->objects[at].id == object ? &r->objects[at]
                                                        : NULL;
}

const struct sally_resource_definition *
sally_registry_resource(const struct sally_registry *r, uint16_t object,
                        uint16_t resource)
{
    const struct sally_object_definition *d = sally_registry_object(r, object);
    size_t low = 0, high = d == NULL ? 0 : d->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (d->resources[middle].id == resource)
            return &d->resources[middle];
        if (d->resources[middle].id < resource)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct sally_resource_definition *
sally_registry_definition(const struct sally_registry *r,
                          const struct sally_path *path)
{
    const struct sally_resource_definition *d;

    if (path->depth < SALLY_DEPTH_RESOURCE)
        return NULL;
    d = sally_registry_resource(r, path->id[0], path->id[2]);
    if (d == NULL ||
        d->multiple != (path->depth == SALLY_DEPTH_RESOURCE_INSTANCE))
        return NULL;
    return d;
}

/* What a range bounds: a number itself, the length of text in bytes. */
static bool within(const struct sally_resource_definition *d,
                   const struct sally_lwm2m_value *v)
{
    double measure;

    if (!d->bounded)
        return true;
    if (v->type == SALLY_TYPE_STRING || v->type == SALLY_TYPE_OPAQUE ||
        v->type == SALLY_TYPE_CORELNK)
        measure = (double)v->is.bytes.len;
    else if (!sally_value_as_real(v, &measure))
        return true;
    return measure >= d->min && measure <= d->max;
}

/* Object 21 holds its keys as text in versions 1.x, as bytes from 2.0 on. */
static bool was_text(const struct sally_path *path,
                     const struct sally_resource_definition *d,
                     const struct sally_lwm2m_value *v)
{
    return path->id[0] == 21 && d->type == SALLY_TYPE_OPAQUE &&
           v->type == SALLY_TYPE_STRING;
}

enum sally_err sally_registry_admit(const struct sally_registry *r,
                                    const struct sally_path *path,
                                    const struct sally_lwm2m_value *v,
                                    struct sally_lwm2m_value *out)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(r, path);
    struct sally_lwm2m_value given, made;
    enum sally_err e;

    if (d == NULL)
        return SALLY_E_NOT_FOUND;
    given = *v;
    if (was_text(path, d, v))
        given.type = SALLY_TYPE_OPAQUE;
    e = sally_value_convert(&given, d->type, &made);
    if (e != SALLY_E_OK)
        return e;
    if (!within(d, &made))
        return SALLY_E_OUT_OF_RANGE;
    *out = made;
    return SALLY_E_OK;
}

void sally_registry_wipe(struct sally_registry *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free((void *)r->objects[i].resources); /* ours: const for users */
        free((void *)r->objects[i].name);      /* first of all texts */
    }
    free(r->objects);
    *r = (struct sally_registry){ .objects = NULL };
}

enum sally_err sally_registry_admit_linked(const struct sally_registry *r,
                                           const struct sally_path *path,
                                           const struct sally_lwm2m_value *v,
                                           struct sally_lwm2m_value *out)
{
    const struct sally_resource_definition *d =
        sally_registry_definition(r, path);
    struct sally_lwm2m_value link = *v;
    enum sally_err e = SALLY_E_OK;

    if (d != NULL && d->type == SALLY_TYPE_OBJLNK &&
        v->type == SALLY_TYPE_STRING)
        e = sally_value_from_text(v->is.bytes, SALLY_TYPE_OBJLNK, NULL, &link);
    return e == SALLY_E_OK ? sally_registry_admit(r, path, &link, out) : e;
}
