/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_verify.c - what a peer shows, against what an
 * account demands: chains, usages, names, times, revocation.                */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "security/certificate.h"
#include "security/trust.h"
#include "security/verify.h"
#include "unit/security/mint.h"
#include "vectors/rsa.inc"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hash.h>

#define NOW 1796000000u /* 2026-11-30T00:53:20Z */

/* root > middle > leaf, root > plain, other root; all minted once. */
static struct {
    struct mint_pair root, middle, leaf, other;
    struct sally_span root_ca, middle_ca, other_ca, root_again;
    struct sally_span server; /* by middle, "gw.example.org" */
    struct sally_span plain;  /* by root */
    struct sally_span alone;  /* self-signed, no CA */
} w;

static struct mint_card root_card(void)
{
    return (struct mint_card){ .subject = "root", .issuer = "root",
                               .key = &w.root, .signer = &w.root, .ca = true,
                               .key_usage = 0x06 };
}

static struct mint_card middle_card(void)
{
    struct mint_card c = root_card();

    c.subject = "middle";
    c.key = &w.middle;
    return c;
}

/* Signed by root. */
static struct mint_card plain_card(void)
{
    return (struct mint_card){ .subject = "server", .issuer = "root",
                               .key = &w.leaf, .signer = &w.root,
                               .name = "gw.example.org", .serial = 300,
                               .key_usage = 0x80, .purpose = "server" };
}

static struct mint_card server_card(void)
{
    struct mint_card c = plain_card();

    c.issuer = "middle";
    c.signer = &w.middle;
    return c;
}

static int set_up(void **state)
{
    struct mint_card c = root_card();

    (void)state;
    mint_open();
    w.root = mint_pair();
    w.middle = mint_pair();
    w.leaf = mint_pair();
    w.other = mint_pair();
    w.root_ca = mint_certificate(&c);
    c.key = c.signer = &w.other; /* the same name, another key */
    w.root_again = mint_certificate(&c);
    c.subject = c.issuer = "other";
    w.other_ca = mint_certificate(&c);
    c = middle_card();
    w.middle_ca = mint_certificate(&c);
    c = server_card();
    w.server = mint_certificate(&c);
    c = plain_card();
    w.plain = mint_certificate(&c);
    c.issuer = c.subject;
    c.signer = c.key;
    w.alone = mint_certificate(&c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mint_close();
    return 0;
}

/* --- One verdict --------------------------------------------------------- */

struct question {
    enum sally_certificate_usage usage;
    enum sally_matching matching;
    struct sally_span server_key; /* /0/x/4 */
    struct sally_span anchors, crls;
    uint32_t crl_max_age;
    const char *name;
    struct sally_span sent[SALLY_CHAIN_MAX + 2];
    enum sally_role role;
    uint64_t now; /* 0: NOW */
    bool unset;   /* the clock is */
};

static struct sally_trust *trust_of(const struct question *q)
{
    const struct sally_trust_parts parts = { q->anchors, q->crls,
                                             q->crl_max_age };
    struct sally_trust *t = NULL;

    if (q->anchors.len != 0)
        assert_int_equal(sally_trust_make(&t, &parts), SALLY_E_OK);
    return t;
}

static struct sally_clock clock_of(const struct question *q)
{
    struct sally_clock c = sally_clock_new();

    if (q->unset)
        sally_clock_floor(&c, q->now);
    else
        sally_clock_set(&c, q->now == 0 ? NOW : q->now, true);
    return c;
}

static enum sally_err ask(const struct question *q)
{
    struct sally_clock clock = clock_of(q);
    struct sally_trust *t = trust_of(q);
    const struct sally_credential account = {
        .mode = SALLY_MODE_X509,
        .server_public_key = q->server_key,
        .usage = (uint8_t)q->usage,
        .matching = (uint8_t)q->matching,
        .server_name = sally_span_of(q->name != NULL ? q->name
                                                     : "gw.example.org"),
        .trust = t,
    };
    size_t count = 0;
    enum sally_err e;

    while (count < SALLY_LEN(q->sent) && q->sent[count].len != 0)
        count++;
    e = sally_verify_chain(&account, q->role, &clock, q->sent, count, NULL);
    sally_trust_wipe(t);
    return e;
}

static void expect(const char *what, enum sally_err got, enum sally_err want)
{
    if (got != want)
        fail_msg("%s: got: %s, want: %s", what, sally_err_text(got),
                 sally_err_text(want));
}

static struct sally_span digest(enum wc_HashType type, struct sally_span s)
{
    static uint8_t room[8][64];
    static size_t next;
    uint8_t *at = room[next++ % 8];
    int len = wc_HashGetDigestSize(type);

    assert_int_equal(wc_Hash(type, s.at, (word32)s.len, at, (word32)len), 0);
    return (struct sally_span){ at, (size_t)len };
}

/* --- Usages -------------------------------------------------------------- */

static void each_usage_accepts_and_refuses(void **state)
{
    const struct {
        const char *what;
        struct question q;
        enum sally_err want;
    } rows[] = {
        { "3: the certificate itself, by nobody",
          { .usage = 3, .server_key = w.alone, .sent = { w.alone } },
          SALLY_E_OK },
        { "3: under any name",
          { .usage = 3, .server_key = w.alone, .name = "other",
            .sent = { w.alone } },
          SALLY_E_OK },
        { "3: another certificate of the same key",
          { .usage = 3, .server_key = w.plain, .sent = { w.alone } },
          SALLY_E_WRONG_KEY },
        { "3: its authority is trusted, but it is not the one",
          { .usage = 3, .server_key = w.server, .anchors = w.root_ca,
            .sent = { w.plain } },
          SALLY_E_WRONG_KEY },
        { "3: no certificate is known",
          { .usage = 3, .sent = { w.alone } }, SALLY_E_WRONG_KEY },
        { "3: by SHA-256",
          { .usage = 3, .matching = 1,
            .server_key = digest(WC_HASH_TYPE_SHA256, w.alone),
            .sent = { w.alone } },
          SALLY_E_OK },
        { "3: by SHA-384",
          { .usage = 3, .matching = 2,
            .server_key = digest(WC_HASH_TYPE_SHA384, w.alone),
            .sent = { w.alone } },
          SALLY_E_OK },
        { "3: by SHA-512",
          { .usage = 3, .matching = 3,
            .server_key = digest(WC_HASH_TYPE_SHA512, w.alone),
            .sent = { w.alone } },
          SALLY_E_OK },
        { "3: another SHA-256",
          { .usage = 3, .matching = 1,
            .server_key = digest(WC_HASH_TYPE_SHA256, w.plain),
            .sent = { w.alone } },
          SALLY_E_WRONG_KEY },
        { "2: below the anchor",
          { .usage = 2, .server_key = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_OK },
        { "2: the anchor was sent too",
          { .usage = 2, .server_key = w.root_ca,
            .sent = { w.server, w.middle_ca, w.root_ca } },
          SALLY_E_OK },
        { "2: the anchor is in the middle",
          { .usage = 2, .server_key = w.middle_ca, .sent = { w.server } },
          SALLY_E_OK },
        { "2: in the middle, and sent up to the root",
          { .usage = 2, .server_key = w.middle_ca,
            .sent = { w.server, w.middle_ca, w.root_ca } },
          SALLY_E_OK },
        { "2: another anchor",
          { .usage = 2, .server_key = w.other_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "2: the trusted ones do not count",
          { .usage = 2, .server_key = w.other_ca, .anchors = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "2: without an anchor",
          { .usage = 2, .anchors = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_NO_CREDENTIAL },
        { "2: another name",
          { .usage = 2, .server_key = w.root_ca, .name = "gw.example.com",
            .sent = { w.server, w.middle_ca } },
          SALLY_E_WRONG_NAME },
        { "1: trusted and the one",
          { .usage = 1, .server_key = w.server, .anchors = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_OK },
        { "1: trusted, but another",
          { .usage = 1, .server_key = w.server, .anchors = w.root_ca,
            .sent = { w.plain } },
          SALLY_E_WRONG_KEY },
        { "1: the one, but not trusted",
          { .usage = 1, .server_key = w.server, .anchors = w.other_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "1: nobody is trusted",
          { .usage = 1, .server_key = w.server,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "1: none is named, so the name counts",
          { .usage = 1, .anchors = w.root_ca, .name = "else",
            .sent = { w.plain } },
          SALLY_E_WRONG_NAME },
        { "0: through the authority in the middle",
          { .usage = 0, .server_key = w.middle_ca, .anchors = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_OK },
        { "0: through the root, which is not sent",
          { .usage = 0, .server_key = w.root_ca, .anchors = w.root_ca,
            .sent = { w.server, w.middle_ca } },
          SALLY_E_OK },
        { "0: by its digest",
          { .usage = 0, .matching = 1,
            .server_key = digest(WC_HASH_TYPE_SHA256, w.middle_ca),
            .anchors = w.root_ca, .sent = { w.server, w.middle_ca } },
          SALLY_E_OK },
        { "0: past that authority",
          { .usage = 0, .server_key = w.middle_ca, .anchors = w.root_ca,
            .sent = { w.plain } },
          SALLY_E_WRONG_KEY },
        { "0: it is sent along, but not on the way",
          { .usage = 0, .server_key = w.middle_ca, .anchors = w.root_ca,
            .sent = { w.plain, w.middle_ca } },
          SALLY_E_WRONG_KEY },
        { "0: the certificate itself is no authority",
          { .usage = 0, .server_key = w.plain, .anchors = w.root_ca,
            .sent = { w.plain } },
          SALLY_E_WRONG_KEY },
        { "0: any that is trusted",
          { .usage = 0, .anchors = w.root_ca, .sent = { w.plain } },
          SALLY_E_OK },
        { "0: another name",
          { .usage = 0, .server_key = w.root_ca, .anchors = w.root_ca,
            .name = "x.example.org", .sent = { w.plain } },
          SALLY_E_WRONG_NAME },
        { "0: no name at all",
          { .usage = 0, .anchors = w.root_ca, .name = "",
            .sent = { w.plain } },
          SALLY_E_WRONG_NAME },
        { "0: not trusted",
          { .usage = 0, .server_key = w.root_ca, .anchors = w.other_ca,
            .sent = { w.plain } },
          SALLY_E_UNKNOWN_CA },
        { "0: self-signed",
          { .usage = 0, .anchors = w.root_ca, .sent = { w.alone } },
          SALLY_E_UNKNOWN_CA },
        { "a usage that is none",
          { .usage = 4, .server_key = w.alone, .sent = { w.alone } },
          SALLY_E_NO_CREDENTIAL },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        expect(rows[i].what, ask(&rows[i].q), rows[i].want);
}

/* --- Chains -------------------------------------------------------------- */

static void chains_are_found_and_limited(void **state)
{
    struct mint_card c = middle_card();
    struct sally_span lame, narrow, mute, bound, odd, forged, forged_leaf;
    struct sally_span twice;

    (void)state;
    c.ca = false;
    c.key_usage = 0;
    lame = mint_certificate(&c);
    c = middle_card();
    c.key_usage = 0x02;
    mute = mint_certificate(&c);
    c = middle_card();
    c.constrained = true;
    bound = mint_certificate(&c);
    c = middle_card();
    c.strange = true;
    odd = mint_certificate(&c);
    c = middle_card();
    c.bad_signature = true;
    forged = mint_certificate(&c);
    c = root_card();
    c.path_max = 1;
    narrow = mint_certificate(&c);
    c = server_card();
    c.bad_signature = true;
    forged_leaf = mint_certificate(&c);
    twice = mint_join(w.root_again, w.root_ca);

    const struct {
        const char *what;
        struct question q;
        enum sally_err want;
    } rows[] = {
        { "the middle one is missing",
          { .anchors = w.root_ca, .sent = { w.server } }, SALLY_E_UNKNOWN_CA },
        { "strangers between them",
          { .anchors = w.root_ca,
            .sent = { w.server, w.other_ca, w.alone, w.middle_ca } },
          SALLY_E_OK },
        { "a second anchor of the same name",
          { .anchors = twice, .sent = { w.server, w.middle_ca } }, SALLY_E_OK },
        { "only the other of the same name",
          { .anchors = w.root_again, .sent = { w.server, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "no CA in the middle",
          { .anchors = w.root_ca, .sent = { w.server, lame } },
          SALLY_E_BAD_CERTIFICATE },
        { "a CA that may not sign certificates",
          { .anchors = w.root_ca, .sent = { w.server, mute } },
          SALLY_E_BAD_CERTIFICATE },
        { "a CA for certain names",
          { .anchors = w.root_ca, .sent = { w.server, bound } },
          SALLY_E_BAD_CERTIFICATE },
        { "a CA with an extension that nobody knows",
          { .anchors = w.root_ca, .sent = { w.server, odd } },
          SALLY_E_UNKNOWN_CA },
        { "a CA that the root did not sign",
          { .anchors = w.root_ca, .sent = { w.server, forged } },
          SALLY_E_UNKNOWN_CA },
        { "a certificate that the CA did not sign",
          { .anchors = w.root_ca, .sent = { forged_leaf, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "a root without CAs below it, and one",
          { .anchors = narrow, .sent = { w.server, w.middle_ca } },
          SALLY_E_BAD_CERTIFICATE },
        { "a root without CAs below it, and none",
          { .anchors = narrow, .sent = { w.plain } }, SALLY_E_OK },
        { "more than we look at",
          { .anchors = w.root_ca,
            .sent = { w.server, w.other_ca, w.other_ca, w.other_ca, w.other_ca,
                      w.other_ca, w.middle_ca } },
          SALLY_E_UNKNOWN_CA },
        { "nothing", { .anchors = w.root_ca }, SALLY_E_UNKNOWN_CA },
        { "no certificate",
          { .anchors = w.root_ca, .sent = { sally_span_of("hello") } },
          SALLY_E_BAD_CERTIFICATE },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        expect(rows[i].what, ask(&rows[i].q), rows[i].want);
}

/* Two below a CA that allows one; a self-issued one does not count. */
static void path_lengths_count_what_they_should(void **state)
{
    struct mint_pair low = mint_pair();
    struct mint_card c = middle_card();
    struct sally_span tight, lower, own, leaf;

    (void)state;
    c.path_max = 1; /* none below */
    tight = mint_certificate(&c);
    c = (struct mint_card){ .subject = "low", .issuer = "middle", .key = &low,
                            .signer = &w.middle, .ca = true };
    lower = mint_certificate(&c);
    c.subject = "middle"; /* the same CA with a new key */
    own = mint_certificate(&c);
    c = plain_card();
    c.signer = &low;
    c.issuer = "low";
    leaf = mint_certificate(&c);
    expect("one too many",
           ask(&(struct question){ .anchors = w.root_ca,
                                   .sent = { leaf, lower, tight } }),
           SALLY_E_BAD_CERTIFICATE);
    c.issuer = "middle";
    leaf = mint_certificate(&c);
    expect("a new key of the same CA",
           ask(&(struct question){ .anchors = w.root_ca,
                                   .sent = { leaf, own, tight } }),
           SALLY_E_OK);
}

static void what_a_certificate_is_for_counts(void **state)
{
    static const struct {
        const char *what, *purpose;
        unsigned key_usage;
        bool strange, first;
        enum sally_role role;
        enum sally_err want;
    } rows[] = {
        { "for anything", NULL, 0, false, false, 0, SALLY_E_OK },
        { "any purpose", "any", 0x80, false, false, 0, SALLY_E_OK },
        { "a client's, to us as a client", "client", 0x80, false, false, 0,
          SALLY_E_BAD_CERTIFICATE },
        { "a server's, to us as a server", "server", 0x80, false, false, 1,
          SALLY_E_BAD_CERTIFICATE },
        { "a client's, to us as a server", "client", 0x80, false, false, 1,
          SALLY_E_OK },
        { "its key may not sign", "server", 0x20, false, false, 0,
          SALLY_E_BAD_CERTIFICATE },
        { "an extension that nobody knows", NULL, 0, true, false, 0,
          SALLY_E_BAD_CERTIFICATE },
        { "the first version, so by its common name", NULL, 0, false, true, 0,
          SALLY_E_OK },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct mint_card c = plain_card();
        struct question q = { .anchors = w.root_ca, .role = rows[i].role };

        c.subject = "gw.example.org";
        c.purpose = rows[i].purpose;
        c.key_usage = rows[i].key_usage;
        c.strange = rows[i].strange;
        c.first_version = rows[i].first;
        q.sent[0] = mint_certificate(&c);
        expect(rows[i].what, ask(&q), rows[i].want);
    }
}

/* An authority for clients only must not make servers, nor the other way. */
static void what_an_authority_is_for_counts(void **state)
{
    static const struct {
        const char *what, *root, *middle;
        enum sally_role role;
        enum sally_err want;
    } rows[] = {
        { "for servers", "server", "server", 0, SALLY_E_OK },
        { "for anything", "any", "any", 0, SALLY_E_OK },
        { "the middle for clients", NULL, "client", 0,
          SALLY_E_BAD_CERTIFICATE },
        { "the root for clients", "client", NULL, 0, SALLY_E_BAD_CERTIFICATE },
        { "the middle for servers, to us as one", NULL, "server", 1,
          SALLY_E_BAD_CERTIFICATE },
        { "the root for servers, to us as one", "server", NULL, 1,
          SALLY_E_BAD_CERTIFICATE },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct mint_card leaf = server_card(), middle = middle_card(),
                         root = root_card();
        struct question q = { .role = rows[i].role };

        leaf.purpose = NULL;
        middle.purpose = rows[i].middle;
        root.purpose = rows[i].root;
        q.anchors = mint_certificate(&root);
        q.sent[0] = mint_certificate(&leaf);
        q.sent[1] = mint_certificate(&middle);
        expect(rows[i].what, ask(&q), rows[i].want);
    }
}

static void rsa_chains_verify_too(void **state)
{
    struct mint_card c = plain_card();
    struct question q = { .anchors = { rsa_root, sizeof(rsa_root) },
                          .sent = { { rsa_server, sizeof(rsa_server) } } };
    uint8_t copy[sizeof(rsa_server)];

    (void)state;
    expect("an RSA root", ask(&q), SALLY_E_OK);
    memcpy(copy, rsa_server, sizeof(copy));
    copy[sizeof(copy) - 1] ^= 1;
    q.sent[0] = (struct sally_span){ copy, sizeof(copy) };
    expect("a changed signature", ask(&q), SALLY_E_UNKNOWN_CA);
    c.issuer = "root";
    q.sent[0] = mint_certificate(&c);
    expect("ECDSA under an RSA name", ask(&q), SALLY_E_UNSUPPORTED);
}

/* --- Names --------------------------------------------------------------- */

static void names_match_as_they_should(void **state)
{
    static const struct {
        const char *what, *common, *name, *second, *address, *wanted;
        bool fits;
    } rows[] = {
        { "the name", "x", "a.example.org", NULL, NULL, "a.example.org", true },
        { "in other letters", "x", "A.Example.ORG", NULL, NULL,
          "a.eXample.org", true },
        { "the second name", "x", "b.org", "a.example.org", NULL,
          "a.example.org", true },
        { "one label", "x", "gw", NULL, NULL, "gw", true },
        { "part of it", "x", "example.org", NULL, NULL, "a.example.org",
          false },
        { "more than it", "x", "b.a.example.org", NULL, NULL, "a.example.org",
          false },
        { "a star", "x", "*.example.org", NULL, NULL, "a.example.org", true },
        { "a star for two labels", "x", "*.example.org", NULL, NULL,
          "b.a.example.org", false },
        { "a star for nothing", "x", "*.example.org", NULL, NULL,
          "example.org", false },
        { "a star under the root", "x", "*.org", NULL, NULL, "example.org",
          false },
        { "a star in the middle", "x", "a.*.org", NULL, NULL, "a.example.org",
          false },
        { "a star with letters", "x", "a*.example.org", NULL, NULL,
          "ab.example.org", false },
        { "a star alone", "x", "*", NULL, NULL, "gw", false },
        { "the common name, where nothing else is", "a.example.org", NULL, NULL,
          NULL, "a.example.org", true },
        { "the common name beside others", "a.example.org", "b.org", NULL, NULL,
          "a.example.org", false },
        { "the common name beside an address", "a.example.org", NULL, NULL,
          "10.0.0.1", "a.example.org", false },
        { "the address", "x", NULL, NULL, "10.0.0.1", "10.0.0.1", true },
        { "another address", "x", NULL, NULL, "10.0.0.1", "10.0.0.2", false },
        { "the address as a name", "x", "10.0.0.1", NULL, NULL, "10.0.0.1",
          false },
        { "the address as common name", "10.0.0.1", NULL, NULL, NULL,
          "10.0.0.1", false },
        { "an address for a star", "x", "*.0.0.1", NULL, NULL, "10.0.0.1",
          false },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct mint_card c = plain_card();
        struct question q = { .anchors = w.root_ca, .name = rows[i].wanted };

        c.subject = rows[i].common;
        c.name = rows[i].name;
        c.second_name = rows[i].second;
        c.address = rows[i].address;
        q.sent[0] = mint_certificate(&c);
        expect(rows[i].what, ask(&q),
               rows[i].fits ? SALLY_E_OK : SALLY_E_WRONG_NAME);
    }
}

/* --- Time ---------------------------------------------------------------- */

static void times_count_as_far_as_the_clock_knows(void **state)
{
    static const struct {
        const char *what, *from, *until;
        uint64_t now;
        bool unset;
        enum sally_err want;
    } rows[] = {
        { "within", "20260101000000Z", "20270101000000Z", NOW, false,
          SALLY_E_OK },
        { "over", "20200101000000Z", "20261110000000Z", NOW, false,
          SALLY_E_EXPIRED },
        { "to come", "20270101000000Z", "20280101000000Z", NOW, false,
          SALLY_E_NOT_YET_VALID },
        { "to come, with a clock that is not set", "20270101000000Z",
          "20280101000000Z", 0, true, SALLY_E_OK },
        { "over since the build, with a clock that is not set",
          "20200101000000Z", "20261110000000Z", 0, true, SALLY_E_OK },
        { "over before the build, with a clock that is not set",
          "20200101000000Z", "20251110000000Z", 0, true, SALLY_E_EXPIRED },
        { "over before the last good time", "20200101000000Z",
          "20261110000000Z", NOW, true, SALLY_E_EXPIRED },
        { "to come, with a clock set back", "20270101000000Z",
          "20280101000000Z", 1600000000, false, SALLY_E_OK },
        { "over before the build, with a clock set back", "20200101000000Z",
          "20251110000000Z", 1600000000, false, SALLY_E_EXPIRED },
        { "the last second", "20200101000000Z", "20261130005320Z", NOW,
          false, SALLY_E_OK },
    };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct mint_card c = plain_card();
        struct question q = { .anchors = w.root_ca, .now = rows[i].now,
                              .unset = rows[i].unset };

        c.from = rows[i].from;
        c.until = rows[i].until;
        q.sent[0] = mint_certificate(&c);
        expect(rows[i].what, ask(&q), rows[i].want);
        q.usage = 3;
        q.server_key = q.sent[0];
        expect(rows[i].what, ask(&q), rows[i].want);
    }
}

static void an_authority_that_is_over_proves_nothing(void **state)
{
    struct mint_card c = middle_card();
    struct question q = { .anchors = w.root_ca, .sent = { w.server } };

    (void)state;
    c.until = "20261101000001Z";
    q.sent[1] = mint_certificate(&c);
    expect("a CA that is over", ask(&q), SALLY_E_EXPIRED);
    c = root_card();
    c.until = "20261101000001Z";
    q.anchors = mint_certificate(&c);
    q.sent[1] = w.middle_ca;
    expect("a root that is over", ask(&q), SALLY_E_EXPIRED);
}

/* --- Revocation ---------------------------------------------------------- */

static void lists_are_needed_fresh_and_right(void **state)
{
    struct mint_list root = { .issuer = "root", .signer = &w.root };
    struct mint_list middle = { .issuer = "middle", .signer = &w.middle };
    struct sally_span r, m, both, hit, hit_ca, forged, over, forever, old;

    (void)state;
    r = mint_crl(&root);
    m = mint_crl(&middle);
    both = mint_join(r, m);
    middle.revoked[0] = 12;
    middle.revoked[1] = 300;
    hit = mint_join(r, mint_crl(&middle));
    middle.from = "20200101000000Z";
    middle.until = "20210101000000Z";
    old = mint_join(r, mint_crl(&middle));
    middle = (struct mint_list){ .issuer = "middle", .signer = &w.other,
                                 .revoked = { 300 } };
    forged = mint_join(r, mint_crl(&middle));
    middle = (struct mint_list){ .issuer = "middle", .signer = &w.middle,
                                 .until = "20261110000000Z" };
    over = mint_join(r, mint_crl(&middle));
    middle.until = "";
    forever = mint_join(r, mint_crl(&middle));
    root.revoked[0] = 7;
    hit_ca = mint_join(mint_crl(&root), m);

    const struct {
        const char *what;
        struct sally_span crls;
        uint32_t max_age;
        enum sally_err want;
    } rows[] = {
        { "not listed", both, 0, SALLY_E_OK },
        { "listed", hit, 0, SALLY_E_REVOKED },
        { "listed in a list that is over", old, 0, SALLY_E_REVOKED },
        { "its authority is listed", hit_ca, 0, SALLY_E_REVOKED },
        { "no list of the root", m, 0, SALLY_E_STALE_CRL },
        { "no list of the middle one", r, 0, SALLY_E_STALE_CRL },
        { "a list that somebody else signed", forged, 0, SALLY_E_STALE_CRL },
        { "a list that is over", over, 0, SALLY_E_STALE_CRL },
        { "a list without an end, and no limit", forever, 0,
          SALLY_E_STALE_CRL },
        { "a list without an end, young enough", forever, 40 * 86400,
          SALLY_E_OK },
        { "young enough", both, 31 * 86400, SALLY_E_OK },
        { "too old for us", both, 27 * 86400, SALLY_E_STALE_CRL },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        struct question q = { .anchors = w.root_ca, .crls = rows[i].crls,
                              .crl_max_age = rows[i].max_age,
                              .sent = { w.server, w.middle_ca } };

        expect(rows[i].what, ask(&q), rows[i].want);
    }
}

static void a_trust_that_cannot_be_used_is_refused(void **state)
{
    struct mint_card c = root_card();
    struct mint_list l = { .issuer = "root", .signer = &w.root,
                           .partial = true };
    struct sally_span partial = mint_crl(&l), bound;
    struct sally_trust *t = NULL;

    (void)state;
    c.constrained = true;
    bound = mint_certificate(&c);
    l.partial = false;

    const struct {
        const char *what;
        struct sally_trust_parts parts;
        enum sally_err want;
    } rows[] = {
        { "nothing", { .crl_max_age = 0 }, SALLY_E_NO_CREDENTIAL },
        { "no CA", { .anchors = w.plain }, SALLY_E_BAD_CERTIFICATE },
        { "names are limited", { .anchors = bound }, SALLY_E_BAD_CERTIFICATE },
        { "text", { .anchors = sally_span_of("root") }, SALLY_E_MALFORMED },
        { "cut", { .anchors = sally_span_sub(w.root_ca, 0, 100) },
          SALLY_E_MALFORMED },
        { "a list that is partial", { .anchors = w.root_ca, .crls = partial },
          SALLY_E_STALE_CRL },
        { "a list that is cut",
          { .anchors = w.root_ca, .crls = sally_span_sub(mint_crl(&l), 0, 80) },
          SALLY_E_MALFORMED },
        { "a certificate for a list",
          { .anchors = w.root_ca, .crls = w.plain }, SALLY_E_MALFORMED },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        expect(rows[i].what, sally_trust_make(&t, &rows[i].parts),
               rows[i].want);
    assert_null(t);
}

/* Each byte of a certificate changed: never believed, never a crash. */
static void no_changed_byte_is_believed(void **state)
{
    struct question q = { .anchors = w.root_ca };
    uint8_t copy[2048];

    (void)state;
    for (size_t i = 0; i < w.plain.len; i++) {
        for (size_t k = 0; k < w.plain.len; k++)
            copy[k] = w.plain.at[k];
        copy[i] ^= (uint8_t)(1u << i % 8);
        q.sent[0] = (struct sally_span){ copy, w.plain.len };
        if (ask(&q) == SALLY_E_OK)
            fail_msg("byte %zu", i);
    }
}

/* What resumes is not judged anew, so it must not outlive its judges. */
static void a_digest_tells_of_each_change_of_trust(void **state)
{
    const struct sally_hash_key key = { { 1, 2 } };
    struct mint_list l = { .issuer = "root", .signer = &w.root };
    const struct sally_trust_parts parts[] = {
        { .anchors = w.root_ca },
        { .anchors = w.other_ca },
        { .anchors = mint_join(w.root_ca, w.other_ca) },
        { .anchors = w.root_ca, .crls = mint_crl(&l) },
        { .anchors = w.root_ca, .crl_max_age = 1 },
    };
    struct sally_credential c = { .mode = SALLY_MODE_X509 };
    uint64_t seen[SALLY_LEN(parts) + 1] = { sally_credential_digest(&c, &key) };

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(parts); i++) {
        struct sally_trust *t, *again;

        assert_int_equal(sally_trust_make(&t, &parts[i]), SALLY_E_OK);
        assert_int_equal(sally_trust_make(&again, &parts[i]), SALLY_E_OK);
        c.trust = t;
        seen[i + 1] = sally_credential_digest(&c, &key);
        c.trust = again;
        assert_true(sally_credential_digest(&c, &key) == seen[i + 1]);
        for (size_t k = 0; k <= i; k++)
            assert_true(seen[k] != seen[i + 1]);
        sally_trust_wipe(t);
        sally_trust_wipe(again);
    }
}

static void raw_keys_are_compared_whole(void **state)
{
    struct sally_credential a = { .mode = SALLY_MODE_RPK,
                                  .server_public_key = w.leaf.public };

    (void)state;
    expect("the key", sally_verify_key(&a, w.leaf.public), SALLY_E_OK);
    expect("another", sally_verify_key(&a, w.root.public), SALLY_E_WRONG_KEY);
    expect("cut",
           sally_verify_key(&a, sally_span_sub(w.leaf.public, 0, 90)),
           SALLY_E_WRONG_KEY);
    a.matching = SALLY_MATCH_SHA256;
    a.server_public_key = digest(WC_HASH_TYPE_SHA256, w.leaf.public);
    expect("its digest", sally_verify_key(&a, w.leaf.public), SALLY_E_OK);
    expect("another's", sally_verify_key(&a, w.root.public),
           SALLY_E_WRONG_KEY);
    a.server_public_key = (struct sally_span){ NULL, 0 };
    expect("none", sally_verify_key(&a, (struct sally_span){ NULL, 0 }),
           SALLY_E_WRONG_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_usage_accepts_and_refuses),
        cmocka_unit_test(chains_are_found_and_limited),
        cmocka_unit_test(path_lengths_count_what_they_should),
        cmocka_unit_test(what_a_certificate_is_for_counts),
        cmocka_unit_test(what_an_authority_is_for_counts),
        cmocka_unit_test(rsa_chains_verify_too),
        cmocka_unit_test(names_match_as_they_should),
        cmocka_unit_test(times_count_as_far_as_the_clock_knows),
        cmocka_unit_test(an_authority_that_is_over_proves_nothing),
        cmocka_unit_test(lists_are_needed_fresh_and_right),
        cmocka_unit_test(a_trust_that_cannot_be_used_is_refused),
        cmocka_unit_test(no_changed_byte_is_believed),
        cmocka_unit_test(a_digest_tells_of_each_change_of_trust),
        cmocka_unit_test(raw_keys_are_compared_whole),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
