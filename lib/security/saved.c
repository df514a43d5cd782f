/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/saved.c - what could resume an association, as bytes. RFC 5246
 * s.7.3.                                                                    */
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

enum sally_err sally_stack_save(const struct sally_stack *s,
                                struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    WOLFSSL_SESSION *session = s->resumption.session;
    int n = session != NULL ? wolfSSL_i2d_SSL_SESSION(session, NULL) : 0;
    uint8_t *at;

    if (n <= 0)
        return SALLY_E_NOT_FOUND;
    sally_put_u64(&w, s->resumption.owner);
    at = sally_put_gap(&w, (size_t)n);
    if (at == NULL)
        return SALLY_E_NO_ROOM;
    return wolfSSL_i2d_SSL_SESSION(session, &at) == n ? SALLY_E_OK
                                                      : SALLY_E_CRYPTO;
}

enum sally_err sally_stack_restore(struct sally_stack *s,
                                   struct sally_span saved)
{
    struct sally_cursor c = sally_cursor_over(saved);
    uint64_t owner = sally_take_u64(&c);
    const unsigned char *at = c.rest.at;
    WOLFSSL_SESSION *session = NULL;

    if (s->state != NULL)
        return SALLY_E_BAD_STATE;
    if (!c.failed && c.rest.len != 0 && c.rest.len < INT32_MAX)
        session = wolfSSL_d2i_SSL_SESSION(NULL, &at, (long)c.rest.len);
    if (session == NULL)
        return SALLY_E_MALFORMED;
    sally_stack_forget(s);
    s->channel = &sally_mechanism_dtls;
    s->resumption.session = session;
    s->resumption.owner = owner;
    return SALLY_E_OK;
}
