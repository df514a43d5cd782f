/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/enroll.c - keys for a new account, and the server's side of it.
 */
#include "security/enroll.h"

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "codec/base64.h"
#include "security/certificate.h"
#include "security/crypto.h"

#define KEY_LEN 16 /* bytes; LwM2M advises no shorter key */
#define SALT_LEN 8
#define PEM_LINE 48 /* bytes: 64 characters, RFC 7468 s.2 */

/* --- Shared secrets ------------------------------------------------------- */

static enum sally_err derive(struct sally_span key, const char *const *words,
                             size_t count, uint8_t *out, size_t len)
{
    uint8_t room[512];
    struct sally_buf info = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&info);

    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            sally_put_u8(&w, ' ');
        sally_put_text(&w, words[i]);
    }
    if (w.failed)
        return SALLY_E_OUT_OF_RANGE;
    return sally_crypto_hkdf(SALLY_HKDF_SHA256, key,
                             (struct sally_span){ NULL, 0 },
                             sally_buf_span(&info), out, len);
}

enum sally_err sally_enroll_fleet(struct sally_span secret, const char *gateway,
                                  uint8_t out[SALLY_FLEET_KEY_LEN])
{
    const char *const words[] = { "gateway", gateway };

    return derive(secret, words, SALLY_LEN(words), out, SALLY_FLEET_KEY_LEN);
}

static enum sally_err put_secret(struct sally_writer *w, const char *kind,
                                 size_t len,
                                 const struct sally_enrolled *whose,
                                 const struct sally_enroll_source *from)
{
    const char *const words[] = { kind, whose->server, whose->endpoint };
    const struct sally_random random = sally_crypto_random();
    enum sally_err e = SALLY_E_OK;
    uint8_t bytes[KEY_LEN];
    char text[2 * KEY_LEN + 1] = "";

    if (from->fleet.len != 0)
        e = derive(from->fleet, words, SALLY_LEN(words), bytes, len);
    else
        sally_random_fill(&random, bytes, len);
    if (e == SALLY_E_OK)
        sally_text_to_hex((struct sally_span){ bytes, len }, text,
                          sizeof(text));
    sally_put_text(w, text);
    sally_wipe(bytes, sizeof(bytes));
    sally_wipe(text, sizeof(text));
    return e;
}

/* --- Private keys and certificates ---------------------------------------- */

static void put_pem(struct sally_writer *w, const char *label,
                    struct sally_span der)
{
    sally_put_format(w, "-----BEGIN %s-----\n", label);
    for (; der.len != 0; der = sally_span_sub(der, PEM_LINE, der.len)) {
        sally_put_base64(w, sally_span_sub(der, 0, PEM_LINE));
        sally_put_u8(w, '\n');
    }
    sally_put_format(w, "-----END %s-----", label);
}

static void put_certificate(struct sally_writer *w, struct sally_span der)
{
    put_pem(w, "CERTIFICATE", der);
    sally_put_u8(w, '\n');
}

static enum sally_err put_private_key(struct sally_writer *w)
{
    uint8_t room[SALLY_GENERATED_KEY_MAX];
    struct sally_buf key = SALLY_BUF(room);
    enum sally_err e = sally_generate_key(&key);

    if (e == SALLY_E_OK)
        put_pem(w, "PRIVATE KEY", sally_buf_span(&key));
    sally_wipe(room, sizeof(room));
    return e;
}

static bool has_key_pair(const struct sally_enrolled *whose,
                         const struct sally_enroll_source *from)
{
    return whose->mode == SALLY_MODE_RPK ||
           (whose->mode == SALLY_MODE_X509 && from->issuer_key.len != 0);
}

static enum sally_err compose(enum sally_credential_kind kind,
                              const struct sally_enrolled *whose,
                              const struct sally_enroll_source *from,
                              struct sally_writer *w)
{
    switch (kind) {
    case SALLY_FIELD_MASTER_SECRET:
        return put_secret(w, "master_secret", KEY_LEN, whose, from);
    case SALLY_FIELD_MASTER_SALT:
        return put_secret(w, "master_salt", SALT_LEN, whose, from);
    case SALLY_FIELD_SECRET_KEY:
        if (whose->mode == SALLY_MODE_PSK)
            return put_secret(w, "psk", KEY_LEN, whose, from);
        return has_key_pair(whose, from) ? put_private_key(w)
                                         : SALLY_E_UNSUPPORTED;
    default: return SALLY_E_UNSUPPORTED;
    }
}

bool sally_enroll_derives(const struct sally_credential_field *field,
                          enum sally_security_mode mode)
{
    return field->kind == SALLY_FIELD_MASTER_SECRET ||
           (field->kind == SALLY_FIELD_SECRET_KEY && mode == SALLY_MODE_PSK);
}

enum sally_err sally_enroll_file(const struct sally_credential_field *field,
                                 const struct sally_enrolled *whose,
                                 const struct sally_enroll_source *from,
                                 struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    enum sally_err e = compose(field->kind, whose, from, &w);

    if (e != SALLY_E_OK)
        return e;
    sally_put_u8(&w, '\n');
    return sally_writer_end(&w);
}

enum sally_err
sally_enroll_certificate(struct sally_span pkcs8,
                         const struct sally_enrolled *whose,
                         const struct sally_enroll_source *from,
                         struct sally_buf *out)
{
    uint8_t room[SALLY_GENERATED_CERTIFICATE_MAX];
    struct sally_buf der = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(out);
    struct sally_cursor issuers = sally_cursor_over(from->issuers);
    struct sally_certificate issuer;
    struct sally_issuer by = { .key = from->issuer_key };
    enum sally_err e;

    if (from->issuer_key.len == 0)
        return SALLY_E_UNSUPPORTED;
    e = sally_certificate_take(&issuers, &issuer);
    if (e != SALLY_E_OK)
        return e;
    by.certificate = issuer.whole;
    e = sally_generate_issued(pkcs8, whose->endpoint, from->days, &by,
                              from->now, &der);
    if (e != SALLY_E_OK)
        return e;
    put_certificate(&w, sally_buf_span(&der));
    put_certificate(&w, issuer.whole);
    while (issuers.rest.len != 0) {
        e = sally_certificate_take(&issuers, &issuer);
        if (e != SALLY_E_OK)
            return e;
        put_certificate(&w, issuer.whole);
    }
    return sally_writer_end(&w);
}

/* --- The server's side ---------------------------------------------------- */

static const char *word_of(enum sally_security_mode mode)
{
    const struct sally_word *w =
        sally_credential_field(SALLY_FIELD_MODE)->words;

    while (w->word != NULL && w->value != (int)mode)
        w++;
    return w->word;
}

enum sally_err sally_claim_make(struct sally_claim *out,
                                const struct sally_credential *c)
{
    struct sally_buf spki = SALLY_BUF(out->spki);
    enum sally_err e = SALLY_E_OK;

    *out = (struct sally_claim){ .mode = word_of(c->mode),
                                 .session = c->mode != SALLY_MODE_NOSEC };
    if (c->mode == SALLY_MODE_PSK) {
        out->identity = c->identity;
        out->shared_key = c->secret_key;
    }
    if (c->mode != SALLY_MODE_RPK)
        return e;
    out->public_key = c->public_key;
    if (c->public_key.len == 0) {
        e = sally_keypair_public(c->secret_key, &spki);
        out->public_key = sally_buf_span(&spki);
    }
    return e;
}
