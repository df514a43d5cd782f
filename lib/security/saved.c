/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/saved.c - what could resume an association, as bytes, and the
 * evidence beside it. RFC 5246 s.7.3.                                       */
#include "security/stack.h"

#include "base/cursor.h"
#include "base/writer.h"
#include "security/rows.h"
#include "security/session.h"

#ifndef HAVE_EXT_CACHE
#error "wolfSSL cannot write sessions: build it with -DHAVE_EXT_CACHE"
#endif

void sally_security_bind(struct sally_security *s,
                         const struct sally_hash_key *key)
{
    s->hash_key = *key;
}

/* The rows of which something can outlive the process, by their saved numbers.
 */
static const struct sally_mechanism *const rows[] = { &sally_mechanism_dtls,
                                                      &sally_mechanism_tls };

static size_t row_of(const struct sally_mechanism *channel)
{
    size_t i = 0;

    while (i < SALLY_LEN(rows) && rows[i] != channel)
        i++;
    return i;
}

static struct sally_span evidence_of(const struct sally_resumption *r)
{
    const struct sally_blob *b = r->evidence;
    static const struct sally_span none;

    return b == NULL ? none : (struct sally_span){ b->bytes, b->len };
}

enum sally_err sally_stack_save(const struct sally_stack *s,
                                struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    const struct sally_resumption *r = &s->resumption;
    struct sally_span evidence = evidence_of(r);
    int n = r->session != NULL ? wolfSSL_i2d_SSL_SESSION(r->session, NULL) : 0;
    uint8_t *at;

    if (n <= 0 || row_of(s->channel) == SALLY_LEN(rows))
        return SALLY_E_NOT_FOUND;
    sally_put_u8(&w, (uint8_t)row_of(s->channel));
    sally_put_u64(&w, r->owner);
    sally_put_u16(&w, (uint16_t)evidence.len);
    sally_put(&w, evidence);
    at = sally_put_gap(&w, (size_t)n);
    if (at == NULL)
        return SALLY_E_NO_ROOM;
    return wolfSSL_i2d_SSL_SESSION(r->session, &at) == n ? SALLY_E_OK
                                                         : SALLY_E_CRYPTO;
}

/* *out is zeroed; what is in it then is the caller's to forget, also where this
 * fails.                                                                    */
static enum sally_err take(struct sally_cursor *c, struct sally_resumption *out)
{
    struct sally_span evidence;
    const unsigned char *at;

    out->owner = sally_take_u64(c);
    evidence = sally_take(c, sally_take_u16(c));
    if (c->failed || c->rest.len == 0 || c->rest.len >= INT32_MAX)
        return SALLY_E_MALFORMED;
    if (evidence.len != 0)
        out->evidence = sally_blob_of(evidence);
    if (evidence.len != 0 && out->evidence == NULL)
        return SALLY_E_NO_MEMORY;
    at = c->rest.at;
    out->session = wolfSSL_d2i_SSL_SESSION(NULL, &at, (long)c->rest.len);
    return out->session != NULL ? SALLY_E_OK : SALLY_E_MALFORMED;
}

enum sally_err sally_stack_restore(struct sally_stack *s,
                                   struct sally_span saved)
{
    struct sally_cursor c = sally_cursor_over(saved);
    size_t row = sally_take_u8(&c);
    struct sally_resumption r = { .session = NULL };
    enum sally_err e;

    if (s->state != NULL)
        return SALLY_E_BAD_STATE;
    if (c.failed || row >= SALLY_LEN(rows))
        return SALLY_E_MALFORMED;
    e = take(&c, &r);
    if (e != SALLY_E_OK) {
        rows[row]->forget(&r);
        return e;
    }
    sally_stack_forget(s);
    s->channel = rows[row];
    s->resumption = r;
    return SALLY_E_OK;
}

bool sally_stack_revoked(const struct sally_stack *s,
                         const struct sally_trust *trust,
                         struct sally_revoked *last)
{
    struct sally_span evidence = evidence_of(&s->resumption);

    if (sally_stack_state(s) == SALLY_CHANNEL_IDLE || evidence.len == 0)
        return false;
    if (last->trust != trust || !sally_span_equal(last->evidence, evidence))
        *last =
            (struct sally_revoked){ trust, evidence,
                                    sally_evidence_revoked(evidence, trust) };
    return last->revoked;
}
