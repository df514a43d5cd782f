/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/loop/address.c - IP addresses to and from the system's form. */
#include "loop/address.h"

#include "base/writer.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0,
                                           0, 0, 0xff, 0xff };

static uint32_t scope_named(const char *text)
{
    uint32_t index = if_nametoindex(text);

    return index != 0 ? index : (uint32_t)strtoul(text, NULL, 10);
}

enum sally_err sally_address_parse(const char *text, uint16_t port,
                                   struct sally_bus_address *out)
{
    struct sally_bus_address a = { .family = 6, .port = port };
    char host[INET6_ADDRSTRLEN];
    struct sally_span all = sally_span_of(text);
    const char *percent = strchr(text, '%');

    if (percent != NULL) {
        a.scope = scope_named(percent + 1);
        all.len = strcspn(text, "%");
    }
    if (!sally_span_text(all, host, sizeof(host)) ||
        (percent != NULL && a.scope == 0))
        return SALLY_E_MALFORMED;
    if (host[0] == '\0') {
        *out = a;
        return SALLY_E_OK;
    }
    if (inet_pton(AF_INET6, host, a.ip) != 1) {
        a.family = 4;
        if (percent != NULL || inet_pton(AF_INET, host, a.ip) != 1)
            return SALLY_E_MALFORMED;
    }
    *out = a;
    return SALLY_E_OK;
}

const char *sally_address_text(const struct sally_bus_address *a,
                               char out[SALLY_ADDRESS_TEXT])
{
    struct sally_buf buf = { (uint8_t *)out, 0, SALLY_ADDRESS_TEXT - 1 };
    struct sally_writer w = sally_writer_into(&buf);
    char host[INET6_ADDRSTRLEN] = "-";

    if (a->family == 4)
        inet_ntop(AF_INET, a->ip, host, sizeof(host));
    if (a->family == 6)
        inet_ntop(AF_INET6, a->ip, host, sizeof(host));
    sally_put_format(&w, a->family == 6 ? "[%s" : "%s", host);
    if (a->family == 6 && a->scope != 0)
        sally_put_format(&w, "%%%u", a->scope);
    sally_put_format(&w, a->family == 6 ? "]:%u" : ":%u", a->port);
    out[buf.len] = '\0';
    return out;
}

struct sally_span sally_address_key(const struct sally_bus_address *a,
                                    uint8_t out[SALLY_ADDRESS_KEY])
{
    struct sally_buf buf = { out, 0, SALLY_ADDRESS_KEY };
    struct sally_writer w = sally_writer_into(&buf);

    sally_put_u8(&w, a->family);
    sally_put(&w, (struct sally_span){ a->ip, sizeof(a->ip) });
    sally_put_u16(&w, a->port);
    sally_put_u32(&w, a->scope);
    return sally_buf_span(&buf);
}

static socklen_t to_ipv4(const struct sally_bus_address *a,
                         struct sockaddr_storage *out)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons(a->port) };

    if (a->family != 4)
        return 0;
    memcpy(&in.sin_addr, a->ip, sizeof(in.sin_addr));
    memcpy(out, &in, sizeof(in));
    return sizeof(in);
}

static socklen_t to_ipv6(const struct sally_bus_address *a,
                         struct sockaddr_storage *out)
{
    struct sockaddr_in6 in = { .sin6_family = AF_INET6,
                               .sin6_port = htons(a->port),
                               .sin6_scope_id = a->scope };

    if (a->family == 6) {
        memcpy(in.sin6_addr.s6_addr, a->ip, sizeof(a->ip));
    } else if (a->family == 4) {
        memcpy(in.sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix));
        memcpy(&in.sin6_addr.s6_addr[sizeof(mapped_prefix)], a->ip, 4);
    } else {
        return 0;
    }
    memcpy(out, &in, sizeof(in));
    return sizeof(in);
}

socklen_t sally_address_to_system(const struct sally_bus_address *a,
                                  int domain, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    return domain == AF_INET ? to_ipv4(a, out) : to_ipv6(a, out);
}

static void from_ipv6(const struct sockaddr_in6 *in,
                      struct sally_bus_address *out)
{
    const uint8_t *ip = in->sin6_addr.s6_addr;

    out->port = ntohs(in->sin6_port);
    if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        out->family = 4;
        memcpy(out->ip, &ip[sizeof(mapped_prefix)], 4);
        return;
    }
    out->family = 6;
    out->scope = in->sin6_scope_id;
    memcpy(out->ip, ip, sizeof(out->ip));
}

void sally_address_from_system(const struct sockaddr_storage *in,
                               struct sally_bus_address *out)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    memset(out, 0, sizeof(*out));
    if (in->ss_family == AF_INET6) {
        memcpy(&six, in, sizeof(six));
        from_ipv6(&six, out);
    }
    if (in->ss_family != AF_INET)
        return;
    memcpy(&four, in, sizeof(four));
    out->family = 4;
    out->port = ntohs(four.sin_port);
    memcpy(out->ip, &four.sin_addr, sizeof(four.sin_addr));
}
