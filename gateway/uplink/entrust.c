/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/entrust.c - walks the secrets of a book. */
#include "uplink/entrust.h"

#include "security/keypair.h"

/* The mode of the instance of /0; of one of /21, whose secrets are shared
 * whatever it is, the first.                                                */
static enum sally_security_mode mode_of(const struct sally_book *b,
                                        const struct sally_path *at)
{
    const struct sally_credential_field *f =
        sally_credential_field(SALLY_FIELD_MODE);
    const struct sally_path path =
        sally_path_resource(f->object, at->id[1], f->resource);
    struct sally_lwm2m_value v;

    return (enum sally_security_mode)(
        at->id[0] == f->object && sally_book_find(b, &path, &v) &&
                v.type == SALLY_TYPE_INTEGER && v.is.integer >= f->min &&
                v.is.integer <= f->max
            ? v.is.integer
            : f->min);
}

static struct sally_path public_of(const struct sally_path *key)
{
    const struct sally_credential_field *f =
        sally_credential_field(SALLY_FIELD_PUBLIC_KEY);

    return sally_path_resource(f->object, key->id[1], f->resource);
}

static bool is_written(const struct sally_book *b,
                       const struct sally_path *path)
{
    struct sally_lwm2m_value v;

    return sally_book_find(b, path, &v) && v.type == SALLY_TYPE_OPAQUE &&
           v.is.bytes.len != 0;
}

/* On its way from the book to its holder and back. */
struct moving {
    struct sally_path path;
    uint8_t held_room[SALLY_PRIVATE_KEY_MAX + SALLY_HELD_OVERHEAD];
    uint8_t spki_room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf held, spki;
};

static enum sally_err take(const struct sally_holder *h,
                           const struct sally_book *b,
                           const struct sally_path *path,
                           const struct sally_lwm2m_value *v, struct moving *m)
{
    const enum sally_security_mode mode = mode_of(b, path);
    const struct sally_credential_field *f =
        sally_credential_field_at(path->id[0], path->id[2], mode);

    m->path = *path;
    m->held = SALLY_BUF(m->held_room);
    m->spki = SALLY_BUF(m->spki_room);
    return f == NULL || v->type != SALLY_TYPE_OPAQUE
               ? SALLY_E_OK
               : sally_holder_take(h, f, mode, v->is.bytes, &m->held,
                                   &m->spki);
}

/* Takes the first secret that is not held yet; m->held is empty if there is
 * none.                                                                     */
static enum sally_err take_next(const struct sally_holder *h,
                                const struct sally_book *b, struct moving *m)
{
    struct sally_book_walk walk = { sally_book_span(b) };
    enum sally_err e = SALLY_E_OK;
    struct sally_lwm2m_value v;
    struct sally_path path;

    m->held.len = 0;
    while (e == SALLY_E_OK && m->held.len == 0 &&
           sally_book_next(&walk, &path, &v))
        e = take(h, b, &path, &v, m);
    return e;
}

static enum sally_err put(struct sally_book *b, const struct sally_path *path,
                          const struct sally_buf *bytes)
{
    const struct sally_lwm2m_value v =
        sally_value_opaque(sally_buf_span(bytes));

    return sally_book_put(b, path, &v);
}

static enum sally_err give_back(struct sally_book *b, const struct moving *m)
{
    const struct sally_path public = public_of(&m->path);
    enum sally_err e = put(b, &m->path, &m->held);

    if (e == SALLY_E_OK && m->spki.len != 0 && !is_written(b, &public))
        e = put(b, &public, &m->spki);
    return e;
}

enum sally_err sally_entrust(const struct sally_holder *h,
                             struct sally_book *book)
{
    struct moving m;
    enum sally_err e = SALLY_E_OK;

    m.held.len = 1;
    while (h != NULL && e == SALLY_E_OK && m.held.len != 0) {
        e = take_next(h, book, &m);
        if (e == SALLY_E_OK && m.held.len != 0)
            e = give_back(book, &m);
    }
    return e;
}
