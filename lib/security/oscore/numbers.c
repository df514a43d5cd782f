/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/numbers.c - sequence numbers are reserved in advance, so
 * that after a crash none is used again. RFC 8613 B.1.1.                    */
#include "security/oscore/state.h"

/* Asks for the next chunk when half of the last one is used. */
static void wish(struct sally_oscore *o, struct sally_oscore_context *c)
{
    if (c->wished >= SALLY_OSCORE_NUMBER_END ||
        c->next + SALLY_OSCORE_CHUNK / 2 < c->wished)
        return;
    c->wished = (c->next > c->wished ? c->next : c->wished) +
                SALLY_OSCORE_CHUNK;
    if (c->wished > SALLY_OSCORE_NUMBER_END)
        c->wished = SALLY_OSCORE_NUMBER_END;
    o->wishing = c;
    o->host.reserve(o->host.owner, c->wished); /* may call reserved() */
}

void sally_oscore_numbers_free(struct sally_oscore_context *c)
{
    c->until = SALLY_OSCORE_NUMBER_END;
    c->wished = SALLY_OSCORE_NUMBER_END;
}

void sally_oscore_numbers_begin(struct sally_oscore *o,
                                struct sally_oscore_context *c, uint64_t from)
{
    c->next = from;
    c->until = from;
    c->wished = from;
    if (o->host.reserve == NULL)
        sally_oscore_numbers_free(c);
    else
        wish(o, c);
    o->up = o->up || c->until > c->next;
}

enum sally_err sally_oscore_numbers_look(struct sally_oscore *o,
                                         struct sally_oscore_context *c)
{
    if (c->next >= SALLY_OSCORE_NUMBER_END)
        return SALLY_E_EXHAUSTED;
    wish(o, c);
    return c->next < c->until ? SALLY_E_OK : SALLY_E_PENDING;
}

void sally_oscore_numbers_used(struct sally_oscore *o,
                               struct sally_oscore_context *c)
{
    c->next++;
    wish(o, c);
}

/* What the host says is noted too, since keys that were used are not begun
 * again from where they began at first.                                     */
void sally_oscore_numbers_reserved(struct sally_oscore *o,
                                   struct sally_oscore_context *c,
                                   uint64_t until)
{
    if (o->finder == NULL) {
        if (until > o->past.reserved)
            o->past.reserved = until;
        o->past.known = true;
        o->past.trusted = true;
    }
    if (until > SALLY_OSCORE_NUMBER_END)
        until = SALLY_OSCORE_NUMBER_END;
    if (until > c->until)
        c->until = until;
    o->up = o->up || c->until > c->next;
}
