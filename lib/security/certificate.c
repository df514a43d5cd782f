/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/certificate.c - the fields of a certificate, and those of its
 * extensions that are understood. RFC 5280 s.4.1, s.4.2.                    */
#include "security/certificate.h"

#include "security/der.h"

/* --- Extensions ---------------------------------------------------------- */

/* The last byte of 2.5.29.x, the arc of all extensions that matter here. */
enum extension {
    KEY_USAGE = 15,
    ALTERNATIVE_NAME = 17,
    BASIC_CONSTRAINTS = 19,
    NAME_CONSTRAINTS = 30,
    EXTENDED_USAGE = 37
};

static void read_key_usage(struct sally_cursor *v,
                           struct sally_certificate *out)
{
    struct sally_cursor bits = sally_der_enter(v, SALLY_DER_BITS);

    (void)sally_take_u8(&bits); /* how many bits of the last byte are unused */
    out->key_usage = sally_take_u8(&bits);
    v->failed |= bits.failed;
}

static void read_names(struct sally_cursor *v, struct sally_certificate *out)
{
    out->names = sally_der_take(v, SALLY_DER_SEQUENCE);
    out->has_names = true;
}

static void read_constraints(struct sally_cursor *v,
                             struct sally_certificate *out)
{
    struct sally_cursor body = sally_der_enter(v, SALLY_DER_SEQUENCE);
    uint64_t most;

    out->ca = sally_der_take_flag(&body);
    if (sally_der_is(&body, SALLY_DER_INTEGER)) {
        most = sally_der_take_uint(&body);
        out->path_max =
            most < SALLY_PATH_UNLIMITED ? (uint8_t)most : SALLY_PATH_UNLIMITED;
    }
    v->failed |= !sally_cursor_done(&body);
}

static void read_name_constraints(struct sally_cursor *v,
                                  struct sally_certificate *out)
{
    (void)sally_der_take(v, SALLY_DER_SEQUENCE);
    out->constrained = true;
}

static void read_extended_usage(struct sally_cursor *v,
                                struct sally_certificate *out)
{
    static const uint8_t server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 };
    static const uint8_t client[] = { 0x2b, 6, 1, 5, 5, 7, 3, 2 };
    static const uint8_t any[] = { 0x55, 0x1d, EXTENDED_USAGE, 0 };
    struct sally_cursor body = sally_der_enter(v, SALLY_DER_SEQUENCE);

    out->serves = out->asks = false;
    while (body.rest.len != 0) {
        struct sally_span oid = sally_der_take(&body, SALLY_DER_OID);
        bool all =
            sally_span_equal(oid, (struct sally_span){ any, sizeof(any) });

        out->serves |=
            all || sally_span_equal(
                       oid, (struct sally_span){ server, sizeof(server) });
        out->asks |= all || sally_span_equal(oid, (struct sally_span){
                                                      client, sizeof(client) });
        if (body.failed)
            break;
    }
    v->failed |= body.failed;
}

static const struct reader {
    enum extension which;
    void (*read)(struct sally_cursor *value, struct sally_certificate *out);
} readers[] = {
    { KEY_USAGE, read_key_usage },
    { ALTERNATIVE_NAME, read_names },
    { BASIC_CONSTRAINTS, read_constraints },
    { NAME_CONSTRAINTS, read_name_constraints },
    { EXTENDED_USAGE, read_extended_usage },
};

static const struct reader *reader_of(struct sally_span oid)
{
    if (oid.len != 3 || oid.at[0] != 0x55 || oid.at[1] != 0x1d)
        return NULL;
    for (size_t i = 0; i < SALLY_LEN(readers); i++)
        if (readers[i].which == oid.at[2])
            return &readers[i];
    return NULL;
}

/* An extension that stands there twice would let two readers disagree. */
static enum sally_err read_extension(struct sally_cursor *list, uint8_t *seen,
                                     struct sally_certificate *out)
{
    struct sally_cursor c = sally_der_enter(list, SALLY_DER_SEQUENCE);
    struct sally_span oid = sally_der_take(&c, SALLY_DER_OID);
    bool critical = sally_der_take_flag(&c);
    struct sally_cursor value = sally_der_enter(&c, SALLY_DER_OCTETS);
    const struct reader *r = reader_of(oid);
    uint8_t bit;

    if (!sally_cursor_done(&c) || value.failed)
        return SALLY_E_MALFORMED;
    if (r == NULL)
        return critical ? SALLY_E_BAD_CERTIFICATE : SALLY_E_OK;
    bit = (uint8_t)(1u << (r - readers));
    if ((*seen & bit) != 0)
        return SALLY_E_MALFORMED;
    *seen |= bit;
    r->read(&value, out);
    return sally_cursor_done(&value) ? SALLY_E_OK : SALLY_E_MALFORMED;
}

#define TAG_EXTENSIONS 0xa3

static enum sally_err read_extensions(struct sally_cursor *c,
                                      struct sally_certificate *out)
{
    struct sally_cursor outer, list;
    uint8_t seen = 0;

    if (!sally_der_is(c, TAG_EXTENSIONS))
        return SALLY_E_OK;
    outer = sally_der_enter(c, TAG_EXTENSIONS);
    list = sally_der_enter(&outer, SALLY_DER_SEQUENCE);
    if (!sally_cursor_done(&outer) || list.failed)
        return SALLY_E_MALFORMED;
    while (list.rest.len != 0) {
        enum sally_err e = read_extension(&list, &seen, out);

        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

/* --- Fields -------------------------------------------------------------- */

static const uint8_t common_name[] = { 0x55, 4, 3 };

/* The last one is the most specific. */
static struct sally_span find_common_name(struct sally_span subject)
{
    struct sally_cursor c = sally_cursor_over(subject);
    struct sally_cursor names = sally_der_enter(&c, SALLY_DER_SEQUENCE);
    struct sally_span found = { NULL, 0 };

    while (!names.failed && names.rest.len != 0) {
        struct sally_cursor set = sally_der_enter(&names, SALLY_DER_SET);
        struct sally_cursor one = sally_der_enter(&set, SALLY_DER_SEQUENCE);
        struct sally_span oid = sally_der_take(&one, SALLY_DER_OID);
        uint8_t tag;
        struct sally_span value = sally_der_take_any(&one, &tag);

        if (!one.failed &&
            sally_span_equal(
                oid, (struct sally_span){ common_name, sizeof(common_name) }))
            found = value;
    }
    return found;
}

#define TAG_VERSION 0xa0
#define TAG_ISSUER_ID 0x81
#define TAG_SUBJECT_ID 0x82

static uint64_t take_version(struct sally_cursor *c)
{
    struct sally_cursor version;

    if (!sally_der_is(c, TAG_VERSION))
        return 0;
    version = sally_der_enter(c, TAG_VERSION);
    return sally_der_take_uint(&version);
}

static void take_fields(struct sally_cursor *c, struct sally_certificate *out)
{
    struct sally_cursor validity;

    out->serial = sally_der_take(c, SALLY_DER_INTEGER);
    out->algorithm = sally_der_take(c, SALLY_DER_SEQUENCE);
    out->issuer = sally_der_take_whole(c, SALLY_DER_SEQUENCE);
    validity = sally_der_enter(c, SALLY_DER_SEQUENCE);
    out->not_before = sally_der_take_time(&validity);
    out->not_after = sally_der_take_time(&validity);
    out->subject = sally_der_take_whole(c, SALLY_DER_SEQUENCE);
    out->key = sally_der_take_whole(c, SALLY_DER_SEQUENCE);
    if (sally_der_is(c, TAG_ISSUER_ID))
        (void)sally_der_take(c, TAG_ISSUER_ID);
    if (sally_der_is(c, TAG_SUBJECT_ID))
        (void)sally_der_take(c, TAG_SUBJECT_ID);
    c->failed |= !sally_cursor_done(&validity);
}

static enum sally_err read_signed_part(struct sally_certificate *out)
{
    struct sally_cursor whole = sally_cursor_over(out->signed_part);
    struct sally_cursor c = sally_der_enter(&whole, SALLY_DER_SEQUENCE);
    uint64_t version = take_version(&c);
    enum sally_err e;

    take_fields(&c, out);
    if (c.failed || version > 2 || (version != 2 && c.rest.len != 0))
        return SALLY_E_MALFORMED;
    e = read_extensions(&c, out);
    if (e == SALLY_E_OK && !sally_cursor_done(&c))
        e = SALLY_E_MALFORMED;
    out->common_name = find_common_name(out->subject);
    return e;
}

enum sally_err sally_certificate_take(struct sally_cursor *c,
                                      struct sally_certificate *out)
{
    struct sally_certificate found = { .key_usage = UINT8_MAX,
                                       .path_max = SALLY_PATH_UNLIMITED,
                                       .serves = true,
                                       .asks = true };
    struct sally_cursor outer, body;
    struct sally_span algorithm;
    enum sally_err e;

    found.whole = sally_der_take_whole(c, SALLY_DER_SEQUENCE);
    outer = sally_cursor_over(found.whole);
    body = sally_der_enter(&outer, SALLY_DER_SEQUENCE);
    found.signed_part = sally_der_take_whole(&body, SALLY_DER_SEQUENCE);
    algorithm = sally_der_take(&body, SALLY_DER_SEQUENCE);
    found.signature = sally_der_take_bits(&body);
    if (c->failed || !sally_cursor_done(&body))
        return SALLY_E_MALFORMED;
    e = read_signed_part(&found);
    if (e != SALLY_E_OK)
        return e;
    if (!sally_span_equal(algorithm, found.algorithm))
        return SALLY_E_MALFORMED;
    *out = found;
    return SALLY_E_OK;
}

enum sally_err sally_certificate_parse(struct sally_span der,
                                       struct sally_certificate *out)
{
    struct sally_cursor c = sally_cursor_over(der);
    enum sally_err e = sally_certificate_take(&c, out);

    return e == SALLY_E_OK && c.rest.len != 0 ? SALLY_E_MALFORMED : e;
}
