/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/renewal.c - certificates that come to their end: the bootstrap
 * server is asked when a third of their time is left, and then each day.    */
#include "uplink/bootstrapper_parts.h"

#include "security/certificate.h"
#include "uplink/shard_parts.h"

/* When to ask for another one, in seconds since 1970; 0: it has none. Raw keys
 * and pre-shared ones have no time.                                         */
static uint64_t due_of(const struct sally_virtual_client *v)
{
    struct sally_cursor c = sally_cursor_over(v->credential.public_key);
    struct sally_certificate own;

    if (!v->keyed || v->credential.public_key.len == 0 ||
        sally_certificate_take(&c, &own) != SALLY_E_OK ||
        own.not_after <= own.not_before)
        return 0;
    return own.not_after - (own.not_after - own.not_before) / 3;
}

static uint64_t first_due(const struct sally_uplink_sensor *u)
{
    uint64_t first = 0;

    for (uint32_t i = 0; i < u->config->account_count; i++) {
        uint64_t due = due_of(&u->clients[i]);

        if (due != 0 && (first == 0 || due < first))
            first = due;
    }
    return first;
}

/* Without a clock that is set, or a certificate, it is looked at tomorrow. */
void sally_renewal_look(struct sally_bootstrapper *b, sally_usec now)
{
    const struct sally_shard *s = b->sensor->shard;
    uint64_t due = first_due(b->sensor);
    uint64_t utc = (uint64_t)s->host->utc(s->owner) / 1000;

    b->renewal = SALLY_NEVER;
    if (due == 0 || !b->has_account)
        return;
    b->renewal = sally_after(now, SALLY_RENEWAL_EVERY);
    if (!s->host->clock_is_set(s->owner))
        return;
    if (due <= utc)
        (void)sally_bootstrapper_want(b, SALLY_VISIT_RENEWAL, now);
    else if (due - utc < SALLY_RENEWAL_EVERY / SALLY_SEC)
        b->renewal = sally_after(now, (due - utc) * SALLY_SEC);
}
