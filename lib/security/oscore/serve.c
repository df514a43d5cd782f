/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/serve.c - server role: whose request is it, and under
 * which keys. RFC 8613 s.8.2 step 2.                                        */
#include "security/oscore/state.h"

static void note_peer(struct sally_oscore *o, struct sally_oscore_peer *p,
                      const struct sally_oscore_incoming *in)
{
    o->peer = p;
    in->bound->peer = p->index;
}

/* Four at most have the same kid: the tag tells. */
static enum sally_err try_keys(struct sally_oscore *o,
                               struct sally_oscore_peer *p,
                               const struct sally_oscore_incoming *in)
{
    enum sally_err best = SALLY_E_NOT_FOUND, e;

    for (; p != NULL; p = p->same) {
        if (p->lost || !sally_oscore_fits(&p->context, &in->option))
            continue;
        e = sally_oscore_accept(o, &p->context, in);
        if (e == SALLY_E_OK || e == SALLY_E_CHALLENGED) {
            note_peer(o, p, in);
            return e;
        }
        best = e;
    }
    return best;
}

/* Counters of keys that nothing is known of may be old: then these keys are
 * not used, and B.2 has to make new ones of them.                           */
static void begin(struct sally_oscore *o, struct sally_oscore_peer *p)
{
    p->lost = !o->has_past || (o->past.known && !o->past.trusted);
    if (p->lost)
        return;
    if (o->past.known)
        p->context.window.state = SALLY_WINDOW_UNKNOWN;
    sally_oscore_numbers_begin(o, &p->context,
                               o->past.known ? o->past.reserved : 0);
}

static enum sally_err rederive(struct sally_oscore *o,
                               struct sally_oscore_peer *p,
                               const struct sally_oscore_incoming *in)
{
    const struct sally_oscore_ground g = sally_oscore_ground(o, p);
    struct sally_oscore_context fresh = { .aead = NULL };
    enum sally_err e = sally_oscore_rederive(o, &g, in, &fresh);

    if (e != SALLY_E_OK)
        return e;
    p->context = fresh;
    p->lost = false;
    sally_wipe(&fresh, sizeof(fresh));
    return SALLY_E_OK;
}

/* Asks the owner for an account, which may be one that is in already. */
static enum sally_err admit(struct sally_oscore *o,
                            struct sally_oscore_peer *first,
                            const struct sally_oscore_incoming *in,
                            struct sally_oscore_peer **out)
{
    const struct sally_key_finder *f = o->finder;
    const struct sally_credential *credential;
    enum sally_err e = f->find_oscore(f->owner, in->option.kid,
                                      in->option.kid_context, &credential);

    if (e != SALLY_E_OK)
        return e;
    if (credential->oscore == NULL ||
        !sally_span_equal(credential->oscore->sender_id, in->option.kid))
        return SALLY_E_NOT_FOUND;
    for (; first != NULL; first = first->same)
        if (first->credential == credential)
            break;
    *out = first;
    if (first != NULL)
        return SALLY_E_OK;
    e = sally_oscore_peer_add(f->contexts, credential, out);
    if (e == SALLY_E_OK)
        begin(o, *out);
    return e;
}

enum sally_err sally_oscore_serve(struct sally_oscore *o,
                                  const struct sally_oscore_incoming *in)
{
    struct sally_oscore_peer *first =
        sally_oscore_peer_first(o->finder->contexts, in->option.kid);
    struct sally_oscore_peer *p = NULL;
    enum sally_err e = try_keys(o, first, in);

    if (e != SALLY_E_NOT_FOUND)
        return e;
    e = admit(o, first, in, &p);
    if (e != SALLY_E_OK)
        return e;
    if (!p->lost && sally_oscore_fits(&p->context, &in->option))
        e = sally_oscore_accept(o, &p->context, in);
    else
        e = rederive(o, p, in);
    if (e == SALLY_E_OK || e == SALLY_E_CHALLENGED)
        note_peer(o, p, in);
    return e;
}
