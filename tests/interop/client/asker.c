/* SPDX-License-Identifier: GPL-3.0-or-later */
/* asker.c - a CoAP client for servers that only serve.
 *
 *     connect                 begins a session, ending the one before
 *     get PATH                so with observe
 *     put PATH [TEXT]         so with post                                  */
#include "client.h"

#include <stdio.h>
#include <string.h>

static struct client_setup *setup;
static struct sally_coap_link link;

static const struct verb {
    const char *word;
    uint8_t code;
    enum sally_coap_observe observe;
} verbs[] = {
    { "get", 1, SALLY_OBSERVE_ABSENT },
    { "observe", 1, SALLY_OBSERVE_REGISTER },
    { "post", 2, SALLY_OBSERVE_ABSENT },
    { "put", 3, SALLY_OBSERVE_ABSENT },
};

/* Bytes as text that needs no escapes, as far as it goes. */
static void tell_reply(const struct sally_coap_reply *r)
{
    static char body[SALLY_DATAGRAM_MAX * 4];
    char code[8], length[16];
    size_t n = 0;

    for (; n < r->payload.len && n < sizeof(body) - 1; n++) {
        char c = (char)r->payload.at[n];

        body[n] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '.' : c;
    }
    body[n] = '\0';
    snprintf(code, sizeof(code), "%u.%02u", r->code >> 5, r->code & 31U);
    snprintf(length, sizeof(length), "%zu", r->payload.len);
    client_tell(r->observe ? "notification" : "answer", "code", code, "bytes",
                length, "payload", body, NULL);
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    (void)owner, (void)x, (void)now;
    if (e == SALLY_E_OK)
        tell_reply(reply);
    else
        client_tell("failed", "why", sally_err_text(e), NULL);
}

static void on_channel(void *owner, enum sally_err e, sally_usec now)
{
    (void)owner, (void)now;
    client_tell(e == SALLY_E_OK ? "up" : "down", "why", sally_err_text(e),
                NULL);
}

static void on_notified(void *owner, sally_coap_exchange x, enum sally_err e,
                        sally_usec now)
{
    (void)owner, (void)x, (void)e, (void)now;
}

static void on_reserve(void *owner, uint64_t until)
{
    (void)owner;
    setup->past.known = true;
    setup->past.reserved = until;
    sally_coap_link_reserved(&link, until, host_now());
}

static const struct sally_coap_link_upcalls upcalls = {
    .on_reply = on_reply,
    .on_channel = on_channel,
    .on_notified = on_notified,
    .on_reserve = on_reserve
};

static bool begin(struct client_setup *s)
{
    setup = s;
    sally_coap_link_init(&link, &s->engine.coap, &upcalls, NULL);
    return true;
}

static enum sally_err ask(const struct verb *v, const char *path,
                          const char *body, sally_usec now)
{
    uint8_t bytes[256];
    struct sally_buf options = { bytes, 0, sizeof(bytes) };
    struct sally_coap_option_writer w = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = v->code,
                                     .confirmable = true,
                                     .observe = v->observe };
    sally_coap_exchange x;
    enum sally_err e;

    sally_coap_put_path(&w, SALLY_OPTION_URI_PATH, path);
    e = sally_coap_options_end(&w);
    q.options = (struct sally_span){ bytes, options.len };
    q.payload = sally_span_of(body);
    return e == SALLY_E_OK ? sally_coap_link_request(&link, &q, now, &x) : e;
}

static enum sally_err begin_session(sally_usec now)
{
    host_open();
    return sally_coap_link_start(&link, setup->scheme, &setup->credential,
                                 &setup->past, now);
}

static enum sally_err obey(char *line, sally_usec now)
{
    char *path = line + strcspn(line, " "), *body;

    if (strcmp(line, "connect") == 0)
        return begin_session(now);
    if (*path != '\0')
        *path++ = '\0';
    body = path + strcspn(path, " ");
    if (*body != '\0')
        *body++ = '\0';
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].word, line) == 0)
            return ask(&verbs[i], path, body, now);
    return SALLY_E_NOT_FOUND;
}

static void command(char *line, sally_usec now)
{
    enum sally_err e = obey(line, now);

    if (e != SALLY_E_OK)
        client_tell("failed", "why", sally_err_text(e), NULL);
}

static void input(struct sally_span bytes, sally_usec now)
{
    (void)sally_coap_link_input(&link, bytes, now);
}

static size_t room(void)
{
    return setup->uri.stream ? sally_coap_link_room(&link) : SALLY_DATAGRAM_MAX;
}

static void lost(enum sally_err e, sally_usec now)
{
    sally_coap_link_lost(&link, e, now);
}

static struct sally_span output(sally_usec now)
{
    return sally_coap_link_output(&link, now);
}

static sally_usec deadline(void) { return sally_coap_link_deadline(&link); }

static void expire(sally_usec now) { sally_coap_link_expire(&link, now); }

const struct client_part client_asker = { begin, command, input,    room,
                                          lost,  output,  deadline, expire };
