/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/accounts_slots.c - where the accounts of a sensor stand: as
 * the file has them, or, where a bootstrap server may give some and take others
 * away, one for each server that there is.                                  */
#include "config/sensor_draft.h"

#include "lwm2m/book.h"

#include <string.h>

#define ACCOUNTS_MAX SALLY_BOOK_INSTANCES

static bool is_bootstrap(const struct sally_loader *l,
                         const struct sally_config_account *a)
{
    return a->server != UINT32_MAX && l->server_list[a->server].bootstrap;
}

static const struct sally_config_account *
find_bootstrap(const struct sally_loader *l,
               const struct sally_config_sensor *s)
{
    for (size_t i = 0; i < s->account_count; i++)
        if (is_bootstrap(l, &s->accounts[i]))
            return &s->accounts[i];
    return NULL;
}

/* That of the file, or one that sleeps. */
static struct sally_config_account account_at(
    const struct sally_config_sensor *s, uint32_t server, unsigned line)
{
    for (size_t i = 0; i < s->account_count; i++)
        if (s->accounts[i].server == server)
            return s->accounts[i];
    return (struct sally_config_account){ .server = server,
                                          .line = line,
                                          .dormant = true };
}

static struct sally_config_account *
copy(struct sally_loader *l, struct sally_config_sensor *s)
{
    struct sally_config_account *own =
        sally_arena_take(&l->out->slots, s->account_count, sizeof(*own));

    if (own != NULL)
        memcpy(own, s->accounts, s->account_count * sizeof(*own));
    s->accounts = own;
    return own;
}

/* A bootstrap server sees them as a book, which has so many (lwm2m/book.h). */
static void check_room(struct sally_loader *l, const config_setting_t *group,
                       const struct sally_config_sensor *s)
{
    if (s->account_count > ACCOUNTS_MAX)
        sally_complain(&l->reader, group, "accounts",
                       "expected at most %d, that of the bootstrap server "
                       "included, got %u",
                       ACCOUNTS_MAX, s->account_count);
}

struct sally_config_account *
sally_accounts_slots(struct sally_loader *l, const config_setting_t *group,
                     struct sally_config_sensor *s)
{
    const struct sally_config_account *bootstrap = find_bootstrap(l, s);
    struct sally_config_account *own;
    uint32_t count = 0;

    if (bootstrap == NULL)
        return copy(l, s);
    check_room(l, group, s);
    own = sally_arena_take(&l->out->slots, l->out->server_count + 1,
                           sizeof(*own));
    if (own == NULL)
        return NULL;
    for (uint32_t i = 0; i < l->out->server_count; i++)
        if (!l->server_list[i].bootstrap)
            own[count++] = account_at(s, i, bootstrap->line);
    own[count] = *bootstrap;
    s->accounts = own;
    s->account_count = count;
    s->bootstrap = &own[count];
    return own;
}
