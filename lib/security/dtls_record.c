/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_record.c - drops what is no DTLS at all, or what nobody
 * honest sends now, before it costs memory or a session.                    */
#include "security/dtls_record.h"

#include "base/cursor.h"
#include "security/mechanism.h"

enum content_type {
    CHANGE_CIPHER_SPEC = 20,
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23
};

/* Bytes of an encrypted record at least: every suite of ours has an explicit
 * nonce of 8 bytes or more and a tag of 8 bytes or more (RFC 6655 s.3).     */
#define PROTECTED_MIN 16

struct record {
    uint8_t type;
    uint16_t version, epoch;
    struct sally_span body;
};

static enum sally_err take_record(struct sally_cursor *c, struct record *r)
{
    r->type = sally_take_u8(c);
    r->version = sally_take_u16(c);
    r->epoch = sally_take_u16(c);
    (void)sally_take(c, 6); /* the sequence number is the library's business */
    r->body = sally_take(c, sally_take_u16(c));
    if (c->failed)
        return SALLY_E_TRUNCATED;
    if (r->type < CHANGE_CIPHER_SPEC || r->type > APPLICATION_DATA ||
        (r->version != 0xfeff && r->version != 0xfefd))
        return SALLY_E_MALFORMED;
    return SALLY_E_OK;
}

/* A fragment's header claims the size of the whole message, and the library
 * allocates that much: refuse what no handshake of ours needs.              */
static enum sally_err check_handshake(struct sally_span body,
                                      struct sally_dtls_datagram *seen)
{
    struct sally_cursor c = sally_cursor_over(body);

    while (c.rest.len != 0) {
        (void)sally_take_u8(&c); /* type */
        uint64_t length = sally_take_uint(&c, 3);
        uint16_t sequence = sally_take_u16(&c);
        uint64_t offset = sally_take_uint(&c, 3);
        struct sally_span part = sally_take(&c, (size_t)sally_take_uint(&c, 3));
        uint64_t end = (uint64_t)sequence << 32 | (offset + part.len + 1);

        if (c.failed)
            return SALLY_E_TRUNCATED;
        if (length > SALLY_DTLS_HANDSHAKE_MAX ||
            sequence > SALLY_DTLS_SEQUENCE_MAX)
            return SALLY_E_TOO_LARGE;
        if (end > seen->position)
            seen->position = end;
    }
    return SALLY_E_OK;
}

/* Application data that overtakes the handshake would end it as a protocol
 * error in the library; dropped here, it is one more lost datagram.         */
static enum sally_err check_record(const struct record *r, bool up,
                                   struct sally_dtls_datagram *seen)
{
    if (r->epoch != 0 && r->body.len < PROTECTED_MIN)
        return SALLY_E_TRUNCATED; /* some versions of the library end there */
    if (r->type == APPLICATION_DATA &&
        (r->epoch == 0 || (seen->records == 0 && !up)))
        return SALLY_E_UNEXPECTED;
    seen->records++;
    seen->application_data |= r->type == APPLICATION_DATA;
    seen->plaintext |= r->epoch == 0;
    if (r->epoch == 0 && r->type == HANDSHAKE)
        return check_handshake(r->body, seen);
    return SALLY_E_OK;
}

enum sally_err sally_dtls_admit(struct sally_span datagram, bool up,
                                struct sally_dtls_datagram *out)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    struct sally_dtls_datagram seen = { .records = 0 };

    if (datagram.len > SALLY_DATAGRAM_MAX)
        return SALLY_E_TOO_LARGE;
    do {
        struct record r;
        enum sally_err e = take_record(&c, &r);

        if (e == SALLY_E_OK)
            e = check_record(&r, up, &seen);
        if (e != SALLY_E_OK)
            return e;
    } while (c.rest.len != 0);
    *out = seen;
    return SALLY_E_OK;
}
