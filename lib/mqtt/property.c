/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/mqtt/property.c - which property may stand where, and reading them. */
#include "mqtt/property.h"

#include "base/text.h"
#include "mqtt/packet.h"

enum kind { NONE, FLAG, WORD, LONG, LENGTH, TEXT, DATA, PAIR };

#define IN(type) (1u << (SALLY_MQTT_##type))
#define ACKS (IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP))

/* s.2.2.2.2, table 2-4. `from` is the least value allowed. */
static const struct row {
    uint8_t kind, from;
    uint16_t places;
} rows[] = {
    [SALLY_MQTT_PAYLOAD_FORMAT] = { FLAG, 0, IN(PUBLISH) | IN(IN_WILL) },
    [SALLY_MQTT_MESSAGE_EXPIRY] = { LONG, 0, IN(PUBLISH) | IN(IN_WILL) },
    [SALLY_MQTT_CONTENT_TYPE] = { TEXT, 0, IN(PUBLISH) | IN(IN_WILL) },
    [SALLY_MQTT_RESPONSE_TOPIC] = { TEXT, 0, IN(PUBLISH) | IN(IN_WILL) },
    [SALLY_MQTT_CORRELATION_DATA] = { DATA, 0, IN(PUBLISH) | IN(IN_WILL) },
    [SALLY_MQTT_SUBSCRIPTION_ID] = { LENGTH, 1, IN(PUBLISH) | IN(SUBSCRIBE) },
    [SALLY_MQTT_SESSION_EXPIRY] = { LONG, 0,
                                    IN(CONNECT) | IN(CONNACK) |
                                        IN(DISCONNECT) },
    [SALLY_MQTT_ASSIGNED_CLIENT_ID] = { TEXT, 0, IN(CONNACK) },
    [SALLY_MQTT_SERVER_KEEP_ALIVE] = { WORD, 0, IN(CONNACK) },
    [SALLY_MQTT_AUTH_METHOD] = { TEXT, 0,
                                 IN(CONNECT) | IN(CONNACK) | IN(AUTH) },
    [SALLY_MQTT_AUTH_DATA] = { DATA, 0, IN(CONNECT) | IN(CONNACK) | IN(AUTH) },
    [SALLY_MQTT_WANTS_PROBLEMS] = { FLAG, 0, IN(CONNECT) },
    [SALLY_MQTT_WILL_DELAY] = { LONG, 0, IN(IN_WILL) },
    [SALLY_MQTT_WANTS_RESPONSES] = { FLAG, 0, IN(CONNECT) },
    [SALLY_MQTT_RESPONSE_INFORMATION] = { TEXT, 0, IN(CONNACK) },
    [SALLY_MQTT_SERVER_REFERENCE] = { TEXT, 0, IN(CONNACK) | IN(DISCONNECT) },
    [SALLY_MQTT_REASON_STRING] = { TEXT, 0,
                                   ACKS | IN(CONNACK) | IN(SUBACK) |
                                       IN(UNSUBACK) | IN(DISCONNECT) |
                                       IN(AUTH) },
    [SALLY_MQTT_RECEIVE_MAXIMUM] = { WORD, 1, IN(CONNECT) | IN(CONNACK) },
    [SALLY_MQTT_ALIAS_MAXIMUM] = { WORD, 0, IN(CONNECT) | IN(CONNACK) },
    [SALLY_MQTT_TOPIC_ALIAS] = { WORD, 1, IN(PUBLISH) },
    [SALLY_MQTT_MAXIMUM_QOS] = { FLAG, 0, IN(CONNACK) },
    [SALLY_MQTT_RETAIN_AVAILABLE] = { FLAG, 0, IN(CONNACK) },
    [SALLY_MQTT_USER_PROPERTY] = { PAIR, 0,
                                   ACKS | IN(IN_WILL) | IN(CONNECT) |
                                       IN(CONNACK) | IN(PUBLISH) |
                                       IN(SUBSCRIBE) | IN(SUBACK) |
                                       IN(UNSUBSCRIBE) | IN(UNSUBACK) |
                                       IN(DISCONNECT) | IN(AUTH) },
    [SALLY_MQTT_MAXIMUM_PACKET] = { LONG, 1, IN(CONNECT) | IN(CONNACK) },
    [SALLY_MQTT_WILDCARD_AVAILABLE] = { FLAG, 0, IN(CONNACK) },
    [SALLY_MQTT_SUBSCRIPTION_ID_AVAILABLE] = { FLAG, 0, IN(CONNACK) },
    [SALLY_MQTT_SHARED_AVAILABLE] = { FLAG, 0, IN(CONNACK) },
};

#define LENGTH_BYTES_MAX 4u

/* One property; which of the two values it has follows from its kind. */
struct value {
    uint32_t number;
    struct sally_span bytes;
    bool bad; /* not what its type demands */
};

static struct sally_span take_field(struct sally_cursor *c)
{
    return sally_take(c, sally_take_u16(c));
}

static struct sally_span take_text(struct sally_cursor *c, bool *bad)
{
    struct sally_span text = take_field(c);

    *bad = *bad || !sally_text_is_utf8(text);
    return text;
}

/* Bad in more bytes than it needs. */
static uint32_t take_length(struct sally_cursor *c, bool *bad)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < LENGTH_BYTES_MAX; i++) {
        uint8_t part = sally_take_u8(c);

        n |= (uint32_t)(part & 0x7f) << 7 * i;
        if (part < 0x80) {
            *bad = i > 0 && part == 0 && !c->failed;
            return n;
        }
    }
    *bad = true;
    return 0;
}

static const struct row *row_of(uint32_t id)
{
    return id < SALLY_LEN(rows) && rows[id].kind != NONE ? &rows[id] : NULL;
}

/* Takes the value that follows the identifier of `r`. */
static struct value take_value(struct sally_cursor *c, const struct row *r)
{
    struct value v = { .number = 0 };

    switch ((enum kind)r->kind) {
    case FLAG: v.number = sally_take_u8(c); break;
    case WORD: v.number = sally_take_u16(c); break;
    case LONG: v.number = sally_take_u32(c); break;
    case LENGTH: v.number = take_length(c, &v.bad); break;
    case DATA: v.bytes = take_field(c); break;
    case TEXT: v.bytes = take_text(c, &v.bad); break;
    case PAIR:
        (void)take_text(c, &v.bad);
        v.bytes = take_text(c, &v.bad);
        break;
    case NONE: break;
    }
    return v;
}

static enum sally_err check(const struct row *r, const struct value *v)
{
    if (v->bad)
        return SALLY_E_WRONG_TYPE;
    if (r->kind == FLAG && v->number > 1)
        return SALLY_E_OUT_OF_RANGE;
    return v->number < r->from ? SALLY_E_OUT_OF_RANGE : SALLY_E_OK;
}

/* Takes and proves one property, and notes that it is there. A server's
 * PUBLISH may name several subscriptions.                                   */
static enum sally_err prove_one(struct sally_cursor *c, unsigned place,
                                uint64_t *given, unsigned *users)
{
    uint8_t id = sally_take_u8(c);
    const struct row *r = row_of(id);
    struct value v;

    if (r == NULL || (r->places >> place & 1) == 0)
        return SALLY_E_NOT_FOUND;
    v = take_value(c, r);
    if (c->failed)
        return SALLY_E_TRUNCATED;
    if (id == SALLY_MQTT_USER_PROPERTY) {
        if (++*users > SALLY_MQTT_USER_PROPERTIES_MAX)
            return SALLY_E_TOO_LARGE;
    } else if ((*given >> id & 1) != 0 &&
               (id != SALLY_MQTT_SUBSCRIPTION_ID ||
                place != SALLY_MQTT_PUBLISH)) {
        return SALLY_E_DUPLICATE;
    }
    *given |= UINT64_C(1) << id;
    return check(r, &v);
}

enum sally_err sally_mqtt_take_properties(struct sally_cursor *c,
                                          unsigned place,
                                          struct sally_mqtt_properties *out)
{
    struct sally_mqtt_properties got = { .given = 0 };
    bool bad = false;
    uint32_t length = take_length(c, &bad);
    struct sally_cursor walk;
    unsigned users = 0;
    enum sally_err e = SALLY_E_OK;

    if (bad)
        return SALLY_E_WRONG_TYPE;
    got.bytes = sally_take(c, length);
    if (c->failed)
        return SALLY_E_TRUNCATED;
    if (got.bytes.len > SALLY_MQTT_PROPERTIES_MAX)
        return SALLY_E_TOO_LARGE;
    walk = sally_cursor_over(got.bytes);
    while (e == SALLY_E_OK && walk.rest.len != 0)
        e = prove_one(&walk, place, &got.given, &users);
    if (e == SALLY_E_OK)
        *out = got;
    return e;
}

/* The first of this kind in a proven list that has one. */
static struct value find(const struct sally_mqtt_properties *p,
                         enum sally_mqtt_property which)
{
    struct sally_cursor c = sally_cursor_over(p->bytes);

    while (c.rest.len != 0 && !c.failed) {
        uint8_t id = sally_take_u8(&c);
        const struct row *r = row_of(id);
        struct value v;

        if (r == NULL)
            break;
        v = take_value(&c, r);
        if (id == which)
            return v;
    }
    return (struct value){ .number = 0 };
}

uint32_t sally_mqtt_property_number(const struct sally_mqtt_properties *p,
                                    enum sally_mqtt_property which,
                                    uint32_t otherwise)
{
    return sally_mqtt_has_property(p, which) ? find(p, which).number
                                             : otherwise;
}

struct sally_span
sally_mqtt_property_bytes(const struct sally_mqtt_properties *p,
                          enum sally_mqtt_property which)
{
    if (!sally_mqtt_has_property(p, which))
        return (struct sally_span){ NULL, 0 };
    return find(p, which).bytes;
}

size_t sally_mqtt_length_size(size_t n)
{
    size_t size = 1;

    for (size_t rest = n >> 7; rest != 0; rest >>= 7)
        size++;
    return size;
}

void sally_mqtt_put_length(struct sally_writer *w, size_t n)
{
    for (; n > 0x7f; n >>= 7)
        sally_put_u8(w, (uint8_t)(n | 0x80));
    sally_put_u8(w, (uint8_t)n);
}

void sally_mqtt_put_number(struct sally_writer *w,
                           enum sally_mqtt_property which, uint32_t value)
{
    sally_put_u8(w, (uint8_t)which);
    if (rows[which].kind == LENGTH)
        sally_mqtt_put_length(w, value);
    else if (rows[which].kind == LONG)
        sally_put_u32(w, value);
    else if (rows[which].kind == WORD)
        sally_put_u16(w, (uint16_t)value);
    else
        sally_put_u8(w, (uint8_t)value);
}

void sally_mqtt_put_bytes(struct sally_writer *w,
                          enum sally_mqtt_property which,
                          struct sally_span value)
{
    sally_put_u8(w, (uint8_t)which);
    sally_put_u16(w, (uint16_t)value.len);
    sally_put(w, value);
}
