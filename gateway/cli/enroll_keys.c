/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_keys.c - the key files of a new account, made where they
 * are missing.                                                              */
#include "cli/enroll.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

#define TEXT_MAX 1024   /* bytes of a file with a key */
#define CHAIN_MAX 16384 /* bytes of one with certificates */

struct making {
    struct sally_made *made;
    struct sally_enrolled whose;
    const struct sally_enroll_source *from;
    FILE *err;
};

static int blame(const struct making *m, const char *path, const char *why)
{
    fprintf(m->err, "%s: cannot be made: %s\n", path, why);
    return -1;
}

/* 1: made, 0: it is not ours to make; -1: told. */
static int write_made(const struct making *m, const char *path, unsigned mode,
                      enum sally_err e, struct sally_span text)
{
    if (e == SALLY_E_UNSUPPORTED)
        return 0;
    if (e != SALLY_E_OK)
        return blame(m, path, sally_err_text(e));
    if (!sally_made_file(m->made, path, mode, text))
        return blame(m, path, strerror(errno));
    return 1;
}

static int make_secret(const struct making *m,
                       const struct sally_config_part *p)
{
    const char *path = (const char *)p->bytes.at;
    uint8_t room[TEXT_MAX];
    struct sally_buf text = SALLY_BUF(room);
    enum sally_err e = sally_enroll_file(sally_credential_field(p->kind),
                                         &m->whose, m->from, &text);
    int made = write_made(m, path, 0600, e, sally_buf_span(&text));

    sally_wipe(room, sizeof(room));
    return made;
}

/* Of the account's private key, whose file is there by now. */
static int make_certificate(const struct making *m,
                            const struct sally_config_account *a,
                            const struct sally_config_part *p)
{
    const struct sally_config_part *secret =
        sally_config_part(a, SALLY_FIELD_SECRET_KEY);
    const char *path = (const char *)p->bytes.at;
    uint8_t key_room[SALLY_CREDENTIAL_MAX], file_room[SALLY_CREDENTIAL_MAX];
    struct sally_buf key = SALLY_BUF(key_room), file = SALLY_BUF(file_room);
    uint8_t room[CHAIN_MAX];
    struct sally_buf text = SALLY_BUF(room);
    enum sally_err e = SALLY_E_OK;
    bool read = true;

    if (secret == NULL || m->from->issuer_key.len == 0)
        return 0;
    read = sally_enroll_read(a, secret, &file, &key, m->err);
    if (read)
        e = sally_enroll_certificate(sally_buf_span(&key), &m->whose, m->from,
                                     &text);
    sally_wipe(file_room, sizeof(file_room));
    sally_wipe(key_room, sizeof(key_room));
    return !read ? -1
                 : write_made(m, path, 0644, e, sally_buf_span(&text));
}

/* Certificates are the second round, since keys come first. */
static int make_one(const struct making *m,
                    const struct sally_config_account *a,
                    const struct sally_config_part *p, bool certificates)
{
    bool is_certificate = p->kind == SALLY_FIELD_CERTIFICATE;

    if (!sally_credential_field(p->kind)->from_file ||
        is_certificate != certificates ||
        access((const char *)p->bytes.at, F_OK) == 0)
        return 0;
    return is_certificate ? make_certificate(m, a, p) : make_secret(m, p);
}

int sally_enroll_keys(struct sally_made *m, const struct sally_config *c,
                      const struct sally_config_sensor *s,
                      const struct sally_config_account *a,
                      const struct sally_enroll_source *from, FILE *err)
{
    const struct making making = {
        m, { a->mode, c->servers[a->server].name, s->endpoint }, from, err
    };
    int made = 0;

    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < a->part_count; i++) {
            int n = make_one(&making, a, &a->parts[i], round == 1);

            if (n < 0)
                return n;
            made += n;
        }
    return made;
}
