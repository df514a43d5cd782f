/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/places.c - a short list of addresses per host and port, and the
 * order in which a client goes through it.                                  */
#include "roles/places.h"

#include "log/log.h"
#include "loop/address.h"

#include <stdlib.h>
#include <string.h>

/* One place: a host and a port. */
struct server {
    struct sally_uri uri;
    const char *name; /* of a server that the configuration has there; NULL:
                         a bootstrap server wrote the URI */
    uint32_t id;      /* its own, for good; never 0 */
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
    sally_places_ask *ask;
    void *owner;
    struct server *of; /* those of the configuration, then the others */
    size_t count, configured;
    size_t victim;    /* which of the others goes next */
    uint32_t tickets; /* given out so far */
    uint32_t ids;     /* likewise */
};

static bool is_same_place(const struct sally_uri *a, const struct sally_uri *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static struct server *find_in(struct server *of, size_t count,
                              const struct sally_uri *uri)
{
    for (size_t i = 0; i < count; i++)
        if (is_same_place(&of[i].uri, uri))
            return &of[i];
    return NULL;
}

static struct server *find(const struct sally_places *p,
                           const struct sally_uri *uri)
{
    return find_in(p->of, p->count, uri);
}

/* A place that the configuration does not know; where there are too many of
 * those, one is forgotten, which costs whoever goes there a look-up.        */
static struct server *find_or_add(struct sally_places *p,
                                  const struct sally_uri *uri)
{
    struct server *s = find(p, uri);

    if (s != NULL || uri->host[0] == '\0')
        return s;
    if (p->count - p->configured < SALLY_PLACES_OTHERS) {
        s = realloc(p->of, (p->count + 1) * sizeof(*p->of));
        if (s == NULL)
            return NULL;
        p->of = s;
        s = &p->of[p->count++];
    } else {
        s = &p->of[p->configured + p->victim++ % SALLY_PLACES_OTHERS];
    }
    *s = (struct server){ .uri = *uri, .id = ++p->ids };
    return s;
}

/* --- The configuration's ------------------------------------------------- */

static void take_over(struct sally_places *p, struct server *of, size_t *count,
                      const struct sally_uri *uri, const char *name)
{
    const struct server *was = find(p, uri);

    if (uri->host[0] == '\0' || find_in(of, *count, uri) != NULL)
        return;
    of[*count] = was != NULL
                     ? *was
                     : (struct server){ .uri = *uri, .id = ++p->ids };
    of[*count].name = name;
    *count += 1;
}

static size_t count_uris(const struct sally_config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->server_count; i++)
        n += 1 + c->servers[i].more_count;
    return n;
}

enum sally_err sally_places_change(struct sally_places *p,
                                   const struct sally_config *c)
{
    const struct sally_uri *uri;
    struct server *of =
        calloc(count_uris(c) + p->count + 1, sizeof(*of));
    size_t count = 0, configured;

    if (of == NULL)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < c->server_count; i++)
        for (size_t k = 0; (uri = sally_config_uri(&c->servers[i], k)) != NULL;
             k++)
            take_over(p, of, &count, uri, c->servers[i].name);
    configured = count;
    for (size_t i = p->configured; i < p->count; i++)
        take_over(p, of, &count, &p->of[i].uri, NULL);
    free(p->of);
    p->of = of;
    p->count = count;
    p->configured = configured;
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
static void read_figures(struct server *s)
{
    s->count = sally_address_parse(s->uri.host, s->uri.port, &s->address[0]) ==
                       SALLY_E_OK
                   ? 1
                   : 0;
}

/* One question at a time for each place, however many clients go there. */
static void refresh(struct sally_places *p, struct server *s, sally_usec now)
{
    struct sally_bus_resolve q = { .ticket = p->tickets + 1 };

    if (s->uri.kind != SALLY_URI_NAME) {
        read_figures(s);
        return;
    }
    if (now < s->next || now < s->waits)
        return;
    q.port = s->uri.port;
    (void)sally_span_text(sally_span_of(s->uri.host), q.host, sizeof(q.host));
    if (!p->ask(p->owner, &q))
        return;
    s->waits = sally_after(now, SALLY_PLACES_PATIENCE);
    s->ticket = ++p->tickets;
}

void sally_places_prepare(struct sally_places *p, sally_usec now)
{
    for (size_t i = 0; i < p->configured; i++)
        refresh(p, &p->of[i], now);
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

static const char *name_of(const struct server *s)
{
    return s->name != NULL ? s->name : s->uri.host;
}

static void tell(const struct server *s, const struct sally_bus_resolved *r)
{
    char first[SALLY_ADDRESS_TEXT];

    sally_log(SALLY_LOG_INFO, "name_resolved",
              SALLY_TEXT("server", name_of(s)),
              SALLY_NUMBER("addresses", r->count),
              SALLY_TEXT("first", sally_address_text(&r->address[0], first)));
}

static void failed(struct server *s, sally_usec now)
{
    sally_usec wait = SALLY_PLACES_RETRY << (s->failures < 6 ? s->failures : 6);

    s->failures++;
    s->next =
        sally_after(now, sally_earlier(wait, SALLY_PLACES_FRESH));
    sally_log(SALLY_LOG_WARNING, "name_not_resolved",
              SALLY_TEXT("server", name_of(s)),
              SALLY_NUMBER("failures", s->failures));
}

/* True: before, there was no address. */
static bool take_answer(struct server *s, const struct sally_bus_resolved *r,
                        sally_usec now)
{
    bool first = s->count == 0;

    s->waits = 0;
    s->answered = now;
    if (r->count == 0) {
        failed(s, now);
        return false;
    }
    if (s->failures != 0 || !is_same(s, r))
        tell(s, r);
    s->failures = 0;
    s->next = sally_after(now, SALLY_PLACES_FRESH);
    s->count = r->count;
    memcpy(s->address, r->address, sizeof(s->address));
    return first;
}

/* Places are few, and answers come once a second at most. */
bool sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r, sally_usec now)
{
    bool first = false;

    for (size_t i = 0; i < p->count; i++)
        if (r->ticket != 0 && p->of[i].ticket == r->ticket)
            first |= take_answer(&p->of[i], r, now);
    return first;
}

void sally_places_forget(struct sally_places *p)
{
    for (size_t i = 0; i < p->count; i++)
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

bool sally_places_begin(struct sally_places *p, const struct sally_uri *uri,
                        struct sally_way *way, sally_usec now)
{
    struct server *s = find_or_add(p, uri);
    bool good;

    if (s == NULL) {
        *way = (struct sally_way){ .place = 0 };
        return false;
    }
    if (way->place != s->id)
        *way = (struct sally_way){ .place = s->id };
    good = way->good;
    if (!good && way->at.family != 0)
        doubt(s);
    refresh(p, s, now);
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

bool sally_places_onward(struct sally_places *p, const struct sally_uri *uri,
                         struct sally_way *way, sally_usec now)
{
    struct server *s = way->heard ? NULL : find(p, uri);
    bool gone;

    if (s == NULL)
        return false;
    if (way->unanswered >= SALLY_PLACES_TRIES)
        doubt(s);
    refresh(p, s, now);
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
    return way->unanswered == SALLY_PLACES_TRIES + 1 && uri->secure;
}

bool sally_places_renumbered(struct sally_places *p,
                             const struct sally_uri *uri,
                             struct sally_way *way)
{
    struct server *s = find(p, uri);

    if (s == NULL || uri->kind == SALLY_URI_NAME)
        return false;
    read_figures(s);
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

unsigned sally_places_count(const struct sally_places *p,
                            const struct sally_uri *uri)
{
    const struct server *s = find(p, uri);

    return s == NULL ? 0 : s->count;
}

void sally_places_heard(struct sally_way *way)
{
    way->heard = true;
}

void sally_places_good(struct sally_places *p, const struct sally_uri *uri,
                       struct sally_way *way)
{
    struct server *s = find(p, uri);

    way->good = true;
    if (s != NULL)
        s->good = way->at;
}
