/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_check.c - do the parts of an account fit together,
 * each by itself and all as a whole?                                        */
#include "security/credential_check.h"

#include "security/held.h"

#include <string.h>

/* --- Is it whole, and nothing too much? ---------------------------------- */

struct part {
    enum sally_credential_kind kind;
    struct sally_span bytes;
};

/* The row of /0/x/3 depends on the mode. */
static enum sally_credential_kind public_kind(enum sally_security_mode mode)
{
    return mode == SALLY_MODE_RPK ? SALLY_FIELD_PUBLIC_KEY
                                  : SALLY_FIELD_CERTIFICATE;
}

static enum sally_err check_length(const struct sally_credential_parts *p,
                                   const struct part *part)
{
    const struct sally_credential_field *f = sally_credential_field(part->kind);
    unsigned bit = 1u << p->mode;
    size_t len = sally_held_length(part->bytes);

    if (len == 0 && (f->needed_in & bit) != 0)
        return SALLY_E_NO_CREDENTIAL;
    if (len != 0 && (f->allowed_in & bit) == 0)
        return SALLY_E_NOT_ALLOWED;
    if (len > (size_t)f->max)
        return SALLY_E_OUT_OF_RANGE;
    return SALLY_E_OK;
}

static enum sally_err check_lengths(const struct sally_credential_parts *p,
                                    enum sally_credential_kind *at)
{
    const struct part parts[] = {
        { SALLY_FIELD_IDENTITY, p->identity },
        { public_kind(p->mode), p->public_key },
        { SALLY_FIELD_SECRET_KEY, p->secret_key },
        { SALLY_FIELD_SERVER_KEY, p->server_public_key },
        { SALLY_FIELD_SERVER_NAME, p->server_name },
    };
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < SALLY_LEN(parts) && e == SALLY_E_OK; i++) {
        *at = parts[i].kind;
        /* Certificates that the system's anchors prove need no pin. */
        if (parts[i].kind == SALLY_FIELD_SERVER_KEY &&
            parts[i].bytes.len == 0 && p->mode == SALLY_MODE_X509 &&
            p->usage <= SALLY_USAGE_SERVICE && p->trust != NULL)
            continue;
        e = check_length(p, &parts[i]);
    }
    return e;
}

static enum sally_err check_psk(const struct sally_credential_parts *p,
                                enum sally_credential_kind *at)
{
    *at = SALLY_FIELD_IDENTITY;
    if (memchr(p->identity.at, 0, p->identity.len) != NULL)
        return SALLY_E_MALFORMED;
    *at = SALLY_FIELD_SECRET_KEY;
    return sally_held_length(p->secret_key) > SALLY_SECRET_MAX
               ? SALLY_E_OUT_OF_RANGE
               : SALLY_E_OK;
}

static enum sally_err check_server_key(const struct sally_credential_parts *p,
                                       enum sally_credential_kind *at)
{
    static const size_t digest[] = { 0, 32, 48, 64 };

    *at = SALLY_FIELD_USAGE;
    if (p->usage > SALLY_USAGE_DOMAIN)
        return SALLY_E_OUT_OF_RANGE;
    *at = SALLY_FIELD_MATCHING;
    if (p->matching > SALLY_MATCH_SHA512)
        return SALLY_E_OUT_OF_RANGE;
    if (p->matching == SALLY_MATCH_EXACT)
        return SALLY_E_OK;
    /* A digest is no anchor: there would be nothing to verify with. */
    if (p->mode == SALLY_MODE_X509 && p->usage == SALLY_USAGE_ANCHOR)
        return SALLY_E_NOT_ALLOWED;
    *at = SALLY_FIELD_SERVER_KEY;
    return p->server_public_key.len == digest[p->matching]
               ? SALLY_E_OK
               : SALLY_E_OUT_OF_RANGE;
}

static enum sally_err check_name(const struct sally_credential_parts *p,
                                 enum sally_credential_kind *at)
{
    *at = SALLY_FIELD_SERVER_NAME;
    if (p->server_name.len == 0)
        return SALLY_E_OK;
    return memchr(p->server_name.at, 0, p->server_name.len) != NULL
               ? SALLY_E_MALFORMED
               : SALLY_E_OK;
}

static enum sally_err check_suites(const struct sally_credential_parts *p,
                                   enum sally_credential_kind *at)
{
    *at = SALLY_FIELD_SUITES;
    if (p->suite_count == 0)
        return SALLY_E_OK;
    if (p->mode == SALLY_MODE_NOSEC)
        return SALLY_E_NOT_ALLOWED;
    return p->suite_count > SALLY_SUITES_MAX ? SALLY_E_OUT_OF_RANGE
                                             : SALLY_E_OK;
}

/* --- OSCORE -------------------------------------------------------------- */

/* Bytes of the nonce: an identifier has 6 less. RFC 8613 s.3.3, RFC 9053 s.4;
 * 0: not known here.                                                        */
static size_t nonce_length(int32_t aead)
{
    switch (aead) {
    case 10: case 11: case 30: case 31: return 13;
    case 12: case 13: case 32: case 33: return 7;
    case 1: case 2: case 3: case 24: return 12;
    default: return 0;
    }
}

int32_t sally_credential_hkdf(int32_t given)
{
    switch (given) {
    case 0: case -10: case 5: return -10;
    case -11: case 7: return -11;
    default: return 0;
    }
}

static enum sally_err check_ids(const struct sally_oscore_parts *o,
                                enum sally_credential_kind *at)
{
    size_t most = nonce_length(o->aead == 0 ? 10 : o->aead) - 6;

    *at = SALLY_FIELD_SENDER_ID;
    if (o->sender_id.len > most)
        return SALLY_E_OUT_OF_RANGE;
    *at = SALLY_FIELD_RECIPIENT_ID;
    if (o->recipient_id.len > most)
        return SALLY_E_OUT_OF_RANGE;
    if (sally_span_equal(o->sender_id, o->recipient_id))
        return SALLY_E_MALFORMED; /* both ends would use one key */
    *at = SALLY_FIELD_ID_CONTEXT;
    return o->id_context.len > SALLY_OSCORE_CONTEXT_MAX ? SALLY_E_OUT_OF_RANGE
                                                        : SALLY_E_OK;
}

static enum sally_err check_oscore(const struct sally_credential_parts *p,
                                   enum sally_credential_kind *at)
{
    const struct sally_oscore_parts *o = p->oscore;

    if (o == NULL)
        return SALLY_E_OK;
    *at = SALLY_FIELD_AEAD;
    if (o->aead != 0 && nonce_length(o->aead) == 0)
        return SALLY_E_UNSUPPORTED;
    *at = SALLY_FIELD_HKDF;
    if (sally_credential_hkdf(o->hkdf) == 0)
        return SALLY_E_UNSUPPORTED;
    *at = SALLY_FIELD_MASTER_SECRET;
    if (o->master_secret.len == 0)
        return SALLY_E_NO_CREDENTIAL;
    if (sally_held_length(o->master_secret) > SALLY_SECRET_MAX)
        return SALLY_E_OUT_OF_RANGE;
    *at = SALLY_FIELD_MASTER_SALT;
    if (o->master_salt.len > SALLY_SECRET_MAX)
        return SALLY_E_OUT_OF_RANGE;
    return check_ids(o, at);
}

enum sally_err sally_credential_check(const struct sally_credential_parts *p,
                                      enum sally_credential_kind *at)
{
    static enum sally_err (*const steps[])(
        const struct sally_credential_parts *,
        enum sally_credential_kind *) = {
        check_lengths, check_psk,    check_server_key,
        check_name,    check_suites, check_oscore,
    };
    enum sally_err e;

    *at = SALLY_FIELD_MODE;
    if ((unsigned)p->mode > SALLY_MODE_NOSEC)
        return SALLY_E_OUT_OF_RANGE;
    for (size_t i = 0; i < SALLY_LEN(steps); i++) {
        if (steps[i] == check_psk && p->mode != SALLY_MODE_PSK)
            continue;
        e = steps[i](p, at);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}
