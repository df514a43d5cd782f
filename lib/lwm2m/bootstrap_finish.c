/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap_finish.c - are the staged accounts such that the client
 * can live with them? LwM2M Core 1.2 s.6.1.2, 6.1.7.8.                      */
#include "lwm2m/bootstrap_parts.h"

#include "lwm2m/objects/builtin.h"

/* One that was written at another instance takes the place of the one that
 * there was; of several none is chosen, and the check refuses them.         */
static void replace_account(const struct sally_bootstrap *b,
                            struct sally_book *book)
{
    const struct sally_path old =
        sally_path_instance(SALLY_OBJECT_SECURITY, b->account);
    size_t others = 0;
    uint16_t i;

    if (!b->has_account)
        return;
    for (uint32_t from = 0; sally_book_bootstrap(book, from, &i);
         from = (uint32_t)i + 1)
        others += i != b->account;
    if (others == 1)
        sally_book_cut(book, &old);
}

/* What the check of a book cannot know, as it looks at one only. */
static enum sally_err check_change(const struct sally_bootstrap *b,
                                   const struct sally_book *book,
                                   struct sally_path *culprit)
{
    uint16_t i;

    *culprit = sally_path_object(SALLY_OBJECT_SECURITY);
    if (sally_book_servers(book) == 0 && sally_book_servers(b->current) == 0)
        return SALLY_E_NOT_FOUND;
    if (b->has_account && !sally_book_bootstrap(book, 0, &i))
        return SALLY_E_NOT_ALLOWED;
    return SALLY_E_OK;
}

uint8_t sally_bootstrap_conclude(struct sally_bootstrap *b, sally_usec now)
{
    struct sally_path culprit = { .depth = 0 };
    enum sally_err e;

    (void)!sally_book_copy(&b->staged, &b->next); /* of the same room */
    replace_account(b, &b->next);
    sally_book_tidy(&b->next, b->current);
    e = sally_book_check(&b->next, b->settings->registry, b->settings->trust,
                         &culprit);
    if (e == SALLY_E_OK)
        e = check_change(b, &b->next, &culprit);
    if (e == SALLY_E_OK)
        return b->upcalls->on_finish(b->owner, &b->next, now);
    if (b->upcalls->on_refused != NULL)
        b->upcalls->on_refused(b->owner, e, &culprit);
    return SALLY_CODE_NOT_ACCEPTABLE;
}
