/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/uplink/route.c - one step along the list of URIs after each failure,
 * and the way back.                                                         */
#include "uplink/route.h"

#include "lwm2m/objects/builtin.h"
#include "uplink/shard_parts.h"

const char *sally_route_binding(const struct sally_config_server *s)
{
    const struct sally_uri *uri;
    bool datagrams = false, streams = false;

    for (size_t i = 0; (uri = sally_config_uri(s, i)) != NULL; i++) {
        streams |= uri->stream;
        datagrams |= !uri->stream;
    }
    if (datagrams)
        return streams ? "UT" : "U";
    return "T";
}

/* 'U', 'T' or 0 as the server wrote it. */
static uint8_t wish(const struct sally_virtual_client *v)
{
    struct sally_path at = sally_path_resource(
        SALLY_OBJECT_SERVER, v->settings.server_instance,
        SALLY_SERVER_PREFERRED);
    const struct sally_resource *r =
        sally_resources_find(&v->sensor->resources, &at);

    struct sally_span value;

    if (r == NULL || !r->present)
        return 0;
    value = sally_resources_value(&v->sensor->resources, r).is.bytes;
    return value.len == 1 ? value.at[0] : 0;
}

static uint8_t preferred(const struct sally_virtual_client *v)
{
    uint8_t wanted = wish(v);
    const struct sally_uri *uri;

    for (uint8_t i = 0; (uri = sally_config_uri(v->server, i)) != NULL; i++)
        if (wanted == (uri->stream ? 'T' : 'U'))
            return i;
    return 0;
}

void sally_route_begin(struct sally_virtual_client *v, sally_usec now)
{
    uint8_t first = preferred(v);

    if (first != v->preferred || v->back_at <= now)
        v->uri = first;
    v->preferred = first;
    v->back_at = SALLY_NEVER;
    v->stood = false;
    sally_credential_aim(&v->credential, v->uri);
    v->settings.scheme =
        sally_config_scheme(sally_config_uri(v->server, v->uri));
}

void sally_route_follow(struct sally_virtual_client *v,
                        enum sally_client_state s)
{
    if (s == SALLY_CLIENT_REGISTERED)
        v->stood = true;
    if (s != SALLY_CLIENT_WAITING || v->stood || v->server->more_count == 0)
        return;
    v->uri = (uint8_t)((v->uri + 1u) % (v->server->more_count + 1u));
}

sally_usec sally_route_deadline(struct sally_virtual_client *v, sally_usec now)
{
    if (sally_lwm2m_client_state(&v->client) != SALLY_CLIENT_REGISTERED)
        return SALLY_NEVER;
    if (v->uri != v->preferred && v->back_at == SALLY_NEVER)
        v->back_at = sally_after(now, SALLY_ROUTE_BACK);
    return v->back_at;
}
