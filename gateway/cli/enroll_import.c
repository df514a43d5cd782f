/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_import.c - an account as its server must know it. */
#include "cli/enroll.h"

#include "base/writer.h"
#include "codec/json.h"
#include "security/crypto.h"
#include "security/enroll.h"

/* Digits of `bytes`; nothing is left of them elsewhere. */
static void put_hex(struct sally_writer *w, struct sally_span bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        sally_put_u8(w, (uint8_t)digits[bytes.at[i] >> 4]);
        sally_put_u8(w, (uint8_t)digits[bytes.at[i] & 15]);
    }
}

/* --- Leshan -------------------------------------------------------------- */

static void put_hex_member(struct sally_writer *w, const char *name,
                           struct sally_span bytes)
{
    sally_put_format(w, "\"%s\":\"", name);
    put_hex(w, bytes);
    sally_put_u8(w, '"');
}

/* Of a certificate it must know no more than that there is one. */
static void put_tls(struct sally_writer *w, const struct sally_claim *c)
{
    sally_put_format(w, ",\"tls\":{\"mode\":\"%s\"", c->mode);
    if (c->shared_key.len != 0) {
        sally_put_text(w, ",\"details\":{\"identity\":");
        sally_put_json_string(w, c->identity);
        sally_put_u8(w, ',');
        put_hex_member(w, "key", c->shared_key);
        sally_put_u8(w, '}');
    }
    if (c->public_key.len != 0) {
        sally_put_text(w, ",\"details\":{");
        put_hex_member(w, "key", c->public_key);
        sally_put_u8(w, '}');
    }
    sally_put_u8(w, '}');
}

/* It knows one algorithm, and neither salt nor ID Context. */
static enum sally_err put_oscore(struct sally_writer *w,
                                 const struct sally_oscore_parts *o)
{
    if (o->master_salt.len != 0 || o->has_id_context || o->aead != 10 ||
        o->hkdf != SALLY_HKDF_SHA256)
        return SALLY_E_UNSUPPORTED;
    sally_put_text(w, ",\"oscore\":{");
    put_hex_member(w, "sid", o->recipient_id); /* the server's view */
    sally_put_u8(w, ',');
    put_hex_member(w, "rid", o->sender_id);
    sally_put_u8(w, ',');
    put_hex_member(w, "msec", o->master_secret);
    sally_put_u8(w, '}');
    return SALLY_E_OK;
}

enum sally_err sally_enroll_leshan(const char *endpoint,
                                   const struct sally_credential *c,
                                   struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_claim claim;
    enum sally_err e = sally_claim_make(&claim, c);

    if (e != SALLY_E_OK)
        return e;
    if (!claim.session && c->oscore == NULL)
        return SALLY_E_UNSUPPORTED;
    sally_put_text(&w, "{\"endpoint\":");
    sally_put_json_string(&w, sally_span_of(endpoint));
    if (claim.session)
        put_tls(&w, &claim);
    if (c->oscore != NULL)
        e = put_oscore(&w, c->oscore);
    sally_put_u8(&w, '}');
    return e == SALLY_E_OK ? sally_writer_end(&w) : e;
}

/* --- Comma-separated ----------------------------------------------------- */

const char sally_enroll_head[] =
    "endpoint,mode,identity,key,public_key,oscore_master_secret,"
    "oscore_master_salt,oscore_client_id,oscore_server_id,oscore_id_context,"
    "oscore_aead,oscore_hkdf\n";

/* RFC 4180: in quotes, which are doubled within. */
static void put_quoted(struct sally_writer *w, struct sally_span text)
{
    sally_put_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            sally_put_u8(w, '"');
        sally_put_u8(w, text.at[i]);
    }
    sally_put_u8(w, '"');
}

static void put_oscore_values(struct sally_writer *w,
                              const struct sally_oscore_parts *o)
{
    if (o == NULL) {
        sally_put_text(w, ",,,,,,,");
        return;
    }
    sally_put_u8(w, ',');
    put_hex(w, o->master_secret);
    sally_put_u8(w, ',');
    put_hex(w, o->master_salt);
    sally_put_u8(w, ',');
    put_hex(w, o->sender_id);
    sally_put_u8(w, ',');
    put_hex(w, o->recipient_id);
    sally_put_u8(w, ',');
    put_hex(w, o->id_context);
    sally_put_format(w, ",%ld,%ld", (long)o->aead, (long)o->hkdf);
}

enum sally_err sally_enroll_values(const char *endpoint,
                                   const struct sally_credential *c,
                                   struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    struct sally_claim claim;
    enum sally_err e = sally_claim_make(&claim, c);

    if (e != SALLY_E_OK)
        return e;
    put_quoted(&w, sally_span_of(endpoint));
    sally_put_format(&w, ",%s,", claim.mode);
    put_quoted(&w, claim.identity);
    sally_put_u8(&w, ',');
    put_hex(&w, claim.shared_key);
    sally_put_u8(&w, ',');
    put_hex(&w, claim.public_key);
    put_oscore_values(&w, c->oscore);
    return sally_writer_end(&w);
}
