/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/replace_keys.c - new keys for the accounts of a sensor. */
#include "cli/replace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What enrolment can make, and whoever has the old one could go on with. */
static bool is_ours(const struct sally_replacing *r,
                    const struct sally_config_part *p)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);

    if (!f->from_file)
        return false;
    return f->secret || (p->kind == SALLY_FIELD_CERTIFICATE &&
                         r->with.source.issuer_key.len != 0);
}

static bool names_file(const struct sally_config_sensor *s, const char *path)
{
    for (size_t k = 0; k < sally_config_accounts(s); k++)
        for (size_t i = 0; i < s->accounts[k].part_count; i++) {
            const struct sally_config_part *p = &s->accounts[k].parts[i];

            if (sally_credential_field(p->kind)->from_file &&
                strcmp((const char *)p->bytes.at, path) == 0)
                return true;
        }
    return false;
}

/* One that another sensor has as well would change under its feet. */
static bool is_its_own(const struct sally_replacing *r, const char *path)
{
    for (size_t i = 0; i < r->config.sensor_count; i++)
        if (&r->config.sensors[i] != r->sensor &&
            names_file(&r->config.sensors[i], path))
            return false;
    return true;
}

static bool put_aside(struct sally_replacing *r,
                      const struct sally_config_account *a)
{
    for (size_t i = 0; i < a->part_count; i++) {
        const char *path = (const char *)a->parts[i].bytes.at;

        if (!is_ours(r, &a->parts[i]) || access(path, F_OK) != 0)
            continue;
        if (!is_its_own(r, path))
            return sally_replace_fail(r, path, "is another sensor's key, too: "
                                               "give each its own first");
        if (!sally_made_aside(&r->made, path))
            return sally_replace_fail(r, path, strerror(errno));
    }
    return true;
}

static bool can_be_made(const struct sally_replacing *r,
                        const struct sally_config_account *a)
{
    return sally_config_part(a, SALLY_FIELD_CERTIFICATE) == NULL ||
           r->with.source.issuer_key.len != 0 ||
           sally_replace_fail(r, r->config.servers[a->server].name,
                              "expected -c and -k, an authority that signs the "
                              "new certificate of mode x509");
}

static bool make(struct sally_replacing *r,
                 const struct sally_config_account *a)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };
    int made;

    if (!can_be_made(r, a) || !put_aside(r, a))
        return false;
    made = sally_enroll_keys(&r->made, &r->config, r->sensor, a,
                             &r->with.source, r->cli->err);
    if (made < 0)
        return false;
    r->keys += (unsigned)made;
    return sally_enroll_credential(&r->config, r->sensor, a, &c, r->cli->err);
}

bool sally_replace_keys(struct sally_replacing *r)
{
    const struct sally_enroll_list who = { &r->id, 1 };
    const char *into = r->options->into;

    if (r->sensor->bootstrap != NULL)
        return true; /* which gives it others */
    for (uint32_t i = 0; i < r->sensor->account_count; i++)
        if (!make(r, &r->sensor->accounts[i]))
            return false;
    if (!sally_made_alike(&r->made))
        return sally_replace_fail(r, "owner and mode of the new key files",
                                  strerror(errno));
    return into == NULL || sally_enroll_tell(&r->config, &who, into, &r->made,
                                             r->cli->err);
}
