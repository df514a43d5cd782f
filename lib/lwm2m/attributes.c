/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/attributes.c - a short list of paths with their periods. */
#include "lwm2m/attributes.h"

#include "base/text.h"
#include "coap/option.h"
#include "lwm2m/durable.h"
#include "lwm2m/objects/builtin.h"

struct sally_attributes {
    struct sally_attributes *next;
    struct sally_path path;
    struct sally_periods is;
};

size_t sally_attributes_size(void)
{
    return sizeof(struct sally_attributes);
}

static struct sally_attributes *find(const struct sally_lwm2m_client *c,
                                     const struct sally_path *path)
{
    for (struct sally_attributes *a = c->attributes; a != NULL; a = a->next)
        if (sally_path_equal(&a->path, path))
            return a;
    return NULL;
}

static struct sally_attributes *find_or_add(struct sally_lwm2m_client *c,
                                            const struct sally_path *path)
{
    struct sally_attributes *a = find(c, path);
    size_t count = 0;

    if (a != NULL)
        return a;
    for (a = c->attributes; a != NULL; a = a->next)
        count++;
    if (count >= SALLY_ATTRIBUTES_MAX)
        return NULL;
    a = sally_pool_take(c->shared->attributes);
    if (a == NULL)
        return NULL;
    *a = (struct sally_attributes){ .next = c->attributes, .path = *path };
    c->attributes = a;
    return a;
}

/* "pmin=5" sets, "pmin" unsets (Core 1.1 s.6.3.4). */
static bool take_query(struct sally_span query, struct sally_periods *p)
{
    struct sally_cursor c = sally_cursor_over(query);
    struct sally_span name = sally_take_until(&c, '=');
    bool unset = name.len == query.len;
    uint64_t seconds = 0;

    if (!unset && (sally_text_uint(c.rest, &seconds) != SALLY_E_OK ||
                   seconds > INT32_MAX))
        return false;
    if (sally_span_is(name, "pmin")) {
        p->has_pmin = !unset;
        p->pmin = (uint32_t)seconds;
        return true;
    }
    if (sally_span_is(name, "pmax")) {
        p->has_pmax = !unset;
        p->pmax = (uint32_t)seconds;
        return true;
    }
    return false;
}

uint8_t sally_attributes_write(struct sally_lwm2m_client *c,
                               const struct sally_path *path,
                               struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    struct sally_attributes *a = find(c, path);
    struct sally_periods p = { .has_pmin = false };
    struct sally_coap_option o;

    if (a != NULL)
        p = a->is;
    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_URI_QUERY && !take_query(o.value, &p))
            return SALLY_CODE_BAD_REQUEST;
    if (p.has_pmin && p.has_pmax && p.pmin > p.pmax)
        return SALLY_CODE_BAD_REQUEST;
    a = find_or_add(c, path);
    if (a == NULL)
        return SALLY_CODE_TOO_LARGE;
    a->is = p;
    sally_durable_changed(c);
    return SALLY_CODE_CHANGED;
}

static void inherit(struct sally_periods *p, const struct sally_periods *from)
{
    if (!p->has_pmin && from->has_pmin) {
        p->has_pmin = true;
        p->pmin = from->pmin;
    }
    if (!p->has_pmax && from->has_pmax) {
        p->has_pmax = true;
        p->pmax = from->pmax;
    }
}

static struct sally_periods attached(const struct sally_lwm2m_client *c,
                                     struct sally_path path)
{
    struct sally_periods p = { .has_pmin = false };

    for (; path.depth > 0; path.id[--path.depth] = 0) {
        const struct sally_attributes *a = find(c, &path);

        if (a != NULL)
            inherit(&p, &a->is);
    }
    return p;
}

/* A default of 0 says that there is none. */
static void inherit_default(const struct sally_lwm2m_client *c,
                            uint16_t resource, bool *has, uint32_t *seconds)
{
    struct sally_path at = sally_path_resource(
        SALLY_OBJECT_SERVER, c->settings->server_instance, resource);
    const struct sally_resource *r = sally_resources_find(c->resources, &at);

    int64_t value = r == NULL || !r->present
                        ? 0
                        : sally_resources_value(c->resources, r).is.integer;

    if (*has || value <= 0)
        return;
    *has = true;
    *seconds = (uint32_t)value;
}

struct sally_periods
sally_attributes_effective(const struct sally_lwm2m_client *c,
                           const struct sally_path *path)
{
    struct sally_periods p = attached(c, *path);

    inherit_default(c, SALLY_SERVER_PMIN, &p.has_pmin, &p.pmin);
    inherit_default(c, SALLY_SERVER_PMAX, &p.has_pmax, &p.pmax);
    if (p.has_pmin && p.has_pmax && p.pmax < p.pmin)
        p.has_pmax = false; /* Core 1.1 s.5.1.2: such a pmax is ignored */
    return p;
}

static void put_number(struct sally_links *links, const char *name, uint32_t n)
{
    uint8_t digits[12];
    struct sally_buf b = { digits, 0, sizeof(digits) };
    struct sally_writer w = sally_writer_into(&b);

    sally_put_decimal(&w, n);
    sally_put_u8(&w, 0);
    sally_put_attribute(links, name, (const char *)digits);
}

void sally_attributes_put(const struct sally_lwm2m_client *c,
                          const struct sally_path *path, bool inherited,
                          struct sally_links *links)
{
    const struct sally_attributes *own = find(c, path);
    struct sally_periods p = { .has_pmin = false };

    if (inherited)
        p = attached(c, *path);
    else if (own != NULL)
        p = own->is;
    if (p.has_pmin)
        put_number(links, "pmin", p.pmin);
    if (p.has_pmax)
        put_number(links, "pmax", p.pmax);
}

void sally_attributes_clear(struct sally_lwm2m_client *c)
{
    while (c->attributes != NULL) {
        struct sally_attributes *next = c->attributes->next;

        sally_pool_give(c->shared->attributes, c->attributes);
        c->attributes = next;
    }
}

/* --- Over a restart ------------------------------------------------------- */

#define HAS_PMIN 1u
#define HAS_PMAX 2u

void sally_attributes_save(const struct sally_lwm2m_client *c,
                           struct sally_writer *w)
{
    size_t count = 0;

    for (struct sally_attributes *a = c->attributes; a != NULL; a = a->next)
        count++;
    sally_put_u8(w, (uint8_t)count);
    for (struct sally_attributes *a = c->attributes; a != NULL; a = a->next) {
        sally_path_save(w, &a->path);
        sally_put_u8(w, (uint8_t)((a->is.has_pmin ? HAS_PMIN : 0) |
                                  (a->is.has_pmax ? HAS_PMAX : 0)));
        sally_put_u32(w, a->is.pmin);
        sally_put_u32(w, a->is.pmax);
    }
}

enum sally_err sally_attributes_restore(struct sally_lwm2m_client *c,
                                        struct sally_cursor *at)
{
    size_t count = sally_take_u8(at);

    for (size_t i = 0; i < count; i++) {
        struct sally_path path = sally_path_restore(at);
        unsigned has = sally_take_u8(at);
        uint32_t pmin = sally_take_u32(at), pmax = sally_take_u32(at);
        struct sally_attributes *a;

        if (at->failed)
            return SALLY_E_MALFORMED;
        a = find_or_add(c, &path);
        if (a == NULL)
            return SALLY_E_NO_ROOM;
        a->is = (struct sally_periods){ (has & HAS_PMIN) != 0,
                                        (has & HAS_PMAX) != 0, pmin, pmax };
    }
    return at->failed ? SALLY_E_MALFORMED : SALLY_E_OK;
}
