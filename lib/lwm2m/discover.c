/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/discover.c - links with attributes for an object, an object
 * instance or a resource.                                                   */
#include "lwm2m/discover.h"

#include "lwm2m/attributes.h"
#include "lwm2m/objects/builtin.h"

#include <stdio.h>
#include <string.h>

static struct sally_path cut(struct sally_path p, unsigned depth)
{
    for (; p.depth > depth; p.id[p.depth] = 0)
        p.depth--;
    return p;
}

static void put_version(struct sally_links *links,
                        const struct sally_lwm2m_client *c,
                        const struct sally_path *path)
{
    const struct sally_object_definition *d =
        sally_registry_object(c->resources->registry, path->id[0]);

    if (path->depth == SALLY_DEPTH_OBJECT && d != NULL &&
        strcmp(d->version, "1.0") != 0)
        sally_put_attribute(links, "ver", d->version);
}

/* dim tells how many instances a multiple resource has. */
static void put_dimension(struct sally_links *links,
                          const struct sally_lwm2m_client *c,
                          const struct sally_path *path)
{
    const struct sally_resource_definition *d = sally_registry_resource(
        c->resources->registry, path->id[0], path->id[2]);
    size_t first;
    char text[24];

    if (path->depth != SALLY_DEPTH_RESOURCE || d == NULL || !d->multiple)
        return;
    (void)snprintf(text, sizeof(text), "%zu",
                   sally_resources_below(c->resources, path, &first));
    sally_put_attribute(links, "dim", text);
}

static void put_one(struct sally_links *links,
                    const struct sally_lwm2m_client *c,
                    const struct sally_path *path, bool inherited)
{
    char text[SALLY_PATH_TEXT];

    sally_put_link(links, sally_path_text(path, text));
    put_version(links, c, path);
    put_dimension(links, c, path);
    sally_attributes_put(c, path, inherited, links);
}

/* Each level that a slot opens and the one before it did not. */
static void put_levels(struct sally_links *links,
                       const struct sally_lwm2m_client *c,
                       const struct sally_path *target,
                       const struct sally_path *slot,
                       const struct sally_path *before)
{
    for (unsigned depth = target->depth + 1u; depth <= SALLY_DEPTH_RESOURCE;
         depth++) {
        struct sally_path here = cut(*slot, depth);
        struct sally_path there = cut(*before, depth);

        if (!sally_path_equal(&here, &there))
            put_one(links, c, &here, false);
    }
}

uint8_t sally_discover(const struct sally_lwm2m_client *c,
                       const struct sally_path *path, struct sally_buf *out)
{
    struct sally_links links = sally_links_into(out);
    struct sally_path before = { .depth = 0 };
    size_t first = 0, shown = 0;
    size_t count = sally_resources_below(c->resources, path, &first);

    for (size_t i = first; i < first + count; i++) {
        const struct sally_path *slot = &c->resources->slots[i].path;

        if (slot->id[0] == SALLY_OBJECT_SERVER &&
            slot->id[1] != c->settings->server_instance)
            continue;
        if (shown++ == 0)
            put_one(&links, c, path, path->depth == SALLY_DEPTH_RESOURCE);
        put_levels(&links, c, path, slot, &before);
        before = *slot;
    }
    if (shown == 0)
        return SALLY_CODE_NOT_FOUND;
    return sally_links_end(&links) == SALLY_E_OK ? SALLY_CODE_CONTENT
                                                 : SALLY_CODE_INTERNAL_ERROR;
}
