/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/test.c - the verb test: does a server of the configuration
 * answer from here? Needs no daemon, no sensor and no key.                  */
#include "cli/verbs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "cli/line.h"
#include "cli/probe.h"
#include "config/files.h"

struct test {
    const struct sally_cli *cli;
    const struct sally_config_server *server;
    const struct sally_uri *uri; /* of the server, being tried */
    bool bad;
};

/* One step, as a line for a person or a program. */
static void say(struct test *t, const char *step, bool ok, const char *detail)
{
    t->bad |= !ok;
    if (t->cli->json)
        fprintf(t->cli->out,
                "{\"step\":\"%s\",\"ok\":%s,\"detail\":\"%s\"}\n", step,
                ok ? "true" : "false", detail);
    else
        fprintf(t->cli->out, "  %s  %-28s %s\n", ok ? "ok" : "--", step,
                detail);
}

/* What an answer to a made-up identity tells of the server. Over DTLS 1.2 it
 * says nothing once it has seen that the identity is not one of its own.    */
static const struct meaning {
    enum sally_err why;
    int alert; /* ANY: whichever, or none */
    const char *text;
} meanings[] = {
#define ANY (-1)
    { SALLY_E_REFUSED, 40, ", with no suite for pre-shared keys" },
    { SALLY_E_REFUSED, 43, ", and wants a raw key or a certificate" },
    { SALLY_E_REFUSED, 70, ", in no version that is spoken here" },
    { SALLY_E_REFUSED, 116, ", and wants a certificate" },
    { SALLY_E_REFUSED, ANY, " and refuses a made-up identity, as it should" },
    { SALLY_E_NO_SUITE, ANY, ", with no suite for pre-shared keys" },
    { SALLY_E_NO_VERSION, ANY, ", in no version that is spoken here" },
    { SALLY_E_WRONG_KIND, ANY, ", and shows a raw key or a certificate" },
    { SALLY_E_TIMED_OUT, ANY, " and takes pre-shared keys" },
};

static const char *meaning_of(const struct sally_probe *p)
{
    if (!p->ended)
        return " and takes pre-shared keys";
    for (size_t i = 0; i < SALLY_LEN(meanings); i++)
        if (meanings[i].why == p->why &&
            (meanings[i].alert == ANY || meanings[i].alert == p->alert))
            return meanings[i].text;
    return NULL;
}

/* False: who answers is no server of this kind. */
static bool describe(const struct sally_uri *uri, const struct sally_probe *p,
                     char *out, size_t size)
{
    const char *more = uri->secure ? meaning_of(p) : "";
    bool good = more != NULL && (uri->secure || !p->ended);

    if (!good)
        (void)snprintf(out, size, "%s (%u ms)", sally_err_text(p->why),
                       p->milliseconds);
    else if (uri->secure)
        (void)snprintf(out, size, "speaks %s%s (%u ms)",
                       uri->stream ? "TLS" : "DTLS", more, p->milliseconds);
    else
        (void)snprintf(out, size, "%s (%u ms)",
                       uri->stream ? "speaks CoAP over TCP"
                                   : "answers a CoAP ping",
                       p->milliseconds);
    return good;
}

static void tell(struct test *t, const char *step, const struct sally_probe *p)
{
    char detail[160];

    if (p->unreachable) {
        say(t, step, false, strerror(p->error));
    } else if (!p->heard) {
        say(t, step, false,
            t->uri->stream
                ? "no answer in 5 s: whoever listens there speaks no CoAP"
                : "no answer in 5 s: nobody is there, or UDP is dropped on "
                  "the way");
    } else {
        say(t, step, describe(t->uri, p, detail, sizeof(detail)), detail);
    }
}

static void try_address(struct test *t, const struct addrinfo *a)
{
    char host[INET6_ADDRSTRLEN + 24], step[sizeof(host) + 8];
    struct sally_probe p;

    if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0,
                    NI_NUMERICHOST) != 0)
        return;
    (void)snprintf(step, sizeof(step), "%s %s",
                   t->uri->stream ? "tcp" : "udp", host);
    if (sally_probe_address(a->ai_addr, a->ai_addrlen,
                            sally_config_scheme(t->uri), &p) != SALLY_E_OK)
        say(t, step, false, "no socket or no memory for the attempt");
    else
        tell(t, step, &p);
}

static void try_uri(struct test *t)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_DGRAM,
                                     .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    char port[8];
    int e;

    (void)snprintf(port, sizeof(port), "%u", t->uri->port);
    e = getaddrinfo(t->uri->host, port, &wanted, &list);
    say(t, "name", e == 0, e == 0 ? t->uri->host : gai_strerror(e));
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        try_address(t, a);
    if (list != NULL)
        freeaddrinfo(list);
}

static void try_server(struct test *t)
{
    for (size_t i = 0;
         (t->uri = sally_config_uri(t->server, i)) != NULL; i++)
        try_uri(t);
}

static const struct sally_config_server *
find(const struct sally_config *c, const char *name)
{
    for (size_t i = 0; i < c->server_count; i++)
        if (name[0] != '\0' && strcmp(c->servers[i].name, name) == 0)
            return &c->servers[i];
    return NULL;
}

int sally_verb_test(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count)
{
    struct test t = { .cli = cli };
    struct sally_config_files files;
    struct sally_config config = { .server_count = 0 };

    (void)v;
    (void)count;
    if (sally_config_files_read(cli->config, &files, cli->err) != 0 ||
        sally_config_load(files.files, files.count, &config, cli->err) != 0) {
        t.bad = true;
    } else if ((t.server = find(&config, args[0])) == NULL) {
        fprintf(cli->err, "sallyportctl: %s: there is no such server\n",
                args[0]);
        t.bad = true;
    } else {
        try_server(&t);
    }
    sally_config_wipe(&config);
    sally_config_files_wipe(&files);
    return t.bad ? SALLY_EXIT_REFUSED : SALLY_EXIT_DONE;
}
