/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/certificate_name.c - is a certificate for the name that we
 * meant to reach? RFC 6125 s.6.4, RFC 9525 s.6.                             */
#include "security/certificate.h"

#include "security/der.h"

#include <arpa/inet.h>

#define NAME_ROOM 254
#define TAG_DNS 0x82
#define TAG_ADDRESS 0x87

struct address {
    uint8_t bytes[16];
    size_t len; /* 0: the name is no address */
};

static struct address address_of(struct sally_span name)
{
    struct address a = { .len = 0 };
    char text[NAME_ROOM];

    if (!sally_span_text(name, text, sizeof(text)))
        return a;
    if (inet_pton(AF_INET, text, a.bytes) == 1)
        a.len = 4;
    else if (inet_pton(AF_INET6, text, a.bytes) == 1)
        a.len = 16;
    return a;
}

bool sally_name_is_address(struct sally_span name)
{
    return address_of(name).len != 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same(struct sally_span a, struct sally_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

/* What stands behind the first label, its point included. */
static struct sally_span behind_label(struct sally_span name)
{
    struct sally_cursor c = sally_cursor_over(name);
    size_t label = sally_take_until(&c, '.').len;

    return sally_span_sub(name, label, name.len - label);
}

static bool has_point(struct sally_span name)
{
    struct sally_cursor c = sally_cursor_over(name);

    return sally_take_until(&c, '.').len < name.len;
}

/* "*" stands for one whole label, the first, of a name with at least three. */
static bool fits(struct sally_span presented, struct sally_span wanted)
{
    struct sally_span behind = behind_label(wanted);

    if (same(presented, wanted))
        return wanted.len != 0;
    return sally_span_starts(presented, sally_span_of("*.")) &&
           behind.len != 0 && behind.len < wanted.len &&
           has_point(sally_span_sub(behind, 1, behind.len)) &&
           same(sally_span_sub(presented, 1, presented.len), behind);
}

bool sally_certificate_is_for(const struct sally_certificate *c,
                              struct sally_span name)
{
    struct address a = address_of(name);
    struct sally_span address = { a.bytes, a.len };
    struct sally_cursor names = sally_cursor_over(c->names);
    bool found = false;

    if (!c->has_names)
        return a.len == 0 && fits(c->common_name, name);
    while (!names.failed && names.rest.len != 0) {
        uint8_t tag;
        struct sally_span one = sally_der_take_any(&names, &tag);

        if (a.len != 0)
            found |= tag == TAG_ADDRESS && sally_span_equal(one, address);
        else
            found |= tag == TAG_DNS && fits(one, name);
    }
    return found && !names.failed;
}
