/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_read.c - the key files of a new account, read as the
 * gateway reads them, and those that others are made with.                  */
#include "cli/enroll.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "config/credentials.h"
#include "config/keyfile.h"
#include "config/keyring.h"
#include "security/credential_file.h"
#include "security/pem.h"

#define PARTS_MAX ((size_t)2 * SALLY_CREDENTIAL_MAX) /* with their heads */
#define FILES_MAX ((size_t)2 * SALLY_CREDENTIAL_MAX)
#define DAYS 3650 /* that certificates are valid for; the authority ends them */

/* All of a file that only its owner may change, and read if it is `secret`. */
static bool load(const char *path, bool secret,
                              struct sally_buf *out, FILE *err)
{
    char why[SALLY_KEYFILE_WHY] = "";
    enum sally_err e;
    int fd;

    if (sally_keyfile_open(path, geteuid(), secret, &fd, why) != SALLY_E_OK) {
        fprintf(err, "%s\n", why);
        return false;
    }
    e = sally_keyfile_read(fd, out, why);
    (void)close(fd);
    if (e != SALLY_E_OK)
        fprintf(err, "%s: %s\n", path, why);
    return e == SALLY_E_OK;
}

/* --- The files of an account ---------------------------------------------- */

static uint8_t matching_of(const struct sally_config_account *a)
{
    const struct sally_config_part *p =
        sally_config_part(a, SALLY_FIELD_MATCHING);

    return p == NULL ? SALLY_MATCH_EXACT : (uint8_t)p->number;
}

bool sally_enroll_read(const struct sally_config_account *a,
                       const struct sally_config_part *p,
                       struct sally_buf *file, struct sally_buf *out, FILE *err)
{
    const struct sally_credential_field *f = sally_credential_field(p->kind);
    const struct sally_credential_how how = { a->mode, matching_of(a) };
    const char *path = (const char *)p->bytes.at;
    const char *clause = "";

    file->len = 0;
    if (!load(path, f->secret, file, err))
        return false;
    if (sally_credential_read(f, how, sally_buf_span(file), out, &clause) ==
        SALLY_E_OK)
        return true;
    fprintf(err, "%s: %s\n", path, clause);
    return false;
}

/* What the file holds, appended to the parts of the account. */
static bool read_file(const struct sally_config_account *a,
                      const struct sally_config_part *p, struct sally_buf *file,
                      struct sally_buf *parts, FILE *err)
{
    uint8_t room[SALLY_CREDENTIAL_MAX];
    struct sally_buf part = SALLY_BUF(room);
    bool good = sally_enroll_read(a, p, file, &part, err);

    if (good && sally_keyring_part(parts, p->kind, sally_buf_span(&part)) !=
                    SALLY_E_OK) {
        fprintf(err, "%s: %s\n", (const char *)p->bytes.at,
                sally_err_text(SALLY_E_TOO_LARGE));
        good = false;
    }
    sally_wipe(room, sizeof(room));
    return good;
}

static bool read_files(const struct sally_config_account *a,
                       struct sally_buf *file, struct sally_buf *parts,
                       FILE *err)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (sally_credential_field(a->parts[i].kind)->from_file &&
            !read_file(a, &a->parts[i], file, parts, err))
            return false;
    return true;
}

static bool make(const struct sally_config *c,
                 const struct sally_config_sensor *s,
                 const struct sally_config_account *a, struct sally_span parts,
                 struct sally_credential *out, FILE *err)
{
    const struct sally_credential_field *culprit = NULL;
    const char *why = "";
    enum sally_err e = sally_config_credential(&c->servers[a->server], a, parts,
                                               NULL, NULL, out, &culprit);

    if (e != SALLY_E_OK)
        why = culprit == NULL ? sally_err_text(e)
                              : sally_config_wanted(culprit, e);
    else
        e = sally_credential_prove(out, &culprit, &why);
    if (e != SALLY_E_OK)
        fprintf(err, "%s:%u: %s: %s\n", s->file, a->line,
                culprit == NULL ? "account" : culprit->config_key, why);
    return e == SALLY_E_OK;
}

bool sally_enroll_credential(const struct sally_config *c,
                             const struct sally_config_sensor *s,
                             const struct sally_config_account *a,
                             struct sally_credential *out, FILE *err)
{
    const size_t room = SALLY_KEYFILE_MAX + PARTS_MAX;
    uint8_t *both = malloc(room);
    struct sally_buf file = { both, 0, SALLY_KEYFILE_MAX };
    struct sally_buf parts;
    bool good;

    if (both == NULL) {
        fprintf(err, "sallyportctl: there is not enough memory\n");
        return false;
    }
    parts = (struct sally_buf){ &both[SALLY_KEYFILE_MAX], 0, PARTS_MAX };
    good = read_files(a, &file, &parts, err) &&
           make(c, s, a, sally_buf_span(&parts), out, err);
    sally_wipe(both, room);
    free(both);
    return good;
}

/* --- What keys are made with ---------------------------------------------- */

bool sally_enroll_line(const char *path, struct sally_buf *out, FILE *err)
{
    uint8_t room[4 * SALLY_FLEET_KEY_LEN];
    struct sally_buf file = SALLY_BUF(room);
    const size_t before = out->len;
    bool good = load(path, true, &file, err);

    if (good && (sally_text_hex(sally_text_trim(sally_buf_span(&file)), out) !=
                     SALLY_E_OK ||
                 out->len - before != SALLY_FLEET_KEY_LEN)) {
        fprintf(err, "%s: expected 32 bytes, as 64 hexadecimal digits\n", path);
        good = false;
    }
    sally_wipe(room, sizeof(room));
    return good;
}

static bool load_pem(const char *path, enum sally_pem_kind kind,
                     struct sally_buf *out, FILE *err)
{
    const size_t before = out->len;
    uint8_t room[SALLY_CREDENTIAL_MAX];
    struct sally_buf file = SALLY_BUF(room);
    bool good =
        load(path, kind == SALLY_PEM_PRIVATE_KEY, &file, err);

    if (good &&
        (sally_pem_read(sally_buf_span(&file), kind, out) != SALLY_E_OK ||
         out->len == before)) {
        fprintf(err, "%s: expected %s\n", path,
                kind == SALLY_PEM_PRIVATE_KEY
                    ? "a private key without a password, in PEM or DER"
                    : "certificates, in PEM or DER");
        good = false;
    }
    sally_wipe(room, sizeof(room));
    return good;
}

/* What was appended to `b` since it held `before` bytes. */
static struct sally_span since(const struct sally_buf *b, size_t before)
{
    return sally_span_sub(sally_buf_span(b), before, SIZE_MAX);
}

bool sally_enroll_files_read(struct sally_enroll_files *out, const char *fleet,
                             const char *authority, const char *key, FILE *err)
{
    struct sally_enroll_source *s = &out->source;
    struct sally_buf all = { malloc(FILES_MAX), 0, FILES_MAX };
    size_t before;

    out->room = all.at;
    s->days = DAYS;
    s->now = (uint64_t)time(NULL);
    if (all.at == NULL) {
        fprintf(err, "sallyportctl: there is not enough memory\n");
        return false;
    }
    if (fleet != NULL && !sally_enroll_line(fleet, &all, err))
        return false;
    s->fleet = sally_buf_span(&all);
    before = all.len;
    if (authority != NULL &&
        !load_pem(authority, SALLY_PEM_CERTIFICATES, &all, err))
        return false;
    s->issuers = since(&all, before);
    before = all.len;
    if (key != NULL && !load_pem(key, SALLY_PEM_PRIVATE_KEY, &all, err))
        return false;
    s->issuer_key = since(&all, before);
    return true;
}

void sally_enroll_files_wipe(struct sally_enroll_files *f)
{
    if (f->room != NULL)
        sally_wipe(f->room, FILES_MAX);
    free(f->room);
    *f = (struct sally_enroll_files){ .room = NULL };
}
