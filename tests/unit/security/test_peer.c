/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_peer.c - handshakes by raw keys and certificates, in
 * memory: what must come up, and what must fail before a byte of the
 * application, each with its own error at the end that found it.            */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "base/writer.h"
#include "security/trust.h"
#include "unit/security/mint.h"
#include "unit/security/pair.h"

#define ROOMY ((size_t)16 << 20)
#define PEER_12                                                                \
    "PSK-AES128-CCM-8:ECDHE-ECDSA-AES128-CCM-8:"                               \
    "ECDHE-ECDSA-AES128-GCM-SHA256"
#define NOW 1796000000u /* 2026-11-30 */

static struct {
    struct mint_pair ours, theirs, root, middle, other;
    struct sally_span root_ca, middle_ca, other_ca;
    struct sally_span client;                 /* by root, CN sensor-1 */
    struct sally_span server, long_server;    /* by root; by middle */
    struct sally_span foreign;                /* by other */
    struct sally_span stranger;               /* a client's, by other */
    struct sally_span expired, young, alone;  /* of a server */
    struct sally_span at_address;
    struct sally_span revoking, old_list;     /* of the root */
} w;

static struct mint_card card(const char *subject)
{
    return (struct mint_card){ .subject = subject, .issuer = "root",
                               .key = &w.theirs, .signer = &w.root,
                               .serial = 44, .name = "gw.example.org" };
}

static struct sally_span authority(const char *name, const struct mint_pair *k,
                                   const char *issuer,
                                   const struct mint_pair *by)
{
    struct mint_card c = { .subject = name, .issuer = issuer, .key = k,
                           .signer = by, .ca = true };

    return mint_certificate(&c);
}

static void mint_servers(void)
{
    struct mint_card c = card("server");

    w.server = mint_certificate(&c);
    c.name = NULL;
    c.address = "127.0.0.1";
    w.at_address = mint_certificate(&c);
    c = card("server");
    c.until = "20251231000000Z";
    w.expired = mint_certificate(&c);
    c.until = NULL;
    c.from = "20300101000000Z";
    w.young = mint_certificate(&c);
    c = card("server");
    c.issuer = "server";
    c.signer = &w.theirs;
    w.alone = mint_certificate(&c);
    c.issuer = "middle";
    c.signer = &w.middle;
    w.long_server = mint_join(mint_certificate(&c), w.middle_ca);
    c.issuer = "other";
    c.signer = &w.other;
    w.foreign = mint_certificate(&c);
}

static int set_up(void **state)
{
    struct mint_list l = { .issuer = "root", .signer = &w.root,
                           .revoked = { 44 } };
    struct mint_card c;

    (void)state;
    mint_open();
    w.ours = mint_pair();
    w.theirs = mint_pair();
    w.root = mint_pair();
    w.middle = mint_pair();
    w.other = mint_pair();
    w.root_ca = authority("root", &w.root, "root", &w.root);
    w.middle_ca = authority("middle", &w.middle, "root", &w.root);
    w.other_ca = authority("other", &w.other, "other", &w.other);
    mint_servers();
    c = card("sensor-1");
    c.key = &w.ours;
    c.name = NULL;
    w.client = mint_certificate(&c);
    c.issuer = "other";
    c.signer = &w.other;
    w.stranger = mint_certificate(&c);
    w.revoking = mint_crl(&l);
    l = (struct mint_list){ .issuer = "root", .signer = &w.root,
                            .from = "20260101000000Z" };
    w.old_list = mint_crl(&l);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mint_close();
    return 0;
}

/* --- Both ends ----------------------------------------------------------- */

struct end {
    enum sally_security_mode mode;
    struct sally_span public, secret;
    struct sally_span peer; /* the client's idea of its server */
    enum sally_certificate_usage usage;
    const char *name;
    struct sally_span anchors, crls;
    uint32_t crl_max_age;
};

struct world {
    struct pair p;
    struct sally_credential own; /* the server's */
    struct sally_trust *trust, *server_trust;
    struct sally_span admitted; /* what the server lets in; empty: all */
    enum sally_security_mode admitted_as;
};

static enum sally_err admit(void *owner, enum sally_security_mode mode,
                            struct sally_span peer)
{
    struct world *x = owner;

    x->admitted_as = mode;
    return x->admitted.len == 0 || sally_span_equal(x->admitted, peer)
               ? SALLY_E_OK
               : SALLY_E_NOT_ALLOWED;
}

static struct sally_trust *trust_of(const struct end *e)
{
    const struct sally_trust_parts parts = { e->anchors, e->crls,
                                             e->crl_max_age };
    struct sally_trust *t = NULL;

    if (e->anchors.len != 0)
        assert_int_equal(sally_trust_make(&t, &parts), SALLY_E_OK);
    return t;
}

/* The fields of a client, without what sally_credential_make() says of them:
 * a server's credential has no peer.                                        */
static void fill(struct sally_credential *c, const struct end *e,
                 const struct sally_trust *trust)
{
    sally_credential_wipe(c);
    c->mode = e->mode;
    c->public_key = e->public;
    c->secret_key = e->secret;
    c->server_public_key = e->peer;
    c->usage = (uint8_t)e->usage;
    c->server_name = sally_span_of(e->name);
    c->trust = trust;
    if (e->mode == SALLY_MODE_PSK)
        pair_credential(c, "sensor-1", "a key of sixteen");
}

static void open_world(struct world *x, const struct end *client,
                       const struct end *server)
{
    *x = (struct world){ .trust = NULL };
    pair_open(&x->p, 4, ROOMY);
    sally_security_clock(x->p.security, NOW, true);
    x->trust = trust_of(client);
    x->server_trust = trust_of(server);
    fill(&x->p.credential, client, x->trust);
    fill(&x->own, server, x->server_trust);
    x->p.finder.admit = admit;
    x->p.finder.find = pair_find;
    x->p.finder.owner = x;
    x->p.finder.own = server->mode == SALLY_MODE_PSK ? NULL : &x->own;
}

static void close_world(struct world *x)
{
    pair_close(&x->p);
    sally_credential_wipe(&x->own);
    sally_trust_wipe(x->trust);
    sally_trust_wipe(x->server_trust);
}

static const struct end psk = { .mode = SALLY_MODE_PSK };

static struct end raw_client(void)
{
    return (struct end){ .mode = SALLY_MODE_RPK, .public = w.ours.public,
                         .secret = w.ours.secret, .peer = w.theirs.public };
}

static struct end raw_server(void)
{
    return (struct end){ .mode = SALLY_MODE_RPK, .public = w.theirs.public,
                         .secret = w.theirs.secret };
}

static struct end client(enum sally_certificate_usage usage,
                         struct sally_span peer, struct sally_span anchors)
{
    return (struct end){ .mode = SALLY_MODE_X509, .public = w.client,
                         .secret = w.ours.secret, .peer = peer, .usage = usage,
                         .name = "gw.example.org", .anchors = anchors };
}

static struct end server(struct sally_span chain)
{
    return (struct end){ .mode = SALLY_MODE_X509, .public = chain,
                         .secret = w.theirs.secret, .anchors = w.root_ca };
}

static const struct sally_span none = { NULL, 0 };

/* Nothing may be sealed unless both ends are satisfied. */
static void expect_failure(struct world *x, const char *what,
                           enum sally_err at_client, enum sally_err at_server)
{
    struct pair *p = &x->p;
    uint8_t room[SALLY_DATAGRAM_MAX];
    struct sally_buf wire = SALLY_BUF(room);
    enum sally_err c, s;

    if (sally_stack_start(&p->client, p->security, pair_scheme,
                          &p->credential, p->now) != SALLY_E_OK ||
        sally_stack_accept(&p->server, p->security, pair_scheme,
                           &p->finder, p->now) != SALLY_E_OK)
        fail_msg("%s: does not start", what);
    pair_run(p, 100 * SALLY_SEC);
    c = sally_stack_reason(&p->client);
    s = sally_stack_reason(&p->server);
    if ((at_client != SALLY_E_OK && c != at_client) ||
        (at_server != SALLY_E_OK && s != at_server))
        fail_msg("%s: the client says: %s; the server: %s", what,
                 sally_err_text(c), sally_err_text(s));
    if (sally_stack_state(&p->client) == SALLY_CHANNEL_UP &&
        at_client != SALLY_E_OK)
        fail_msg("%s: came up", what);
    if (at_client != SALLY_E_OK &&
        sally_stack_seal(&p->client, sally_span_of("x"), &wire) == SALLY_E_OK)
        fail_msg("%s: sealed a message", what);
    if (sally_stack_state(&p->server) == SALLY_CHANNEL_UP &&
        at_server != SALLY_E_OK)
        fail_msg("%s: the server let it in", what);
}

static void expect_up(struct world *x, const char *what, const char *suite,
                      struct sally_span identity)
{
    struct pair *p = &x->p;

    pair_begin(p);
    pair_run(p, 100 * SALLY_SEC);
    if (sally_stack_state(&p->client) != SALLY_CHANNEL_UP ||
        sally_stack_state(&p->server) != SALLY_CHANNEL_UP)
        fail_msg("%s: the client says: %s; the server: %s", what,
                 sally_err_text(sally_stack_reason(&p->client)),
                 sally_err_text(sally_stack_reason(&p->server)));
    if (suite != NULL && strcmp(sally_stack_suite(&p->client), suite) != 0)
        fail_msg("%s: %s", what, sally_stack_suite(&p->client));
    if (!sally_span_equal(sally_stack_peer_identity(&p->server), identity))
        fail_msg("%s: another identity", what);
    pair_talk(p, &p->client, &p->server, "up");
    pair_talk(p, &p->server, &p->client, "down");
}

/* --- What must come up --------------------------------------------------- */

static void what_is_right_comes_up(void **state)
{
    struct sally_span name = sally_span_of("sensor-1");
    struct end derived = raw_client(), by_address, listed;

    (void)state;
    derived.public = none;
    by_address = client(2, w.root_ca, none);
    by_address.name = "127.0.0.1";
    listed = client(0, none, w.root_ca);
    listed.crls = w.old_list;

    const struct {
        const char *what;
        struct end client, server;
        struct sally_span identity;
        enum sally_security_mode as;
    } rows[] = {
        { "raw keys", raw_client(), raw_server(), w.ours.public,
          SALLY_MODE_RPK },
        { "a public half that is computed", derived, raw_server(),
          w.ours.public, SALLY_MODE_RPK },
        { "usage 3", client(3, w.server, none), server(w.server), name,
          SALLY_MODE_X509 },
        { "usage 3, self-signed", client(3, w.alone, none), server(w.alone),
          name, SALLY_MODE_X509 },
        { "usage 2", client(2, w.root_ca, none), server(w.server), name,
          SALLY_MODE_X509 },
        { "usage 2, two of them", client(2, w.root_ca, none),
          server(w.long_server), name, SALLY_MODE_X509 },
        { "usage 2, by address", by_address, server(w.at_address), name,
          SALLY_MODE_X509 },
        { "usage 1", client(1, w.server, w.root_ca), server(w.server), name,
          SALLY_MODE_X509 },
        { "usage 0", client(0, w.middle_ca, w.root_ca), server(w.long_server),
          name, SALLY_MODE_X509 },
        { "usage 0, with a list", listed, server(w.server), name,
          SALLY_MODE_X509 },
        { "a PSK where certificates are taken too", psk, server(w.server),
          name, SALLY_MODE_PSK },
        { "a PSK where raw keys are taken too", psk, raw_server(), name,
          SALLY_MODE_PSK },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world x;

        open_world(&x, &rows[i].client, &rows[i].server);
        expect_up(&x, rows[i].what, NULL, rows[i].identity);
        assert_int_equal(x.admitted_as, rows[i].as);
        close_world(&x);
    }
}

/* Some three thousand bytes of certificates, in fragments. */
static void a_long_chain_fits(void **state)
{
    struct end c = client(2, w.root_ca, none), s = server(w.long_server);
    struct mint_card filler = card("filler");
    struct world x;

    (void)state;
    filler.name = "a-name-that-is-as-long-as-a-label-may-be-sixty-three-letters."
                  "a-name-that-is-as-long-as-a-label-may-be-sixty-three-letters."
                  "a-name-that-is-as-long-as-a-label-may-be-sixty-three-letters";
    filler.second_name = filler.name;
    for (int i = 0; i < 4; i++)
        s.public = mint_join(s.public, mint_certificate(&filler));
    assert_true(s.public.len > 3000);
    open_world(&x, &c, &s);
    expect_up(&x, "long", NULL, sally_span_of("sensor-1"));
    close_world(&x);
}

/* --- What must not ------------------------------------------------------- */

static void what_is_wrong_fails_with_its_error(void **state)
{
    struct end raw_other = raw_client(), nameless, listed, stale, at;

    (void)state;
    raw_other.peer = w.other.public;
    nameless = client(2, w.root_ca, none);
    nameless.name = "gw.example.com";
    listed = client(0, none, w.root_ca);
    listed.crls = w.revoking;
    stale = client(0, none, w.root_ca);
    stale.crls = w.old_list;
    stale.crl_max_age = 30 * 86400;
    at = client(2, w.root_ca, none);
    at.name = "127.0.0.2";

    const struct {
        const char *what;
        struct end client, server;
        enum sally_err want;
    } rows[] = {
        { "another raw key", raw_other, raw_server(), SALLY_E_WRONG_KEY },
        { "3: another certificate", client(3, w.alone, none), server(w.server),
          SALLY_E_WRONG_KEY },
        { "2: another authority", client(2, w.other_ca, none),
          server(w.server), SALLY_E_UNKNOWN_CA },
        { "2: no anchor", client(2, none, w.root_ca), server(w.server),
          SALLY_E_NO_CREDENTIAL },
        { "2: another name", nameless, server(w.server), SALLY_E_WRONG_NAME },
        { "2: another address", at, server(w.at_address), SALLY_E_WRONG_NAME },
        { "1: another certificate", client(1, w.alone, w.root_ca),
          server(w.server), SALLY_E_WRONG_KEY },
        { "1: nobody trusted", client(1, w.server, w.other_ca),
          server(w.server), SALLY_E_UNKNOWN_CA },
        { "0: past the authority", client(0, w.middle_ca, w.root_ca),
          server(w.server), SALLY_E_WRONG_KEY },
        { "0: another authority", client(0, none, w.root_ca),
          server(w.foreign), SALLY_E_UNKNOWN_CA },
        { "0: self-signed", client(0, none, w.root_ca), server(w.alone),
          SALLY_E_UNKNOWN_CA },
        { "0: over", client(0, none, w.root_ca), server(w.expired),
          SALLY_E_EXPIRED },
        { "0: to come", client(0, none, w.root_ca), server(w.young),
          SALLY_E_NOT_YET_VALID },
        { "0: revoked", listed, server(w.server), SALLY_E_REVOKED },
        { "0: a list that is too old", stale, server(w.server),
          SALLY_E_STALE_CRL },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world x;

        open_world(&x, &rows[i].client, &rows[i].server);
        expect_failure(&x, rows[i].what, rows[i].want, SALLY_E_OK);
        assert_true(sally_stack_alert(&x.p.client) > 0);
        close_world(&x);
    }
}

static void a_clock_that_is_not_set_bears_a_beginning(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.young);
    struct world x;

    (void)state;
    open_world(&x, &c, &s);
    sally_security_clock(x.p.security, 0, false);
    expect_up(&x, "to come", NULL, sally_span_of("sensor-1"));
    close_world(&x);
    s = server(w.expired);
    open_world(&x, &c, &s);
    sally_security_clock(x.p.security, 0, false);
    expect_failure(&x, "over", SALLY_E_EXPIRED, SALLY_E_OK);
    close_world(&x);
}

/* Each account takes one kind of proof and no other. */
static void kinds_do_not_mix(void **state)
{
    struct end raw = raw_client();
    struct end by_certificate = client(0, none, w.root_ca);
    const struct {
        const char *what;
        struct end client, server;
    } rows[] = {
        { "a raw key, offered a certificate", raw, server(w.server) },
        { "a certificate, offered a raw key", by_certificate, raw_server() },
        { "a raw key, and a server with PSKs only", raw, psk },
        { "a certificate, and a server with PSKs only", by_certificate, psk },
        { "a PSK, and a server with a certificate only", psk,
          server(w.server) },
        { "a PSK, and a server with a raw key only", psk, raw_server() },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world x;

        open_world(&x, &rows[i].client, &rows[i].server);
        if (rows[i].server.mode != SALLY_MODE_PSK)
            x.p.finder.find = NULL;
        pair_begin(&x.p);
        pair_run(&x.p, 100 * SALLY_SEC);
        if (sally_stack_state(&x.p.client) != SALLY_CHANNEL_FAILED ||
            sally_stack_state(&x.p.server) != SALLY_CHANNEL_FAILED)
            fail_msg("%s: came up", rows[i].what);
        close_world(&x);
    }
}

static void a_server_takes_whom_it_admits(void **state)
{
    struct end c = client(3, w.server, none), s = server(w.server);
    struct end r = raw_client(), rs = raw_server();
    struct world x;

    (void)state;
    open_world(&x, &c, &s);
    x.admitted = w.stranger;
    expect_failure(&x, "a certificate that is not admitted", SALLY_E_OK,
                   SALLY_E_NOT_ALLOWED);
    close_world(&x);
    c.public = w.stranger;
    open_world(&x, &c, &s);
    expect_failure(&x, "another authority", SALLY_E_OK, SALLY_E_UNKNOWN_CA);
    close_world(&x);
    open_world(&x, &r, &rs);
    x.admitted = w.theirs.public;
    expect_failure(&x, "a raw key that is not admitted", SALLY_E_OK,
                   SALLY_E_NOT_ALLOWED);
    close_world(&x);
    open_world(&x, &r, &rs);
    x.p.finder.admit = NULL;
    expect_failure(&x, "no raw keys at all", SALLY_E_OK, SALLY_E_WRONG_KIND);
    close_world(&x);
    c = client(3, w.server, none);
    s.anchors = none;
    open_world(&x, &c, &s);
    expect_failure(&x, "no authority", SALLY_E_OK, SALLY_E_UNKNOWN_CA);
    close_world(&x);
}

static void keys_of_our_own_must_fit(void **state)
{
    struct end c = raw_client(), s = raw_server();
    struct world x;

    (void)state;
    c.secret = w.other.secret;
    open_world(&x, &c, &s);
    assert_int_equal(sally_stack_start(&x.p.client, x.p.security,
                                       pair_scheme, &x.p.credential, 0),
                     SALLY_E_NO_CREDENTIAL);
    close_world(&x);
    c = client(3, w.server, none);
    c.secret = w.other.secret;
    open_world(&x, &c, &s);
    assert_int_equal(sally_stack_start(&x.p.client, x.p.security,
                                       pair_scheme, &x.p.credential, 0),
                     SALLY_E_NO_CREDENTIAL);
    close_world(&x);
}

/* --- What resumes -------------------------------------------------------- */

/* One more session: it is a short one, or a full one that fails. */
static void expect_resumed(struct world *x, const char *what)
{
    struct sally_span name = sally_span_of("sensor-1");

    if (x->p.credential.mode == SALLY_MODE_RPK)
        name = w.ours.public;
    expect_up(x, what, NULL, name);
    if (!sally_stack_resumed(&x->p.client) ||
        !sally_stack_resumed(&x->p.server))
        fail_msg("%s: a full handshake", what);
}

static struct end with_lists(const struct end *c, const char *until)
{
    const struct mint_list l = { .issuer = "root", .signer = &w.root,
                                 .until = until, .revoked = { 7 } };
    struct end listed = *c;

    listed.crls = mint_crl(&l);
    return listed;
}

static void restart(struct world *x)
{
    uint8_t room[4096];
    struct sally_buf saved = SALLY_BUF(room);

    assert_int_equal(sally_stack_save(&x->p.client, &saved), SALLY_E_OK);
    sally_stack_wipe(&x->p.client);
    for (size_t n = 0; n < 12; n++)
        assert_int_equal(
            sally_stack_restore(&x->p.client, (struct sally_span){ room, n }),
            SALLY_E_MALFORMED);
    assert_int_equal(sally_stack_restore(&x->p.client, sally_buf_span(&saved)),
                     SALLY_E_OK);
}

static void a_session_resumes_while_its_chain_holds(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.long_server);
    struct end listed = with_lists(&c, "20270601000000Z");
    const struct {
        const char *what;
        const struct end *client;
        struct sally_span shown;
        uint32_t max_age;
        uint64_t then;
        enum sally_err why;
    } rows[] = {
        { "a certificate that is over by then", &c, w.long_server, 0,
          NOW + 30u * 365 * 86400, SALLY_E_EXPIRED },
        { "a list that is over by then", &listed, w.server, 0,
          NOW + 365 * 86400, SALLY_E_STALE_CRL },
        { "a list that is too old by then", &listed, w.server,
          3600u * 24 * 365 * 10, NOW + 365u * 86400 * 4, SALLY_E_STALE_CRL },
    };

    (void)state;
    for (size_t i = 0; i < 2 * SALLY_LEN(rows); i++) {
        struct end one = *rows[i / 2].client;
        struct world x;

        one.crl_max_age = rows[i / 2].max_age;
        s = server(rows[i / 2].shown);
        open_world(&x, &one, &s);
        expect_up(&x, rows[i / 2].what, NULL, sally_span_of("sensor-1"));
        expect_resumed(&x, rows[i / 2].what);
        if (i % 2 != 0)
            restart(&x);
        expect_resumed(&x, rows[i / 2].what);
        if (i % 2 != 0)
            restart(&x);
        sally_security_clock(x.p.security, rows[i / 2].then, true);
        expect_failure(&x, rows[i / 2].what, rows[i / 2].why, SALLY_E_OK);
        close_world(&x);
    }
}

/* Who shows nothing is let in where the server says so, and is nobody; who
 * shows something is judged by it all the same.                             */
static void a_server_may_take_anybody(void **state)
{
    struct end c = client(3, w.server, none), s = server(w.server);
    struct end unasked = s;
    struct world x;

    (void)state;
    unasked.anchors = none; /* so the client is not asked */
    open_world(&x, &c, &unasked);
    x.p.finder.anonymous = true;
    x.p.finder.find = NULL;
    expect_up(&x, "who is not asked", NULL, none);
    expect_up(&x, "who is not asked and resumes", NULL, none);
    assert_true(sally_stack_resumed(&x.p.server));
    close_world(&x);
    open_world(&x, &c, &unasked);
    x.p.finder.anonymous = true;
    expect_failure(&x, "where there are keys, too", SALLY_E_OK,
                   SALLY_E_UNKNOWN_CA);
    close_world(&x);
    open_world(&x, &c, &s);
    x.p.finder.anonymous = true;
    x.p.finder.find = NULL;
    expect_up(&x, "who shows a certificate", NULL, sally_span_of("sensor-1"));
    close_world(&x);
    c.public = w.stranger;
    open_world(&x, &c, &s);
    x.p.finder.anonymous = true;
    x.p.finder.find = NULL;
    expect_failure(&x, "who shows a wrong one", SALLY_E_OK,
                   SALLY_E_UNKNOWN_CA);
    close_world(&x);
}

static void a_session_is_with_one_name(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.server);
    struct world x;

    (void)state;
    open_world(&x, &c, &s);
    x.p.credential.host_names =
        (struct sally_span){ (const uint8_t *)"gw.example.org\0gw.example.com",
                             30 };
    sally_credential_aim(&x.p.credential, 0);
    expect_up(&x, "the first", NULL, sally_span_of("sensor-1"));
    expect_resumed(&x, "the first");
    sally_credential_aim(&x.p.credential, 1);
    expect_failure(&x, "the second", SALLY_E_WRONG_NAME, SALLY_E_OK);
    sally_credential_aim(&x.p.credential, 2); /* there is none */
    expect_failure(&x, "the second", SALLY_E_WRONG_NAME, SALLY_E_OK);
    sally_credential_aim(&x.p.credential, 0);
    expect_up(&x, "the first", NULL, sally_span_of("sensor-1"));
    close_world(&x);
}

static bool revoked(struct world *x, struct sally_span crls,
                    struct sally_revoked *last)
{
    const struct sally_trust_parts parts = { w.root_ca, crls, 0 };
    struct sally_trust *t = NULL;
    bool is;

    assert_int_equal(sally_trust_make(&t, &parts), SALLY_E_OK);
    is = sally_stack_revoked(&x->p.client, t, last);
    assert_int_equal(sally_stack_revoked(&x->p.client, t, last), is);
    *last = (struct sally_revoked){ .trust = NULL };
    sally_trust_wipe(t);
    return is;
}

static void a_new_list_meets_whom_it_names(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.server);
    struct end chained = server(w.long_server), rc = raw_client(),
               rs = raw_server();
    struct sally_revoked last = { .trust = NULL };
    struct world x;

    (void)state;
    open_world(&x, &c, &s);
    assert_false(revoked(&x, w.revoking, &last)); /* no session yet */
    expect_up(&x, "named", NULL, sally_span_of("sensor-1"));
    assert_true(revoked(&x, w.revoking, &last));
    assert_false(revoked(&x, w.old_list, &last));
    expect_resumed(&x, "named");
    assert_true(revoked(&x, mint_join(w.old_list, w.revoking), &last));
    restart(&x);
    expect_resumed(&x, "named");
    assert_true(revoked(&x, w.revoking, &last));
    close_world(&x);
    open_world(&x, &c, &chained); /* 44 too, but of another authority */
    expect_up(&x, "not named", NULL, sally_span_of("sensor-1"));
    assert_false(revoked(&x, w.revoking, &last));
    close_world(&x);
    open_world(&x, &rc, &rs);
    expect_up(&x, "a raw key", NULL, w.ours.public);
    assert_false(revoked(&x, w.revoking, &last));
    close_world(&x);
}

static void remove_it(struct world *x)
{
    x->admitted = w.theirs.public;
}

static void remove_key(struct world *x)
{
    pair_credential(&x->p.known, "sensor-2", "a key of sixteen");
}

static void change_key(struct world *x)
{
    pair_credential(&x->p.known, "sensor-1", "another key, now");
}

static void let_time_pass(struct world *x)
{
    sally_security_clock(x->p.security, NOW + 365u * 86400 * 4, true);
}

static void nothing_happens(struct world *x)
{
    (void)x;
}

/* The server lets in whom it knows now, not whom it knew. */
static void a_client_resumes_while_it_is_known(void **state)
{
    struct end rc = raw_client(), rs = raw_server();
    struct end c = client(0, none, w.root_ca), s = server(w.server), aging = c;
    struct mint_card brief = card("sensor-1");

    (void)state;
    brief.key = &w.ours;
    brief.name = NULL;
    brief.until = "20280101000000Z";
    aging.public = mint_certificate(&brief);

    const struct {
        const char *what;
        const struct end *client, *server;
        void (*change)(struct world *x);
        enum sally_err why;
    } rows[] = {
        { "a raw key", &rc, &rs, nothing_happens, SALLY_E_OK },
        { "a raw key that was removed", &rc, &rs, remove_it,
          SALLY_E_NOT_ALLOWED },
        { "a certificate", &c, &s, nothing_happens, SALLY_E_OK },
        { "a certificate that was removed", &c, &s, remove_it,
          SALLY_E_NOT_ALLOWED },
        { "a certificate that is over", &aging, &s, let_time_pass,
          SALLY_E_EXPIRED },
        { "a key", &psk, &psk, nothing_happens, SALLY_E_OK },
        { "a key that was removed", &psk, &psk, remove_key,
          SALLY_E_NO_CREDENTIAL },
        { "a key that was changed", &psk, &psk, change_key,
          SALLY_E_NO_CREDENTIAL },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct world x;

        open_world(&x, rows[i].client, rows[i].server);
        expect_up(&x, rows[i].what, NULL,
                  rows[i].client->mode == SALLY_MODE_RPK
                      ? w.ours.public
                      : sally_span_of("sensor-1"));
        expect_resumed(&x, rows[i].what);
        rows[i].change(&x);
        if (rows[i].why == SALLY_E_OK)
            expect_resumed(&x, rows[i].what);
        else
            expect_failure(&x, rows[i].what, SALLY_E_OK, rows[i].why);
        close_world(&x);
    }
}

/* --- On the wire, which DTLS 1.2 leaves in plain ------------------------- */

#define CERTIFICATE 11
#define SERVER_KEY_EXCHANGE 12
#define CERTIFICATE_VERIFY 15

struct tamper {
    uint8_t message;           /* type of the handshake message */
    struct sally_span replace; /* as the whole certificate list; empty: the
                                  last byte is changed */
    unsigned hits;
};

static void put_header(struct sally_writer *out, struct sally_span head,
                       size_t len)
{
    sally_put(out, sally_span_sub(head, 0, 11));
    sally_put_u16(out, (uint16_t)(len + 12));
    sally_put(out, sally_span_sub(head, 13, 1));
    sally_put_uint(out, len, 3);
    sally_put(out, sally_span_sub(head, 17, 2));
    sally_put_uint(out, 0, 3);
    sally_put_uint(out, len, 3);
}

/* One record: as it is, or changed. */
static void pass_record(struct tamper *t, struct sally_span record,
                        struct sally_buf *out)
{
    struct sally_writer w2 = sally_writer_into(out);
    bool hit = record.len > 25 && record.at[0] == 22 && record.at[4] == 0 &&
               record.at[13] == t->message;

    t->hits += hit;
    if (!hit || t->replace.len == 0) {
        sally_put(&w2, record);
        if (hit)
            out->at[out->len - 1] ^= 1;
        return;
    }
    put_header(&w2, record, t->replace.len);
    sally_put(&w2, t->replace);
    assert_int_equal(sally_writer_end(&w2), SALLY_E_OK);
}

static void carry(struct pair *p, struct sally_stack *from,
                  struct sally_stack *to, struct tamper *t)
{
    uint8_t room[SALLY_DATAGRAM_MAX + 64], back[SALLY_MESSAGE_MAX];
    struct sally_span out;

    while ((out = sally_stack_output(from)).len != 0) {
        struct sally_buf changed = SALLY_BUF(room), message = SALLY_BUF(back);
        struct sally_cursor c = sally_cursor_over(out);

        while (!c.failed && c.rest.len >= 13) {
            size_t body = (size_t)c.rest.at[11] << 8 | c.rest.at[12];

            pass_record(t, sally_take(&c, 13 + body), &changed);
        }
        if (sally_stack_open(to, sally_buf_span(&changed), &message, p->now) ==
            SALLY_E_OK)
            fail_msg("a message out of a handshake");
    }
}

/* 1.3 encrypts its proofs, and so each change is noticed before. */
static void use_12(struct pair *p)
{
    assert_int_equal(sally_dtls_suites(p->security, "ECDHE-ECDSA-AES128-CCM-8"),
                     SALLY_E_OK);
}

static void run_tampered(struct world *x, struct tamper *t)
{
    struct tamper nothing = { .message = 0 };

    use_12(&x->p);
    pair_begin(&x->p);
    for (unsigned i = 0; i < 8; i++) {
        carry(&x->p, &x->p.client, &x->p.server,
              t->message == CERTIFICATE_VERIFY ? t : &nothing);
        carry(&x->p, &x->p.server, &x->p.client,
              t->message == CERTIFICATE_VERIFY ? &nothing : t);
    }
    assert_int_equal(t->hits, 1);
}

static void a_proof_that_is_wrong_is_noticed(void **state)
{
    struct end raw_c = raw_client(), raw_s = raw_server();
    struct end c = client(3, w.server, none), s = server(w.server);
    const struct {
        struct end *client, *server;
    } rows[] = { { &raw_c, &raw_s }, { &c, &s } };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct tamper theirs = { .message = SERVER_KEY_EXCHANGE };
        struct tamper ours = { .message = CERTIFICATE_VERIFY };
        struct world x;

        open_world(&x, rows[i].client, rows[i].server);
        run_tampered(&x, &theirs);
        assert_int_equal(sally_stack_reason(&x.p.client), SALLY_E_NOT_PROVEN);
        close_world(&x);
        open_world(&x, rows[i].client, rows[i].server);
        run_tampered(&x, &ours);
        assert_int_equal(sally_stack_reason(&x.p.server), SALLY_E_NOT_PROVEN);
        close_world(&x);
    }
}

/* The right key, but nobody agreed on raw keys. */
static void a_raw_key_that_was_not_negotiated_is_refused(void **state)
{
    uint8_t room[256];
    struct sally_buf list = SALLY_BUF(room);
    struct sally_writer out = sally_writer_into(&list);
    struct end c = client(3, w.theirs.public, none), s = server(w.server);
    struct tamper t = { .message = CERTIFICATE };
    struct world x;

    (void)state;
    sally_put_uint(&out, w.theirs.public.len + 3, 3);
    sally_put_uint(&out, w.theirs.public.len, 3);
    sally_put(&out, w.theirs.public);
    t.replace = sally_buf_span(&list);
    open_world(&x, &c, &s);
    run_tampered(&x, &t);
    assert_int_equal(sally_stack_state(&x.p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_reason(&x.p.client), SALLY_E_WRONG_KIND);
    close_world(&x);
}

/* And a certificate where raw keys were agreed on. */
static void a_certificate_where_a_raw_key_was_agreed_is_refused(void **state)
{
    uint8_t room[1024];
    struct sally_buf list = SALLY_BUF(room);
    struct sally_writer out = sally_writer_into(&list);
    struct end c = raw_client(), s = raw_server();
    struct tamper t = { .message = CERTIFICATE };
    struct world x;

    (void)state;
    sally_put_uint(&out, w.server.len, 3);
    sally_put(&out, w.server);
    t.replace = sally_buf_span(&list);
    c.peer = w.server;
    open_world(&x, &c, &s);
    run_tampered(&x, &t);
    assert_int_equal(sally_stack_state(&x.p.client), SALLY_CHANNEL_FAILED);
    assert_int_equal(sally_stack_reason(&x.p.client), SALLY_E_WRONG_KIND);
    close_world(&x);
}

/* --- Memory -------------------------------------------------------------- */

/* What a session holds once it is up, in both roles together. Our own keys and
 * all that was only for the handshake are gone.                             */
static void a_session_at_rest_is_small(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.long_server);
    struct world x;
    size_t before, raw_size, size;

    (void)state;
    open_world(&x, &c, &s);
    expect_up(&x, "first", NULL, sally_span_of("sensor-1"));
    sally_stack_wipe(&x.p.server);
    before = sally_security_heap(x.p.security);
    sally_stack_wipe(&x.p.client);
    size = before - sally_security_heap(x.p.security);
    close_world(&x);
    c = raw_client();
    s = raw_server();
    open_world(&x, &c, &s);
    expect_up(&x, "raw", NULL, w.ours.public);
    sally_stack_wipe(&x.p.server);
    before = sally_security_heap(x.p.security);
    sally_stack_wipe(&x.p.client);
    raw_size = before - sally_security_heap(x.p.security);
    close_world(&x);
    print_message("a client by certificate %zu bytes, by raw key %zu\n", size,
                  raw_size);
    assert_true(size < 6300 && raw_size < 6300);
    /* No chain of either side; sizes come in steps of 16. */
    assert_true(size < raw_size + 160);
}

#define ROUNDED 48 /* bytes by which the same blocks can differ */

/* As many handshakes as one likes leave nothing in what is shared. */
static void nothing_of_a_peer_stays(void **state)
{
    struct end c = client(0, none, w.root_ca), s = server(w.long_server);
    size_t first = 0;

    (void)state;
    for (int round = 0; round < 5; round++) {
        struct world x;
        size_t before, after;

        open_world(&x, &c, &s);
        expect_up(&x, "round", NULL, sally_span_of("sensor-1"));
        sally_stack_wipe(&x.p.client);
        sally_stack_wipe(&x.p.server);
        before = sally_security_heap(x.p.security);
        expect_up(&x, "again", NULL, sally_span_of("sensor-1"));
        sally_stack_wipe(&x.p.client);
        sally_stack_wipe(&x.p.server);
        after = sally_security_heap(x.p.security);
        assert_true(after <= before + ROUNDED);
        first = round == 0 ? after : first;
        assert_in_range(after, first - ROUNDED, first + ROUNDED);
        close_world(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_comes_up),
        cmocka_unit_test(a_long_chain_fits),
        cmocka_unit_test(what_is_wrong_fails_with_its_error),
        cmocka_unit_test(a_clock_that_is_not_set_bears_a_beginning),
        cmocka_unit_test(kinds_do_not_mix),
        cmocka_unit_test(a_server_takes_whom_it_admits),
        cmocka_unit_test(a_server_may_take_anybody),
        cmocka_unit_test(keys_of_our_own_must_fit),
        cmocka_unit_test(a_session_resumes_while_its_chain_holds),
        cmocka_unit_test(a_session_is_with_one_name),
        cmocka_unit_test(a_new_list_meets_whom_it_names),
        cmocka_unit_test(a_client_resumes_while_it_is_known),
        cmocka_unit_test(a_proof_that_is_wrong_is_noticed),
        cmocka_unit_test(a_raw_key_that_was_not_negotiated_is_refused),
        cmocka_unit_test(a_certificate_where_a_raw_key_was_agreed_is_refused),
        cmocka_unit_test(a_session_at_rest_is_small),
        cmocka_unit_test(nothing_of_a_peer_stays),
    };

    const struct CMUnitTest over_tcp[] = {
        cmocka_unit_test(what_is_right_comes_up),
        cmocka_unit_test(what_is_wrong_fails_with_its_error),
        cmocka_unit_test(a_clock_that_is_not_set_bears_a_beginning),
        cmocka_unit_test(kinds_do_not_mix),
        cmocka_unit_test(a_server_takes_whom_it_admits),
        cmocka_unit_test(a_server_may_take_anybody),
        cmocka_unit_test(keys_of_our_own_must_fit),
        cmocka_unit_test(a_session_resumes_while_its_chain_holds),
        cmocka_unit_test(a_session_is_with_one_name),
        cmocka_unit_test(a_new_list_meets_whom_it_names),
        cmocka_unit_test(a_client_resumes_while_it_is_known),
        cmocka_unit_test(nothing_of_a_peer_stays),
    };
    int failed;

    pair_suites = PEER_12;
    failed = cmocka_run_group_tests_name("DTLS 1.2", tests, set_up, tear_down);
    pair_suites = NULL;
    failed += cmocka_run_group_tests_name("DTLS 1.3", tests, set_up, tear_down);
    pair_scheme = SALLY_SCHEME_COAPS_TCP;
    failed += cmocka_run_group_tests_name("TLS 1.3", over_tcp, set_up,
                                          tear_down);
    pair_suites = PEER_12;
    return failed + cmocka_run_group_tests_name("TLS 1.2", over_tcp, set_up,
                                                tear_down);
}
