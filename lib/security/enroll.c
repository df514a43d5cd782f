/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/enroll.c - keys for a new account, and the server's side of it.
 */
#include "security/enroll.h"

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "codec/base64.h"
#include "security/crypto.h"
#include "security/generate.h"

#define KEY_LEN 16 /* bytes; LwM2M advises no shorter key */
#define SALT_LEN 8
#define PEM_LINE 48 /* bytes: 64 characters, RFC 7468 s.2 */

static enum sally_err put_random(struct sally_writer *w, size_t len)
{
    const struct sally_random random = sally_crypto_random();
    uint8_t bytes[KEY_LEN];
    char text[2 * KEY_LEN + 1];

    sally_random_fill(&random, bytes, len);
    sally_text_to_hex((struct sally_span){ bytes, len }, text, sizeof(text));
    sally_put_text(w, text);
    sally_wipe(bytes, sizeof(bytes));
    sally_wipe(text, sizeof(text));
    return SALLY_E_OK;
}

static enum sally_err put_private_key(struct sally_writer *w)
{
    uint8_t room[SALLY_GENERATED_KEY_MAX];
    struct sally_buf key = SALLY_BUF(room);
    enum sally_err e = sally_generate_key(&key);
    struct sally_span rest = sally_buf_span(&key);

    sally_put_text(w, "-----BEGIN PRIVATE KEY-----\n");
    for (; rest.len != 0; rest = sally_span_sub(rest, PEM_LINE, rest.len)) {
        sally_put_base64(w, sally_span_sub(rest, 0, PEM_LINE));
        sally_put_u8(w, '\n');
    }
    sally_put_text(w, "-----END PRIVATE KEY-----");
    sally_wipe(room, sizeof(room));
    return e;
}

static enum sally_err compose(enum sally_credential_kind kind,
                              enum sally_security_mode mode,
                              struct sally_writer *w)
{
    switch (kind) {
    case SALLY_FIELD_MASTER_SECRET: return put_random(w, KEY_LEN);
    case SALLY_FIELD_MASTER_SALT: return put_random(w, SALT_LEN);
    case SALLY_FIELD_SECRET_KEY:
        if (mode == SALLY_MODE_PSK)
            return put_random(w, KEY_LEN);
        return mode == SALLY_MODE_RPK ? put_private_key(w)
                                      : SALLY_E_UNSUPPORTED;
    default: return SALLY_E_UNSUPPORTED;
    }
}

enum sally_err sally_enroll_file(const struct sally_credential_field *field,
                                enum sally_security_mode mode,
                                struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    enum sally_err e = compose(field->kind, mode, &w);

    if (e != SALLY_E_OK)
        return e;
    sally_put_u8(&w, '\n');
    return sally_writer_end(&w);
}

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
