/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/registration.c - what the Registration Interface sends. */
#include "lwm2m/registration.h"

#include "codec/linkformat.h"
#include "coap/option.h"
#include "lwm2m/objects/builtin.h"

#include <string.h>

#define OPTIONS_MAX 512 /* bytes of the options of one request */

uint64_t sally_registration_setting(const struct sally_lwm2m_client *c,
                                    uint16_t resource, uint64_t fallback)
{
    struct sally_path at = sally_path_resource(
        SALLY_OBJECT_SERVER, c->settings->server_instance, resource);
    const struct sally_resource *r = sally_resources_find(c->resources, &at);
    struct sally_lwm2m_value v;
    double n;

    if (r == NULL || !r->present)
        return fallback;
    v = sally_resources_value(c->resources, r);
    if (!sally_value_as_real(&v, &n) || n < 0)
        return fallback;
    return n < UINT32_MAX ? (uint64_t)n : UINT32_MAX;
}

static void put_query(struct sally_coap_option_writer *w, const char *name,
                      const char *value)
{
    uint8_t room[160];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer q = sally_writer_into(&b);

    sally_put_text(&q, name);
    sally_put_text(&q, value);
    if (q.failed)
        w->out.failed = true;
    sally_coap_put_option(w, SALLY_OPTION_URI_QUERY, sally_buf_span(&b));
}

static void put_lifetime(struct sally_coap_option_writer *w, uint32_t lifetime)
{
    uint8_t room[16];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer q = sally_writer_into(&b);

    sally_put_text(&q, "lt=");
    sally_put_decimal(&q, lifetime);
    sally_coap_put_option(w, SALLY_OPTION_URI_QUERY, sally_buf_span(&b));
}

/* Transport 1.0 has "UQ", and no TCP; from 1.1 on Q is a parameter of its own,
 * and b lists what the client can do (Core 1.1 s.6.2.1).                    */
static void put_binding(struct sally_coap_option_writer *w,
                        const struct sally_lwm2m_client *c)
{
    bool queue = c->settings->queue_mode;
    const char *binding = c->settings->binding;

    if (c->version == 10 || binding == NULL)
        binding = queue && c->version == 10 ? "UQ" : "U";
    put_query(w, "b=", binding);
    if (queue && c->version > 10)
        put_query(w, "Q", "");
}

/* Instances of the core objects carry their version from LwM2M 1.1 on; 1.0
 * servers take it that they are of the enabler's own.                       */
static void put_object(struct sally_links *links,
                       const struct sally_lwm2m_client *c,
                       const struct sally_object_definition *d)
{
    char text[SALLY_PATH_TEXT];
    struct sally_path at = sally_path_object(d->id);
    bool core = d->id < 10;

    if (strcmp(d->version, "1.0") == 0 || (core && c->version == 10))
        return;
    sally_put_link(links, sally_path_text(&at, text));
    sally_put_attribute(links, "ver", d->version);
}

static void put_objects(struct sally_links *links,
                        const struct sally_lwm2m_client *c)
{
    const struct sally_resources *all = c->resources;
    struct sally_path last = { .depth = 0 };

    for (size_t i = 0; i < all->count; i++) {
        struct sally_path at = sally_path_instance(
            all->slots[i].path.id[0], all->slots[i].path.id[1]);
        char text[SALLY_PATH_TEXT];

        if (sally_path_equal(&at, &last))
            continue;
        if (at.id[0] == SALLY_OBJECT_SERVER &&
            at.id[1] != c->settings->server_instance)
            continue;
        if (last.depth == 0 || last.id[0] != at.id[0])
            put_object(links, c,
                       sally_registry_object(all->registry, at.id[0]));
        sally_put_link(links, sally_path_text(&at, text));
        last = at;
    }
}

/* The root link says which formats we read and write (Core 1.1 s.6.2.1). */
enum sally_err sally_registration_links(const struct sally_lwm2m_client *c,
                                        struct sally_buf *out)
{
    struct sally_links links = sally_links_into(out);

    sally_put_link(&links, "/");
    sally_put_quoted(&links, "rt", sally_span_of("oma.lwm2m"));
    if (c->version > 10)
        sally_put_quoted(&links, "ct", sally_span_of("110 112 11542"));
    put_objects(&links, c);
    return sally_links_end(&links);
}

static enum sally_err ask(struct sally_lwm2m_client *c, uint8_t code,
                          struct sally_span options, struct sally_span payload,
                          sally_usec now)
{
    struct sally_coap_question q = { .code = code,
                                     .confirmable = true,
                                     .options = options,
                                     .payload = payload };

    return sally_coap_link_request(&c->link, &q, now, &c->registering);
}

enum sally_err sally_registration_register(struct sally_lwm2m_client *c,
                                           sally_usec now)
{
    struct sally_pool *bodies = c->shared->coap->bodies;
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_buf links = { sally_pool_take(bodies), 0, 0 };
    enum sally_err e;

    if (links.at == NULL)
        return SALLY_E_NO_ROOM;
    links.room = c->shared->coap->parameters->body_max;
    c->lifetime =
        (uint32_t)sally_registration_setting(c, SALLY_SERVER_LIFETIME, 86400);
    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, "rd");
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, SALLY_FORMAT_LINK);
    put_query(&w, "ep=", c->settings->endpoint);
    put_lifetime(&w, c->lifetime);
    put_query(&w, "lwm2m=", c->version == 10 ? "1.0" : "1.1");
    put_binding(&w, c);
    e = sally_coap_options_end(&w);
    if (e == SALLY_E_OK)
        e = sally_registration_links(c, &links);
    if (e == SALLY_E_OK)
        e = ask(c, SALLY_CODE_POST, sally_buf_span(&options),
                sally_buf_span(&links), now);
    sally_pool_give(bodies, links.at);
    return e;
}

enum sally_err sally_registration_update(struct sally_lwm2m_client *c,
                                         sally_usec now)
{
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    uint32_t lifetime = (uint32_t)sally_registration_setting(
        c, SALLY_SERVER_LIFETIME, c->lifetime);
    enum sally_err e;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, c->location);
    if (lifetime != c->lifetime)
        put_lifetime(&w, lifetime);
    e = sally_coap_options_end(&w);
    if (e == SALLY_E_OK)
        e = ask(c, SALLY_CODE_POST, sally_buf_span(&options),
                (struct sally_span){ NULL, 0 }, now);
    if (e == SALLY_E_OK)
        c->lifetime = lifetime;
    return e;
}

enum sally_err sally_registration_deregister(struct sally_lwm2m_client *c,
                                             sally_usec now)
{
    uint8_t room[OPTIONS_MAX];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    enum sally_err e;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, c->location);
    e = sally_coap_options_end(&w);
    if (e == SALLY_E_OK)
        e = ask(c, SALLY_CODE_DELETE, sally_buf_span(&options),
                (struct sally_span){ NULL, 0 }, now);
    return e;
}

enum sally_err sally_registration_location(struct sally_lwm2m_client *c,
                                           struct sally_span options)
{
    struct sally_coap_options walk = { options, 0 };
    char location[SALLY_LOCATION_MAX] = "";
    struct sally_buf b = { (uint8_t *)location, 0, sizeof(location) - 1 };
    struct sally_writer w = sally_writer_into(&b);
    struct sally_coap_option o;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_LOCATION_PATH)
            continue;
        if (memchr(o.value.at, '/', o.value.len) != NULL ||
            memchr(o.value.at, 0, o.value.len) != NULL)
            return SALLY_E_MALFORMED; /* could not be written back */
        sally_put_u8(&w, '/');
        sally_put(&w, o.value);
    }
    if (w.failed || b.len == 0)
        return SALLY_E_MALFORMED;
    memcpy(c->location, location, sizeof(location));
    return SALLY_E_OK;
}

sally_usec sally_registration_next(const struct sally_lwm2m_client *c,
                                   sally_usec now)
{
    const sally_usec transmit_wait = 93 * SALLY_SEC; /* RFC 7252 s.4.8.2 */
    sally_usec lifetime = c->lifetime * SALLY_SEC;
    sally_usec wait = c->settings->update_every;

    if (lifetime >= 3 * transmit_wait)
        wait = sally_earlier(wait, lifetime - transmit_wait - 10 * SALLY_SEC);
    else if (lifetime != 0)
        wait = sally_earlier(wait, lifetime / 2);
    if (wait == SALLY_NEVER)
        return SALLY_NEVER;
    wait -= sally_random_u64(&c->shared->coap->random) % (wait / 10 + 1);
    return sally_after(now, wait);
}
