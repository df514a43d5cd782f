/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/account.c - one client's keys, at both ends. */
#include "sim/account.h"

#include "security/crypto.h"
#include "security/dtls.h"
#include "sim/keys.h"
#include "sim/nonces.h"

static enum sally_err find_key(void *owner, struct sally_span identity,
                               struct sally_secret *key)
{
    const struct sim_account *a = owner;

    if (!sally_span_is(identity, "sensor"))
        return SALLY_E_NOT_FOUND;
    return sally_secret_set(key, a->credential.secret_key);
}

static enum sally_err find_oscore(void *owner, struct sally_span kid,
                                  struct sally_span kid_context,
                                  const struct sally_credential **out)
{
    const struct sim_account *a = owner;

    (void)kid_context;
    if (!sally_span_is(kid, "c"))
        return SALLY_E_NOT_FOUND;
    *out = &a->credential;
    return SALLY_E_OK;
}

static enum sally_err admit(void *owner, enum sally_security_mode mode,
                            struct sally_span peer)
{
    const struct sim_account *a = owner;

    return mode == a->credential.mode &&
                   sally_span_equal(peer, a->credential.public_key)
               ? SALLY_E_OK
               : SALLY_E_NOT_FOUND;
}

/* Both ends of the handshake. */
static bool put_keys(struct sim_account *a, const struct sim_mechanism *m,
                     struct sally_credential_parts *parts)
{
    if (m->mode != SALLY_MODE_PSK) {
        sim_keys_client(m->mode, parts);
        a->finder.own = &a->own;
        a->finder.admit = admit;
        a->finder.find = NULL;
        return sim_keys_server(m->mode, &a->own, &a->trust);
    }
    parts->mode = SALLY_MODE_PSK;
    parts->identity = sally_span_of("sensor");
    parts->secret_key = sally_span_of("sixteen bytes key");
    return true;
}

bool sim_is_secure(const struct sim_mechanism *m)
{
    return m->server_suites != NULL || m->oscore;
}

bool sim_account_make(struct sim_account *a, const struct sim_mechanism *m,
                      struct sally_security *security)
{
    const struct sally_oscore_parts oscore = {
        .master_secret = sally_span_of("sixteen bytes..."),
        .sender_id = sally_span_of("c"),
        .recipient_id = sally_span_of("s"),
        .start = m->start,
    };
    struct sally_credential_parts parts = { .mode = SALLY_MODE_NOSEC };

    sim_nonces_clear();
    *a = (struct sim_account){ .due = SALLY_NEVER };
    parts.connection_id = m->connection_id;
    if (m->oscore)
        parts.oscore = &oscore;
    a->finder = (struct sally_key_finder){ .find = find_key,
                                           .find_oscore = find_oscore,
                                           .past = &a->fresh,
                                           .connection_id = m->connection_id,
                                           .owner = a };
    if (m->server_suites != NULL && !put_keys(a, m, &parts))
        return false;
    if (m->oscore && sally_object_contexts_make(&a->contexts, 4,
                                                sally_crypto_random()) !=
                         SALLY_E_OK)
        return false;
    a->finder.contexts = a->contexts;
    return sally_credential_make(&a->credential, &parts, NULL) == SALLY_E_OK &&
           (m->server_suites == NULL ||
            sally_dtls_suites(security, m->server_suites) ==
                SALLY_E_OK);
}

void sim_account_wipe(struct sim_account *a)
{
    sally_object_contexts_free(a->contexts);
    a->contexts = NULL;
    sally_credential_wipe(&a->credential);
    sally_trust_wipe(a->trust);
    a->trust = NULL;
}

void sim_account_wish(struct sim_account *a, uint64_t until, sally_usec when)
{
    a->wished = until;
    a->due = when;
}

void sim_account_crash(struct sim_account *a) { a->due = SALLY_NEVER; }

bool sim_account_settle(struct sim_account *a, sally_usec now)
{
    if (a->due > now)
        return false;
    a->due = SALLY_NEVER;
    a->past = (struct sally_object_past){ true, true, a->wished };
    return true;
}
