/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/accounts_finish.c - the accounts of one sensor: its id where
 * "{id}" stands, its identities where it has none, and that they are its own.
 */
#include "config/parts.h"
#include "config/sensor_draft.h"

#include <string.h>

#include "base/text.h"

static bool names_sensor(const struct sally_config_part *p)
{
    return strstr((const char *)p->bytes.at, "{id}") != NULL;
}

/* A text or a path, with the sensor's id in it. */
static bool is_text(const struct sally_config_part *p)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);

    return f->type == SALLY_CREDENTIAL_TEXT || f->from_file ||
           (f->type == SALLY_CREDENTIAL_OPAQUE && !f->in_hex);
}

static void expand(struct sally_loader *l, struct sally_parts *parts,
                   const char *id)
{
    for (size_t i = 0; i < parts->count; i++) {
        struct sally_config_part *p = &parts->all[i];

        if (!is_text(p) || !names_sensor(p))
            continue;
        p->bytes = sally_span_of(
            sally_arena_expand(l->reader.arena, (const char *)p->bytes.at, id));
    }
}

static void claim_identity(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_sensor_names *names, size_t number,
                           const struct sally_config_account *a,
                           struct sally_span identity)
{
    if (identity.len > SALLY_PSK_IDENTITY_MAX)
        sally_complain(&l->reader, group, "identity",
                       "expected at most %d bytes, got %zu; the default is "
                       "the endpoint",
                       SALLY_PSK_IDENTITY_MAX, identity.len);
    sally_sensor_claim(l, group, &names->identities,
                       sally_arena_format(&l->scratch, "%s %s",
                                          l->server_list[a->server].name,
                                          (const char *)identity.at),
                       number, "identity", "an identity at each server");
}

static const char *hex_of(struct sally_loader *l,
                          const struct sally_config_part *p)
{
    char *out = p == NULL
                    ? NULL
                    : sally_arena_take(&l->scratch, 2 * p->bytes.len + 1, 1);

    if (out == NULL)
        return "none";
    sally_text_to_hex(p->bytes, out, 2 * p->bytes.len + 1);
    return out;
}

/* A server finds the keys by sender and context. */
static void claim_sender(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_names *names, size_t number,
                         const struct sally_config_account *a)
{
    const struct sally_config_part *sender =
        sally_config_part(a, SALLY_FIELD_SENDER_ID);

    if (sender != NULL)
        sally_sensor_claim(
            l, group, &names->senders,
            sally_arena_format(
                &l->scratch, "%s %s %s", l->server_list[a->server].name,
                hex_of(l, sender),
                hex_of(l, sally_config_part(a, SALLY_FIELD_ID_CONTEXT))),
            number, "sender_id", "a sender_id at each server");
}

static void finish_account(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_sensor_names *names, size_t number,
                           const struct sally_config_sensor *s,
                           struct sally_config_account *a)
{
    const struct sally_credential_field *identity =
        sally_credential_field(SALLY_FIELD_IDENTITY);
    struct sally_parts parts = { .count = a->part_count };
    struct sally_config_part *said;

    if (a->server == UINT32_MAX || a->dormant)
        return;
    for (size_t i = 0; i < parts.count; i++)
        parts.all[i] = a->parts[i];
    expand(l, &parts, s->id);
    if ((identity->needed_in & 1u << a->mode) != 0) {
        said = sally_parts_find(&parts, SALLY_FIELD_IDENTITY);
        if (said == NULL)
            sally_parts_add(&parts, (struct sally_config_part){
                                        .kind = SALLY_FIELD_IDENTITY,
                                        .bytes = sally_span_of(s->endpoint) });
        said = sally_parts_find(&parts, SALLY_FIELD_IDENTITY);
        claim_identity(l, group, names, number, a, said->bytes);
    }
    sally_parts_settle(l->reader.arena, &parts, a);
    claim_sender(l, group, names, number, a);
}

void sally_accounts_finish(struct sally_loader *l,
                           const config_setting_t *group,
                           struct sally_sensor_names *names, size_t number,
                           struct sally_config_sensor *s)
{
    struct sally_config_account *own;
    bool inherited = config_setting_get_member(group, "accounts") == NULL;

    if (s->account_count == 0) {
        if (sally_sensor_lacks(group, "accounts"))
            sally_expected(&l->reader, group,
                           config_setting_get_member(group, "accounts"),
                           "accounts",
                           "an account at a server; `server` in "
                           "sensor_defaults gives each sensor one");
        return;
    }
    own = sally_accounts_slots(l, group, s);
    for (size_t i = 0; own != NULL && i < sally_config_accounts(s); i++) {
        if (inherited)
            own[i].line = s->line; /* what goes with the sensor's file */
        finish_account(l, group, names, number, s, &own[i]);
    }
}
