/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/credentials.c - puts an account together from its parts, by
 * the same table that read them.                                            */
#include "config/credentials.h"

#include "base/writer.h"
#include "config/keyring.h"

#include <string.h>

bool sally_config_has_files(const struct sally_config_account *a)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (sally_credential_field(a->parts[i].kind)->from_file)
            return true;
    return false;
}

/* A draft under way; the first error stays. */
struct making {
    struct sally_credential_draft draft;
    const struct sally_credential_field *culprit;
    enum sally_err e;
    struct sally_config_hosts hosts;
};

static void put(struct making *m, enum sally_credential_kind kind,
                int64_t number, struct sally_span bytes)
{
    const struct sally_credential_field *f = sally_credential_field(kind);
    const struct sally_credential_value v = { number, bytes };

    if (m->e != SALLY_E_OK)
        return;
    m->e = f == NULL ? SALLY_E_MALFORMED
                     : sally_credential_put(&m->draft, f, v);
    if (m->e != SALLY_E_OK)
        m->culprit = f;
}

static void put_said(struct making *m, const struct sally_config_account *a)
{
    static const struct sally_span nothing;

    put(m, SALLY_FIELD_MODE, (int64_t)a->mode, nothing);
    for (size_t i = 0; i < a->part_count; i++) {
        const struct sally_config_part *p = &a->parts[i];

        if (p->kind != SALLY_FIELD_MODE &&
            !sally_credential_field(p->kind)->from_file)
            put(m, p->kind, p->number, p->bytes);
    }
}

static void put_files(struct making *m, struct sally_span files)
{
    struct sally_span bytes;
    unsigned kind;

    while (sally_keyring_take(&files, &kind, &bytes))
        put(m, (enum sally_credential_kind)kind, 0, bytes);
    if (files.len != 0 && m->e == SALLY_E_OK)
        m->e = SALLY_E_MALFORMED;
}

/* A zone is of no use to a server. */
static struct sally_span host_of(const struct sally_uri *uri)
{
    return (struct sally_span){ (const uint8_t *)uri->host,
                                strcspn(uri->host, "%") };
}

/* Each URI's certificate must have the name of that URI. */
static enum sally_err put_hosts(const struct sally_config_server *server,
                                struct sally_credential_parts *p,
                                struct sally_config_hosts *hosts)
{
    struct sally_buf b = SALLY_BUF(hosts->bytes);
    struct sally_writer w = sally_writer_into(&b);
    const struct sally_uri *uri;
    enum sally_err e;

    p->server_name = host_of(&server->uri);
    if (server->more_count == 0)
        return SALLY_E_OK;
    for (size_t i = 0; (uri = sally_config_uri(server, i)) != NULL; i++) {
        sally_put(&w, host_of(uri));
        sally_put_u8(&w, 0);
    }
    e = sally_writer_end(&w);
    p->host_names = sally_buf_span(&b);
    return e;
}

enum sally_err
sally_config_demand(const struct sally_config_server *server,
                    const struct sally_trust *trust,
                    const struct sally_holder *holder,
                    struct sally_credential_draft *draft,
                    struct sally_config_hosts *hosts)
{
    struct sally_credential_parts *p = &draft->parts;

    p->min_version = server->min_version;
    p->connection_id = server->connection_id;
    p->trust = trust;
    p->holder = holder;
    draft->oscore.start = server->oscore_start;
    if (p->server_name.len == 0 &&
        (sally_credential_field(SALLY_FIELD_SERVER_NAME)->allowed_in &
         1u << p->mode) != 0)
        return put_hosts(server, p, hosts);
    return SALLY_E_OK;
}

enum sally_err
sally_config_credential(const struct sally_config_server *server,
                        const struct sally_config_account *a,
                        struct sally_span files,
                        const struct sally_trust *trust,
                        const struct sally_holder *holder,
                        struct sally_credential *out,
                        const struct sally_credential_field **culprit)
{
    struct making m = { .e = SALLY_E_OK };

    put_said(&m, a);
    put_files(&m, files);
    if (m.e == SALLY_E_OK)
        m.e = sally_config_demand(server, trust, holder, &m.draft, &m.hosts);
    if (m.e == SALLY_E_OK)
        m.e = sally_credential_finish(out, &m.draft, &m.culprit);
    *culprit = m.culprit;
    return m.e;
}

/* Where the field's own description does not say it all. */
static const struct wanted {
    enum sally_credential_kind kind;
    enum sally_err e;
    const char *text;
} wanted[] = {
    { SALLY_FIELD_SERVER_KEY, SALLY_E_OUT_OF_RANGE,
      "a digest as long as `matching_type` says" },
    { SALLY_FIELD_MATCHING, SALLY_E_NOT_ALLOWED,
      "\"exact\", since an anchor cannot be a digest" },
    { SALLY_FIELD_SECRET_KEY, SALLY_E_OUT_OF_RANGE, "a key of 1 to 64 bytes" },
    { SALLY_FIELD_SERVER_NAME, SALLY_E_MALFORMED,
      "a name, since an IP address is never asked for" },
    { SALLY_FIELD_SENDER_ID, SALLY_E_OUT_OF_RANGE,
      "no more bytes than the nonce of the AEAD leaves: 7, 6 or 1" },
    { SALLY_FIELD_RECIPIENT_ID, SALLY_E_OUT_OF_RANGE,
      "no more bytes than the nonce of the AEAD leaves: 7, 6 or 1" },
    { SALLY_FIELD_RECIPIENT_ID, SALLY_E_MALFORMED,
      "another identifier than that in sender_id" },
};

const char *sally_config_wanted(const struct sally_credential_field *culprit,
                                enum sally_err e)
{
    for (size_t i = 0; i < SALLY_LEN(wanted); i++)
        if (wanted[i].kind == culprit->kind && wanted[i].e == e)
            return wanted[i].text;
    return culprit->what;
}

enum sally_err sally_config_trust(const struct sally_config_server *server,
                                  struct sally_span files,
                                  struct sally_trust **out)
{
    struct sally_trust_parts parts = { .crl_max_age = server->crl_max_age };
    struct sally_span bytes;
    unsigned kind;

    *out = NULL;
    while (sally_keyring_take(&files, &kind, &bytes))
        if (kind == SALLY_KEYRING_TRUST)
            parts.anchors = bytes;
        else if (kind == SALLY_KEYRING_CRL)
            parts.crls = bytes;
        else
            return SALLY_E_MALFORMED;
    if (files.len != 0)
        return SALLY_E_MALFORMED;
    return parts.anchors.len == 0 ? SALLY_E_OK
                                  : sally_trust_make(out, &parts);
}
