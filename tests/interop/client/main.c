/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - the matrix's client: its arguments, and what it says. */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void client_tell(const char *event, ...)
{
    const char *key;
    va_list pairs;

    printf("{\"event\":\"%s\"", event);
    va_start(pairs, event);
    while ((key = va_arg(pairs, const char *)) != NULL)
        printf(",\"%s\":\"%s\"", key, va_arg(pairs, const char *));
    va_end(pairs);
    printf("}\n");
}

static enum sally_scheme scheme_of(const struct sally_uri *uri)
{
    if (uri->stream)
        return uri->secure ? SALLY_SCHEME_COAPS_TCP : SALLY_SCHEME_COAP_TCP;
    return uri->secure ? SALLY_SCHEME_COAPS : SALLY_SCHEME_COAP;
}

/* An exchange is given up after seconds, for tests that restart the peer. What
 * only serves answers at once; the others are Java and Python, cold at first,
 * and do not like a request twice.                                          */
static void hurry(struct sally_coap_parameters *p, bool at_once)
{
    p->ack_timeout = at_once ? 300 * SALLY_MSEC : p->ack_timeout;
    p->max_retransmit = at_once ? 3 : 1;
}

int main(int count, char **argument)
{
    static struct client_setup s = { .past = { .trusted = true } };
    const struct client_part *part;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count < 4 ||
        sally_uri_parse(sally_span_of(argument[2]), &s.uri) != SALLY_E_OK ||
        !host_find(&s.uri) || !account_make(&s.credential, &argument[4]) ||
        sally_engine_make(&s.engine, 1) != SALLY_E_OK)
        return 1;
    part = strcmp(argument[1], "device") == 0 ? &client_device : &client_asker;
    s.scheme = scheme_of(&s.uri);
    s.endpoint = argument[3];
    hurry(&s.engine.parameters, part == &client_asker);
    sally_security_clock(s.engine.security, (uint64_t)time(NULL), true);
    if (!part->begin(&s))
        return 1;
    client_tell("ready", NULL);
    host_run(part);
    return 0; /* as one that lost its power */
}
