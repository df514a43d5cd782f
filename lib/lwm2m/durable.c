/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/durable.c - a registration as bytes, and back.
 *
 * Form, version 3: version; origin; the version in force; flags; lifetime;
 * number of the last notification; location; observations; attributes; the
 * client's instance of /1; what resumes the channel. All that varies in length
 * has its length before it.                                                 */
#include "lwm2m/durable.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "lwm2m/attributes.h"
#include "lwm2m/notify.h"
#include "lwm2m/objects/builtin.h"
#include "lwm2m/registration.h"
#include "lwm2m/tlv.h"

#include <string.h>

#define FORM 3
#define FLAG_SEND_UNSUPPORTED 1u

/* Numbers of notifications have 24 bits, and half of them are newer than one
 * (RFC 7641 s.3.4). They are not saved one by one: after a restart they go on
 * this much higher, and a save is due long before they got that far.        */
#define NUMBER_LEAP (1u << 22)
#define NUMBER_DUE (1u << 16)

void sally_durable_changed(const struct sally_lwm2m_client *c)
{
    if (c->upcalls->on_changed != NULL)
        c->upcalls->on_changed(c->owner);
}

void sally_durable_counted(const struct sally_lwm2m_client *c)
{
    uint32_t number = sally_coap_link_observe_number(&c->link);

    if (((number - c->saved_number) & 0xffffffu) >= NUMBER_DUE)
        sally_durable_changed(c);
}

/* --- The client's instance of /1 ------------------------------------------ */

static struct sally_path own_server(const struct sally_lwm2m_client *c)
{
    return sally_path_instance(SALLY_OBJECT_SERVER,
                               c->settings->server_instance);
}

static enum sally_err put_server(const struct sally_lwm2m_client *c,
                                 struct sally_writer *w)
{
    const struct sally_path base = own_server(c);
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    size_t first = 0, count = 0;
    size_t n = sally_resources_below(c->resources, &base, &first);

    for (size_t i = first; i < first + n; i++) {
        const struct sally_resource *r = &c->resources->slots[i];

        if (!r->present)
            continue;
        if (count == SALLY_LEN(records))
            return SALLY_E_NO_ROOM;
        records[count++] = (struct sally_lwm2m_record){
            .path = r->path, .value = sally_resources_value(c->resources, r)
        };
    }
    return sally_tlv_encode(&base, records, count, w);
}

/* What a server wrote is in force again; what it took away is gone again. */
static enum sally_err take_server(struct sally_lwm2m_client *c,
                                  struct sally_span tlv)
{
    const struct sally_path base = own_server(c);
    struct sally_lwm2m_record records[SALLY_RECORDS_MAX];
    uint8_t bytes[256];
    struct sally_buf scratch = SALLY_BUF(bytes);
    size_t first = 0, count = 0;
    size_t n = sally_resources_below(c->resources, &base, &first);
    enum sally_err e =
        sally_tlv_decode(c->resources->registry, &base, tlv, &scratch, records,
                         SALLY_LEN(records), &count);

    if (e != SALLY_E_OK)
        return e;
    for (size_t i = first; i < first + n; i++)
        c->resources->slots[i].present = false;
    for (size_t i = 0; i < count; i++)
        (void)!sally_resources_set(c->resources, &records[i].path,
                                   &records[i].value, 0);
    return SALLY_E_OK;
}

/* --- Origin --------------------------------------------------------------- */

/* What the client says of itself in a Register, and what it starts with. A
 * registration of another origin is none of this client's.                  */
static enum sally_err find_origin(struct sally_lwm2m_client *c,
                                  uint64_t *origin)
{
    static const struct sally_hash_key constant = { { 0, 0 } };
    const struct sally_lwm2m_settings *s = c->settings;
    struct sally_buf b = { sally_pool_take(c->shared->coap->bodies), 0,
                           c->shared->coap->parameters->body_max };
    struct sally_writer w = sally_writer_into(&b);
    enum sally_err e;

    if (b.at == NULL)
        return SALLY_E_NO_ROOM;
    sally_put_text(&w, s->endpoint);
    sally_put_u8(&w, 0);
    sally_put_u8(&w, s->version);
    sally_put_u8(&w, s->queue_mode);
    sally_put_u8(&w, (uint8_t)s->scheme);
    e = put_server(c, &w);
    if (e == SALLY_E_OK)
        e = sally_registration_links(c, &b);
    if (e == SALLY_E_OK)
        e = sally_writer_end(&w);
    if (e == SALLY_E_OK)
        *origin = sally_hash(&constant, sally_buf_span(&b));
    sally_pool_give(c->shared->coap->bodies, b.at);
    return e;
}

/* --- Saving --------------------------------------------------------------- */

/* A part whose length, of two bytes, is known afterwards. */
struct part {
    uint8_t *length;
    size_t from;
};

static struct part begin_part(struct sally_writer *w)
{
    struct part p = { sally_put_gap(w, 2), w->out->len };

    return p;
}

static void end_part(const struct part *p, struct sally_writer *w)
{
    size_t n = w->out->len - p->from;

    if (p->length == NULL || n > UINT16_MAX) {
        w->failed = true;
        return;
    }
    p->length[0] = (uint8_t)(n >> 8);
    p->length[1] = (uint8_t)n;
}

/* Without one the registration is of use where the channel needs none. */
static enum sally_err put_session(const struct sally_lwm2m_client *c,
                                  struct sally_writer *w)
{
    struct part p = begin_part(w);
    enum sally_err e =
        w->failed ? SALLY_E_NO_ROOM : sally_coap_link_save(&c->link, w->out);

    end_part(&p, w);
    return e == SALLY_E_NOT_FOUND ? SALLY_E_OK : e;
}

enum sally_err sally_lwm2m_client_save(struct sally_lwm2m_client *c,
                                       struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    uint32_t number = sally_coap_link_observe_number(&c->link);
    struct part p;
    enum sally_err e;

    if (c->location[0] == '\0' || !c->has_origin)
        return SALLY_E_BAD_STATE;
    sally_put_u8(&w, FORM);
    sally_put_u64(&w, c->origin);
    sally_put_u8(&w, c->version);
    sally_put_u8(&w, c->send_unsupported ? FLAG_SEND_UNSUPPORTED : 0);
    sally_put_u32(&w, c->lifetime);
    sally_put_u32(&w, number);
    p = begin_part(&w);
    sally_put_text(&w, c->location);
    end_part(&p, &w);
    sally_notify_save(c, &w);
    sally_attributes_save(c, &w);
    p = begin_part(&w);
    e = put_server(c, &w);
    end_part(&p, &w);
    if (e == SALLY_E_OK)
        e = put_session(c, &w);
    if (e == SALLY_E_OK)
        e = sally_writer_end(&w);
    if (e == SALLY_E_OK)
        c->saved_number = number;
    return e;
}

/* --- Restoring ------------------------------------------------------------ */

static struct sally_span take_part(struct sally_cursor *at)
{
    return sally_take(at, sally_take_u16(at));
}

static enum sally_err take_registration(struct sally_lwm2m_client *c,
                                        struct sally_cursor *at)
{
    uint8_t version = sally_take_u8(at), flags = sally_take_u8(at);
    uint32_t lifetime = sally_take_u32(at), number = sally_take_u32(at);
    struct sally_span location = take_part(at);

    if (at->failed || (version != 10 && version != 11) || location.len == 0 ||
        !sally_span_text(location, c->location, sizeof(c->location)))
        return SALLY_E_MALFORMED;
    c->version = version;
    c->send_unsupported = (flags & FLAG_SEND_UNSUPPORTED) != 0;
    c->lifetime = lifetime;
    sally_coap_link_observe_from(&c->link, number + NUMBER_LEAP);
    return SALLY_E_OK;
}

static enum sally_err take_all(struct sally_lwm2m_client *c,
                               struct sally_cursor *at, sally_usec now)
{
    enum sally_err e = take_registration(c, at);
    struct sally_span server, session;

    if (e == SALLY_E_OK)
        e = sally_notify_restore(c, at, now);
    if (e == SALLY_E_OK)
        e = sally_attributes_restore(c, at);
    server = take_part(at);
    session = take_part(at);
    if (e == SALLY_E_OK && !sally_cursor_done(at))
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK && session.len != 0)
        e = sally_coap_link_restore(&c->link, session);
    return e == SALLY_E_OK ? take_server(c, server) : e;
}

static void forget(struct sally_lwm2m_client *c)
{
    c->location[0] = '\0';
    c->version = c->settings->version;
    c->send_unsupported = false;
    sally_notify_clear(c);
    sally_attributes_clear(c);
}

enum sally_err sally_lwm2m_client_restore(struct sally_lwm2m_client *c,
                                          struct sally_span saved,
                                          sally_usec now)
{
    struct sally_cursor at = sally_cursor_over(saved);
    enum sally_err e;

    if (c->state != SALLY_CLIENT_IDLE)
        return SALLY_E_BAD_STATE;
    e = find_origin(c, &c->origin);
    c->has_origin = e == SALLY_E_OK;
    if (e != SALLY_E_OK || saved.len == 0)
        return e;
    if (sally_take_u8(&at) != FORM)
        return SALLY_E_MALFORMED;
    if (sally_take_u64(&at) != c->origin)
        return SALLY_E_NOT_FOUND;
    e = take_all(c, &at, now);
    if (e != SALLY_E_OK)
        forget(c);
    return e;
}
