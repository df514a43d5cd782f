/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/coap_discovery.c - /.well-known/core: what a sensor may do
 * here, as its entry says. RFC 6690, RFC 7252 s.7.
 *
 * Listed are the paths that its maps take and, with "obs", those that its
 * commands go to. A pattern with levels that can be anything is not listed,
 * since it names no resource. Other sensors' paths are not shown.           */
#include "ingress/coap_server_parts.h"

#include "base/text.h"
#include "codec/linkformat.h"
#include "coap/option.h"
#include "ingress/coap_reading.h"
#include "ingress/template.h"

#include <string.h>

#define TOPIC_PREFIX "coap"
#define LINK_FORMAT 40 /* application/link-format */
#define DIRECTORY "/rd"
#define DIRECTORY_TYPE "core.rd"
#define LIST_MAX 4096  /* bytes; what does not fit is left out */
#define TARGET_MAX 800 /* a topic, each byte of which takes three */

bool sally_coap_discovery_meant(struct sally_span options)
{
    static const char *const path[] = { ".well-known", "core" };
    struct sally_coap_options walk = { options, 0 };
    struct sally_coap_option o;
    size_t n = 0;

    while (sally_coap_option_next(&walk, &o)) {
        if (o.number != SALLY_OPTION_URI_PATH)
            continue;
        if (n >= SALLY_LEN(path) || !sally_span_is(o.value, path[n]))
            return false;
        n++;
    }
    return n == SALLY_LEN(path);
}

/* Bytes of a path that stand for themselves. RFC 3986 s.3.3. */
static bool is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@/", c) != NULL);
}

/* "coap/a b" to "/a%20b". False: not a resource of this server. */
static bool target_of(struct sally_span topic, char out[TARGET_MAX])
{
    static const char hex[] = "0123456789ABCDEF";
    struct sally_buf room = { (uint8_t *)out, 0, TARGET_MAX - 1 };
    struct sally_writer w = sally_writer_into(&room);

    if (!sally_span_starts(topic, sally_span_of(TOPIC_PREFIX "/")) ||
        memchr(topic.at, '{', topic.len) != NULL)
        return false;
    for (size_t i = sizeof(TOPIC_PREFIX) - 1; i < topic.len; i++) {
        uint8_t c = topic.at[i];

        if (is_plain(c)) {
            sally_put_u8(&w, c);
            continue;
        }
        sally_put_u8(&w, '%');
        sally_put_u8(&w, (uint8_t)hex[c >> 4]);
        sally_put_u8(&w, (uint8_t)hex[c & 15]);
    }
    out[room.len] = '\0';
    return !w.failed;
}

/* A list that is being made. */
struct list {
    struct sally_span id;
    struct sally_span filter; /* of "href" or "rt"; may end in a star */
    bool nothing;             /* asked for what no link here has */
    bool by_type;             /* the filter is of "rt" */
    struct sally_buf out;
    struct sally_links links;
};

static bool has(const struct list *l, const char *target)
{
    struct sally_cursor c = sally_cursor_over(sally_buf_span(&l->out));
    struct sally_span one, attributes;

    while (sally_take_link(&c, &one, &attributes))
        if (sally_span_is(one, target))
            return true;
    return false;
}

/* RFC 6690 s.4.1: a star at the end stands for anything. */
static bool is_wanted(const struct list *l, const char *target,
                      const char *type)
{
    struct sally_span f = l->filter;
    struct sally_span t = sally_span_of(l->by_type ? type : target);

    if (l->nothing)
        return false;
    if (f.len == 0)
        return true;
    if (f.at[f.len - 1] != '*')
        return sally_span_equal(f, t);
    return sally_span_starts(t, sally_span_sub(f, 0, f.len - 1));
}

static void put(struct list *l, const char *pattern, bool observable)
{
    uint8_t topic[SALLY_COAP_TOPIC_MAX];
    struct sally_buf room = SALLY_BUF(topic);
    struct sally_links before = l->links;
    size_t len = l->out.len;
    char target[TARGET_MAX];

    if (sally_template_topic(pattern, l->id, &room) != SALLY_E_OK ||
        !target_of(sally_buf_span(&room), target) ||
        !is_wanted(l, target, "") || has(l, target))
        return;
    sally_put_link(&l->links, target);
    if (observable)
        sally_put_attribute(&l->links, "obs", NULL);
    if (sally_links_end(&l->links) == SALLY_E_OK)
        return;
    l->out.len = len;
    l->links = before;
}

/* RFC 9176 s.4.1: that, and by which path, a directory is here. */
static void put_directory(struct list *l)
{
    if (!is_wanted(l, DIRECTORY, DIRECTORY_TYPE))
        return;
    sally_put_link(&l->links, DIRECTORY);
    sally_put_attribute(&l->links, "rt", "\"" DIRECTORY_TYPE "\"");
}

static void put_all(struct list *l, const struct sally_config_profile *p)
{
    put_directory(l);
    for (size_t i = 0; i < p->down_count; i++)
        put(l, p->down[i].topic, true);
    for (size_t i = 0; i < p->map_count; i++)
        put(l, p->maps[i].topic, false);
}

/* The query, if there is one: "href=" and a target, or "rt=" and a type. */
static void read_filter(struct sally_span options, struct list *l)
{
    struct sally_span href = sally_span_of("href="), rt = sally_span_of("rt=");
    struct sally_span query;

    if (!sally_coap_option_find(options, SALLY_OPTION_URI_QUERY, &query))
        return;
    l->by_type = sally_span_starts(query, rt);
    l->nothing = !l->by_type && !sally_span_starts(query, href);
    l->filter = sally_span_sub(query, l->by_type ? rt.len : href.len,
                               query.len);
}

static void answer(struct sally_coap_peer *p,
                   const struct sally_coap_request *q, sally_usec now)
{
    const struct sally_config *c = sally_outer_config(p->server->outer);
    const struct sally_config_sensor *sensor = &c->sensors[p->sensor];
    uint8_t bytes[LIST_MAX], room[8];
    struct list l = { .out = SALLY_BUF(bytes) };
    struct sally_buf options = SALLY_BUF(room);
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };

    l.id = sally_span_of(sensor->alias[0] != '\0' ? sensor->alias
                                                  : sensor->id);
    l.links = sally_links_into(&l.out);
    read_filter(q->options, &l);
    put_all(&l, &c->profiles[sensor->profile]);
    sally_coap_put_uint(&w, SALLY_OPTION_CONTENT_FORMAT, LINK_FORMAT);
    a.options = sally_buf_span(&options);
    a.payload = sally_buf_span(&l.out);
    (void)sally_coap_link_respond(&p->link, q->exchange, &a, now);
}

void sally_coap_discovery_answer(struct sally_coap_peer *p,
                                 const struct sally_coap_request *q,
                                 sally_usec now)
{
    uint32_t format = LINK_FORMAT;

    (void)sally_coap_option_uint(q->options, SALLY_OPTION_ACCEPT, &format);
    if (format != LINK_FORMAT)
        sally_coap_peer_answer(p, q->exchange, SALLY_CODE_NOT_ACCEPTABLE, now);
    else if (!p->validated)
        sally_coap_credit_challenge(p, q->exchange, now);
    else
        answer(p, q, now);
}
