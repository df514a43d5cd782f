/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/servers_bootstrap.c - what a bootstrap server has of the keys
 * of a server, and what the others may leave to it.                         */
#include "config/loader.h"

/* It has no Short Server ID, and nobody registers there. */
static const char *const of_servers[] = { "short_server_id", "report", "reach",
                                          "lifetime" };

static bool has(const config_setting_t *group, const char *key)
{
    return config_setting_get_member(group, key) != NULL;
}

void sally_server_check_bootstrap(struct sally_loader *l,
                                  const config_setting_t *group,
                                  const struct sally_config_server *s)
{
    for (size_t i = 0; s->bootstrap && i < SALLY_LEN(of_servers); i++)
        if (has(group, of_servers[i]))
            sally_complain(&l->reader,
                           config_setting_get_member(group, of_servers[i]),
                           of_servers[i],
                           "expected no %s at a bootstrap server",
                           of_servers[i]);
    if (!s->bootstrap && s->version == SALLY_LWM2M_1_2)
        sally_complain(&l->reader, config_setting_get_member(group, "version"),
                       "version",
                       "expected \"1.0\" or \"1.1\": 1.2 is for bootstrap "
                       "servers");
    if (!s->bootstrap && has(group, "recheck"))
        sally_complain(&l->reader, config_setting_get_member(group, "recheck"),
                       "recheck", "expected `bootstrap = true` beside it");
}

static size_t count_bootstrap(const struct sally_loader *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->out->server_count; i++)
        n += l->server_list[i].bootstrap;
    return n;
}

static void check_given(struct sally_loader *l,
                        const struct sally_config_server *s,
                        const config_setting_t *group, bool written)
{
    if (!has(group, "uri") && (!written || s->bootstrap))
        sally_expected(&l->reader, group, NULL, "uri",
                       "a URI of 1 to 255 bytes");
    else if (!has(group, "uri") && has(group, "more_uris"))
        sally_expected(&l->reader, group, NULL, "uri",
                       "the first of them, since there is `more_uris`");
    if (!has(group, "short_server_id") && !s->bootstrap)
        sally_expected(&l->reader, group, NULL, "short_server_id",
                       "a whole number, 1 to 65534");
}

void sally_servers_check_slots(struct sally_loader *l)
{
    const size_t bootstrap = count_bootstrap(l);

    for (size_t i = 0; i < l->out->server_count; i++)
        check_given(l, &l->server_list[i], l->server_notes[i].group,
                    bootstrap != 0);
    if (bootstrap != 0 && bootstrap == l->out->server_count)
        sally_complain(&l->reader, l->server_notes[0].group, "servers",
                       "expected a server besides bootstrap servers, for which "
                       "they give keys");
}

void sally_servers_check_sealed(struct sally_loader *l)
{
    for (size_t i = 0; i < l->out->server_count; i++) {
        const struct sally_server_note *n = &l->server_notes[i];

        if (l->server_list[i].bootstrap && (n->plain || n->protected) &&
            l->out->master_key_file[0] == '\0')
            sally_complain(&l->reader, n->group, "bootstrap",
                           "expected `master_key_file` in `gateway`, since "
                           "what a bootstrap server gives is kept, sealed with "
                           "it: openssl rand -hex 32 makes a key");
    }
}
