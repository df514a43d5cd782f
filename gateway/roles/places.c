/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/places.c - a short list of addresses per server, and the
 * order in which a client goes through it.                                  */
#include "roles/places.h"

#include "log/log.h"
#include "loop/address.h"

#include <stdlib.h>
#include <string.h>

struct server {
    struct sally_bus_address address[SALLY_BUS_ADDRESSES];
    unsigned count;
    struct sally_bus_address good; /* worked for some client; family 0: none */
    sally_usec answered;           /* when the last answer came */
    sally_usec next;               /* no look-up before */
    sally_usec waits; /* until then for an answer; 0: for none */
    uint32_t ticket;  /* of the last question; 0: none yet */
    unsigned failures;
};

struct sally_places {
    const struct sally_config *config;
    sally_places_ask *ask;
    void *owner;
    struct server *of; /* SALLY_CONFIG_URIS_MAX per server */
    uint32_t tickets;  /* given out so far */
};

/* A place is a URI of a server. */
static size_t place_of(uint32_t server, const struct sally_way *way)
{
    return (size_t)server * SALLY_CONFIG_URIS_MAX + way->uri;
}

/* NULL: nobody, or nobody any more, has this slot. */
static const struct sally_uri *uri_of(const struct sally_config *c,
                                      size_t place)
{
    size_t server = place / SALLY_CONFIG_URIS_MAX;

    if (server >= c->server_count || c->servers[server].uri.host[0] == '\0')
        return NULL;
    return sally_config_uri(&c->servers[server],
                            place % SALLY_CONFIG_URIS_MAX);
}

static bool is_same_place(const struct sally_uri *a, const struct sally_uri *b)
{
    return a != NULL && b != NULL && a->port == b->port &&
           strcmp(a->host, b->host) == 0;
}

enum sally_err sally_places_change(struct sally_places *p,
                                   const struct sally_config *c)
{
    size_t before = p->of == NULL ? 0 : p->config->server_count;
    size_t room = before > c->server_count ? before : c->server_count;
    struct server *of =
        calloc((room + 1) * SALLY_CONFIG_URIS_MAX, sizeof(*of));

    if (of == NULL)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < c->server_count * SALLY_CONFIG_URIS_MAX; i++)
        for (size_t k = 0; k < before * SALLY_CONFIG_URIS_MAX; k++)
            if (is_same_place(uri_of(c, i), uri_of(p->config, k)))
                of[i] = p->of[k];
    free(p->of);
    p->of = of;
    p->config = c;
    return SALLY_E_OK;
}

enum sally_err sally_places_create(struct sally_places **out,
                                   const struct sally_config *c,
                                   sally_places_ask *ask, void *owner)
{
    struct sally_places *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    p->ask = ask;
    p->owner = owner;
    if (sally_places_change(p, c) != SALLY_E_OK) {
        free(p);
        return SALLY_E_NO_MEMORY;
    }
    *out = p;
    return SALLY_E_OK;
}

void sally_places_wipe(struct sally_places *p)
{
    if (p == NULL)
        return;
    free(p->of);
    free(p);
}

/* --- Look-ups ------------------------------------------------------------ */

/* An address in figures needs none, but the interface in a link-local one can
 * come late or become another, so it is read each time.                     */
static void read_figures(struct server *s, const struct sally_uri *uri)
{
    s->count = sally_address_parse(uri->host, uri->port, &s->address[0]) ==
                       SALLY_E_OK
                   ? 1
                   : 0;
}

/* One question at a time for each server, however many clients it has. */
static void refresh(struct sally_places *p, size_t place, sally_usec now)
{
    const struct sally_uri *uri = uri_of(p->config, place);
    struct server *s = &p->of[place];
    struct sally_bus_resolve q = { .ticket = p->tickets + 1 };

    if (uri == NULL)
        return;
    if (uri->kind != SALLY_URI_NAME) {
        read_figures(s, uri);
        return;
    }
    if (now < s->next || now < s->waits)
        return;
    q.port = uri->port;
    (void)sally_span_text(sally_span_of(uri->host), q.host, sizeof(q.host));
    if (!p->ask(p->owner, &q))
        return;
    s->waits = sally_after(now, SALLY_PLACES_PATIENCE);
    s->ticket = ++p->tickets;
}

void sally_places_prepare(struct sally_places *p, sally_usec now)
{
    for (size_t i = 0; i < p->config->server_count * SALLY_CONFIG_URIS_MAX; i++)
        if (uri_of(p->config, i) != NULL)
            refresh(p, i, now);
}

/* What the name gave may be why the server does not answer. */
static void doubt(struct server *s)
{
    if (s->failures == 0)
        s->next = sally_earlier(s->next,
                                sally_after(s->answered, SALLY_PLACES_DOUBT));
}

/* Its number in the list; `count` if it is not, or not any more, in it. */
static unsigned index_of(const struct server *s,
                         const struct sally_bus_address *a)
{
    unsigned i = 0;

    while (i < s->count &&
           (a->family != s->address[i].family ||
            a->scope != s->address[i].scope ||
            memcmp(a->ip, s->address[i].ip, sizeof(a->ip)) != 0))
        i++;
    return i;
}

/* In any order: some name servers change it each time. */
static bool is_same(const struct server *s, const struct sally_bus_resolved *r)
{
    for (unsigned i = 0; i < r->count; i++)
        if (index_of(s, &r->address[i]) == s->count)
            return false;
    return s->count == r->count;
}

static const char *name_of(const struct sally_places *p, size_t place)
{
    return p->config->servers[place / SALLY_CONFIG_URIS_MAX].name;
}

static void tell(const struct sally_places *p, size_t place,
                 const struct sally_bus_resolved *r)
{
    char first[SALLY_ADDRESS_TEXT];

    sally_log(SALLY_LOG_INFO, "name_resolved",
              SALLY_TEXT("server", name_of(p, place)),
              SALLY_NUMBER("addresses", r->count),
              SALLY_TEXT("first", sally_address_text(&r->address[0], first)));
}

static void failed(const struct sally_places *p, struct server *s,
                   size_t place, sally_usec now)
{
    sally_usec wait = SALLY_PLACES_RETRY << (s->failures < 6 ? s->failures : 6);

    s->failures++;
    s->next =
        sally_after(now, sally_earlier(wait, SALLY_PLACES_FRESH));
    sally_log(SALLY_LOG_WARNING, "name_not_resolved",
              SALLY_TEXT("server", name_of(p, place)),
              SALLY_NUMBER("failures", s->failures));
}

/* True: before, there was no address. */
static bool take_answer(struct sally_places *p, size_t place,
                        const struct sally_bus_resolved *r, sally_usec now)
{
    struct server *s = &p->of[place];
    bool first = s->count == 0;

    s->waits = 0;
    s->answered = now;
    if (r->count == 0) {
        failed(p, s, place, now);
        return false;
    }
    if (s->failures != 0 || !is_same(s, r))
        tell(p, place, r);
    s->failures = 0;
    s->next = sally_after(now, SALLY_PLACES_FRESH);
    s->count = r->count;
    memcpy(s->address, r->address, sizeof(s->address));
    return first;
}

/* Servers are few, and answers come once a second at most. */
bool sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r, sally_usec now)
{
    bool first = false;

    for (size_t i = 0; i < p->config->server_count * SALLY_CONFIG_URIS_MAX; i++)
        if (r->ticket != 0 && p->of[i].ticket == r->ticket)
            first |= take_answer(p, i, r, now);
    return first;
}

void sally_places_forget(struct sally_places *p)
{
    for (size_t i = 0; i < p->config->server_count * SALLY_CONFIG_URIS_MAX; i++)
        p->of[i].waits = 0;
}

/* --- A client's way through the list ------------------------------------- */

static void go_to(const struct server *s, struct sally_way *way,
                  unsigned index)
{
    way->at = s->address[index];
    way->unanswered = 0;
}

/* The one after this; from an address that is not in the list, the one that
 * worked last or the first.                                                 */
static void go_on(const struct server *s, struct sally_way *way)
{
    unsigned here = index_of(s, &way->at);
    unsigned good = index_of(s, &s->good);

    if (here < s->count)
        go_to(s, way, (here + 1) % s->count);
    else
        go_to(s, way, good < s->count ? good : 0);
}

bool sally_places_begin(struct sally_places *p, uint32_t server,
                        struct sally_way *way, sally_usec now)
{
    size_t place = place_of(server, way);
    struct server *s = &p->of[place];
    bool good = way->good;

    if (!good && way->at.family != 0)
        doubt(s);
    refresh(p, place, now);
    way->heard = way->good = false;
    way->unanswered = 0;
    if (s->count == 0) {
        way->at.family = 0;
        return false;
    }
    if (!good || index_of(s, &way->at) == s->count)
        go_on(s, way);
    return true;
}

static bool is_secure(const struct sally_uri *uri)
{
    return uri != NULL && uri->secure;
}

bool sally_places_onward(struct sally_places *p, uint32_t server,
                         struct sally_way *way, sally_usec now)
{
    size_t place = place_of(server, way);
    struct server *s = &p->of[place];
    bool gone;

    if (way->heard)
        return false;
    if (way->unanswered >= SALLY_PLACES_TRIES)
        doubt(s);
    refresh(p, place, now);
    gone = s->count != 0 && index_of(s, &way->at) == s->count;
    if (gone || (s->count > 1 && way->unanswered >= SALLY_PLACES_TRIES)) {
        go_on(s, way);
        way->unanswered = 1;
        return true;
    }
    if (way->unanswered < UINT8_MAX)
        way->unanswered++;
    /* The socket may have the port of an older session, which the server holds
     * and takes the handshake for: another one, once.                       */
    return way->unanswered == SALLY_PLACES_TRIES + 1 &&
           is_secure(uri_of(p->config, place));
}

bool sally_places_renumbered(struct sally_places *p, uint32_t server,
                             struct sally_way *way)
{
    size_t place = place_of(server, way);
    const struct sally_uri *uri = uri_of(p->config, place);
    struct server *s = &p->of[place];

    if (uri == NULL || uri->kind == SALLY_URI_NAME)
        return false;
    read_figures(s, uri);
    if (s->count == 0 || index_of(s, &way->at) < s->count)
        return false;
    way->at = s->address[0];
    return true;
}

void sally_places_unreachable(struct sally_way *way)
{
    if (way->unanswered < SALLY_PLACES_TRIES)
        way->unanswered = SALLY_PLACES_TRIES;
}

unsigned sally_places_count(const struct sally_places *p, uint32_t server,
                            const struct sally_way *way)
{
    return p->of[place_of(server, way)].count;
}

void sally_places_heard(struct sally_way *way)
{
    way->heard = true;
}

void sally_places_good(struct sally_places *p, uint32_t server,
                       struct sally_way *way)
{
    way->good = true;
    p->of[place_of(server, way)].good = way->at;
}
