/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/toy.c - option 9 holds a number and is long; the payload holds code,
 * options and payload, shifted by it, and their sum.                        */
#include "unit/coap/toy.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "coap/option.h"

#include <string.h>

struct toy_state {
    struct sally_object_host host;
    enum sally_channel_state state;
    int side;
    bool owes_question;
    uint64_t next, reserved, wished;
    bool seen[TOY_NUMBERS]; /* of the peer */
};

/* word[0]: 1 + the number of the request; word[1]: its nonce was used;
 * word[2]: 2 + the newest notification, 1: the one without a number.        */
struct toy_rules toy;

static enum sally_err start(void *state, const struct sally_credential *c,
                            const struct sally_key_finder *finder,
                            const struct sally_object_past *past,
                            const struct sally_object_host *host,
                            struct sally_random random, sally_usec now)
{
    struct toy_state *t = state;

    (void)random;
    (void)now;
    if ((c == NULL) == (finder == NULL))
        return SALLY_E_NO_CREDENTIAL;
    t->host = *host;
    t->side = c == NULL;
    t->state = SALLY_CHANNEL_UP;
    if (t->side == 0) {
        toy.saw_past = past != NULL;
        toy.past = past == NULL ? 0 : past->reserved;
        t->next = t->reserved = t->wished = toy.past;
        if (toy.asks) {
            t->state = SALLY_CHANNEL_HANDSHAKE;
            t->owes_question = true;
        }
    }
    return SALLY_E_OK;
}

static enum sally_channel_state state_of(const void *state)
{
    return ((const struct toy_state *)state)->state;
}

static enum sally_err reason(const void *state)
{
    (void)state;
    return SALLY_E_ROLLED_BACK;
}

void toy_wear_out(void *state)
{
    struct toy_state *t = state;

    t->state = SALLY_CHANNEL_HANDSHAKE;
    t->owes_question = true;
}

static bool question(void *state, struct sally_coap_message *plain)
{
    static const uint8_t path[] = { 0xb1, 'q' };
    struct toy_state *t = state;

    if (!t->owes_question)
        return false;
    t->owes_question = false;
    toy.questions++;
    plain->code = SALLY_CODE_GET;
    plain->options = (struct sally_span){ path, sizeof(path) };
    plain->payload = (struct sally_span){ NULL, 0 };
    return true;
}

static void answered(void *state, enum sally_err e, uint8_t code,
                     sally_usec now)
{
    struct toy_state *t = state;

    (void)now;
    (void)code;
    t->owes_question = toy.asks_for_ever;
    if (!toy.asks_for_ever)
        t->state = e == SALLY_E_OK ? SALLY_CHANNEL_UP : SALLY_CHANNEL_FAILED;
}

static bool take_number(struct toy_state *t, uint64_t *number)
{
    if (toy.reserves && t->side == 0 && t->next >= t->reserved &&
        t->host.reserve != NULL) {
        if (t->wished <= t->next) {
            t->wished = t->next + 8;
            t->host.reserve(t->host.owner, t->wished);
        }
        if (t->next >= t->reserved)
            return false;
    }
    *number = t->next++;
    if (*number >= TOY_NUMBERS || toy.used[t->side][*number])
        toy.reused++;
    else
        toy.used[t->side][*number] = true;
    return true;
}

static uint8_t shift_of(uint64_t number) { return (uint8_t)(7 + 13 * number); }

static void put_inner(struct sally_writer *w,
                      const struct sally_coap_message *m, uint64_t number)
{
    size_t from = w->out->len;
    uint8_t sum = 0;

    sally_put_u8(w, m->code);
    sally_put(w, m->options);
    if (m->payload.len != 0) {
        sally_put_u8(w, 0xff);
        sally_put(w, m->payload);
    }
    for (size_t i = from; i < w->out->len; i++) {
        sum = (uint8_t)(sum * 3 + w->out->at[i]);
        w->out->at[i] = (uint8_t)(w->out->at[i] + shift_of(number));
    }
    sally_put_u8(w, sum);
}

/* The number that a response is shifted by: its own, or the request's. */
static bool number_for(struct toy_state *t, enum sally_object_kind kind,
                       struct sally_binding *b, uint64_t *number, bool *own)
{
    *own = kind == SALLY_OBJECT_REQUEST || b->word[1] != 0;
    if (*own && !take_number(t, number))
        return false;
    if (!*own)
        *number = b->word[0] - 1;
    if (kind == SALLY_OBJECT_REQUEST)
        *b = (struct sally_binding){ { 1 + *number } };
    else
        b->word[1] = 1;
    return true;
}

static enum sally_err write_outer(const struct sally_coap_message *plain,
                                  uint8_t code, uint64_t number, bool own,
                                  struct sally_buf *out)
{
    struct sally_coap_message head = *plain;
    struct sally_coap_option_writer w;
    uint32_t observe;
    uint8_t bytes[62] = { (uint8_t)(number >> 8), (uint8_t)number };
    bool observes = sally_coap_option_uint(plain->options,
                                           SALLY_OPTION_OBSERVE, &observe);

    head.code = code;
    head.options = head.payload = (struct sally_span){ NULL, 0 };
    if (sally_coap_write(&head, out) != SALLY_E_OK)
        return SALLY_E_NO_ROOM;
    w = sally_coap_options_into(out);
    if (observes)
        sally_coap_put_uint(&w, SALLY_OPTION_OBSERVE, observe);
    sally_coap_put_option(&w, SALLY_OPTION_OSCORE,
                          (struct sally_span){ bytes, own ? sizeof(bytes) : 0 });
    sally_put_u8(&w.out, 0xff);
    put_inner(&w.out, plain, number);
    return sally_coap_options_end(&w);
}

static uint8_t outer_code(enum sally_object_kind kind,
                          const struct sally_coap_message *plain)
{
    struct sally_span observe;

    if (kind != SALLY_OBJECT_REQUEST)
        return SALLY_CODE_CHANGED;
    return sally_coap_option_find(plain->options, SALLY_OPTION_OBSERVE,
                                  &observe)
               ? SALLY_CODE_FETCH
               : SALLY_CODE_POST;
}

static enum sally_err protect(void *state, enum sally_object_kind kind,
                              const struct sally_coap_message *plain,
                              struct sally_binding *b, struct sally_buf *out)
{
    uint8_t code = outer_code(kind, plain);
    uint64_t number;
    bool own;

    if (toy.fails != SALLY_E_OK)
        return toy.fails;
    if (kind != SALLY_OBJECT_REQUEST && b->word[0] == 0)
        return SALLY_E_BAD_STATE;
    if (!number_for(state, kind, b, &number, &own))
        return SALLY_E_PENDING;
    return write_outer(plain, code, number, own, out);
}

static enum sally_err open_inner(const struct sally_coap_message *outer,
                                 uint64_t number, struct sally_buf *room,
                                 struct sally_coap_message *inner)
{
    uint8_t bytes[4 + 2048] = { 0x40, 0, 0, 1 };
    size_t n = outer->payload.len;
    uint8_t sum = 0;
    uint16_t mid;

    if (n < 2 || n > 2048 || room->room - room->len < n + 64)
        return SALLY_E_MALFORMED;
    for (size_t i = 0; i + 1 < n; i++) {
        bytes[4 + i] = (uint8_t)(outer->payload.at[i] - shift_of(number));
        sum = (uint8_t)(sum * 3 + bytes[4 + i]);
    }
    if (sum != outer->payload.at[n - 1])
        return SALLY_E_UNAUTHENTIC;
    bytes[1] = bytes[4];
    memcpy(&room->at[room->len], bytes, 4);
    memcpy(&room->at[room->len + 4], &bytes[5], n - 2);
    if (sally_coap_parse((struct sally_span){ &room->at[room->len], n + 2 },
                         inner, &mid) != SALLY_E_OK)
        return SALLY_E_MALFORMED;
    inner->type = outer->type;
    inner->mid = outer->mid;
    inner->token = outer->token;
    return SALLY_E_OK;
}

static enum sally_err read_number(const struct sally_coap_message *outer,
                                  uint64_t *number, bool *has)
{
    struct sally_span option;
    struct sally_cursor c;

    if (!sally_coap_option_find(outer->options, SALLY_OPTION_OSCORE, &option))
        return SALLY_E_UNEXPECTED;
    *has = option.len != 0;
    c = sally_cursor_over(option);
    if (*has)
        *number = sally_take_u16(&c);
    return c.failed || *number >= TOY_NUMBERS
               ? SALLY_E_MALFORMED
               : SALLY_E_OK;
}

static enum sally_err unprotect_request(void *state,
                                        const struct sally_coap_message *outer,
                                        struct sally_binding *b,
                                        struct sally_coap_message *inner,
                                        struct sally_buf *room, sally_usec now)
{
    struct toy_state *t = state;
    struct sally_span echo;
    uint64_t number = 0;
    bool has;
    enum sally_err e = read_number(outer, &number, &has);

    (void)now;
    if (e == SALLY_E_OK && !has)
        e = SALLY_E_MALFORMED;
    if (e == SALLY_E_OK && t->seen[number])
        e = SALLY_E_REPLAYED;
    if (e == SALLY_E_OK)
        e = open_inner(outer, number, room, inner);
    if (e != SALLY_E_OK)
        return e;
    *b = (struct sally_binding){ { 1 + number } };
    if (toy.challenges && t->side == 1 &&
        (toy.stubborn ||
         !sally_coap_option_find(inner->options, SALLY_OPTION_ECHO, &echo)))
        return SALLY_E_CHALLENGED;
    t->seen[number] = true;
    toy.opened++;
    return SALLY_E_OK;
}

static enum sally_err unprotect_response(void *state,
                                         const struct sally_coap_message *outer,
                                         struct sally_binding *b,
                                         struct sally_coap_message *inner,
                                         struct sally_buf *room,
                                         uint64_t *number, bool *has_number)
{
    struct sally_span observe;
    enum sally_err e;

    (void)state;
    *number = 0;
    e = read_number(outer, number, has_number);
    if (e == SALLY_E_OK && b->word[0] == 0)
        e = SALLY_E_BAD_STATE;
    if (e == SALLY_E_OK)
        e = open_inner(outer, *has_number ? *number : b->word[0] - 1, room,
                       inner);
    if (e != SALLY_E_OK ||
        !sally_coap_option_find(inner->options, SALLY_OPTION_OBSERVE, &observe))
        return e;
    if (b->word[2] != 0 && (!*has_number || 2 + *number <= b->word[2]))
        return SALLY_E_REPLAYED;
    b->word[2] = *has_number ? 2 + *number : 1;
    return SALLY_E_OK;
}

static uint8_t refusal(enum sally_err e, const char **diagnostic)
{
    toy.refused++;
    *diagnostic = "a text that is much longer than any request in these tests";
    if (e == SALLY_E_UNAUTHENTIC) {
        *diagnostic = "no";
        return SALLY_CODE_BAD_REQUEST;
    }
    return e == SALLY_E_UNEXPECTED ? 0 : SALLY_CODE_UNAUTHORIZED;
}

static enum sally_err challenge(void *state,
                                const struct sally_coap_message *outer,
                                struct sally_binding *b, struct sally_buf *out)
{
    static const uint8_t echo[] = { 0xd4, 252 - 13, 1, 2, 3, 4 };
    struct sally_coap_message m = *outer;

    toy.challenged++;
    m.code = SALLY_CODE_UNAUTHORIZED;
    m.options = (struct sally_span){ echo, sizeof(echo) };
    m.payload = (struct sally_span){ NULL, 0 };
    b->word[1] = 1; /* a number of its own */
    return protect(state, SALLY_OBJECT_RESPONSE, &m, b, out);
}

static enum sally_err meaning(uint8_t code, struct sally_span diagnostic)
{
    (void)code;
    return sally_span_is(diagnostic, "toy") ? SALLY_E_REPLAYED
                                            : SALLY_E_REFUSED;
}

static void reserved(void *state, uint64_t until)
{
    struct toy_state *t = state;

    t->reserved = until > t->reserved ? until : t->reserved;
}

static unsigned wear(const void *state)
{
    (void)state;
    return 0;
}

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

static void wipe(void *state) { memset(state, 0, sizeof(struct toy_state)); }

const struct sally_object_mechanism sally_object_oscore = {
    .name = "toy",
    .size = sizeof(struct toy_state),
    .overhead = 80,
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
