/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_read.c - the files of one account, or of one server, after the
 * other: opened, read, made into what they are for, and into an entry.      */
#include "config/credentials.h"
#include "config/keyfile.h"
#include "config/keyring.h"
#include "keys_reading.h"
#include "security/credential_file.h"
#include "security/pem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_ADVISED 16 /* bytes; LwM2M advises no shorter key */

/* Where all is laid out while it is read. */
struct desk {
    uint8_t file[SALLY_KEYFILE_MAX + 1];
    uint8_t part[SALLY_KEYFILE_MAX + 1];
    uint8_t parts[SALLY_KEYRING_MAX];
};

struct reading {
    struct sally_keys *keys;
    const struct sally_config *config;
    const struct sally_keys *running; /* NULL: none */
    const struct sally_config *running_config;
    FILE *report;
    unsigned bad;
    struct desk *desk;
    struct sally_buf file, part, parts; /* on the desk */
    struct sally_trust *trusts[SALLY_CONFIG_SERVERS_MAX];
    struct sally_key_claim *claims;
    size_t claim_count;
};

/* Where in the configuration a problem is. */
struct spot {
    const char *file;
    unsigned line;
    const char *key;
};

static void complain(struct reading *r, struct spot at, const char *path,
                     const char *why)
{
    r->bad++;
    fprintf(r->report, "%s:%u: %s: %s%s%s\n", at.file, at.line, at.key, path,
            path[0] == '\0' ? "" : ": ", why);
}

static void clear(struct sally_buf *b)
{
    sally_wipe(b->at, b->len);
    b->len = 0;
}

static void clear_desk(struct reading *r)
{
    clear(&r->file);
    clear(&r->part);
    clear(&r->parts);
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static bool read_file(struct reading *r, struct spot at, const char *path,
                      bool secret)
{
    SALLY_ON_EXIT(close_one) int fd = -1;
    char why[SALLY_KEYFILE_WHY] = "";

    clear(&r->file);
    if (sally_keyfile_open(path, geteuid(), secret, &fd, why) != SALLY_E_OK) {
        complain(r, at, "", why);
        return false;
    }
    if (sally_keyfile_read(fd, &r->file, why) != SALLY_E_OK) {
        complain(r, at, path, why);
        return false;
    }
    return true;
}

/* --- The entry ----------------------------------------------------------- */

static bool add_part(struct reading *r, struct spot at, unsigned kind)
{
    if (sally_keyring_part(&r->parts, kind, sally_buf_span(&r->part)) ==
        SALLY_E_OK)
        return true;
    complain(r, at, "", "the files are larger than there is room for");
    return false;
}

static struct sally_span digest_key(const struct sally_keys *k)
{
    return (struct sally_span){ k->digest_key, sizeof(k->digest_key) };
}

static bool keep_entry(struct reading *r, struct spot at, uint32_t sensor,
                       uint32_t account)
{
    struct sally_keys *k = r->keys;
    const struct sally_keyring_entry entry = { sensor, account,
                                               sally_buf_span(&r->parts) };
    struct sally_key_asset *key = &k->all[k->count];

    *key = (struct sally_key_asset){ .sensor = sensor, .account = account };
    errno = EIO; /* of the digest */
    if (sally_crypto_hmac(digest_key(k), &entry.parts, 1, key->digest) ==
            SALLY_E_OK &&
        sally_keyring_put(k->keyring, &entry, &key->place) == SALLY_E_OK) {
        k->count++;
        return true;
    }
    complain(r, at, "cannot be passed on", strerror(errno));
    return false;
}

/* Was the same before the reload, so that all of it is proved? */
static bool is_known(const struct reading *r)
{
    const struct sally_key_asset *key = &r->keys->all[r->keys->count - 1];
    const struct sally_key_asset *was =
        r->running == NULL ? NULL
                           : sally_keys_before(key, r->config, r->running,
                                               r->running_config);

    return was != NULL && sally_keys_same(key, was);
}

/* --- Accounts ------------------------------------------------------------ */

static struct spot spot_of(const struct sally_config_sensor *s,
                           const struct sally_config_account *a,
                           const struct sally_credential_field *f)
{
    return (struct spot){ s->file, a->line,
                          f == NULL ? "account" : f->config_key };
}

static struct sally_credential_how how_of(const struct sally_config_account *a)
{
    const struct sally_config_part *p =
        sally_config_part(a, SALLY_FIELD_MATCHING);

    return (struct sally_credential_how){
        a->mode, p == NULL ? SALLY_MATCH_EXACT : (uint8_t)p->number
    };
}

/* Of keys that are used as they are; private keys are longer. */
static void warn_of_short(struct reading *r, struct spot at, const char *path,
                          const struct sally_credential_field *f)
{
    if (f->kind != SALLY_FIELD_MASTER_SALT && f->secret &&
        r->part.len < KEY_ADVISED)
        fprintf(r->report,
                "%s:%u: warning: %s: %s: the key has %zu bytes; at least %d "
                "are advised\n",
                at.file, at.line, at.key, path, r->part.len, KEY_ADVISED);
}

static bool read_part(struct reading *r, const struct sally_config_sensor *s,
                      const struct sally_config_account *a,
                      const struct sally_config_part *p)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);
    const struct spot at = spot_of(s, a, f);
    const char *path = (const char *)p->bytes.at, *why = "";
    struct sally_buf part = { r->part.at, 0, SALLY_CREDENTIAL_MAX };

    if (!read_file(r, at, path, f->secret))
        return false;
    clear(&r->part);
    if (sally_credential_read(f, how_of(a), sally_buf_span(&r->file), &part,
                              &why) != SALLY_E_OK) {
        complain(r, at, path, why);
        return false;
    }
    r->part.len = part.len;
    warn_of_short(r, at, path, f);
    return add_part(r, at, f->kind);
}

static void prove(struct reading *r, const struct sally_config_sensor *s,
                  const struct sally_config_account *a,
                  const struct sally_credential *c)
{
    const struct sally_credential_field *culprit = NULL;
    const struct sally_config_part *p;
    const char *why = "";

    if (is_known(r) || sally_credential_prove(c, &culprit, &why) == SALLY_E_OK)
        return;
    p = sally_config_part(a, culprit->kind);
    complain(r, spot_of(s, a, culprit),
             p == NULL ? "" : (const char *)p->bytes.at, why);
}

/* Made here only to see that it can be made where it is used. */
static void check_account(struct reading *r, uint32_t sensor, uint32_t account)
{
    const struct sally_config_sensor *s = &r->config->sensors[sensor];
    const struct sally_config_account *a = &s->accounts[account];
    const struct sally_credential_field *culprit = NULL;
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };
    enum sally_err e = sally_config_credential(
        &r->config->servers[a->server], a, sally_buf_span(&r->parts),
        r->trusts[a->server], &c, &culprit);

    if (e != SALLY_E_OK) {
        r->bad++;
        fprintf(r->report, "%s:%u: %s: expected %s\n", s->file, a->line,
                culprit == NULL ? "account" : culprit->config_key,
                culprit == NULL ? "keys that there is memory for"
                                : sally_config_wanted(culprit, e));
        return;
    }
    if (keep_entry(r, spot_of(s, a, NULL), sensor, account))
        prove(r, s, a, &c);
    if (sally_keys_claim(&c, digest_key(r->keys), sensor, account, r->claims,
                         &r->claim_count) != SALLY_E_OK)
        complain(r, spot_of(s, a, NULL), "", "cannot be hashed");
}

static void read_account(struct reading *r, uint32_t sensor, uint32_t account)
{
    const struct sally_config_sensor *s = &r->config->sensors[sensor];
    const struct sally_config_account *a = &s->accounts[account];
    bool good = true;

    if (!sally_config_has_files(a))
        return;
    for (size_t i = 0; i < a->part_count; i++)
        if (sally_credential_field(a->parts[i].kind)->from_file)
            good &= read_part(r, s, a, &a->parts[i]);
    if (good)
        check_account(r, sensor, account);
    clear_desk(r);
}

/* --- Servers ------------------------------------------------------------- */

static bool read_authorities(struct reading *r, struct spot at,
                             const char *path, enum sally_pem_kind kind,
                             unsigned part)
{
    if (path[0] == '\0')
        return true;
    if (!read_file(r, at, path, false))
        return false;
    clear(&r->part);
    if (sally_pem_read(sally_buf_span(&r->file), kind, &r->part) !=
        SALLY_E_OK) {
        complain(r, at, path,
                 kind == SALLY_PEM_CRLS
                     ? "the file must hold revocation lists in PEM or DER"
                     : "the file must hold certificates in PEM or DER");
        return false;
    }
    return add_part(r, at, part);
}

static void complain_trust(struct reading *r, struct spot at,
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
    complain(r, at, lists ? s->crl_file : s->trust_file, why);
}

static void read_server(struct reading *r, uint32_t number)
{
    const struct sally_config_server *s = &r->config->servers[number];
    struct spot at = { r->config->file, s->line, "trust_file" };
    enum sally_err e;
    bool good;

    if (s->trust_file[0] == '\0')
        return;
    good = read_authorities(r, at, s->trust_file, SALLY_PEM_CERTIFICATES,
                            SALLY_KEYRING_TRUST);
    at.key = "crl_file";
    good &= read_authorities(r, at, s->crl_file, SALLY_PEM_CRLS,
                             SALLY_KEYRING_CRL);
    if (good) {
        e = sally_config_trust(s, sally_buf_span(&r->parts),
                               &r->trusts[number]);
        if (e != SALLY_E_OK)
            complain_trust(r, at, s, e);
        else
            (void)keep_entry(r, at, SALLY_KEYRING_SERVER, number);
    }
    clear_desk(r);
}

/* --- All ----------------------------------------------------------------- */

static bool set_out(struct reading *r)
{
    const struct sally_config *c = r->config;
    size_t count = c->server_count, accounts = 0;

    for (size_t i = 0; i < c->sensor_count; i++)
        accounts += c->sensors[i].account_count;
    r->desk = calloc(1, sizeof(*r->desk));
    r->claims = calloc(SALLY_CLAIMS_OF_ACCOUNT * accounts + 1,
                       sizeof(*r->claims));
    r->keys->all = calloc(count + accounts + 1, sizeof(*r->keys->all));
    if (r->desk == NULL || r->claims == NULL || r->keys->all == NULL)
        return false;
    r->file = SALLY_BUF(r->desk->file);
    r->part = SALLY_BUF(r->desk->part);
    r->parts = SALLY_BUF(r->desk->parts);
    errno = ENOMEM;
    return sally_keyring_make(&r->keys->keyring) == SALLY_E_OK;
}

static void read_all(struct reading *r)
{
    const struct sally_config *c = r->config;

    for (uint32_t i = 0; i < c->server_count; i++)
        read_server(r, i);
    if (r->bad != 0)
        return; /* accounts that need what failed would only fail too */
    for (uint32_t i = 0; i < c->sensor_count; i++)
        for (uint32_t k = 0; k < c->sensors[i].account_count; k++)
            read_account(r, i, k);
    r->bad += sally_keys_check_claims(r->claims, r->claim_count, c, r->report);
}

static void make_digest_key(struct sally_keys *k,
                            const struct sally_keys *running)
{
    const struct sally_random random = sally_crypto_random();

    if (running != NULL)
        memcpy(k->digest_key, running->digest_key, sizeof(k->digest_key));
    else
        sally_random_fill(&random, k->digest_key, sizeof(k->digest_key));
}

unsigned sally_keys_read(struct sally_keys *k,
                         const struct sally_config *config,
                         const struct sally_keys *running,
                         const struct sally_config *running_config,
                         FILE *report)
{
    struct reading r = { .keys = k, .config = config, .running = running,
                         .running_config = running_config, .report = report };

    make_digest_key(k, running);
    if (set_out(&r)) {
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
