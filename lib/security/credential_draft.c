/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_draft.c - an account put together field by field,
 * by the configuration or by a bootstrap server.                            */
#include "security/credential.h"

#include "security/held.h"

#include <arpa/inet.h>

static struct sally_span *bytes_of(struct sally_credential_draft *d,
                                   enum sally_credential_kind kind)
{
    switch (kind) {
    case SALLY_FIELD_IDENTITY: return &d->parts.identity;
    case SALLY_FIELD_PUBLIC_KEY:
    case SALLY_FIELD_CERTIFICATE: return &d->parts.public_key;
    case SALLY_FIELD_SECRET_KEY: return &d->parts.secret_key;
    case SALLY_FIELD_SERVER_KEY: return &d->parts.server_public_key;
    case SALLY_FIELD_SERVER_NAME: return &d->parts.server_name;
    case SALLY_FIELD_MASTER_SECRET: return &d->oscore.master_secret;
    case SALLY_FIELD_MASTER_SALT: return &d->oscore.master_salt;
    case SALLY_FIELD_SENDER_ID: return &d->oscore.sender_id;
    case SALLY_FIELD_RECIPIENT_ID: return &d->oscore.recipient_id;
    case SALLY_FIELD_ID_CONTEXT: return &d->oscore.id_context;
    default: return NULL;
    }
}

static void put_number(struct sally_credential_draft *d,
                       enum sally_credential_kind kind, int64_t number)
{
    if (kind == SALLY_FIELD_MODE)
        d->parts.mode = (enum sally_security_mode)number;
    else if (kind == SALLY_FIELD_USAGE)
        d->parts.usage = (uint8_t)number;
    else if (kind == SALLY_FIELD_MATCHING)
        d->parts.matching = (uint8_t)number;
    else if (kind == SALLY_FIELD_AEAD)
        d->oscore.aead = (int32_t)number;
    else if (kind == SALLY_FIELD_HKDF)
        d->oscore.hkdf = (int32_t)number;
}

static bool within(const struct sally_credential_field *f, int64_t n)
{
    return n >= f->min && n <= f->max;
}

static bool is_address(struct sally_span name)
{
    char text[SALLY_SERVER_NAME_MAX + 1];
    uint8_t address[16];

    return sally_span_text(name, text, sizeof(text)) &&
           (inet_pton(AF_INET, text, address) == 1 ||
            inet_pton(AF_INET6, text, address) == 1);
}

enum sally_err sally_credential_put(struct sally_credential_draft *d,
                                    const struct sally_credential_field *field,
                                    struct sally_credential_value value)
{
    struct sally_span *bytes;

    if (d == NULL)
        return SALLY_E_BAD_STATE;
    bytes = bytes_of(d, field->kind);
    if (!within(field, bytes == NULL
                           ? value.number
                           : (int64_t)sally_held_length(value.bytes)))
        return SALLY_E_OUT_OF_RANGE;
    if (field->kind == SALLY_FIELD_SERVER_NAME && is_address(value.bytes))
        return SALLY_E_MALFORMED;
    if (field->type == SALLY_CREDENTIAL_LIST) {
        if (d->parts.suite_count == SALLY_LEN(d->suites))
            return SALLY_E_NO_ROOM;
        d->suites[d->parts.suite_count++] = (uint16_t)value.number;
    } else if (bytes != NULL) {
        *bytes = value.bytes;
    } else {
        put_number(d, field->kind, value.number);
    }
    d->given |= 1u << field->kind;
    if (field->type == SALLY_CREDENTIAL_LINK && value.number == 0)
        d->given &= ~(1u << field->kind);
    return SALLY_E_OK;
}

/* An identifier of no bytes is one, so only the draft knows if it was given. */
static const struct sally_credential_field *
missing(const struct sally_credential_draft *d)
{
    size_t count;
    const struct sally_credential_field *f = sally_credential_fields(&count);

    for (size_t i = 0; i < count; i++)
        if (f[i].object == 21 && (f[i].needed_in & 1u << d->parts.mode) != 0 &&
            (d->given & 1u << f[i].kind) == 0)
            return &f[i];
    return NULL;
}

enum sally_err
sally_credential_finish(struct sally_credential *out,
                        const struct sally_credential_draft *d,
                        const struct sally_credential_field **culprit)
{
    struct sally_credential_parts parts = d->parts;
    struct sally_oscore_parts oscore = d->oscore;

    parts.suites = d->suites;
    oscore.has_id_context = (d->given & 1u << SALLY_FIELD_ID_CONTEXT) != 0;
    if ((d->given & 1u << SALLY_FIELD_USAGE) == 0)
        parts.usage = SALLY_USAGE_DOMAIN;
    if ((d->given & 1u << SALLY_FIELD_OSCORE) != 0) {
        const struct sally_credential_field *lacks = missing(d);

        parts.oscore = &oscore;
        if (lacks != NULL) {
            if (culprit != NULL)
                *culprit = lacks;
            return SALLY_E_NO_CREDENTIAL;
        }
    }
    return sally_credential_make(out, &parts, culprit);
}
