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
    unsigned failures;
};

struct sally_places {
    const struct sally_config *config;
    sally_places_ask *ask;
    void *owner;
    struct server *of; /* one per server of the configuration */
};

enum sally_err sally_places_create(struct sally_places **out,
                                   const struct sally_config *c,
                                   sally_places_ask *ask, void *owner)
{
    struct sally_places *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return SALLY_E_NO_MEMORY;
    p->config = c;
    p->ask = ask;
    p->owner = owner;
    p->of = calloc(c->server_count + 1, sizeof(*p->of));
    if (p->of == NULL) {
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
static void refresh(struct sally_places *p, uint32_t server, sally_usec now)
{
    const struct sally_uri *uri = &p->config->servers[server].uri;
    struct server *s = &p->of[server];
    struct sally_bus_resolve q = { .ticket = server, .port = uri->port };

    if (uri->kind != SALLY_URI_NAME) {
        read_figures(s, uri);
        return;
    }
    if (now < s->next || now < s->waits)
        return;
    (void)sally_span_text(sally_span_of(uri->host), q.host, sizeof(q.host));
    if (p->ask(p->owner, &q))
        s->waits = sally_after(now, SALLY_PLACES_PATIENCE);
}

void sally_places_prepare(struct sally_places *p, sally_usec now)
{
    for (uint32_t i = 0; i < p->config->server_count; i++)
        refresh(p, i, now);
}

/* What the name gave may be why the server does not answer. */
static void doubt(struct server *s)
{
    if (s->failures == 0)
        s->next = sally_earlier(s->next,
                                sally_after(s->answered, SALLY_PLACES_DOUBT));
}

static bool is_same(const struct server *s, const struct sally_bus_resolved *r)
{
    for (unsigned i = 0; i < r->count && s->count == r->count; i++)
        if (memcmp(s->address[i].ip, r->address[i].ip,
                   sizeof(r->address[i].ip)) != 0)
            return false;
    return s->count == r->count;
}

static void tell(const struct sally_places *p,
                 const struct sally_bus_resolved *r)
{
    char first[SALLY_ADDRESS_TEXT];

    sally_log(SALLY_LOG_INFO, "name_resolved",
              SALLY_TEXT("server", p->config->servers[r->ticket].name),
              SALLY_NUMBER("addresses", r->count),
              SALLY_TEXT("first", sally_address_text(&r->address[0], first)));
}

static void failed(const struct sally_places *p, struct server *s,
                   uint32_t server, sally_usec now)
{
    sally_usec wait = SALLY_PLACES_RETRY << (s->failures < 6 ? s->failures : 6);

    s->failures++;
    s->next =
        sally_after(now, sally_earlier(wait, SALLY_PLACES_FRESH));
    sally_log(SALLY_LOG_WARNING, "name_not_resolved",
              SALLY_TEXT("server", p->config->servers[server].name),
              SALLY_NUMBER("failures", s->failures));
}

void sally_places_resolved(struct sally_places *p,
                           const struct sally_bus_resolved *r, sally_usec now)
{
    struct server *s;

    if (r->ticket >= p->config->server_count)
        return;
    s = &p->of[r->ticket];
    s->waits = 0;
    s->answered = now;
    if (r->count == 0) {
        failed(p, s, r->ticket, now);
        return;
    }
    if (s->failures != 0 || !is_same(s, r))
        tell(p, r);
    s->failures = 0;
    s->next = sally_after(now, SALLY_PLACES_FRESH);
    s->count = r->count;
    memcpy(s->address, r->address, sizeof(s->address));
}

void sally_places_forget(struct sally_places *p)
{
    for (size_t i = 0; i < p->config->server_count; i++)
        p->of[i].waits = 0;
}

/* --- A client's way through the list ------------------------------------- */

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

static void go_to(const struct server *s, struct sally_place *place,
                  unsigned index)
{
    place->at = s->address[index];
    place->unanswered = 0;
}

/* The one after this; from an address that is not in the list, the one that
 * worked last or the first.                                                 */
static void go_on(const struct server *s, struct sally_place *place)
{
    unsigned here = index_of(s, &place->at);
    unsigned good = index_of(s, &s->good);

    if (here < s->count)
        go_to(s, place, (here + 1) % s->count);
    else
        go_to(s, place, good < s->count ? good : 0);
}

bool sally_places_begin(struct sally_places *p, uint32_t server,
                        struct sally_place *place, sally_usec now)
{
    struct server *s = &p->of[server];
    bool good = place->good;

    if (!good && place->at.family != 0)
        doubt(s);
    refresh(p, server, now);
    place->heard = place->good = false;
    place->unanswered = 0;
    if (s->count == 0) {
        place->at.family = 0;
        return false;
    }
    if (!good || index_of(s, &place->at) == s->count)
        go_on(s, place);
    return true;
}

bool sally_places_onward(struct sally_places *p, uint32_t server,
                         struct sally_place *place, sally_usec now)
{
    struct server *s = &p->of[server];
    bool gone;

    if (place->heard)
        return false;
    if (place->unanswered >= SALLY_PLACES_TRIES)
        doubt(s);
    refresh(p, server, now);
    gone = s->count != 0 && index_of(s, &place->at) == s->count;
    if (gone || (s->count > 1 && place->unanswered >= SALLY_PLACES_TRIES)) {
        go_on(s, place);
        place->unanswered = 1;
        return true;
    }
    if (place->unanswered < UINT8_MAX)
        place->unanswered++;
    return false;
}

void sally_places_unreachable(struct sally_place *place)
{
    if (place->unanswered < SALLY_PLACES_TRIES)
        place->unanswered = SALLY_PLACES_TRIES;
}

void sally_places_heard(struct sally_place *place)
{
    place->heard = true;
}

void sally_places_good(struct sally_places *p, uint32_t server,
                       struct sally_place *place)
{
    place->good = true;
    p->of[server].good = place->at;
}
