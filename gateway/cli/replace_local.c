/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/replace_local.c - new keys for what a sensor proves itself with
 * over TLS.                                                                 */
#include "cli/replace.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "security/crypto.h"

#define KEY_LEN 16 /* bytes */

static bool make(struct sally_replacing *r, const char *path)
{
    const struct sally_random random = sally_crypto_random();
    uint8_t bytes[KEY_LEN];
    char text[2 * KEY_LEN + 2];
    bool good;

    sally_random_fill(&random, bytes, sizeof(bytes));
    sally_text_to_hex((struct sally_span){ bytes, sizeof(bytes) }, text,
                      sizeof(text));
    text[sizeof(text) - 2] = '\n';
    text[sizeof(text) - 1] = '\0';
    good = sally_made_aside(&r->made, path) &&
           sally_made_file(&r->made, path, 0600, sally_span_of(text)) &&
           sally_made_alike(&r->made);
    sally_wipe(bytes, sizeof(bytes));
    sally_wipe(text, sizeof(text));
    return good || sally_replace_fail(r, path, strerror(errno));
}

bool sally_replace_local_keys(struct sally_replacing *r)
{
    for (uint32_t i = 0; i < r->sensor->auth_count; i++)
        if (r->sensor->auth[i].method == SALLY_AUTH_PSK &&
            !make(r, r->sensor->auth[i].key_file))
            return false;
    return true;
}

void sally_replace_local_tell(const struct sally_replacing *r)
{
    for (uint32_t i = 0; i < r->sensor->auth_count; i++) {
        const struct sally_config_auth *a = &r->sensor->auth[i];

        if (a->method == SALLY_AUTH_PSK)
            fprintf(r->cli->err,
                    "  identity %s has a new key in %s, which the new device "
                    "must be given\n",
                    a->username, a->key_file);
        if (a->method == SALLY_AUTH_CERTIFICATE)
            fprintf(r->cli->err,
                    "  warning: whoever has its certificate, %s, is still let "
                    "in: revoke it in crl_file of local.tls\n",
                    a->username);
    }
}
