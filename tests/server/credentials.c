/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/credentials.c - the server's own key, the raw keys and OSCORE
 * keys of its clients, and the authorities of their certificates.           */
#include "server/server.h"

#include "base/text.h"
#include "security/keypair.h"
#include "security/object.h"
#include "security/pem.h"
#include "security/trust.h"

#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 20000
#define FILE_MAX 65536

/* All of a file, in PEM or DER, as DER appended to `out`. */
static bool read_pem(const char *path, enum sally_pem_kind kind,
                     struct sally_buf *out)
{
    static uint8_t text[FILE_MAX];
    FILE *file = fopen(path, "r");
    size_t len;

    if (file == NULL) {
        perror(path);
        return false;
    }
    len = fread(text, 1, sizeof(text), file);
    fclose(file);
    if (sally_pem_read((struct sally_span){ text, len }, kind, out) ==
        SALLY_E_OK)
        return true;
    fprintf(stderr, "%s: expected a key or certificates in PEM or DER\n",
            path);
    return false;
}

/* The server names no peer, so no account is made of it. */
static bool load_own(struct server *s, const struct server_options *o)
{
    struct sally_buf secret = SALLY_BUF(s->own_secret);
    struct sally_buf public = SALLY_BUF(s->own_public);
    struct sally_buf anchors = SALLY_BUF(s->anchors);
    struct sally_trust_parts trust = { .crl_max_age = 0 };

    if (o->key == NULL)
        return true;
    if (!read_pem(o->key, SALLY_PEM_PRIVATE_KEY, &secret) ||
        (o->certificate != NULL &&
         !read_pem(o->certificate, SALLY_PEM_CERTIFICATES, &public)) ||
        (o->trust != NULL &&
         !read_pem(o->trust, SALLY_PEM_CERTIFICATES, &anchors)))
        return false;
    s->own.mode = o->certificate != NULL ? SALLY_MODE_X509 : SALLY_MODE_RPK;
    s->own.secret_key = sally_buf_span(&secret);
    s->own.public_key = sally_buf_span(&public);
    trust.anchors = sally_buf_span(&anchors);
    if (o->trust != NULL && sally_trust_make(&s->trust, &trust) != SALLY_E_OK) {
        fprintf(stderr, "%s: expected certificates of CAs\n", o->trust);
        return false;
    }
    s->own.trust = s->trust;
    return true;
}

/* --- Lines of clients ---------------------------------------------------- */

/* Calls `take` for each line that is not empty and no comment. */
static bool each_line(struct server *s, const char *path,
                      bool (*take)(struct server *s, struct sally_cursor *c),
                      const char *expected)
{
    FILE *file = fopen(path, "r");
    char line[2048];
    unsigned number = 0;
    bool good = file != NULL;

    if (!good)
        perror(path);
    while (good && fgets(line, sizeof(line), file) != NULL) {
        struct sally_span text = sally_text_trim(sally_span_of(line));
        struct sally_cursor c = sally_cursor_over(text);

        number++;
        if (text.len == 0 || text.at[0] == '#')
            continue;
        good = take(s, &c);
        if (!good)
            fprintf(stderr, "%s:%u: expected %s\n", path, number, expected);
    }
    if (file != NULL)
        fclose(file);
    return good;
}

/* What stands up to the next colon, as bytes; empty if there is nothing. */
static bool take_hex(struct sally_cursor *c, struct sally_buf *out)
{
    struct sally_span digits = sally_take_until(c, ':');

    return digits.len == 0 || sally_text_hex(digits, out) == SALLY_E_OK;
}

static bool take_raw(struct server *s, struct sally_cursor *c)
{
    struct server_raw *r = &s->raws[s->raw_count];
    struct sally_buf key = SALLY_BUF(r->key);

    if (s->raw_count == CLIENTS_MAX ||
        !sally_span_text(sally_take_until(c, ':'), r->endpoint,
                         sizeof(r->endpoint)) ||
        !take_hex(c, &key) || key.len == 0)
        return false;
    r->len = key.len;
    s->raw_count++;
    return true;
}

/* A number, or 0 where there is none. */
static int32_t take_number(struct sally_cursor *c)
{
    int64_t n = 0;

    return sally_text_int(sally_take_until(c, ':'), &n) == SALLY_E_OK
               ? (int32_t)n
               : 0;
}

static bool take_oscore(struct server *s, struct sally_cursor *c)
{
    struct server_oscore *o = &s->oscores[s->oscore_count];
    uint8_t room[5][SALLY_SECRET_MAX];
    struct sally_buf part[5];
    struct sally_oscore_parts oscore = { .aead = 0 };
    const struct sally_credential_parts parts = { .mode = SALLY_MODE_NOSEC,
                                                  .oscore = &oscore };

    if (s->oscore_count == CLIENTS_MAX ||
        !sally_span_text(sally_take_until(c, ':'), o->endpoint,
                         sizeof(o->endpoint)))
        return false;
    for (size_t i = 0; i < SALLY_LEN(part); i++) {
        part[i] = SALLY_BUF(room[i]);
        if (!take_hex(c, &part[i]))
            return false;
    }
    oscore.aead = take_number(c);
    oscore.hkdf = take_number(c);
    oscore.sender_id = sally_buf_span(&part[0]);
    oscore.recipient_id = sally_buf_span(&part[1]);
    oscore.master_secret = sally_buf_span(&part[2]);
    oscore.master_salt = sally_buf_span(&part[3]);
    oscore.id_context = sally_buf_span(&part[4]);
    oscore.has_id_context = part[4].len != 0;
    if (sally_credential_make(&o->credential, &parts, NULL) != SALLY_E_OK)
        return false;
    s->oscore_count++;
    return true;
}

/* --- What the stack asks ------------------------------------------------- */

static const struct server_raw *raw_of(const struct server *s,
                                       struct sally_span key)
{
    for (size_t i = 0; i < s->raw_count; i++)
        if (sally_span_equal(key, (struct sally_span){ s->raws[i].key,
                                                       s->raws[i].len }))
            return &s->raws[i];
    return NULL;
}

/* A chain that is verified will do: its name is compared with the endpoint. */
static enum sally_err admit(void *owner, enum sally_security_mode mode,
                            struct sally_span peer)
{
    const struct server *s = owner;

    return mode != SALLY_MODE_RPK || raw_of(s, peer) != NULL
               ? SALLY_E_OK
               : SALLY_E_NOT_FOUND;
}

/* The ID Context goes along only where it tells contexts apart. */
static enum sally_err find_oscore(void *owner, struct sally_span kid,
                                  struct sally_span kid_context,
                                  const struct sally_credential **out)
{
    const struct server *s = owner;

    *out = NULL;
    for (size_t i = 0; i < s->oscore_count; i++) {
        const struct sally_credential *c = &s->oscores[i].credential;

        if (!sally_span_equal(c->oscore->sender_id, kid))
            continue;
        if (*out == NULL ||
            sally_span_equal(c->oscore->id_context, kid_context))
            *out = c;
    }
    return *out == NULL ? SALLY_E_NOT_FOUND : SALLY_E_OK;
}

bool server_knows_raw(const struct server *s, struct sally_span key)
{
    return raw_of(s, key) != NULL;
}

struct sally_span server_name_of(const struct server *s,
                                 struct sally_span identity)
{
    const struct server_raw *r = raw_of(s, identity);

    return r == NULL ? identity : sally_span_of(r->endpoint);
}

bool server_load_credentials(struct server *s, const struct server_options *o)
{
    s->raws = calloc(CLIENTS_MAX, sizeof(*s->raws));
    s->oscores = calloc(CLIENTS_MAX, sizeof(*s->oscores));
    if (s->raws == NULL || s->oscores == NULL || !load_own(s, o))
        return false;
    if (o->raw_file != NULL &&
        !each_line(s, o->raw_file, take_raw,
                   "endpoint:SubjectPublicKeyInfo in hexadecimal"))
        return false;
    if (o->oscore_file != NULL &&
        (!each_line(s, o->oscore_file, take_oscore,
                    "endpoint:sender:recipient:secret[:salt[:context[:aead"
                    "[:hkdf]]]], in hexadecimal") ||
         sally_object_contexts_make(&s->contexts, 4 * o->clients + 4,
                                    s->shared.random) != SALLY_E_OK))
        return false;
    s->finder = (struct sally_key_finder){ .find = server_find_key,
                                           .admit = admit,
                                           .find_oscore = find_oscore,
                                           .past = &s->fresh,
                                           .own = o->key == NULL ? NULL
                                                                 : &s->own,
                                           .owner = s };
    s->oscore_finder = s->finder;
    s->oscore_finder.contexts = s->contexts;
    return true;
}

void server_wipe_credentials(struct server *s)
{
    for (size_t i = 0; i < s->oscore_count; i++)
        sally_credential_wipe(&s->oscores[i].credential);
    sally_object_contexts_free(s->contexts);
    sally_trust_wipe(s->trust);
    sally_wipe(s->own_secret, sizeof(s->own_secret));
    free(s->raws);
    free(s->oscores);
}
