/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_read.c - the files of one account, or of one server, after the
 * other: opened, read, made into what they are for, and into an entry.      */
#include "config/keyfile.h"
#include "keys_reading.h"
#include "security/pem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void sally_keys_complain(struct sally_reading *r, struct sally_spot at,
                         const char *path, const char *why)
{
    r->bad++;
    fprintf(r->report, "%s:%u: %s: %s%s%s\n", at.file, at.line, at.key, path,
            path[0] == '\0' ? "" : ": ", why);
}

void sally_keys_clear(struct sally_buf *b)
{
    sally_wipe(b->at, b->len);
    b->len = 0;
}

static void clear_desk(struct sally_reading *r)
{
    sally_keys_clear(&r->file);
    sally_keys_clear(&r->part);
    sally_keys_clear(&r->parts);
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

bool sally_keys_file(struct sally_reading *r, struct sally_spot at,
                     const char *path, bool secret)
{
    SALLY_ON_EXIT(close_one) int fd = -1;
    char why[SALLY_KEYFILE_WHY] = "";

    sally_keys_clear(&r->file);
    if (sally_keyfile_open(path, geteuid(), secret, &fd, why) != SALLY_E_OK) {
        sally_keys_complain(r, at, "", why);
        return false;
    }
    if (sally_keyfile_read(fd, &r->file, why) != SALLY_E_OK) {
        sally_keys_complain(r, at, path, why);
        return false;
    }
    return true;
}

/* --- The entry ----------------------------------------------------------- */

bool sally_keys_add(struct sally_reading *r, struct sally_spot at,
                    unsigned kind)
{
    if (sally_keyring_part(&r->parts, kind, sally_buf_span(&r->part)) ==
        SALLY_E_OK)
        return true;
    sally_keys_complain(r, at, "",
                        "the files are larger than there is room for");
    return false;
}

struct sally_span sally_keys_digest_key(const struct sally_keys *k)
{
    return (struct sally_span){ k->digest_key, sizeof(k->digest_key) };
}

bool sally_keys_keep(struct sally_reading *r, struct sally_spot at,
                     const struct sally_keyring_entry *entry,
                     struct sally_span same)
{
    struct sally_keys *k = r->keys;
    struct sally_key_asset *key = &k->all[k->count];

    *key = (struct sally_key_asset){ .sensor = entry->sensor,
                                     .account = entry->account };
    errno = EIO; /* of the digest */
    if (sally_crypto_hmac(sally_keys_digest_key(k), &same, 1,
                          key->digest) == SALLY_E_OK &&
        sally_keyring_put(k->keyring, entry, &key->place) == SALLY_E_OK) {
        k->count++;
        return true;
    }
    sally_keys_complain(r, at, "cannot be passed on", strerror(errno));
    return false;
}

/* --- Servers ------------------------------------------------------------- */

static bool read_authorities(struct sally_reading *r, struct sally_spot at,
                             const char *path, enum sally_pem_kind kind,
                             unsigned part)
{
    if (path[0] == '\0')
        return true;
    if (!sally_keys_file(r, at, path, false))
        return false;
    sally_keys_clear(&r->part);
    if (sally_pem_read(sally_buf_span(&r->file), kind, &r->part) !=
        SALLY_E_OK) {
        sally_keys_complain(
            r, at, path,
            kind == SALLY_PEM_CRLS
                ? "the file must hold revocation lists in PEM or DER"
                : "the file must hold certificates in PEM or DER");
        return false;
    }
    return sally_keys_add(r, at, part);
}

static void complain_trust(struct sally_reading *r, struct sally_spot at,
                           const struct sally_config_server *s,
                           enum sally_err e)
{
    bool lists = e == SALLY_E_STALE_CRL;
    const char *why = lists ? "a list in it is partial or indirect"
                      : e == SALLY_E_BAD_CERTIFICATE
                          ? "a certificate in it is not that of a CA, or "
                            "limits names, which is not supported"
                          : sally_err_text(e);

    at.key = lists ? "crl_file" : "trust_file";
    sally_keys_complain(r, at, lists ? s->crl_file : s->trust_file, why);
}

/* A server with other authorities is another server. Other revocation lists the
 * clients that are there take over: uplink/keys.c.                          */
static void read_server(struct sally_reading *r, uint32_t number)
{
    const struct sally_config_server *s = &r->config->servers[number];
    struct sally_spot at = { r->config->file, s->line, "trust_file" };
    struct sally_span authorities;
    enum sally_err e;
    bool good;

    if (s->trust_file[0] == '\0')
        return;
    good = read_authorities(r, at, s->trust_file, SALLY_PEM_CERTIFICATES,
                            SALLY_KEYRING_TRUST);
    authorities = sally_buf_span(&r->parts);
    at.key = "crl_file";
    good &=
        read_authorities(r, at, s->crl_file, SALLY_PEM_CRLS, SALLY_KEYRING_CRL);
    if (good) {
        e = sally_config_trust(s, sally_buf_span(&r->parts),
                               &r->trusts[number]);
        if (e != SALLY_E_OK)
            complain_trust(r, at, s, e);
        else
            (void)sally_keys_keep(r, at,
                                  &(struct sally_keyring_entry){
                                      SALLY_KEYRING_SERVER, number,
                                      sally_buf_span(&r->parts) },
                                  authorities);
    }
    clear_desk(r);
}

/* --- All ----------------------------------------------------------------- */

static bool set_out(struct sally_reading *r)
{
    const struct sally_config *c = r->config;
    size_t count = c->server_count, accounts = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        accounts += sally_config_accounts(&c->sensors[i]);
    r->desk = calloc(1, sizeof(*r->desk));
    r->claims =
        calloc(SALLY_CLAIMS_OF_ACCOUNT * accounts + 1, sizeof(*r->claims));
    r->keys->all = calloc(count + accounts + 1, sizeof(*r->keys->all));
    if (r->desk == NULL || r->claims == NULL || r->keys->all == NULL)
        return false;
    r->file = SALLY_BUF(r->desk->file);
    r->part = SALLY_BUF(r->desk->part);
    r->parts = SALLY_BUF(r->desk->parts);
    r->held = SALLY_BUF(r->desk->held);
    errno = ENOMEM;
    return sally_keyring_make(&r->keys->keyring) == SALLY_E_OK;
}

static void read_all(struct sally_reading *r)
{
    const struct sally_config *c = r->config;

    for (uint32_t i = 0; i < c->server_count; i++)
        read_server(r, i);
    if (r->bad != 0)
        return; /* accounts that need what failed would only fail too */
    for (uint32_t i = 0; i < c->sensor_count; i++)
        for (uint32_t k = 0; k < sally_config_accounts(&c->sensors[i]); k++) {
            sally_keys_account(r, i, k);
            clear_desk(r);
        }
    r->bad += sally_keys_check_claims(r->claims, r->claim_count, c, r->report);
}

static enum sally_err make_own_keys(struct sally_keys *k,
                                    const struct sally_config *config,
                                    const struct sally_keys *running)
{
    const struct sally_random random = sally_crypto_random();

    if (running == NULL) {
        sally_random_fill(&random, k->digest_key, sizeof(k->digest_key));
        errno = EIO; /* of the derivation */
        return sally_keys_make_held(k, config);
    }
    k->held_key = running->held_key;
    memcpy(k->digest_key, running->digest_key, sizeof(k->digest_key));
    memcpy(k->sender_key, running->sender_key, sizeof(k->sender_key));
    k->has_sender_key = running->has_sender_key;
    return SALLY_E_OK;
}

unsigned sally_keys_read(struct sally_keys *k,
                         const struct sally_config *config,
                         const struct sally_keys *running,
                         const struct sally_config *running_config,
                         FILE *report)
{
    struct sally_reading r = { .keys = k,
                               .config = config,
                               .running = running,
                               .running_config = running_config,
                               .report = report };

    if (set_out(&r) && make_own_keys(k, config, running) == SALLY_E_OK) {
        read_all(&r);
    } else {
        r.bad++;
        fprintf(report, "%s: keys cannot be passed on: %s\n", config->file,
                strerror(errno));
    }
    for (size_t i = 0; i < SALLY_LEN(r.trusts); i++)
        sally_trust_wipe(r.trusts[i]);
    free(r.desk);
    free(r.claims);
    return r.bad;
}
