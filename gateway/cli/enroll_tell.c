/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/enroll_tell.c - the servers' side: files for each server that say
 * what it must know of the sensors.                                         */
#include "cli/enroll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "security/crypto.h"
#include "uplink/virtual_client.h"

#define CONFIG_MAX (256u << 10) /* bytes of a line for a bootstrap server */

struct telling {
    const struct sally_config *config;
    const struct sally_enroll_list *who;
    const char *into;
    struct sally_enroll_source from; /* of keys that no file has */
    struct sally_made *made;
    FILE *err;
};

static bool fail(const struct telling *t, const char *what, const char *why)
{
    fprintf(t->err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

/* --- Text that grows ------------------------------------------------------ */

static void text_wipe(struct sally_buf *b)
{
    sally_wipe(b->at, b->len);
    free(b->at);
    *b = (struct sally_buf){ NULL, 0, 0 };
}

/* Room for `more` bytes; what was held before is wiped. */
static bool text_grow(struct sally_buf *b, size_t more)
{
    struct sally_buf larger = { NULL, b->len, 2 * b->room + more };

    if (b->room - b->len >= more)
        return true;
    larger.at = malloc(larger.room);
    if (larger.at == NULL)
        return false;
    if (b->len != 0)
        memcpy(larger.at, b->at, b->len);
    text_wipe(b);
    *b = larger;
    return true;
}

/* --- Accounts ------------------------------------------------------------- */

/* A key for an account that only its bootstrap server will give: the same
 * wherever it is told, of what is random for this run and forgotten after it.
 * UNSUPPORTED: such an account has none.                                    */
static enum sally_err make_given(const struct telling *t,
                                 const struct sally_config_sensor *s,
                                 const struct sally_config_server *server,
                                 struct sally_credential *out)
{
    const struct sally_enrolled whose = {
        sally_stack_usual(sally_config_scheme(&server->uri)), server->name,
        s->endpoint
    };
    uint8_t line_room[128], key_room[64];
    struct sally_buf line = SALLY_BUF(line_room), key = SALLY_BUF(key_room);
    struct sally_credential_parts parts = {
        .mode = whose.mode, .identity = sally_span_of(s->endpoint)
    };
    enum sally_err e = sally_enroll_file(
        sally_credential_field(SALLY_FIELD_SECRET_KEY), &whose, &t->from,
        &line);

    if (e == SALLY_E_OK)
        e = sally_text_hex(sally_text_trim(sally_buf_span(&line)), &key);
    parts.secret_key = sally_buf_span(&key);
    if (e == SALLY_E_OK)
        e = sally_credential_make(out, &parts, NULL);
    sally_wipe(line_room, sizeof(line_room));
    sally_wipe(key_room, sizeof(key_room));
    return e;
}

/* What the account has, or is to be given. False: nothing, and *good says if
 * that is no mistake.                                                       */
static bool take_account(const struct telling *t,
                         const struct sally_config_sensor *s,
                         const struct sally_config_account *a,
                         struct sally_credential *out, unsigned *unsaid,
                         bool *good)
{
    const struct sally_config_server *server = &t->config->servers[a->server];
    enum sally_err e;

    *good = true;
    if (!a->dormant) {
        *good = sally_enroll_credential(t->config, s, a, out, t->err);
        return *good;
    }
    if (server->uri_text[0] == '\0') {
        ++*unsaid;
        return false;
    }
    e = make_given(t, s, server, out);
    if (e == SALLY_E_OK)
        return true;
    *unsaid += e == SALLY_E_UNSUPPORTED;
    *good = e == SALLY_E_UNSUPPORTED || fail(t, s->id, sally_err_text(e));
    return false;
}

/* --- One server ----------------------------------------------------------- */

struct outgoing {
    struct sally_buf leshan, values, config;
    unsigned unsaid; /* accounts that a file has no word for */
    bool any;
};

static void wipe_outgoing(struct outgoing *o)
{
    text_wipe(&o->leshan);
    text_wipe(&o->values);
    text_wipe(&o->config);
}

static bool put_line(struct sally_buf *out,
                     enum sally_err (*form)(const char *endpoint,
                                            const struct sally_credential *c,
                                            struct sally_buf *out),
                     const char *endpoint, const struct sally_credential *c,
                     unsigned *unsaid)
{
    size_t before = out->len;
    enum sally_err e;

    if (!text_grow(out, SALLY_ENROLL_LINE))
        return false;
    e = form(endpoint, c, out);
    if (e == SALLY_E_UNSUPPORTED) {
        out->len = before;
        ++*unsaid;
        return true;
    }
    if (e != SALLY_E_OK || out->len == out->room)
        return false;
    out->at[out->len++] = '\n';
    return true;
}

static bool put_account(const struct telling *t, struct outgoing *o,
                        const struct sally_config_sensor *s,
                        const struct sally_config_account *a)
{
    SALLY_ON_EXIT(sally_credential_wipe)
    struct sally_credential c = { .size = 0 };
    bool good;

    if (!take_account(t, s, a, &c, &o->unsaid, &good))
        return good;
    o->any = true;
    if (put_line(&o->leshan, sally_enroll_leshan, s->endpoint, &c,
                 &o->unsaid) &&
        put_line(&o->values, sally_enroll_values, s->endpoint, &c, &o->unsaid))
        return true;
    return fail(t, s->id, "its keys do not fit a line");
}

/* --- What a bootstrap server gives ---------------------------------------- */

struct given {
    struct sally_enroll_account all[SALLY_CONFIG_SERVERS_MAX];
    size_t count;
};

static void given_wipe(struct given *g)
{
    while (g->count != 0)
        sally_credential_wipe(&g->all[--g->count].credential);
    free(g);
}

static bool take_given(const struct telling *t,
                       const struct sally_config_sensor *s, struct given *g,
                       unsigned *unsaid)
{
    const struct sally_config_profile *p = &t->config->profiles[s->profile];
    bool good = true;

    for (uint32_t i = 0; i < s->account_count && good; i++) {
        const struct sally_config_account *a = &s->accounts[i];
        struct sally_enroll_account *to = &g->all[g->count];

        to->server = &t->config->servers[a->server];
        to->lifetime = sally_virtual_client_lifetime(to->server, p);
        if (to->server->uri_text[0] != '\0' &&
            take_account(t, s, a, &to->credential, unsaid, &good))
            g->count++;
    }
    return good;
}

/* "ENDPOINT CONFIG"; nothing where there is nothing to give. */
static bool put_config(const struct telling *t, struct outgoing *o,
                       const struct sally_config_sensor *s)
{
    struct given *g = calloc(1, sizeof(*g));
    const size_t before = o->config.len;
    struct sally_writer w;
    enum sally_err e = SALLY_E_OK;
    unsigned told = 0; /* by the other servers' files */
    bool good = g != NULL && text_grow(&o->config, CONFIG_MAX) &&
                take_given(t, s, g, &told);

    if (good && g->count != 0) {
        w = sally_writer_into(&o->config);
        sally_put_format(&w, "%s ", s->endpoint);
        e = sally_enroll_config(g->all, g->count, &o->config);
        if (e == SALLY_E_OK && o->config.len < o->config.room)
            o->config.at[o->config.len++] = '\n';
    }
    if (g != NULL)
        given_wipe(g);
    if (e != SALLY_E_OK)
        o->config.len = before;
    o->unsaid += e == SALLY_E_UNSUPPORTED;
    return good && (e == SALLY_E_OK || e == SALLY_E_UNSUPPORTED ||
                    fail(t, s->id, "its accounts do not fit a line"));
}

/* --- The files ------------------------------------------------------------ */

static bool write_one(const struct telling *t, const char *server,
                      const char *ending, const struct sally_buf *text)
{
    const char *path = sally_arena_format(&t->made->arena, "%s/%s.%s", t->into,
                                          server, ending);

    return sally_made_file(t->made, path, 0600, sally_buf_span(text)) ||
           fail(t, path, strerror(errno));
}

static bool write_outgoing(const struct telling *t,
                           const struct sally_config_server *server,
                           const struct outgoing *o)
{
    if (o->unsaid != 0)
        fprintf(t->err,
                "sallyportctl: %s/%s: left out %u accounts that Leshan's "
                "interface has no words for\n",
                t->into, server->name, o->unsaid);
    if (!o->any)
        return true;
    return write_one(t, server->name, "leshan.jsonl", &o->leshan) &&
           write_one(t, server->name, "csv", &o->values) &&
           (!server->bootstrap ||
            write_one(t, server->name, "leshan-bootstrap.txt", &o->config));
}

static bool put_sensor(const struct telling *t, struct outgoing *o,
                       const struct sally_config_sensor *s, uint32_t server)
{
    for (size_t k = 0; k < sally_config_accounts(s); k++)
        if (s->accounts[k].server == server &&
            !put_account(t, o, s, &s->accounts[k]))
            return false;
    return s->bootstrap == NULL || s->bootstrap->server != server ||
           put_config(t, o, s);
}

static bool fill(const struct telling *t, struct outgoing *o, uint32_t server)
{
    struct sally_writer head;

    if (!text_grow(&o->values, SALLY_ENROLL_LINE))
        return fail(t, "keys", "there is not enough memory");
    head = sally_writer_into(&o->values);
    sally_put_text(&head, sally_enroll_head);
    for (size_t i = 0; i < t->who->count; i++)
        if (!put_sensor(t, o, sally_enroll_sensor(t->config, t->who->ids[i]),
                        server))
            return false;
    return true;
}

static bool tell_server(const struct telling *t, uint32_t server)
{
    struct outgoing o = { .unsaid = 0 };
    bool good = fill(t, &o, server) &&
                write_outgoing(t, &t->config->servers[server], &o);

    wipe_outgoing(&o);
    return good;
}

const struct sally_config_sensor *
sally_enroll_sensor(const struct sally_config *c, const char *id)
{
    return &c->sensors[sally_config_sensor_named(c, sally_span_of(id))];
}

bool sally_enroll_tell(const struct sally_config *c,
                       const struct sally_enroll_list *who, const char *into,
                       struct sally_made *made, FILE *err)
{
    const struct sally_random random = sally_crypto_random();
    uint8_t root[SALLY_FLEET_KEY_LEN];
    const struct telling t = {
        c, who, into, { .fleet = { root, sizeof(root) } }, made, err
    };
    bool good = true;

    sally_random_fill(&random, root, sizeof(root));
    for (uint32_t i = 0; i < c->server_count && good; i++)
        good = tell_server(&t, i);
    sally_wipe(root, sizeof(root));
    return good;
}
