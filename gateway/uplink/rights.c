/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/rights.c - what each server may do with the sensor's
 * resources, as the book in force says.                                     */
#include "uplink/bootstrapper_parts.h"

#include "uplink/shard_parts.h"

#include <stdlib.h>

enum sally_err sally_rights_open(struct sally_bootstrapper *b)
{
    b->rights = calloc(b->sensor->config->account_count + 1u,
                       sizeof(*b->rights));
    return b->rights == NULL ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

void sally_rights_wipe(struct sally_bootstrapper *b)
{
    free(b->rights);
    b->rights = NULL;
}

void sally_rights_apply(struct sally_bootstrapper *b,
                        const struct sally_book *book, sally_usec now)
{
    struct sally_uplink_sensor *u = b->sensor;

    for (uint32_t i = 0; i < u->config->account_count; i++) {
        struct sally_virtual_client *v = &u->clients[i];
        struct sally_access *a = &b->rights[i];

        sally_access_take(book, v->server->short_server_id, a);
        v->settings.access = a->count != 0 ? a : NULL;
        if (!v->keyed)
            continue;
        sally_lwm2m_client_restricted(&v->client, now);
        sally_shard_pump(v, now);
    }
}
