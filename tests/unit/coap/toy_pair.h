/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/toy_pair.h - a pair of links whose messages the toy protects.
 */
#ifndef TESTS_UNIT_COAP_TOY_PAIR_H
#define TESTS_UNIT_COAP_TOY_PAIR_H

#include "unit/coap/pair.h"
#include "unit/coap/toy.h"

struct toy_pair {
    struct pair p; /* the first member */
    struct sally_key_finder finder;
    struct sally_object_past past;
    bool keeps;        /* the owner makes numbers durable, */
    bool lazy;         /* but only when the test says so */
    uint64_t asked_for;
    unsigned asked;
};

static void toy_on_reserve(void *owner, uint64_t until)
{
    struct end *e = owner;
    struct toy_pair *t = (struct toy_pair *)(void *)e->pair;

    t->asked_for = until;
    t->asked++;
    if (!t->lazy)
        sally_coap_link_reserved(&e->link, until, e->pair->now);
}

static const struct sally_coap_link_upcalls toy_keeping = {
    .on_request = end_on_request,
    .on_reply = end_on_reply,
    .on_notified = end_on_notified,
    .on_channel = end_on_channel,
    .on_reserve = toy_on_reserve,
};

static void toy_credential(struct sally_credential *c)
{
    const struct sally_oscore_parts oscore = {
        .master_secret = sally_span_of("sixteen bytes..."),
        .sender_id = sally_span_of("c"),
        .recipient_id = sally_span_of("s"),
    };
    const struct sally_credential_parts parts = { .mode = SALLY_MODE_NOSEC,
                                                  .oscore = &oscore };

    assert_int_equal(sally_credential_make(c, &parts, NULL), SALLY_E_OK);
}

/* The finder has contexts, whatever they are: the toy does not look. */
static void toy_accept(struct toy_pair *t)
{
    t->finder.contexts = (struct sally_object_contexts *)(void *)&t->finder;
    assert_int_equal(sally_coap_link_accept(&t->p.b.link, SALLY_SCHEME_COAP,
                                            &t->finder, t->p.now),
                     SALLY_E_OK);
}

static void toy_start(struct toy_pair *t)
{
    assert_int_equal(sally_coap_link_start(&t->p.a.link, SALLY_SCHEME_COAP,
                                           &t->p.credential, &t->past,
                                           t->p.now),
                     SALLY_E_OK);
}

/* With the rules of `toy`, which are set after memset() and before this. */
static void toy_open(struct toy_pair *t, bool keeps)
{
    memset(t, 0, sizeof(*t));
    pair_open(&t->p);
    t->p.a.channels = t->p.b.channels = 0;
    toy_credential(&t->p.credential);
    sally_coap_link_wipe(&t->p.a.link);
    sally_coap_link_init(&t->p.a.link, &t->p.shared,
                         keeps ? &toy_keeping : &pair_upcalls, &t->p.a);
    t->past = (struct sally_object_past){ .known = true, .trusted = true };
    toy_accept(t);
    toy_start(t);
    pair_settle(&t->p);
}

static void toy_close(struct toy_pair *t)
{
    pair_wait(&t->p, 600 * SALLY_SEC);
    sally_coap_link_wipe(&t->p.a.link);
    sally_coap_link_wipe(&t->p.b.link);
    assert_int_equal(t->p.packets.used, 0);
    assert_int_equal(t->p.bodies.used, 0);
    assert_int_equal(toy.reused, 0);
    sally_credential_wipe(&t->p.credential);
    sally_pool_wipe(&t->p.packets);
    sally_pool_wipe(&t->p.bodies);
}

#endif
