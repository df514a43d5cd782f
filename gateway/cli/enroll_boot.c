/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_boot.c - what a sensor's bootstrap server is to give it,
 * as Leshan's takes it.                                                     */
#include "cli/enroll.h"

#include <string.h>

#include "base/writer.h"
#include "codec/json.h"
#include "security/enroll.h"

/* Leshan's words for ours. */
static const struct {
    const char *ours, *leshan;
} modes[] = { { "psk", "PSK" },
              { "rpk", "RPK" },
              { "x509", "X509" },
              { "nosec", "NO_SEC" } };

static const char *const usages[] = {
    [SALLY_USAGE_CA] = "CA_CONSTRAINT",
    [SALLY_USAGE_SERVICE] = "SERVICE_CERTIFICATE_CONSTRAINT",
    [SALLY_USAGE_ANCHOR] = "TRUST_ANCHOR_ASSERTION",
    [SALLY_USAGE_DOMAIN] = "DOMAIN_ISSUER_CERTIFICATE",
};

static const char *const matchings[] = {
    [SALLY_MATCH_EXACT] = "EXACT_MATCH",
    [SALLY_MATCH_SHA256] = "SHA256",
    [SALLY_MATCH_SHA384] = "SHA384",
    [SALLY_MATCH_SHA512] = "SHA512",
};

static const char *leshan_mode(const char *ours)
{
    for (size_t i = 0; i < SALLY_LEN(modes); i++)
        if (strcmp(modes[i].ours, ours) == 0)
            return modes[i].leshan;
    return "NO_SEC";
}

/* Bytes are lists of numbers there. */
static void put_bytes(struct sally_writer *w, const char *name,
                      struct sally_span bytes)
{
    sally_put_format(w, ",\"%s\":[", name);
    for (size_t i = 0; i < bytes.len; i++) {
        if (i != 0)
            sally_put_u8(w, ',');
        sally_put_decimal(w, bytes.at[i]);
    }
    sally_put_u8(w, ']');
}

static void put_server(struct sally_writer *w, size_t number,
                       const struct sally_enroll_account *a)
{
    sally_put_format(w, "%s\"%zu\":{\"shortId\":%u,\"lifetime\":%lu,"
                        "\"notifIfDisabled\":true,\"binding\":\"%s\"}",
                     number == 0 ? "" : ",", number,
                     a->server->short_server_id, (unsigned long)a->lifetime,
                     a->server->uri.stream ? "T" : "U");
}

static void put_certificate_rules(struct sally_writer *w,
                                  const struct sally_enroll_account *a)
{
    const struct sally_credential *c = &a->credential;

    sally_put_format(w, ",\"certificateUsage\":\"%s\",\"matchingType\":\"%s\"",
                     usages[c->usage], matchings[c->matching]);
    if (c->server_name.len != 0 &&
        !sally_span_is(c->server_name, a->server->uri.host)) {
        sally_put_text(w, ",\"sni\":");
        sally_put_json_string(w, c->server_name);
    }
}

static enum sally_err put_security(struct sally_writer *w, size_t number,
                                   const struct sally_enroll_account *a)
{
    const struct sally_credential *c = &a->credential;
    struct sally_claim claim;
    enum sally_err e = sally_claim_make(&claim, c);
    struct sally_span own = claim.identity;

    if (e != SALLY_E_OK)
        return e;
    if (own.len == 0)
        own = claim.public_key.len != 0 ? claim.public_key : c->public_key;
    sally_put_format(w, "%s\"%zu\":{\"uri\":", number == 0 ? "" : ",", number);
    sally_put_json_string(w, sally_span_of(a->server->uri_text));
    sally_put_format(w, ",\"serverId\":%u,\"securityMode\":\"%s\"",
                     a->server->short_server_id, leshan_mode(claim.mode));
    put_bytes(w, "publicKeyOrId", own);
    put_bytes(w, "secretKey", c->secret_key);
    put_bytes(w, "serverPublicKey", c->server_public_key);
    if (strcmp(claim.mode, "x509") == 0)
        put_certificate_rules(w, a);
    if (c->oscore != NULL)
        sally_put_format(w, ",\"oscoreSecurityMode\":%zu", number + 1);
    sally_put_u8(w, '}');
    return SALLY_E_OK;
}

/* It has no word for an ID Context. */
static enum sally_err put_context(struct sally_writer *w, size_t number,
                                  const struct sally_oscore_parts *o)
{
    if (o->has_id_context)
        return SALLY_E_UNSUPPORTED;
    sally_put_format(w, "\"%zu\":{\"oscoreAeadAlgorithm\":%ld,"
                        "\"oscoreHmacAlgorithm\":%ld",
                     number + 1, (long)o->aead, (long)o->hkdf);
    put_bytes(w, "oscoreMasterSecret", o->master_secret);
    put_bytes(w, "oscoreMasterSalt", o->master_salt);
    put_bytes(w, "oscoreSenderId", o->sender_id);
    put_bytes(w, "oscoreRecipientId", o->recipient_id);
    sally_put_u8(w, '}');
    return SALLY_E_OK;
}

static enum sally_err put_contexts(struct sally_writer *w,
                                   const struct sally_enroll_account *all,
                                   size_t count)
{
    enum sally_err e = SALLY_E_OK;
    bool any = false;

    for (size_t i = 0; i < count && e == SALLY_E_OK; i++) {
        if (all[i].credential.oscore == NULL)
            continue;
        sally_put_text(w, any ? "," : ",\"oscore\":{");
        e = put_context(w, i, all[i].credential.oscore);
        any = true;
    }
    sally_put_text(w, any ? "},\"toDelete\":[\"/0\",\"/1\",\"/21\"]"
                          : ",\"toDelete\":[\"/0\",\"/1\"]");
    return e;
}

enum sally_err sally_enroll_config(const struct sally_enroll_account *all,
                                   size_t count, struct sally_buf *out)
{
    struct sally_writer w = sally_writer_into(out);
    enum sally_err e = SALLY_E_OK;

    sally_put_text(&w, "{\"autoIdForSecurityObject\":true,\"servers\":{");
    for (size_t i = 0; i < count; i++)
        put_server(&w, i, &all[i]);
    sally_put_text(&w, "},\"security\":{");
    for (size_t i = 0; i < count && e == SALLY_E_OK; i++)
        e = put_security(&w, i, &all[i]);
    sally_put_u8(&w, '}');
    if (e == SALLY_E_OK)
        e = put_contexts(&w, all, count);
    sally_put_u8(&w, '}');
    return e == SALLY_E_OK ? sally_writer_end(&w) : e;
}
