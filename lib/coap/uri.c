/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/coap/uri.c - scheme, host and port. */
#include "coap/uri.h"

#include "base/cursor.h"
#include "base/text.h"
#include "base/writer.h"

static const struct scheme {
    const char *prefix;
    bool secure, stream;
    uint16_t port;
} schemes[] = {
    { "coap://", false, false, SALLY_URI_PORT_COAP },
    { "coaps://", true, false, SALLY_URI_PORT_COAPS },
    { "coap+tcp://", false, true, SALLY_URI_PORT_COAP },
    { "coaps+tcp://", true, true, SALLY_URI_PORT_COAPS },
};

static const struct scheme *scheme_of(const struct sally_uri *uri)
{
    size_t i = 0;

    while (schemes[i].secure != uri->secure || schemes[i].stream != uri->stream)
        i++; /* there is a row for each pair */
    return &schemes[i];
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

static bool is_name(uint8_t c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

/* RFC 3986 s.3.1: the scheme is read without regard to case. */
static bool take_scheme(struct sally_cursor *c, const struct scheme *s)
{
    struct sally_span want = sally_span_of(s->prefix);
    struct sally_span have = sally_span_sub(c->rest, 0, want.len);

    if (have.len != want.len)
        return false;
    for (size_t i = 0; i < want.len; i++)
        if (lower(have.at[i]) != want.at[i])
            return false;
    (void)sally_take(c, want.len);
    return true;
}

/* One number of a dotted quad: 0 to 255 without a leading zero, which some
 * readers take for octal.                                                   */
static bool is_octet(struct sally_span s)
{
    uint64_t n;

    if (s.len == 0 || s.len > 3 || (s.len > 1 && s.at[0] == '0') ||
        !is_digit(s.at[0]))
        return false;
    return sally_text_uint(s, &n) == SALLY_E_OK && n <= 255;
}

static bool is_ipv4(struct sally_span host)
{
    struct sally_cursor c = sally_cursor_over(host);
    size_t dots = 0;

    for (size_t i = 0; i < host.len; i++)
        dots += host.at[i] == '.';
    if (dots != 3)
        return false;
    for (size_t i = 0; i <= dots; i++)
        if (!is_octet(sally_take_until(&c, '.')))
            return false;
    return true;
}

/* A name whose last label is a number would be read as an address by some
 * resolvers, so it is none (WHATWG URL s.3.5 likewise).                     */
static bool ends_in_number(struct sally_span host)
{
    struct sally_cursor c = sally_cursor_over(host);
    struct sally_span label = { NULL, 0 };

    while (c.rest.len != 0)
        label = sally_take_until(&c, '.');
    for (size_t i = 0; i < label.len; i++)
        if (!is_digit(label.at[i]))
            return false;
    return true;
}

/* RFC 1035 s.2.3.4: labels of 1 to 63 characters; one dot may end it. */
static bool is_hostname(struct sally_span host)
{
    struct sally_cursor c = sally_cursor_over(host);

    if (host.len == 0 || ends_in_number(host))
        return false;
    while (c.rest.len != 0) {
        struct sally_span label = sally_take_until(&c, '.');

        if (label.len == 0 || label.len > 63 || label.at[0] == '-' ||
            label.at[label.len - 1] == '-')
            return false;
    }
    for (size_t i = 0; i < host.len; i++)
        if (!is_name(host.at[i]))
            return false;
    return true;
}

static bool is_group(struct sally_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_hex(s.at[i]))
            return false;
    return s.len >= 1 && s.len <= 4;
}

/* Groups between colons, counted; false if one is malformed. A dotted quad is
 * allowed at the very end and counts as two.                                */
static bool count_groups(struct sally_span s, bool quad_ends, size_t *count)
{
    struct sally_cursor c = sally_cursor_over(s);
    bool colon = s.len != 0 && s.at[s.len - 1] == ':';

    while (c.rest.len != 0) {
        struct sally_span group = sally_take_until(&c, ':');
        bool quad = quad_ends && c.rest.len == 0 && is_ipv4(group);

        if (!quad && !is_group(group))
            return false;
        *count += quad ? 2 : 1;
    }
    return !colon;
}

/* RFC 4291 s.2.2: eight groups, or fewer with one "::". */
static bool is_ipv6(struct sally_span host)
{
    size_t gap = 0, count = 0;

    while (gap + 1 < host.len &&
           !(host.at[gap] == ':' && host.at[gap + 1] == ':'))
        gap++;
    if (gap + 1 >= host.len)
        return count_groups(host, true, &count) && count == 8;
    return count_groups(sally_span_sub(host, 0, gap), false, &count) &&
           count_groups(sally_span_sub(host, gap + 2, host.len), true,
                        &count) &&
           count <= 7;
}

#define ZONE_MAX 15 /* characters of an interface's name */

static bool is_zone(struct sally_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_name(s.at[i]))
            return false;
    return s.len >= 1 && s.len <= ZONE_MAX;
}

/* fe80::/10, with all four digits of its first group. */
static bool is_link_local(struct sally_span host)
{
    return host.len > 4 && lower(host.at[0]) == 'f' &&
           lower(host.at[1]) == 'e' && is_hex(host.at[2]) &&
           (host.at[2] == '8' || host.at[2] == '9' ||
            lower(host.at[2]) == 'a' || lower(host.at[2]) == 'b') &&
           is_hex(host.at[3]) && host.at[4] == ':';
}

/* An address, and a zone after "%25", which only link-local ones have. */
static bool is_ipv6_with_zone(struct sally_span host)
{
    size_t end = 0;

    while (end < host.len && host.at[end] != '%')
        end++;
    if (!is_ipv6(sally_span_sub(host, 0, end)))
        return false;
    return end == host.len ||
           (is_link_local(host) &&
            sally_span_starts(sally_span_sub(host, end, host.len),
                              sally_span_of("%25")) &&
            is_zone(sally_span_sub(host, end + 3, host.len)));
}

/* What stands between "//" and the port. */
static enum sally_err take_host(struct sally_cursor *c, struct sally_span *host,
                                struct sally_uri *out)
{
    size_t end = 0;

    if (sally_peek_u8(c) == '[') {
        (void)sally_take_u8(c);
        while (end < c->rest.len && c->rest.at[end] != ']')
            end++;
        if (end == c->rest.len)
            return SALLY_E_MALFORMED;
        *host = sally_take(c, end);
        (void)sally_take_u8(c);
        out->kind = SALLY_URI_IPV6;
        return is_ipv6_with_zone(*host) ? SALLY_E_OK : SALLY_E_MALFORMED;
    }
    while (end < c->rest.len && is_name(c->rest.at[end]))
        end++;
    *host = sally_take(c, end);
    if (host->len > SALLY_URI_HOST_MAX)
        return SALLY_E_TOO_LARGE;
    out->kind = is_ipv4(*host) ? SALLY_URI_IPV4 : SALLY_URI_NAME;
    return out->kind == SALLY_URI_IPV4 || is_hostname(*host)
               ? SALLY_E_OK
               : SALLY_E_MALFORMED;
}

/* RFC 3986 s.3.2.3: a colon without a number means the default port. */
static enum sally_err take_port(struct sally_cursor *c, uint16_t *port)
{
    uint32_t n = 0;
    size_t digits = 0;

    if (sally_peek_u8(c) != ':')
        return SALLY_E_OK;
    (void)sally_take_u8(c);
    while (is_digit(sally_peek_u8(c)) && digits <= 5) {
        n = n * 10 + (uint32_t)(sally_take_u8(c) - '0');
        digits++;
    }
    if (digits == 0)
        return SALLY_E_OK;
    if (n == 0 || n > UINT16_MAX)
        return SALLY_E_OUT_OF_RANGE;
    *port = (uint16_t)n;
    return SALLY_E_OK;
}

/* In lower case; a zone without its "25" and as it is. */
static void put_host(struct sally_span host, char *out)
{
    bool zone = false;

    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = zone ? host.at[i] : lower(host.at[i]);

        *out++ = (char)c;
        if (host.at[i] != '%')
            continue;
        zone = true;
        i += 2;
    }
}

enum sally_err sally_uri_parse(struct sally_span text, struct sally_uri *out)
{
    struct sally_cursor c = sally_cursor_over(text);
    struct sally_uri uri = { .port = 0 };
    struct sally_span host = { NULL, 0 };
    enum sally_err e;

    for (size_t i = 0; i < SALLY_LEN(schemes) && uri.port == 0; i++)
        if (take_scheme(&c, &schemes[i])) {
            uri.secure = schemes[i].secure;
            uri.stream = schemes[i].stream;
            uri.port = schemes[i].port;
        }
    if (uri.port == 0)
        return SALLY_E_UNSUPPORTED;
    e = take_host(&c, &host, &uri);
    if (e == SALLY_E_OK)
        e = take_port(&c, &uri.port);
    if (e != SALLY_E_OK)
        return e;
    if (sally_peek_u8(&c) == '/')
        (void)sally_take_u8(&c);
    if (!sally_cursor_done(&c))
        return SALLY_E_MALFORMED;
    put_host(host, uri.host);
    *out = uri;
    return SALLY_E_OK;
}

/* RFC 6874: the "%" of a zone is "%25". */
static void put_escaped(struct sally_writer *w, const char *host)
{
    for (; *host != '\0'; host++) {
        sally_put_u8(w, (uint8_t)*host);
        if (*host == '%')
            sally_put_text(w, "25");
    }
}

size_t sally_uri_text(const struct sally_uri *uri, char *out, size_t size)
{
    const struct scheme *s = scheme_of(uri);
    struct sally_buf room = { (uint8_t *)out, 0, size };
    struct sally_writer w = sally_writer_into(&room);

    sally_put_text(&w, s->prefix);
    sally_put_text(&w, uri->kind == SALLY_URI_IPV6 ? "[" : "");
    put_escaped(&w, uri->host);
    sally_put_text(&w, uri->kind == SALLY_URI_IPV6 ? "]" : "");
    if (uri->port != s->port) {
        sally_put_u8(&w, ':');
        sally_put_decimal(&w, uri->port);
    }
    sally_put_u8(&w, 0);
    return room.len - 1;
}
