/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap_staging.c - writes to the staged accounts, each all or
 * nothing. LwM2M Core 1.2 s.6.1.7.5, 6.1.7.7.                               */
#include "lwm2m/bootstrap_parts.h"

#include "lwm2m/objects/builtin.h"

#define RECORDS_MAX 128 /* values in one Write or Pack */

struct writing {
    struct sally_bootstrap *b;
    const struct sally_path *base;
    const struct sally_lwm2m_record *records;
    size_t count;
};

void sally_bootstrap_restage(struct sally_bootstrap *b)
{
    (void)!sally_book_copy(b->current, &b->staged); /* _start() saw it fit */
    b->has_account = sally_book_bootstrap(&b->staged, 0, &b->account);
}

/* A multiple resource is what the Write says it is, unless that names one of
 * its instances only.                                                       */
static void clear_multiple(const struct writing *w, struct sally_book *book)
{
    if (w->base->depth == SALLY_DEPTH_RESOURCE_INSTANCE)
        return;
    for (size_t i = 0; i < w->count; i++) {
        struct sally_path path = w->records[i].path;

        if (path.depth != SALLY_DEPTH_RESOURCE_INSTANCE)
            continue;
        path.id[--path.depth] = 0;
        sally_book_cut(book, &path);
    }
}

static bool names_instance(const struct writing *w, uint16_t instance)
{
    const struct sally_path path =
        sally_path_instance(SALLY_OBJECT_SECURITY, instance);

    for (size_t i = 0; i < w->count; i++)
        if (sally_path_covers(&path, &w->records[i].path))
            return true;
    return false;
}

/* The Write makes a server's account of the bootstrap account. */
static bool takes_account(const struct writing *w)
{
    const struct sally_path path = sally_path_resource(
        SALLY_OBJECT_SECURITY, w->b->account, SALLY_SECURITY_BOOTSTRAP);

    for (size_t i = 0; w->b->has_account && i < w->count; i++)
        if (sally_path_equal(&path, &w->records[i].path) &&
            !w->records[i].value.is.boolean)
            return true;
    return false;
}

/* The bootstrap account makes way: it gets the first number that is free. */
static uint16_t move_account(const struct writing *w, struct sally_book *book)
{
    uint16_t to = 0;

    while (names_instance(w, to) ||
           sally_book_move(book, w->b->account, to) != SALLY_E_OK)
        to++; /* there are fewer instances than numbers */
    return to;
}

static bool is_of_account(const struct sally_path *path)
{
    switch (path->id[0]) {
    case SALLY_OBJECT_SECURITY:
    case SALLY_OBJECT_SERVER:
    case SALLY_OBJECT_ACCESS:
    case SALLY_OBJECT_OSCORE: return true;
    default: return false;
    }
}

static uint8_t code_of(enum sally_err e)
{
    switch (e) {
    case SALLY_E_OK: return 0;
    case SALLY_E_NOT_FOUND: return SALLY_CODE_NOT_FOUND;
    case SALLY_E_NO_ROOM:
    case SALLY_E_TOO_LARGE: return SALLY_CODE_TOO_LARGE;
    default: return SALLY_CODE_BAD_REQUEST;
    }
}

static uint8_t apply(const struct writing *w)
{
    struct sally_bootstrap *b = w->b;
    struct sally_book whole = b->staged;
    uint16_t account = b->account;
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < w->count; i++)
        if (!is_of_account(&w->records[i].path))
            return SALLY_CODE_NOT_FOUND;
    (void)!sally_book_copy(&b->staged, &b->next); /* of the same room */
    clear_multiple(w, &b->next);
    if (takes_account(w))
        account = move_account(w, &b->next);
    for (size_t i = 0; e == SALLY_E_OK && i < w->count; i++)
        e = sally_book_put(&b->next, &w->records[i].path,
                           &w->records[i].value);
    if (e != SALLY_E_OK)
        return code_of(e);
    b->staged = b->next;
    b->next = whole;
    b->account = account;
    return SALLY_CODE_CHANGED;
}

uint8_t sally_bootstrap_write(struct sally_bootstrap *b,
                              const struct sally_path *base,
                              const struct sally_lwm2m_format *format,
                              struct sally_span payload,
                              struct sally_buf *room)
{
    struct sally_lwm2m_record records[RECORDS_MAX];
    struct writing w = { b, base, records, 0 };
    uint8_t code;

    if (base->depth != SALLY_DEPTH_ROOT && !is_of_account(base))
        return SALLY_CODE_NOT_FOUND;
    code = code_of(format->decode(b->settings->registry, base, payload, room,
                                  records, SALLY_LEN(records), &w.count));
    if (code != 0)
        return code;
    if (w.count == 0 && base->depth >= SALLY_DEPTH_RESOURCE)
        return SALLY_CODE_BAD_REQUEST;
    return apply(&w);
}

enum sally_err sally_bootstrap_delete(struct sally_bootstrap *b,
                                      const struct sally_path *path)
{
    enum sally_err e = sally_book_delete(&b->staged, path, b->account);
    const struct sally_path at =
        sally_path_instance(SALLY_OBJECT_SECURITY, b->account);

    if (b->has_account && !sally_book_has(&b->staged, &at))
        b->has_account = sally_book_bootstrap(&b->staged, 0, &b->account);
    return e;
}
