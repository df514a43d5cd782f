/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_sender.c - the OSCORE Sender ID of an account that names none:
 * bytes that only this gateway would give this endpoint, so that gateways with
 * equal configurations do not get into each other's way at a server.        */
#include "keys_reading.h"

#include "base/secret.h"
#include "config/master.h"

#include <string.h>

#define ID_MIN 6 /* bytes; fewer would soon meet others */
#define AEAD_USUAL 10 /* AES-CCM-16-64-128; RFC 9053 s.4.2 */

/* A key for this one use, kept as long as the gateway runs: what sealed its
 * state cannot change under it either.                                      */
static bool make_key(struct sally_reading *r, struct sally_spot at)
{
    static const char use[] = "OSCORE Sender ID";
    const struct sally_span label = sally_span_of(use);
    SALLY_ON_EXIT(sally_secret_wipe) struct sally_secret master = { .len = 0 };
    char why[SALLY_KEYFILE_WHY] = "";
    enum sally_err e;

    if (r->keys->has_sender_key)
        return true;
    e = sally_master_read(r->config->master_key_file, &master, why);
    if (e != SALLY_E_OK) {
        sally_keys_complain(r, at, "gateway.master_key_file", why);
        return false;
    }
    e = sally_crypto_hmac(sally_secret_span(&master), &label, 1,
                          r->keys->sender_key);
    r->keys->has_sender_key = e == SALLY_E_OK;
    if (!r->keys->has_sender_key)
        sally_keys_complain(r, at, "", "cannot be made");
    return r->keys->has_sender_key;
}

/* RFC 8613 s.3.3: the nonce of the AEAD without 6 bytes. */
static size_t room_for(const struct sally_config_account *a)
{
    const struct sally_config_part *p =
        sally_config_part(a, SALLY_FIELD_AEAD);
    const struct sally_aead *aead =
        sally_crypto_aead(p == NULL ? AEAD_USUAL : (int32_t)p->number);

    return aead == NULL ? 0 : (size_t)aead->nonce - 6;
}

bool sally_keys_sender(struct sally_reading *r, struct sally_spot at,
                       const struct sally_config_sensor *s,
                       const struct sally_config_account *a)
{
    const struct sally_span endpoint = sally_span_of(s->endpoint);
    uint8_t digest[SALLY_SHA256_LEN];
    size_t len = room_for(a);

    if (sally_config_part(a, SALLY_FIELD_MASTER_SECRET) == NULL ||
        sally_config_part(a, SALLY_FIELD_SENDER_ID) != NULL)
        return true;
    if (len < ID_MIN) {
        sally_keys_complain(r, at, "", "must be given with this AEAD, which "
                                       "leaves 1 byte for it");
        return false;
    }
    if (!make_key(r, at))
        return false;
    if (sally_crypto_hmac((struct sally_span){ r->keys->sender_key,
                                               sizeof(r->keys->sender_key) },
                          &endpoint, 1, digest) != SALLY_E_OK) {
        sally_keys_complain(r, at, "", "cannot be made");
        return false;
    }
    sally_keys_clear(&r->part);
    memcpy(r->part.at, digest, len);
    r->part.len = len;
    return sally_keys_add(r, at, SALLY_FIELD_SENDER_ID);
}
