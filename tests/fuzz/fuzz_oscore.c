/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_oscore.c - promises of OSCORE towards anybody: an option that
 * decodes encodes to the same bytes; a datagram of somebody without the keys is
 * never opened, whatever it says; a text of somebody with the keys comes out
 * as a message that lies within the room, or not at all; a Proxy-Uri comes apart
 * into options that are well-formed, and keeps no path. The first byte says which
 * of these is tried.                                                        */
#include "security/oscore/proxy_uri.h"
#include "security/oscore/state.h"

#include "coap/option.h"

#include <stdlib.h>
#include <string.h>

static struct {
    struct sally_oscore_parts parts;
    struct sally_credential credential;
    struct sally_key_finder finder;
    uint8_t room[2048];
} shared;

static void no_chance(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 1, n);
}

static enum sally_err find(void *owner, struct sally_span kid,
                           struct sally_span kid_context,
                           const struct sally_credential **out)
{
    (void)owner;
    (void)kid_context;
    if (!sally_span_is(kid, "c"))
        return SALLY_E_NOT_FOUND;
    *out = &shared.credential;
    return SALLY_E_OK;
}

static void check_option(struct sally_span value)
{
    struct sally_buf out = SALLY_BUF(shared.room);
    struct sally_writer w = sally_writer_into(&out);
    struct sally_oscore_option o;

    if (sally_oscore_option_decode(value, &o) != SALLY_E_OK)
        return;
    sally_oscore_option_encode(&w, &o);
    if (!sally_span_equal(sally_buf_span(&out), value))
        abort();
}

/* How a client begins. */
static const enum sally_oscore_start begins[] = { SALLY_OSCORE_B1,
                                                  SALLY_OSCORE_B2,
                                                  SALLY_OSCORE_AUTO };

static void start(struct sally_oscore *o, bool server, size_t way)
{
    struct sally_random random = { no_chance, NULL };
    struct sally_object_past past = { .known = false };

    shared.parts = (struct sally_oscore_parts){
        .master_secret = sally_span_of("secret"),
        .sender_id = sally_span_of("c"),
        .recipient_id = sally_span_of("s"),
        .aead = 10,
        .hkdf = -10,
        .start = begins[way],
    };
    shared.credential.oscore = &shared.parts;
    shared.finder.find_oscore = find;
    if (server && sally_object_contexts_make(&shared.finder.contexts, 4,
                                             random) != SALLY_E_OK)
        abort();
    if (sally_object_oscore.start(o, server ? NULL : &shared.credential,
                                  server ? &shared.finder : NULL, &past, NULL,
                                  random, 0) != SALLY_E_OK)
        abort();
}

/* A client that may be asked for new keys: up without any of B.2. */
static void fall_back(struct sally_oscore *o)
{
    struct sally_coap_message q = { .code = 0 };

    (void)sally_object_oscore.question(o, &q);
    sally_object_oscore.answered(o, SALLY_E_TIMED_OUT, 0, 0);
}

static void end(struct sally_oscore *o)
{
    sally_object_oscore.wipe(o);
    sally_object_contexts_free(shared.finder.contexts);
    shared.finder.contexts = NULL;
}

static void check_datagram(struct sally_span datagram, bool server, size_t way)
{
    struct sally_oscore o;
    struct sally_coap_message m, inner, q = { .code = 0 };
    struct sally_binding b = { { 0 } };
    struct sally_buf room = SALLY_BUF(shared.room);
    uint64_t number;
    uint16_t mid;
    bool has;
    enum sally_err e;

    if (sally_coap_parse(datagram, &m, &mid) != SALLY_E_OK)
        return;
    start(&o, server, way);
    if (begins[way] == SALLY_OSCORE_AUTO)
        fall_back(&o);
    if (sally_coap_class(m.code) == 0) {
        e = sally_object_oscore.unprotect_request(&o, &m, &b, &inner, &room, 0);
    } else {
        (void)sally_object_oscore.question(&o, &q);
        q.code = SALLY_CODE_GET;
        if (sally_object_oscore.protect(&o, SALLY_OBJECT_REQUEST, &q, &b,
                                        &room) == SALLY_E_OK)
            room.len = 0;
        e = sally_object_oscore.unprotect_response(&o, &m, &b, &inner, &room,
                                                   &number, &has);
    }
    if (e == SALLY_E_OK || e == SALLY_E_CHALLENGED)
        abort(); /* nobody else has the keys */
    end(&o);
}

static void inside(struct sally_span part)
{
    if (part.len != 0 &&
        (part.at < shared.room ||
         part.at + part.len > shared.room + sizeof(shared.room)))
        abort();
}

/* Sealed as the client would; what comes out obeys the promises of a parser. */
static void check_text(struct sally_span text)
{
    static const uint8_t option[] = { 0x93, 0x09, 0, 'c' };
    uint8_t sealed[1200];
    struct sally_oscore o;
    struct sally_oscore_context c = { .aead = NULL };
    struct sally_oscore_bound bound;
    struct sally_span zero = { &option[2], 1 }, none = { NULL, 0 };
    struct sally_coap_message m = { .code = SALLY_CODE_POST }, inner;
    struct sally_binding b = { { 0 } };
    struct sally_buf room = SALLY_BUF(shared.room);

    if (text.len == 0 || text.len > 1100)
        return;
    start(&o, true, 0);
    if (sally_oscore_derive(&c, &shared.parts, false, none, false) !=
        SALLY_E_OK)
        abort();
    sally_oscore_bind(&c, shared.parts.sender_id, zero, &bound);
    memcpy(sealed, text.at, text.len);
    if (sally_oscore_seal(&c, &bound, bound.nonce, sealed, text.len) !=
        SALLY_E_OK)
        abort();
    m.options = (struct sally_span){ option, sizeof(option) };
    m.payload = (struct sally_span){ sealed, text.len + c.aead->tag };
    if (sally_object_oscore.unprotect_request(&o, &m, &b, &inner, &room, 0) ==
        SALLY_E_OK) {
        inside(inner.options);
        inside(inner.payload);
        if (sally_coap_options_check(inner.options) != SALLY_E_OK ||
            sally_coap_class(inner.code) != 0)
            abort();
    }
    end(&o);
}

/* An option list with this Proxy-Uri, and others before and behind it. */
static void check_uri(struct sally_span uri)
{
    uint8_t given[1200];
    struct sally_buf list = SALLY_BUF(given), out = SALLY_BUF(shared.room);
    struct sally_coap_option_writer w = sally_coap_options_into(&list);
    struct sally_coap_options walk;
    struct sally_coap_option o;

    sally_coap_put_uint(&w, SALLY_OPTION_OBSERVE, 0);
    sally_coap_put_option(&w, SALLY_OPTION_PROXY_URI, uri);
    sally_coap_put_uint(&w, SALLY_OPTION_SIZE1, 5);
    if (sally_coap_options_end(&w) != SALLY_E_OK ||
        sally_oscore_split(sally_buf_span(&list), &out) != SALLY_E_OK)
        return;
    if (sally_coap_options_check(sally_buf_span(&out)) != SALLY_E_OK)
        abort();
    walk = (struct sally_coap_options){ sally_buf_span(&out), 0 };
    while (sally_coap_option_next(&walk, &o))
        if (o.number == SALLY_OPTION_PROXY_URI &&
            !sally_span_starts(uri, o.value))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_span all = { data, size }, rest = sally_span_sub(all, 1, size);

    if (size == 0)
        return 0;
    switch (data[0] % 7) {
    case 0: check_option(rest); break;
    case 1: check_datagram(rest, true, 0); break;
    case 2: check_datagram(rest, false, 0); break;
    case 3: check_datagram(rest, false, 1); break;
    case 4: check_text(rest); break;
    case 5: check_uri(rest); break;
    case 6: check_datagram(rest, false, 2); break;
    }
    return 0;
}
