/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/evidence.c - writes down what a verdict rests on, and looks at
 * it again.                                                                 */
#include "security/evidence.h"

#include "base/cursor.h"
#include "base/writer.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/types.h>

#include <string.h>

struct sally_blob *sally_blob_of(struct sally_span bytes)
{
    struct sally_blob *b =
        XMALLOC(sizeof(*b) + bytes.len, NULL, DYNAMIC_TYPE_TMP_BUFFER);

    if (b == NULL)
        return NULL;
    b->len = bytes.len;
    if (bytes.len != 0)
        memcpy(b->bytes, bytes.at, bytes.len);
    return b;
}

static void put_part(struct sally_writer *w, struct sally_span s)
{
    w->failed |= s.len > UINT16_MAX;
    sally_put_u16(w, (uint16_t)s.len);
    sally_put(w, s);
}

void sally_evidence_put(const struct sally_path *p, struct sally_buf *out)
{
    size_t from = out->len;
    struct sally_writer w = sally_writer_into(out);

    sally_put_u64(&w, p->until);
    for (size_t i = 0; i < p->count; i++) {
        put_part(&w, p->list[i]->issuer);
        put_part(&w, p->list[i]->serial);
    }
    if (!w.failed)
        return;
    out->len = from;
    w = sally_writer_into(out);
    sally_put_u64(&w, 0);
}

enum sally_err sally_evidence_check(struct sally_span evidence,
                                    const struct sally_clock *clock)
{
    struct sally_cursor c = sally_cursor_over(evidence);
    uint64_t until = sally_take_u64(&c);

    if (evidence.len == 0)
        return SALLY_E_OK;
    return c.failed ? SALLY_E_MALFORMED : sally_clock_within(clock, 0, until);
}

static bool listed(const struct sally_trust *t, struct sally_span issuer,
                   struct sally_span serial)
{
    for (size_t i = 0; i < t->crl_count; i++)
        if (sally_span_equal(t->crls[i].issuer, issuer) &&
            sally_crl_lists(&t->crls[i], serial))
            return true;
    return false;
}

bool sally_evidence_revoked(struct sally_span evidence,
                            const struct sally_trust *t)
{
    struct sally_cursor c = sally_cursor_over(evidence);
    uint64_t until = sally_take_u64(&c);

    if (evidence.len == 0 || t == NULL || t->crl_count == 0)
        return false;
    if (until == 0)
        return true; /* whose they are did not fit */
    while (!c.failed && c.rest.len != 0) {
        struct sally_span issuer = sally_take(&c, sally_take_u16(&c));
        struct sally_span serial = sally_take(&c, sally_take_u16(&c));

        if (!c.failed && listed(t, issuer, serial))
            return true;
    }
    return c.failed;
}
