/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/keys.c - one authority, which signed both ends. */
#include "sim/keys.h"

#include "unit/security/mint.h"

static struct {
    bool made;
    struct mint_pair root, client, server;
    struct sally_span root_ca, client_certificate, server_certificate;
} keys;

static struct sally_span sign(const char *subject, const struct mint_pair *key,
                              bool ca)
{
    const struct mint_card card = { .subject = subject, .issuer = "root",
                                    .key = key, .signer = &keys.root,
                                    .name = ca ? NULL : "server", .ca = ca };

    return mint_certificate(&card);
}

static void make(void)
{
    if (keys.made)
        return;
    mint_open();
    keys.root = mint_pair();
    keys.client = mint_pair();
    keys.server = mint_pair();
    keys.root_ca = sign("root", &keys.root, true);
    keys.client_certificate = sign("sensor", &keys.client, false);
    keys.server_certificate = sign("server", &keys.server, false);
    mint_close();
    keys.made = true;
}

void sim_keys_client(enum sally_security_mode mode,
                     struct sally_credential_parts *out)
{
    bool raw = mode == SALLY_MODE_RPK;

    make();
    out->mode = mode;
    out->public_key = raw ? keys.client.public : keys.client_certificate;
    out->secret_key = keys.client.secret;
    out->server_public_key = raw ? keys.server.public : keys.root_ca;
    out->usage = raw ? SALLY_USAGE_DOMAIN : SALLY_USAGE_ANCHOR;
    if (!raw)
        out->server_name = sally_span_of("server");
}

bool sim_keys_server(enum sally_security_mode mode, struct sally_credential *out,
                     struct sally_trust **trust)
{
    const struct sally_trust_parts parts = { .anchors = keys.root_ca };
    bool raw = mode == SALLY_MODE_RPK;

    make();
    *trust = NULL;
    if (!raw && sally_trust_make(trust, &parts) != SALLY_E_OK)
        return false;
    *out = (struct sally_credential){
        .mode = mode,
        .public_key = raw ? keys.server.public : keys.server_certificate,
        .secret_key = keys.server.secret,
        .trust = *trust,
    };
    return true;
}
