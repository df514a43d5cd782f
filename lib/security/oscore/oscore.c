/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/oscore.c - the row: how an association begins, what it is
 * in, and which keys a message belongs to. RFC 8613.                        */
#include "coap/option.h"
#include "security/oscore/compose.h"
#include "security/oscore/state.h"

#include <string.h>

/* What protecting adds at most: option 9 with its head, marker, code, tag, and
 * the options that stand both inside and outside.                           */
#define OVERHEAD 112

static void fail(struct sally_oscore *o, enum sally_err e)
{
    o->phase = SALLY_OSCORE_STOPPED;
    o->reason = e;
}

/* B.1.1 builds on numbers that are surely not older than the last use. */
static bool can_go_on(const struct sally_oscore *o)
{
    return o->has_past && (!o->past.known || o->past.trusted);
}

/* The account's own keys, from the first number that nobody used. */
static enum sally_err go_on(struct sally_oscore *o)
{
    const struct sally_oscore_parts *parts = o->credential->oscore;
    enum sally_err e =
        sally_oscore_derive(&o->own, parts, false, parts->id_context,
                            parts->has_id_context);

    if (e != SALLY_E_OK)
        return e;
    o->phase = SALLY_OSCORE_SET;
    o->rederived = false;
    o->up = false;
    if (o->past.known)
        o->own.window.state = SALLY_WINDOW_UNKNOWN;
    sally_random_fill(&o->random, o->b2.key, sizeof(o->b2.key));
    o->own.failed = o->failed;
    o->own.next = o->past.known ? o->past.reserved : 0;
    if (sally_oscore_worn(&o->own))
        return SALLY_E_EXHAUSTED;
    sally_oscore_numbers_begin(o, &o->own, o->own.next);
    return SALLY_E_OK;
}

static enum sally_err start_client(struct sally_oscore *o)
{
    if (o->credential->oscore == NULL)
        return SALLY_E_NO_CREDENTIAL;
    if (o->credential->oscore->start != SALLY_OSCORE_B1)
        return sally_oscore_ask(o);
    return can_go_on(o) ? go_on(o) : SALLY_E_ROLLED_BACK;
}

static enum sally_err start(void *state, const struct sally_credential *c,
                            const struct sally_key_finder *finder,
                            const struct sally_object_past *past,
                            const struct sally_object_host *host,
                            struct sally_random random, sally_usec now)
{
    struct sally_oscore *o = state;

    *o = (struct sally_oscore){ .credential = c,
                                .finder = finder,
                                .random = random,
                                .has_past = past != NULL,
                                .refilled = now,
                                .tokens = SALLY_OSCORE_TOKENS };
    if (past != NULL)
        o->past = *past;
    if (host != NULL)
        o->host = *host;
    if (c != NULL)
        return start_client(o);
    if (finder == NULL || finder->find_oscore == NULL ||
        finder->contexts == NULL)
        return SALLY_E_NO_CREDENTIAL;
    o->up = true;
    return SALLY_E_OK;
}

static enum sally_channel_state state_of(const void *state)
{
    const struct sally_oscore *o = state;

    switch (o->phase) {
    case SALLY_OSCORE_ASK:
    case SALLY_OSCORE_ASKED: return SALLY_CHANNEL_HANDSHAKE;
    case SALLY_OSCORE_STOPPED: return SALLY_CHANNEL_FAILED;
    case SALLY_OSCORE_SECOND:
    case SALLY_OSCORE_SET: break;
    }
    if (o->credential == NULL && o->finder == NULL)
        return SALLY_CHANNEL_IDLE;
    return o->up ? SALLY_CHANNEL_UP : SALLY_CHANNEL_HANDSHAKE;
}

static enum sally_err reason(const void *state)
{
    const struct sally_oscore *o = state;

    return o->reason;
}

/* Request #1 of B.2. Californium asks for this path too; whatever the server
 * answers, it has to do it under keys of its own choice.                    */
static bool question(void *state, struct sally_coap_message *plain)
{
    static const uint8_t options[] = "\xbcrederivation\x09" "blackhole";
    struct sally_oscore *o = state;

    if (o->phase != SALLY_OSCORE_ASK)
        return false;
    o->phase = SALLY_OSCORE_ASKED;
    plain->code = SALLY_CODE_GET;
    plain->options = (struct sally_span){ options, sizeof(options) - 1 };
    plain->payload = (struct sally_span){ NULL, 0 };
    return true;
}

/* Without response #1 there are no new keys. With `auto` the account's own may
 * serve, where their numbers are safe: so whoever forges an error gains
 * nothing by it.                                                            */
static void answered(void *state, enum sally_err e, uint8_t code,
                     sally_usec now)
{
    struct sally_oscore *o = state;

    (void)code;
    (void)now;
    if (o->phase != SALLY_OSCORE_ASKED)
        return;
    o->tokens = SALLY_OSCORE_TOKENS;
    if (e == SALLY_E_OK)
        e = SALLY_E_UNAUTHENTIC; /* an answer that verified would be known */
    if (o->credential->oscore->start == SALLY_OSCORE_AUTO && can_go_on(o))
        e = go_on(o);
    if (e != SALLY_E_OK)
        fail(o, e);
}

/* The context that a binding belongs to; NULL when its keys are gone. */
static struct sally_oscore_context *
context_of(struct sally_oscore *o, const struct sally_oscore_bound *b)
{
    struct sally_oscore_context *c = &o->own;

    if ((b->flags & SALLY_BOUND_MADE) == 0)
        return NULL;
    if (o->finder != NULL)
        c = b->peer < o->finder->contexts->count
                ? &o->finder->contexts->peers[b->peer].context
                : NULL;
    return c != NULL && c->mark == b->mark ? c : NULL;
}

static struct sally_oscore_context *current(struct sally_oscore *o)
{
    if (o->finder != NULL)
        return o->peer == NULL ? NULL : &o->peer->context;
    return &o->own;
}

/* Keys that are used up are replaced, where the account knows how. */
static void mind_wear(struct sally_oscore *o)
{
    enum sally_err e = SALLY_E_EXHAUSTED;

    if (o->credential == NULL || o->phase == SALLY_OSCORE_STOPPED ||
        !sally_oscore_worn(&o->own))
        return;
    if (o->credential->oscore->start != SALLY_OSCORE_B1)
        e = sally_oscore_ask(o);
    if (e != SALLY_E_OK)
        fail(o, e);
}

/* What stands in the option besides kid and number: the ID Context of the
 * account, or while B.2 runs its own, wrapped. Once B.2 is done nothing: Leshan
 * would take it for the begin of another run. libcoap's server would want it,
 * so with that one B.1.1 is the way.                                        */
static void put_kid_context(const struct sally_oscore *o,
                            struct sally_oscore_outgoing *m,
                            uint8_t wrapped[2 + SALLY_OSCORE_CONTEXT_MAX])
{
    struct sally_span id = sally_oscore_id(&o->own);
    struct sally_buf buf = { wrapped, 0, 2 + SALLY_OSCORE_CONTEXT_MAX };
    struct sally_writer w = sally_writer_into(&buf);

    if (o->finder != NULL || m->kind != SALLY_OBJECT_REQUEST ||
        (o->rederived && o->phase == SALLY_OSCORE_SET))
        return;
    m->has_kid_context = o->own.has_id_context;
    m->kid_context = id;
    if (!o->rederived)
        return;
    if (id.len < 24) {
        sally_put_u8(&w, (uint8_t)(0x40 | id.len));
    } else {
        sally_put_u8(&w, 0x58);
        sally_put_u8(&w, (uint8_t)id.len);
    }
    sally_put(&w, id);
    m->kid_context = sally_buf_span(&buf);
}

static enum sally_err protect(void *state, enum sally_object_kind kind,
                              const struct sally_coap_message *plain,
                              struct sally_binding *b, struct sally_buf *out)
{
    struct sally_oscore *o = state;
    uint8_t wrapped[2 + SALLY_OSCORE_CONTEXT_MAX];
    struct sally_oscore_outgoing m = { .plain = plain, .kind = kind };
    struct sally_oscore_context *c;
    struct sally_oscore_bound bound;
    enum sally_err e;

    if (kind == SALLY_OBJECT_REQUEST)
        bound.flags = 0; /* all of it comes with the nonce */
    else
        memcpy(&bound, b, sizeof(bound));
    c = kind == SALLY_OBJECT_REQUEST ? current(o) : context_of(o, &bound);
    if (c == NULL || o->phase == SALLY_OSCORE_STOPPED ||
        o->phase == SALLY_OSCORE_ASK ||
        (o->phase == SALLY_OSCORE_ASKED && kind != SALLY_OBJECT_REQUEST))
        return SALLY_E_BAD_STATE;
    put_kid_context(o, &m, wrapped);
    e = sally_oscore_protect(o, c, &m, &bound, out);
    if (kind == SALLY_OBJECT_REQUEST && o->peer != NULL)
        bound.peer = o->peer->index;
    if (e == SALLY_E_OK || kind != SALLY_OBJECT_REQUEST)
        memcpy(b, &bound, sizeof(bound));
    mind_wear(o);
    return e;
}

static void refill(struct sally_oscore *o, sally_usec now)
{
    sally_usec passed = now > o->refilled ? now - o->refilled : 0;
    sally_usec gained = passed * SALLY_OSCORE_TOKENS_PER_SECOND / SALLY_SEC;

    if (passed > 60 * SALLY_SEC)
        gained = SALLY_OSCORE_TOKENS;
    if (gained == 0)
        return;
    o->refilled = now;
    o->tokens = gained > SALLY_OSCORE_TOKENS - o->tokens
                    ? SALLY_OSCORE_TOKENS
                    : o->tokens + (unsigned)gained;
}

static enum sally_err own_request(struct sally_oscore *o,
                                  const struct sally_oscore_incoming *in)
{
    const struct sally_oscore_option *option = &in->option;
    enum sally_err e;

    if (state_of(o) != SALLY_CHANNEL_UP ||
        !sally_span_equal(option->kid, sally_oscore_recipient(&o->own)))
        return SALLY_E_NOT_FOUND;
    if (!sally_oscore_fits(&o->own, option))
        return sally_oscore_renew(o, in);
    e = sally_oscore_accept(o, &o->own, in);
    if ((e == SALLY_E_OK || e == SALLY_E_CHALLENGED) &&
        o->phase == SALLY_OSCORE_SECOND)
        o->phase = SALLY_OSCORE_SET;
    mind_wear(o);
    return e;
}

static enum sally_err unprotect_request(void *state,
                                        const struct sally_coap_message *outer,
                                        struct sally_binding *b,
                                        struct sally_coap_message *inner,
                                        struct sally_buf *room, sally_usec now)
{
    struct sally_oscore *o = state;
    struct sally_oscore_bound bound = { .flags = 0 };
    struct sally_oscore_incoming in = { .outer = outer, .now = now,
                                        .room = room, .inner = inner,
                                        .bound = &bound };
    enum sally_err e = sally_oscore_outer(outer, &in.option);

    if (e == SALLY_E_OK &&
        (!in.option.has_kid || in.option.piv.len == 0 ||
         in.option.kid.len > SALLY_OSCORE_ID_MAX))
        e = SALLY_E_MALFORMED;
    if (e != SALLY_E_OK)
        return e;
    refill(o, now);
    if (o->tokens == 0)
        return SALLY_E_NO_ROOM;
    e = o->finder != NULL ? sally_oscore_serve(o, &in) : own_request(o, &in);
    if (e == SALLY_E_OK || e == SALLY_E_CHALLENGED)
        memcpy(b, &bound, sizeof(bound));
    return e;
}

static enum sally_err unprotect_response(void *state,
                                         const struct sally_coap_message *outer,
                                         struct sally_binding *b,
                                         struct sally_coap_message *inner,
                                         struct sally_buf *room,
                                         uint64_t *number, bool *has_number)
{
    struct sally_oscore *o = state;
    struct sally_oscore_bound bound;
    struct sally_oscore_incoming in = { .outer = outer, .room = room,
                                        .inner = inner, .bound = &bound };
    struct sally_oscore_context *c;
    enum sally_err e = sally_oscore_outer(outer, &in.option);

    if (e != SALLY_E_OK)
        return e;
    memcpy(&bound, b, sizeof(bound));
    c = context_of(o, &bound);
    if (c == NULL)
        return SALLY_E_NOT_FOUND;
    *has_number = false;
    if (o->phase == SALLY_OSCORE_ASKED)
        return sally_oscore_response_one(o, &in);
    e = sally_oscore_response(o, c, &in, number, has_number);
    mind_wear(o);
    if (e != SALLY_E_OK)
        return e;
    if (o->phase == SALLY_OSCORE_SECOND)
        o->phase = SALLY_OSCORE_SET;
    memcpy(b, &bound, sizeof(bound));
    return SALLY_E_OK;
}

/* RFC 8613 s.8.2. */
static const struct {
    enum sally_err e;
    uint8_t code;
    const char *diagnostic;
} refusals[] = {
    { SALLY_E_MALFORMED, SALLY_CODE_BAD_OPTION, "Failed to decode COSE" },
    { SALLY_E_NOT_FOUND, SALLY_CODE_UNAUTHORIZED,
      "Security context not found" },
    { SALLY_E_REPLAYED, SALLY_CODE_UNAUTHORIZED, "Replay detected" },
    { SALLY_E_UNAUTHENTIC, SALLY_CODE_BAD_REQUEST, "Decryption failed" },
    { SALLY_E_UNEXPECTED, SALLY_CODE_UNAUTHORIZED, "" }, /* not protected */
    { SALLY_E_UNSUPPORTED, SALLY_CODE_NO_PROXYING, "" },
    { SALLY_E_NO_ROOM, SALLY_CODE_UNAVAILABLE, "" },
    { SALLY_E_EXHAUSTED, SALLY_CODE_UNAVAILABLE, "" },
};

static uint8_t refusal(enum sally_err e, const char **diagnostic)
{
    *diagnostic = "";
    for (size_t i = 0; i < SALLY_LEN(refusals); i++) {
        if (refusals[i].e != e)
            continue;
        *diagnostic = refusals[i].diagnostic;
        return refusals[i].code;
    }
    return SALLY_CODE_EMPTY;
}

/* The code alone says it where it has one meaning. */
static enum sally_err meaning(uint8_t code, struct sally_span diagnostic)
{
    enum sally_err one = SALLY_E_REFUSED;
    size_t count = 0;

    for (size_t i = 0; i < SALLY_LEN(refusals); i++) {
        if (refusals[i].code != code || refusals[i].diagnostic[0] == '\0')
            continue;
        if (sally_span_is(diagnostic, refusals[i].diagnostic))
            return refusals[i].e;
        one = refusals[i].e;
        count++;
    }
    return count == 1 ? one : SALLY_E_REFUSED;
}

/* B.1.2: 4.01 with the Echo that will prove freshness. */
static enum sally_err ask_echo(struct sally_oscore *o,
                               struct sally_coap_message *plain,
                               struct sally_oscore_bound *b,
                               struct sally_buf *out)
{
    struct sally_oscore_context *c = context_of(o, b);
    uint8_t room[2 + 2 + SALLY_OSCORE_ECHO_LEN];
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_oscore_outgoing m = { .plain = plain,
                                       .kind = SALLY_OBJECT_RESPONSE,
                                       .own_number = true };

    if (c == NULL || !c->has_echo)
        return SALLY_E_BAD_STATE;
    sally_coap_put_option(&w, SALLY_OPTION_ECHO,
                          (struct sally_span){ c->echo, sizeof(c->echo) });
    plain->options = sally_buf_span(&options);
    return sally_oscore_protect(o, c, &m, b, out);
}

/* B.2, whichever end is its client. */
static enum sally_err answer_one(struct sally_oscore *o,
                                 const struct sally_oscore_option *request,
                                 const struct sally_coap_message *plain,
                                 struct sally_oscore_bound *b,
                                 struct sally_buf *out)
{
    const struct sally_oscore_ground g = sally_oscore_ground(o, o->peer);

    return sally_oscore_answer_one(o, &g, request, plain, b, out);
}

static enum sally_err challenge(void *state,
                                const struct sally_coap_message *outer,
                                struct sally_binding *b, struct sally_buf *out)
{
    struct sally_oscore *o = state;
    struct sally_coap_message plain = {
        .type = outer->type == SALLY_COAP_CON ? SALLY_COAP_ACK : SALLY_COAP_NON,
        .code = SALLY_CODE_UNAUTHORIZED,
        .mid = outer->mid,
        .token = outer->token,
    };
    struct sally_oscore_option option;
    struct sally_oscore_bound bound;
    enum sally_err e = sally_oscore_outer(outer, &option);

    if (e != SALLY_E_OK)
        return e;
    o->tokens -= o->tokens > 0; /* a replay can ask for one as well */
    memcpy(&bound, b, sizeof(bound));
    if ((bound.flags & SALLY_BOUND_FIRST) == 0)
        e = ask_echo(o, &plain, &bound, out);
    else
        e = answer_one(o, &option, &plain, &bound, out);
    memcpy(b, &bound, sizeof(bound));
    return e;
}

static void reserved(void *state, uint64_t until)
{
    struct sally_oscore *o = state;
    struct sally_oscore_context *c = o->finder != NULL ? o->wishing : &o->own;

    if (c != NULL)
        sally_oscore_numbers_reserved(o, c, until);
}

static unsigned wear(const void *state)
{
    const struct sally_oscore *o = state;

    if (o->finder != NULL)
        return o->peer == NULL ? 0 : sally_oscore_wear(&o->peer->context);
    return o->own.aead == NULL ? 0 : sally_oscore_wear(&o->own);
}

/* It waits for nothing by itself: the link asks the question, and the owner
 * reserves.                                                                 */
static sally_usec deadline(const void *state)
{
    (void)state;
    return SALLY_NEVER;
}

static void expire(void *state, sally_usec now)
{
    (void)state;
    (void)now;
}

static void wipe(void *state)
{
    sally_wipe(state, sizeof(struct sally_oscore));
}

const struct sally_object_mechanism sally_object_oscore = {
    .name = "oscore",
    .size = sizeof(struct sally_oscore),
    .overhead = OVERHEAD,
    .start = start,
    .state = state_of,
    .reason = reason,
    .question = question,
    .answered = answered,
    .protect = protect,
    .unprotect_request = unprotect_request,
    .unprotect_response = unprotect_response,
    .refusal = refusal,
    .meaning = meaning,
    .challenge = challenge,
    .reserved = reserved,
    .wear = wear,
    .deadline = deadline,
    .expire = expire,
    .wipe = wipe,
};
