/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/keys_local.c - the keys of the local side: those that sensors prove
 * themselves with over TLS, and the gateway's own certificate. They go into a
 * keyring of their own, since who gets them must not see those of accounts.  */
#include "config/local_tls.h"
#include "keys_reading.h"
#include "security/credential_file.h"
#include "security/pem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_ADVISED 16 /* bytes */

static void clear_desk(struct sally_reading *r)
{
    sally_keys_clear(&r->file);
    sally_keys_clear(&r->part);
    sally_keys_clear(&r->parts);
}

/* --- Sensors ------------------------------------------------------------- */

static void read_psk(struct sally_reading *r, uint32_t sensor, uint32_t number)
{
    static const struct sally_credential_how how; /* zeroed, as a PSK is */
    const struct sally_config_sensor *s = &r->config->sensors[sensor];
    const struct sally_config_auth *a = &s->auth[number];
    const struct sally_spot at = { s->file, a->line, "key_file" };
    const char *why = "";

    if (!sally_keys_file(r, at, a->key_file, true))
        return;
    sally_keys_clear(&r->part);
    if (sally_credential_read(sally_credential_field(SALLY_FIELD_SECRET_KEY),
                              how, sally_buf_span(&r->file), &r->part,
                              &why) != SALLY_E_OK) {
        sally_keys_complain(r, at, a->key_file, why);
        return;
    }
    if (r->part.len > SALLY_SECRET_MAX) {
        sally_keys_complain(r, at, a->key_file,
                            "the key must have 1 to 64 bytes");
        return;
    }
    if (r->part.len < KEY_ADVISED)
        fprintf(r->report,
                "%s:%u: warning: key_file: %s: the key has %zu bytes; at least "
                "%d are advised\n",
                s->file, a->line, a->key_file, r->part.len, KEY_ADVISED);
    if (sally_keys_add(r, at, SALLY_FIELD_SECRET_KEY))
        (void)sally_keys_keep(r, at,
                              &(struct sally_keyring_entry){
                                  sensor, number, sally_buf_span(&r->parts) },
                              sally_buf_span(&r->parts));
}

/* --- The gateway's own --------------------------------------------------- */

static bool read_part(struct sally_reading *r, struct sally_spot at,
                      const char *path, enum sally_pem_kind kind,
                      const char *expected, unsigned part)
{
    if (path[0] == '\0')
        return true;
    if (!sally_keys_file(r, at, path, kind == SALLY_PEM_PRIVATE_KEY))
        return false;
    sally_keys_clear(&r->part);
    if (sally_pem_read(sally_buf_span(&r->file), kind, &r->part) ==
        SALLY_E_OK)
        return sally_keys_add(r, at, part);
    sally_keys_complain(r, at, path, expected);
    return false;
}

/* Sensors that look would not come; those that do not look still do. */
static void warn_of_age(const struct sally_reading *r, struct sally_spot at,
                        const struct sally_local_tls *made)
{
    if (sally_local_tls_until(made) < (uint64_t)time(NULL))
        fprintf(r->report,
                "%s:%u: warning: certificate_file: %s: the certificate has "
                "expired\n",
                at.file, at.line, r->config->tls.certificate_file);
}

static void check_own(struct sally_reading *r, struct sally_spot at)
{
    struct sally_local_tls made = { .trust = NULL };
    enum sally_err e =
        sally_local_tls_make(&made, sally_buf_span(&r->parts), &at.key);

    if (e == SALLY_E_OK)
        warn_of_age(r, at, &made);
    else
        sally_keys_complain(r, at, "",
                            e == SALLY_E_WRONG_KEY
                                ? "is not the key of the certificate"
                                : sally_err_text(e));
    sally_local_tls_wipe(&made);
}

static void read_own(struct sally_reading *r)
{
    const struct sally_config_tls *t = &r->config->tls;
    const struct {
        const char *key, *path, *expected;
        enum sally_pem_kind kind;
        unsigned part;
    } rows[] = {
        { "certificate_file", t->certificate_file,
          "the file must hold certificates in PEM or DER",
          SALLY_PEM_CERTIFICATES, SALLY_FIELD_CERTIFICATE },
        { "key_file", t->key_file,
          "the file must hold a private key in PEM or DER, without a password",
          SALLY_PEM_PRIVATE_KEY, SALLY_FIELD_SECRET_KEY },
        { "ca_file", t->ca_file, "the file must hold certificates of CAs",
          SALLY_PEM_CERTIFICATES, SALLY_KEYRING_TRUST },
        { "crl_file", t->crl_file,
          "the file must hold revocation lists in PEM or DER", SALLY_PEM_CRLS,
          SALLY_KEYRING_CRL },
    };
    struct sally_spot at = { r->config->file, t->line, "" };
    bool good = true;

    if (t->certificate_file[0] == '\0')
        return;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        at.key = rows[i].key;
        good &= read_part(r, at, rows[i].path, rows[i].kind, rows[i].expected,
                          rows[i].part);
    }
    at.key = "certificate_file";
    if (!good)
        return;
    check_own(r, at);
    (void)sally_keys_keep(r, at,
                          &(struct sally_keyring_entry){
                              SALLY_KEYRING_DOOR, 0,
                              sally_buf_span(&r->parts) },
                          sally_buf_span(&r->parts));
}

/* --- No key twice -------------------------------------------------------- */

/* A key that two have lets one pose as the other; one of an account would be in
 * a process that must not have it.                                          */
struct mark {
    const struct sally_key_asset *key;
    bool local;
};

static int by_digest(const void *one, const void *other)
{
    const struct mark *a = one, *b = other;
    int order = memcmp(a->key->digest, b->key->digest, SALLY_SHA256_LEN);

    if (order != 0)
        return order;
    if (a->local != b->local)
        return a->local ? 1 : -1; /* so that the later one can be told */
    return a->key->sensor < b->key->sensor ? -1 : 1;
}

static void complain_twice(struct sally_reading *r, const struct mark *m,
                           const struct mark *before)
{
    const struct sally_config_sensor *s = &r->config->sensors[m->key->sensor];
    const struct sally_config_auth *a = &s->auth[m->key->account];

    sally_keys_complain(
        r, (struct sally_spot){ s->file, a->line, "key_file" }, a->key_file,
        before->local ? "expected a key that no other sensor has"
                      : "expected a key that no account at a server has");
}

static void check_twice(struct sally_reading *r,
                        const struct sally_keys *accounts)
{
    const struct sally_keys *local = r->keys;
    size_t count = local->count + accounts->count;
    struct mark *all = calloc(count + 1, sizeof(*all));

    if (all == NULL) {
        r->bad++;
        fprintf(r->report, "%s: not enough memory\n", r->config->file);
        return;
    }
    for (size_t i = 0; i < count; i++)
        all[i] = i < local->count
                     ? (struct mark){ &local->all[i], true }
                     : (struct mark){ &accounts->all[i - local->count], false };
    qsort(all, count, sizeof(*all), by_digest);
    for (size_t i = 1; i < count; i++)
        if (all[i].local && all[i].key->sensor != SALLY_KEYRING_DOOR &&
            memcmp(all[i].key->digest, all[i - 1].key->digest,
                   SALLY_SHA256_LEN) == 0)
            complain_twice(r, &all[i], &all[i - 1]);
    free(all);
}

/* --- All ----------------------------------------------------------------- */

static size_t count_keys(const struct sally_config *c)
{
    size_t count = 1;

    for (size_t i = 0; i < c->sensor_count; i++)
        count += c->sensors[i].auth_count;
    return count;
}

static bool set_out(struct sally_reading *r)
{
    r->desk = calloc(1, sizeof(*r->desk));
    r->keys->all = calloc(count_keys(r->config), sizeof(*r->keys->all));
    if (r->desk == NULL || r->keys->all == NULL)
        return false;
    r->file = SALLY_BUF(r->desk->file);
    r->part = SALLY_BUF(r->desk->part);
    r->parts = SALLY_BUF(r->desk->parts);
    errno = ENOMEM;
    return sally_keyring_make(&r->keys->keyring) == SALLY_E_OK;
}

static void read_all(struct sally_reading *r)
{
    const struct sally_config *c = r->config;

    read_own(r);
    clear_desk(r);
    for (uint32_t i = 0; i < c->sensor_count; i++)
        for (uint32_t k = 0; k < c->sensors[i].auth_count; k++)
            if (c->sensors[i].auth[k].method == SALLY_AUTH_PSK) {
                read_psk(r, i, k);
                clear_desk(r);
            }
}

unsigned sally_keys_read_local(struct sally_keys *k,
                               const struct sally_config *config,
                               const struct sally_keys *accounts, FILE *report)
{
    struct sally_reading r = { .keys = k, .config = config, .report = report };

    memcpy(k->digest_key, accounts->digest_key, sizeof(k->digest_key));
    if (set_out(&r)) {
        read_all(&r);
        check_twice(&r, accounts);
    } else {
        r.bad++;
        fprintf(report, "%s: local keys cannot be passed on: %s\n",
                config->file, strerror(errno));
    }
    free(r.desk);
    return r.bad;
}
