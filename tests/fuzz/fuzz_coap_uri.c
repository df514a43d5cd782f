/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_coap_uri.c - promises of the URI reader: a host holds only
 * characters of its kind, and what was read writes to a text that reads as the
 * same and is the shortest of its kind.                                     */
#include "coap/uri.h"

#include <stdlib.h>
#include <string.h>

/* The name of an interface, behind the "%" of a link-local address. */
static void check_zone(const struct sally_uri *uri, const char *zone)
{
    size_t len = strspn(zone, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    if (uri->kind != SALLY_URI_IPV6 || strncmp(uri->host, "fe", 2) != 0 ||
        len == 0 || len > 15 || zone[len] != '\0')
        abort();
}

static void check_host(const struct sally_uri *uri)
{
    static const char *const allowed[] = {
        [SALLY_URI_NAME] = "abcdefghijklmnopqrstuvwxyz0123456789-_.",
        [SALLY_URI_IPV4] = "0123456789.",
        [SALLY_URI_IPV6] = "abcdef0123456789:.",
    };
    size_t len = strlen(uri->host);
    size_t plain = strspn(uri->host, allowed[uri->kind]);

    if (len == 0 || len > SALLY_URI_HOST_MAX || uri->port == 0)
        abort();
    if (uri->host[plain] == '%')
        check_zone(uri, &uri->host[plain + 1]);
    else if (plain != len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_uri uri, again;
    char text[SALLY_URI_TEXT], twice[SALLY_URI_TEXT];
    size_t len;

    if (sally_uri_parse((struct sally_span){ data, size }, &uri) != SALLY_E_OK)
        return 0;
    check_host(&uri);
    len = sally_uri_text(&uri, text, sizeof(text));
    if (len != strlen(text) ||
        sally_uri_parse(sally_span_of(text), &again) != SALLY_E_OK)
        abort();
    (void)sally_uri_text(&again, twice, sizeof(twice));
    if (uri.secure != again.secure || uri.stream != again.stream ||
        uri.kind != again.kind ||
        uri.port != again.port || strcmp(uri.host, again.host) != 0 ||
        strcmp(text, twice) != 0)
        abort();
    return 0;
}
