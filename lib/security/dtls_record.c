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
    APPLICATION_DATA = 23,
    WITH_CID = 25 /* RFC 9146 s.4; the type within is hidden */
};

/* The first byte of an encrypted record of 1.3: 001CSLEE. RFC 9147 s.4. */
#define UNIFIED(byte) ((byte) >> 5 == 1)
#define UNIFIED_CID 0x10
#define UNIFIED_LONG_SEQUENCE 0x08
#define UNIFIED_LENGTH 0x04
#define UNIFIED_EPOCH 0x03

#define TRAFFIC_EPOCH 3 /* of 1.3: the first one of messages */

/* Bytes of an encrypted record at least: every suite of 1.2 has an explicit
 * nonce of 8 bytes or more and a tag of 8 bytes or more (RFC 6655 s.3), and
 * 1.3 pads to what hides the sequence number (RFC 9147 s.4.2.3).            */
#define PROTECTED_MIN 16

struct record {
    uint8_t type; /* APPLICATION_DATA where it is hidden: it may be that */
    bool hidden;
    bool
        early; /* of 1.3, under a key that counts from the handshake's end on */
    uint16_t epoch; /* not of hidden ones, which are all encrypted */
    struct sally_span body;
};

/* Ours, or nothing honest. */
static enum sally_err take_cid(struct sally_cursor *c, struct sally_span cid)
{
    struct sally_span got = sally_take(c, cid.len);

    if (c->failed)
        return SALLY_E_TRUNCATED;
    return cid.len != 0 && sally_span_equal(got, cid) ? SALLY_E_OK
                                                      : SALLY_E_UNEXPECTED;
}

static enum sally_err take_unified(struct sally_cursor *c, uint8_t first,
                                   struct sally_span cid, struct record *r)
{
    if ((first & UNIFIED_CID) != 0) {
        enum sally_err e = take_cid(c, cid);

        if (e != SALLY_E_OK)
            return e;
    }
    (void)sally_take(c, (first & UNIFIED_LONG_SEQUENCE) != 0 ? 2 : 1);
    r->hidden = true;
    r->early = (first & UNIFIED_EPOCH) == TRAFFIC_EPOCH;
    r->type = APPLICATION_DATA;
    r->body = sally_take(c, (first & UNIFIED_LENGTH) != 0 ? sally_take_u16(c)
                                                          : c->rest.len);
    return c->failed ? SALLY_E_TRUNCATED : SALLY_E_OK;
}

static enum sally_err take_record(struct sally_cursor *c, struct sally_span cid,
                                  struct record *r)
{
    uint8_t first = sally_take_u8(c);
    uint16_t version;

    *r = (struct record){ .type = first };
    if (UNIFIED(first))
        return take_unified(c, first, cid, r);
    version = sally_take_u16(c);
    r->epoch = sally_take_u16(c);
    (void)sally_take(c, 6); /* the sequence number is the library's business */
    if (first == WITH_CID) {
        enum sally_err e = take_cid(c, cid);

        if (e != SALLY_E_OK)
            return e;
        r->hidden = r->epoch != 0;
        r->type = APPLICATION_DATA;
    }
    r->body = sally_take(c, sally_take_u16(c));
    if (c->failed)
        return SALLY_E_TRUNCATED;
    if (r->type < CHANGE_CIPHER_SPEC || r->type > APPLICATION_DATA ||
        (version != 0xfeff && version != 0xfefd))
        return SALLY_E_MALFORMED;
    return SALLY_E_OK;
}

#define CERTIFICATE 11

static uint64_t bound_of(uint8_t type, uint16_t sequence)
{
    return type == CERTIFICATE &&
                   sequence <= SALLY_DTLS_CERTIFICATE_SEQUENCE_MAX
               ? SALLY_DTLS_CERTIFICATE_MAX
               : SALLY_DTLS_HANDSHAKE_MAX;
}

/* No message is as long as 2^16. */
static uint32_t place(uint32_t sequence, uint64_t offset)
{
    return sequence << 16 | (uint32_t)offset;
}

static void note_place(struct sally_dtls_datagram *seen, uint32_t from,
                       uint32_t to)
{
    if (seen->position == 0 || from < seen->from)
        seen->from = from;
    if (to > seen->position)
        seen->position = to;
}

/* A fragment's header claims the size of the whole message, and the library
 * allocates that much: refuse what no handshake of ours needs.              */
static enum sally_err check_handshake(struct sally_span body,
                                      struct sally_dtls_datagram *seen)
{
    struct sally_cursor c = sally_cursor_over(body);

    while (c.rest.len != 0) {
        uint8_t type = sally_take_u8(&c);
        uint64_t length = sally_take_uint(&c, 3);
        uint16_t sequence = sally_take_u16(&c);
        uint64_t offset = sally_take_uint(&c, 3);
        struct sally_span part = sally_take(&c, (size_t)sally_take_uint(&c, 3));
        uint64_t end = offset + part.len;

        if (c.failed)
            return SALLY_E_TRUNCATED;
        if (length > bound_of(type, sequence) ||
            sequence > SALLY_DTLS_SEQUENCE_MAX)
            return SALLY_E_TOO_LARGE;
        if (end > length)
            return SALLY_E_MALFORMED;
        note_place(seen, place(sequence, offset),
                   end == length ? place(sequence + 1u, 0)
                                 : place(sequence, end + 1));
    }
    return SALLY_E_OK;
}

/* Could it be the acknowledgement that ends a handshake? It has a length field,
 * 16 bytes for each record, and its type, then a tag of 8 or 16. RFC 9147 s.7.
 */
static bool may_acknowledge(const struct record *r)
{
    return (r->body.len - 3) % 8 == 0;
}

/* Application data that overtakes the handshake would end it as a protocol
 * error in the library; dropped here, it is one more lost datagram. What is
 * hidden may be the handshake's last word, before which nothing like it comes.
 */
static enum sally_err check_record(const struct record *r, bool up,
                                   struct sally_dtls_datagram *seen)
{
    bool plain = r->epoch == 0 && !r->hidden;

    if (!plain && r->body.len < PROTECTED_MIN)
        return SALLY_E_TRUNCATED; /* some versions of the library end there */
    if (r->type == APPLICATION_DATA && !r->hidden &&
        (plain || (seen->records == 0 && !up)))
        return SALLY_E_UNEXPECTED;
    if (r->early && !up && seen->records == 0 && !may_acknowledge(r))
        return SALLY_E_UNEXPECTED;
    seen->records++;
    seen->application_data |= r->type == APPLICATION_DATA;
    seen->plaintext |= plain;
    if (plain && r->type == HANDSHAKE)
        return check_handshake(r->body, seen);
    return SALLY_E_OK;
}

enum sally_err sally_dtls_admit(struct sally_span datagram, bool up,
                                struct sally_span cid,
                                struct sally_dtls_datagram *out)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    struct sally_dtls_datagram seen = { .records = 0 };

    if (datagram.len > SALLY_DATAGRAM_MAX)
        return SALLY_E_TOO_LARGE;
    do {
        struct record r;
        enum sally_err e = take_record(&c, cid, &r);

        if (e == SALLY_E_OK)
            e = check_record(&r, up, &seen);
        if (e != SALLY_E_OK)
            return e;
    } while (c.rest.len != 0);
    *out = seen;
    return SALLY_E_OK;
}

struct sally_span sally_dtls_record_cid(struct sally_span datagram)
{
    struct sally_cursor c = sally_cursor_over(datagram);
    uint8_t first = sally_take_u8(&c);
    struct sally_span cid;

    if (first == WITH_CID)
        (void)sally_take(&c, 10); /* version, epoch, sequence number */
    else if (!UNIFIED(first) || (first & UNIFIED_CID) == 0)
        return (struct sally_span){ NULL, 0 };
    cid = sally_take(&c, SALLY_DTLS_CID_LEN);
    return c.failed ? (struct sally_span){ NULL, 0 } : cid;
}
