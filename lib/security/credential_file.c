/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/credential_file.c - reads key files, and proves that the keys of
 * an account go together.                                                   */
#include "security/credential_file.h"

#include "base/text.h"
#include "security/certificate.h"
#include "security/holder.h"
#include "security/keypair.h"
#include "security/pem.h"

#define HEX SALLY_LEN(kinds) /* no kind of PEM */

static const struct kind {
    enum sally_pem_kind pem;
    const char *holds;
} kinds[] = {
    { SALLY_PEM_CERTIFICATES, "the file must hold certificates in PEM or DER" },
    { SALLY_PEM_PUBLIC_KEY,
      "the file must hold one public key (SubjectPublicKeyInfo) in PEM or "
      "DER" },
    { SALLY_PEM_PRIVATE_KEY, "the file must hold one private key in PEM or "
                             "DER, without a password" },
};

enum { CERTIFICATES, PUBLIC_KEY, PRIVATE_KEY };

static size_t kind_of(const struct sally_credential_field *f,
                      struct sally_credential_how how)
{
    switch (f->kind) {
    case SALLY_FIELD_PUBLIC_KEY: return PUBLIC_KEY;
    case SALLY_FIELD_CERTIFICATE: return CERTIFICATES;
    case SALLY_FIELD_SECRET_KEY:
        return how.mode == SALLY_MODE_PSK ? HEX : PRIVATE_KEY;
    case SALLY_FIELD_SERVER_KEY:
        if (how.matching != SALLY_MATCH_EXACT)
            return HEX;
        return how.mode == SALLY_MODE_RPK ? PUBLIC_KEY : CERTIFICATES;
    default: return HEX;
    }
}

static enum sally_err refuse(const char **why, const char *text)
{
    *why = text;
    return SALLY_E_NO_CREDENTIAL;
}

static enum sally_err read_hex(struct sally_span file, struct sally_buf *out,
                               const char **why)
{
    struct sally_span line = sally_text_trim(file);
    size_t before = out->len, limit = before + SALLY_SECRET_MAX;
    struct sally_buf key = { out->at, before,
                             out->room < limit ? out->room : limit };
    enum sally_err e = sally_text_hex(line, &key);

    if (e == SALLY_E_OK && line.len != 0) {
        out->len = key.len;
        return SALLY_E_OK;
    }
    sally_wipe(&out->at[before], key.room - before);
    if (line.len == 0)
        return refuse(why, "the file is empty");
    if (e == SALLY_E_NO_ROOM)
        return refuse(why, "the key is longer than 64 bytes");
    return refuse(why, "the file must hold one line of hexadecimal digits, two "
                       "for each byte, and nothing else");
}

enum sally_err sally_credential_read(const struct sally_credential_field *field,
                                     struct sally_credential_how how,
                                     struct sally_span file,
                                     struct sally_buf *out, const char **why)
{
    size_t kind = kind_of(field, how);
    enum sally_err e;

    if (kind == HEX)
        return read_hex(file, out, why);
    e = sally_pem_read(file, kinds[kind].pem, out);
    if (e == SALLY_E_NO_ROOM)
        return refuse(why, "the keys and certificates of the account are "
                           "larger than 16384 bytes together");
    return e == SALLY_E_OK ? e : refuse(why, kinds[kind].holds);
}

/* --- Do they go together? ------------------------------------------------ */

static const char *server_key_problem(const struct sally_credential *c)
{
    struct sally_certificate certificate;
    struct sally_span der = c->server_public_key;

    if (der.len == 0 || c->matching != SALLY_MATCH_EXACT)
        return NULL;
    if (c->mode == SALLY_MODE_X509 &&
        sally_certificate_parse(der, &certificate) != SALLY_E_OK)
        return "the file must hold one certificate, of a form that is "
               "supported";
    return NULL;
}

static const char *pair_problem(const struct sally_credential *c,
                                enum sally_credential_kind *at)
{
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki = SALLY_BUF(room);
    struct sally_certificate certificate;
    struct sally_cursor own = sally_cursor_over(c->public_key);

    if (c->mode == SALLY_MODE_X509 &&
        sally_certificate_take(&own, &certificate) != SALLY_E_OK) {
        *at = SALLY_FIELD_CERTIFICATE;
        return "the certificate is of a form that is not supported";
    }
    *at = SALLY_FIELD_SECRET_KEY;
    switch (c->public_key.len == 0
                ? sally_keypair_public(c->secret_key, &spki)
                : sally_holder_check(c->holder, c->public_key,
                                     c->secret_key)) {
    case SALLY_E_OK: return NULL;
    case SALLY_E_WRONG_KEY:
        return c->mode == SALLY_MODE_X509
                   ? "it is not the private key of the certificate in "
                     "certificate_file"
                   : "it is not the private key of the public key in "
                     "public_key_file";
    case SALLY_E_UNSUPPORTED:
        return "the key is on a curve of less than 256 bits";
    default: return "the key is of no form that is supported; elliptic curves "
                    "are";
    }
}

enum sally_err
sally_credential_prove(const struct sally_credential *c,
                       const struct sally_credential_field **culprit,
                       const char **why)
{
    enum sally_credential_kind at = SALLY_FIELD_SERVER_KEY;

    if (c->mode != SALLY_MODE_RPK && c->mode != SALLY_MODE_X509)
        return SALLY_E_OK;
    *why = server_key_problem(c);
    if (*why == NULL)
        *why = pair_problem(c, &at);
    *culprit = *why == NULL ? NULL : sally_credential_field(at);
    return *why == NULL ? SALLY_E_OK : SALLY_E_NO_CREDENTIAL;
}
