/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/crl.c - revocation lists that are complete and of one issuer.
 */
#include "security/crl.h"

#include "security/der.h"
#include "security/signature.h"

#define TAG_EXTENSIONS 0xa0

/* Extensions that are not critical only help to find things. */
static bool any_critical(struct sally_cursor *list)
{
    bool any = false;

    while (!list->failed && list->rest.len != 0) {
        struct sally_cursor one = sally_der_enter(list, SALLY_DER_SEQUENCE);

        (void)sally_der_take(&one, SALLY_DER_OID);
        any |= sally_der_take_flag(&one);
        (void)sally_der_take(&one, SALLY_DER_OCTETS);
        list->failed |= !sally_cursor_done(&one);
    }
    return any;
}

static uint64_t take_optional_time(struct sally_cursor *c)
{
    bool there =
        sally_der_is(c, SALLY_DER_UTC_TIME) || sally_der_is(c, SALLY_DER_TIME);

    return there ? sally_der_take_time(c) : 0;
}

/* One entry; the serial number is taken, the rest looked over. */
static struct sally_span take_entry(struct sally_cursor *list, bool *critical)
{
    struct sally_cursor one = sally_der_enter(list, SALLY_DER_SEQUENCE);
    struct sally_span serial = sally_der_take(&one, SALLY_DER_INTEGER);

    (void)sally_der_take_time(&one);
    if (sally_der_is(&one, SALLY_DER_SEQUENCE)) {
        struct sally_cursor more = sally_der_enter(&one, SALLY_DER_SEQUENCE);

        *critical |= any_critical(&more);
        one.failed |= more.failed;
    }
    list->failed |= !sally_cursor_done(&one);
    return serial;
}

static enum sally_err check_entries(struct sally_span revoked)
{
    struct sally_cursor list = sally_cursor_over(revoked);
    bool critical = false;

    while (!list.failed && list.rest.len != 0)
        (void)take_entry(&list, &critical);
    if (list.failed)
        return SALLY_E_MALFORMED;
    return critical ? SALLY_E_UNSUPPORTED : SALLY_E_OK;
}

static enum sally_err read_extensions(struct sally_cursor *c)
{
    struct sally_cursor outer, list;
    bool critical;

    if (!sally_der_is(c, TAG_EXTENSIONS))
        return SALLY_E_OK;
    outer = sally_der_enter(c, TAG_EXTENSIONS);
    list = sally_der_enter(&outer, SALLY_DER_SEQUENCE);
    critical = any_critical(&list);
    if (list.failed || !sally_cursor_done(&outer))
        return SALLY_E_MALFORMED;
    return critical ? SALLY_E_UNSUPPORTED : SALLY_E_OK;
}

static enum sally_err read_signed_part(struct sally_crl *out)
{
    struct sally_cursor whole = sally_cursor_over(out->signed_part);
    struct sally_cursor c = sally_der_enter(&whole, SALLY_DER_SEQUENCE);
    struct sally_span algorithm;
    enum sally_err e;

    if (sally_der_is(&c, SALLY_DER_INTEGER) && sally_der_take_uint(&c) != 1)
        return SALLY_E_MALFORMED;
    algorithm = sally_der_take(&c, SALLY_DER_SEQUENCE);
    out->issuer = sally_der_take_whole(&c, SALLY_DER_SEQUENCE);
    out->this_update = sally_der_take_time(&c);
    out->next_update = take_optional_time(&c);
    if (sally_der_is(&c, SALLY_DER_SEQUENCE))
        out->revoked = sally_der_take(&c, SALLY_DER_SEQUENCE);
    e = read_extensions(&c);
    if (e != SALLY_E_OK)
        return e;
    if (!sally_cursor_done(&c) || !sally_span_equal(algorithm, out->algorithm))
        return SALLY_E_MALFORMED;
    return check_entries(out->revoked);
}

enum sally_err sally_crl_take(struct sally_cursor *c, struct sally_crl *out)
{
    struct sally_cursor body = sally_der_enter(c, SALLY_DER_SEQUENCE);
    struct sally_crl found = { .this_update = 0 };
    enum sally_err e;

    found.signed_part = sally_der_take_whole(&body, SALLY_DER_SEQUENCE);
    found.algorithm = sally_der_take(&body, SALLY_DER_SEQUENCE);
    found.signature = sally_der_take_bits(&body);
    if (!sally_cursor_done(&body))
        return SALLY_E_MALFORMED;
    e = read_signed_part(&found);
    if (e == SALLY_E_OK)
        *out = found;
    return e;
}

enum sally_err sally_crl_check(const struct sally_crl *l,
                               const struct sally_certificate *issuer)
{
    if (!sally_span_equal(l->issuer, issuer->subject) ||
        (issuer->key_usage & SALLY_KEY_SIGNS_CRLS) == 0)
        return SALLY_E_UNAUTHENTIC;
    return sally_signature_check(l->algorithm, issuer->key, l->signed_part,
                                 l->signature);
}

bool sally_crl_lists(const struct sally_crl *l, struct sally_span serial)
{
    struct sally_cursor list = sally_cursor_over(l->revoked);
    bool critical = false, found = false;

    while (!found && !list.failed && list.rest.len != 0)
        found = sally_span_equal(take_entry(&list, &critical), serial);
    return found;
}
