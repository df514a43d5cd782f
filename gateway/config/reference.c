/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/reference.c - the manual's walk through all groups and keys.
 */
#include "config/reference.h"

#include "config/groups.h"
#include "config/kinds.h"

static const struct sally_schema *const groups[] = {
    &sally_group_file,     &sally_group_gateway,  &sally_group_spool,
    &sally_group_log,      &sally_group_console,  &sally_group_local,
    &sally_group_listener, &sally_group_local_tls, &sally_group_broker,
    &sally_group_server,   &sally_group_floor,    &sally_group_sensor,
    &sally_group_auth,     &sally_group_account,  &sally_group_oscore,
    &sally_group_profile,  &sally_group_map,      &sally_group_put,
    &sally_group_down,     &sally_group_object,   &sally_group_resource,
};

bool sally_reference_group(size_t number, struct sally_reference_group *out)
{
    if (number >= SALLY_LEN(groups))
        return false;
    out->name = groups[number]->name;
    out->about = groups[number]->about;
    return true;
}

static void fill(const struct sally_key *k, struct sally_reference_key *out)
{
    struct sally_buf buf = { (uint8_t *)out->kind, 0, sizeof(out->kind) - 1 };
    struct sally_writer w = sally_writer_into(&buf);

    out->name = k->name;
    sally_kind_describe(k, &w);
    out->kind[buf.len] = '\0';
    out->must = k->fallback == NULL;
    out->fallback =
        k->fallback == NULL || k->fallback[0] == '\0' ? NULL : k->fallback;
    out->meaning = k->meaning;
}

bool sally_reference_key(size_t group, size_t number,
                         struct sally_reference_key *out)
{
    const struct sally_schema *s =
        group < SALLY_LEN(groups) ? groups[group] : NULL;
    struct sally_key k;

    for (size_t i = 0; s != NULL && sally_schema_key(s, i, &k); i++)
        if (k.kind != SALLY_KEY_LATER && number-- == 0) {
            fill(&k, out);
            return true;
        }
    return false;
}
