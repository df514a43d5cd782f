/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/entrust.c - walks the secrets of a book. */
#include "uplink/entrust.h"

#include "lwm2m/objects/builtin.h"
#include "security/keypair.h"

/* What the mode of an instance of /0 makes of its key; of /21 it is shared. */
struct found {
    struct sally_path path;
    struct sally_span secret; /* in the book */
    enum sally_security_mode mode;
};

static enum sally_security_mode mode_of(const struct sally_book *b,
                                        const struct sally_path *at)
{
    const struct sally_path path = sally_path_resource(
        SALLY_OBJECT_SECURITY, at->id[1], SALLY_SECURITY_MODE);
    struct sally_lwm2m_value v;

    return at->id[0] == SALLY_OBJECT_SECURITY &&
                   sally_book_find(b, &path, &v) &&
                   v.type == SALLY_TYPE_INTEGER && v.is.integer >= 0 &&
                   v.is.integer <= SALLY_MODE_NOSEC
               ? (enum sally_security_mode)v.is.integer
               : SALLY_MODE_PSK;
}

static bool signs(const struct found *f)
{
    return f->mode == SALLY_MODE_RPK || f->mode == SALLY_MODE_X509;
}

/* The public half, which only the key itself can say; none: it is of no curve.
 */
static bool put_public(const struct found *f, struct sally_buf *spki)
{
    return sally_keypair_public(f->secret, spki) == SALLY_E_OK;
}

static bool is_secret(const struct sally_book *b, const struct sally_path *path,
                      const struct sally_lwm2m_value *v, struct found *out)
{
    const struct sally_credential_field *field = sally_credential_field_at(
        path->id[0], path->id[2], mode_of(b, path));

    if (field == NULL || v->type != SALLY_TYPE_OPAQUE ||
        (field->kind != SALLY_FIELD_SECRET_KEY &&
         field->kind != SALLY_FIELD_MASTER_SECRET))
        return false;
    *out = (struct found){ *path, v->is.bytes, mode_of(b, path) };
    return v->is.bytes.len != 0 && !sally_held_is(v->is.bytes);
}

static bool has_public(const struct sally_book *b, const struct found *f)
{
    const struct sally_path path = sally_path_resource(
        SALLY_OBJECT_SECURITY, f->path.id[1],
        sally_credential_field(SALLY_FIELD_PUBLIC_KEY)->resource);
    struct sally_lwm2m_value v;

    return sally_book_find(b, &path, &v) && v.type == SALLY_TYPE_OPAQUE &&
           v.is.bytes.len != 0;
}

static enum sally_err put(struct sally_book *b, uint16_t object,
                          uint16_t instance, uint16_t resource,
                          const struct sally_buf *bytes)
{
    const struct sally_path path =
        sally_path_resource(object, instance, resource);
    const struct sally_lwm2m_value v =
        sally_value_opaque(sally_buf_span(bytes));

    return sally_book_put(b, &path, &v);
}

static enum sally_err give(const struct sally_holder *h, struct sally_book *b,
                           const struct found *f, struct sally_buf *spki)
{
    uint8_t room[SALLY_PRIVATE_KEY_MAX + SALLY_HELD_OVERHEAD];
    struct sally_buf held = SALLY_BUF(room);
    const struct sally_path p = f->path;
    const bool raw = f->mode == SALLY_MODE_RPK && spki->len != 0 &&
                     !has_public(b, f);
    enum sally_err e = h->hold(h->owner, spki->len != 0 ? SALLY_HELD_PRIVATE
                                                        : SALLY_HELD_SHARED,
                               f->secret, &held);

    if (e == SALLY_E_OK)
        e = put(b, p.id[0], p.id[1], p.id[2], &held);
    if (e == SALLY_E_OK && raw)
        e = put(b, p.id[0], p.id[1],
                sally_credential_field(SALLY_FIELD_PUBLIC_KEY)->resource, spki);
    return e;
}

/* The first secret after `from` that can be held, which moves *from past it. */
static bool next(const struct sally_book *b, size_t *from, struct found *f,
                 struct sally_buf *spki)
{
    struct sally_book_walk walk = { sally_book_span(b) };
    struct sally_lwm2m_value v;
    struct sally_path path;

    for (size_t i = 0; sally_book_next(&walk, &path, &v); i++) {
        if (i < *from || !is_secret(b, &path, &v, f))
            continue;
        *from = i + 1;
        spki->len = 0;
        if (!signs(f) || put_public(f, spki))
            return true;
    }
    return false;
}

/* A public half that is put stands before its key, so that the walk sees the
 * next one again at worst.                                                  */
enum sally_err sally_entrust(const struct sally_holder *h,
                             struct sally_book *book)
{
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki = SALLY_BUF(room);
    enum sally_err e = SALLY_E_OK;
    struct found f;
    size_t from = 0;

    while (h != NULL && e == SALLY_E_OK && next(book, &from, &f, &spki))
        e = give(h, book, &f, &spki);
    return e;
}
