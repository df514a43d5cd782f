/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/book_pairs.c - which instances belong to which: accounts, their
 * servers, their keys; and what a Bootstrap-Delete leaves. LwM2M Core 1.2
 * s.6.1.2, 6.1.7.6.                                                         */
#include "lwm2m/book_parts.h"

#include "lwm2m/objects/builtin.h"

int64_t sally_book_number(const struct sally_book *b, uint16_t object,
                          uint16_t instance, uint16_t resource)
{
    const struct sally_path path =
        sally_path_resource(object, instance, resource);
    struct sally_lwm2m_value v;

    return sally_book_find(b, &path, &v) && v.type == SALLY_TYPE_INTEGER
               ? v.is.integer
               : 0;
}

size_t sally_book_count(const struct sally_book *b, uint16_t object,
                        uint16_t resource, int64_t short_id)
{
    size_t count = 0;
    uint16_t i;

    for (uint32_t from = 0; sally_book_instance(b, object, from, &i);
         from = (uint32_t)i + 1)
        count += sally_book_number(b, object, i, resource) == short_id;
    return count;
}

bool sally_book_security(const struct sally_book *b, uint16_t instance,
                         uint16_t resource, struct sally_lwm2m_value *out)
{
    const struct sally_path path =
        sally_path_resource(SALLY_OBJECT_SECURITY, instance, resource);

    return sally_book_find(b, &path, out);
}

static bool is_bootstrap(const struct sally_book *b, uint16_t instance)
{
    struct sally_lwm2m_value v;

    return sally_book_security(b, instance, SALLY_SECURITY_BOOTSTRAP, &v) &&
           v.type == SALLY_TYPE_BOOLEAN && v.is.boolean;
}

bool sally_book_bootstrap(const struct sally_book *b, uint32_t from,
                          uint16_t *instance)
{
    uint16_t i;

    for (; sally_book_instance(b, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1)
        if (is_bootstrap(b, i)) {
            *instance = i;
            return true;
        }
    return false;
}

bool sally_book_knows(const struct sally_book *b, int64_t short_id)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1)
        if (!is_bootstrap(b, i) && short_id != 0 &&
            sally_book_number(b, SALLY_OBJECT_SECURITY, i,
                              SALLY_SECURITY_SHORT_ID) == short_id)
            return true;
    return false;
}

size_t sally_book_servers(const struct sally_book *b)
{
    size_t count = 0;
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1)
        count += !is_bootstrap(b, i);
    return count;
}

static bool is_link(const struct sally_lwm2m_value *v, uint16_t oscore)
{
    return v->type == SALLY_TYPE_OBJLNK &&
           v->is.link.object == SALLY_OBJECT_OSCORE &&
           v->is.link.instance == oscore;
}

bool sally_book_linking(const struct sally_book *b, uint16_t oscore,
                        uint16_t *instance)
{
    uint16_t i;

    for (uint32_t from = 0;
         sally_book_instance(b, SALLY_OBJECT_SECURITY, from, &i);
         from = (uint32_t)i + 1) {
        struct sally_lwm2m_value v;

        if (sally_book_security(b, i, SALLY_SECURITY_OSCORE, &v) &&
            is_link(&v, oscore)) {
            *instance = i;
            return true;
        }
    }
    return false;
}

/* --- What a bootstrap server takes out ---------------------------------- */

static bool is_of_bootstrap(const struct sally_book *b, uint16_t own,
                            const struct sally_path *at)
{
    struct sally_lwm2m_value link;

    if (!is_bootstrap(b, own))
        return false;
    if (at->id[0] == SALLY_OBJECT_SECURITY)
        return at->id[1] == own;
    return at->id[0] == SALLY_OBJECT_OSCORE &&
           sally_book_security(b, own, SALLY_SECURITY_OSCORE, &link) &&
           is_link(&link, at->id[1]);
}

static void cut_object(struct sally_book *b, uint16_t object, uint16_t own)
{
    uint16_t i;

    for (uint32_t from = 0; sally_book_instance(b, object, from, &i);
         from = (uint32_t)i + 1) {
        const struct sally_path at = sally_path_instance(object, i);

        if (!is_of_bootstrap(b, own, &at))
            sally_book_cut(b, &at);
    }
}

/* The instance is a bootstrap account, and not the only one. */
static bool is_replaced(const struct sally_book *b, const struct sally_path *at)
{
    uint16_t i;

    return at->id[0] == SALLY_OBJECT_SECURITY && is_bootstrap(b, at->id[1]) &&
           sally_book_bootstrap(b, 0, &i) &&
           (i != at->id[1] || sally_book_bootstrap(b, (uint32_t)i + 1, &i));
}

enum sally_err sally_book_delete(struct sally_book *b,
                                 const struct sally_path *path, uint16_t own)
{
    static const uint16_t objects[] = { SALLY_OBJECT_SECURITY,
                                        SALLY_OBJECT_SERVER,
                                        SALLY_OBJECT_ACCESS,
                                        SALLY_OBJECT_OSCORE };
    bool any = false;

    if (path->depth > SALLY_DEPTH_INSTANCE)
        return SALLY_E_NOT_ALLOWED;
    if (!is_bootstrap(b, own))
        (void)sally_book_bootstrap(b, 0, &own);
    for (size_t i = 0; i < SALLY_LEN(objects); i++) {
        const struct sally_path object = sally_path_object(objects[i]);

        if (path->depth <= object.depth && sally_path_covers(path, &object)) {
            cut_object(b, objects[i], own);
            any = true;
        }
    }
    if (path->depth != SALLY_DEPTH_INSTANCE)
        return any ? SALLY_E_OK : SALLY_E_NOT_FOUND;
    if (!sally_book_has(b, path))
        return SALLY_E_NOT_FOUND;
    if (is_of_bootstrap(b, own, path) && !is_replaced(b, path))
        return SALLY_E_NOT_ALLOWED;
    sally_book_cut(b, path);
    return SALLY_E_OK;
}
