/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_account.c - the files of one account become its entry, if an
 * account that can be used comes of them.                                   */
#include "keys_reading.h"
#include "security/credential_file.h"

#define KEY_ADVISED 16 /* bytes; LwM2M advises no shorter key */

/* Was the same before the reload, so that all of it is proved? */
static bool is_known(const struct sally_reading *r)
{
    const struct sally_key_asset *key = &r->keys->all[r->keys->count - 1];
    const struct sally_key_asset *was =
        r->running == NULL
            ? NULL
            : sally_keys_before(key, r->config, r->running, r->running_config);

    return was != NULL && sally_keys_same(key, was);
}

static struct sally_spot spot_of(const struct sally_config_sensor *s,
                                 const struct sally_config_account *a,
                                 const struct sally_credential_field *f)
{
    return (struct sally_spot){ s->file, a->line,
                                f == NULL ? "account" : f->config_key };
}

static struct sally_credential_how how_of(const struct sally_config_account *a)
{
    const struct sally_config_part *p =
        sally_config_part(a, SALLY_FIELD_MATCHING);

    return (struct sally_credential_how){ a->mode, p == NULL
                                                       ? SALLY_MATCH_EXACT
                                                       : (uint8_t)p->number };
}

/* Of keys that are used as they are; private keys are longer. */
static void warn_of_short(struct sally_reading *r, struct sally_spot at,
                          const char *path,
                          const struct sally_credential_field *f)
{
    if (f->kind != SALLY_FIELD_MASTER_SALT && f->secret &&
        r->part.len < KEY_ADVISED)
        fprintf(r->report,
                "%s:%u: warning: %s: %s: the key has %zu bytes; at least %d "
                "are advised\n",
                at.file, at.line, at.key, path, r->part.len, KEY_ADVISED);
}

static bool read_part(struct sally_reading *r,
                      const struct sally_config_sensor *s,
                      const struct sally_config_account *a,
                      const struct sally_config_part *p)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);
    const struct sally_spot at = spot_of(s, a, f);
    const char *path = (const char *)p->bytes.at, *why = "";
    struct sally_buf part = { r->part.at, 0, SALLY_CREDENTIAL_MAX };

    if (!sally_keys_file(r, at, path, f->secret))
        return false;
    sally_keys_clear(&r->part);
    if (sally_credential_read(f, how_of(a), sally_buf_span(&r->file), &part,
                              &why) != SALLY_E_OK) {
        sally_keys_complain(r, at, path, why);
        return false;
    }
    r->part.len = part.len;
    warn_of_short(r, at, path, f);
    return sally_keys_add(r, at, f->kind);
}

static void prove(struct sally_reading *r, const struct sally_config_sensor *s,
                  const struct sally_config_account *a,
                  const struct sally_credential *c)
{
    const struct sally_credential_field *culprit = NULL;
    const struct sally_config_part *p;
    const char *why = "";

    if (is_known(r) || sally_credential_prove(c, &culprit, &why) == SALLY_E_OK)
        return;
    p = sally_config_part(a, culprit->kind);
    sally_keys_complain(r, spot_of(s, a, culprit),
                        p == NULL ? "" : (const char *)p->bytes.at, why);
}

/* Made here only to see that it can be made where it is used. */
static void check_account(struct sally_reading *r, uint32_t sensor,
                          uint32_t account)
{
    const struct sally_config_sensor *s = &r->config->sensors[sensor];
    const struct sally_config_account *a = &s->accounts[account];
    const struct sally_credential_field *culprit = NULL;
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };
    enum sally_err e = sally_config_credential(
        &r->config->servers[a->server], a, sally_buf_span(&r->parts),
        r->trusts[a->server], NULL, &c, &culprit);

    if (e != SALLY_E_OK) {
        r->bad++;
        fprintf(r->report, "%s:%u: %s: expected %s\n", s->file, a->line,
                culprit == NULL ? "account" : culprit->config_key,
                culprit == NULL ? "keys that there is memory for"
                                : sally_config_wanted(culprit, e));
        return;
    }
    if (sally_keys_hold(r, spot_of(s, a, NULL), a->mode) &&
        sally_keys_keep(r, spot_of(s, a, NULL),
                        &(struct sally_keyring_entry){
                            sensor, account, sally_buf_span(&r->held) },
                        sally_buf_span(&r->parts)))
        prove(r, s, a, &c);
    if (sally_keys_claim(&c, sally_keys_digest_key(r->keys),
                         &(struct sally_key_claim){ .sensor = sensor,
                                                    .account = account,
                                                    .server = a->server },
                         r->claims, &r->claim_count) != SALLY_E_OK)
        sally_keys_complain(r, spot_of(s, a, NULL), "", "cannot be hashed");
}

void sally_keys_account(struct sally_reading *r, uint32_t sensor,
                        uint32_t account)
{
    const struct sally_config_sensor *s = &r->config->sensors[sensor];
    const struct sally_config_account *a = &s->accounts[account];
    bool good = true;

    if (!sally_config_has_files(a))
        return;
    for (size_t i = 0; i < a->part_count; i++)
        if (sally_credential_field(a->parts[i].kind)->from_file)
            good &= read_part(r, s, a, &a->parts[i]);
    if (good)
        good = sally_keys_sender(
            r, spot_of(s, a, sally_credential_field(SALLY_FIELD_SENDER_ID)), s,
            a);
    if (good)
        check_account(r, sensor, account);
}
