/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/tls_lines.c - connections over TLS: sockets, the door, and the
 * MQTT engine behind it, which hears of one when it is up.
 *
 * The engine may close a connection while it is given input, so what the
 * connection is made of goes when that has returned.                        */
#include "loop/tcp.h"
#include "roles/listeners_parts.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct tls_line {
    struct line line; /* the first: the engine's handle */
    struct sally_tls_line *tls;
    struct sally_auth_source source;
    uint8_t ip[16];
    struct sally_task task; /* to go on with what came already */
    bool paused, busy, over, closing;
};

_Static_assert(offsetof(struct tls_line, line) == 0, "a line is one of these");

static void free_line(struct tls_line *t, bool lost)
{
    sally_loop_cancel(&t->task);
    sally_tls_line_close(t->tls, lost);
    t->tls = NULL;
    t->over = true;
    if (!t->busy)
        free(t);
}

/* --- In ------------------------------------------------------------------ */

static bool meet_engine(struct tls_line *t, sally_usec now)
{
    struct line *l = &t->line;
    struct sally_tls_proof proof;

    if (l->connection != NULL || !sally_tls_line_is_up(t->tls, &proof))
        return true;
    l->connection =
        sally_mqtt_server_accept(l->all->mqtt_server, l, &t->source, now);
    if (l->connection != NULL)
        sally_mqtt_server_secured(l->connection, proof.sensor, proof.method);
    return l->connection != NULL;
}

/* The end, from our side. The engine then forgets the connection. */
static void finish(struct tls_line *t, sally_usec now)
{
    struct sally_mqtt_connection *c = t->line.connection;

    t->line.connection = NULL;
    if (c != NULL)
        sally_mqtt_server_closed(c, now);
    sally_tcp_close(t->line.tcp);
    free_line(t, false);
}

/* Whatever is taken in, is used before more is. */
static enum sally_err take(struct tls_line *t, struct sally_span wire,
                           sally_usec now)
{
    uint8_t room[SALLY_MQTT_INPUT_MAX];
    struct sally_buf plain = SALLY_BUF(room);
    enum sally_err e;

    do {
        plain.len = 0;
        e = sally_tls_line_input(t->tls, wire, &plain, now);
        wire = (struct sally_span){ NULL, 0 };
        if (e != SALLY_E_OK && e != SALLY_E_PENDING)
            break;
        if (!meet_engine(t, now)) {
            e = SALLY_E_NO_ROOM;
            break;
        }
        if (plain.len != 0 && t->line.connection != NULL)
            sally_mqtt_server_input(t->line.connection, sally_buf_span(&plain),
                                    now);
    } while (e == SALLY_E_OK && !t->over && !t->paused);
    sally_wipe(room, sizeof(room)); /* it may have held a password */
    return e;
}

static void turn(struct tls_line *t, struct sally_span wire, sally_usec now)
{
    enum sally_err e;

    t->busy = true;
    e = take(t, wire, now);
    if (!t->over && (e == SALLY_E_OK || e == SALLY_E_PENDING))
        sally_tcp_pump(t->line.tcp, now);
    t->busy = false;
    if (t->over)
        free(t);
    else if (e != SALLY_E_OK && e != SALLY_E_PENDING)
        finish(t, now);
}

static void on_task(void *owner, sally_usec now)
{
    struct tls_line *t = owner;

    if (!t->paused)
        turn(t, (struct sally_span){ NULL, 0 }, now);
}

void sally_tls_lines_pause(struct line *l, bool paused)
{
    struct tls_line *t = (struct tls_line *)l;

    t->paused = paused;
    if (!paused)
        sally_loop_later(l->all->loop, &t->task);
}

/* --- The socket's side --------------------------------------------------- */

static void *on_accept(void *owner, struct sally_tcp *tcp,
                       const struct sally_bus_address *peer, sally_usec now)
{
    struct slot *slot = owner;
    enum sally_secure by = slot->kind == SALLY_LISTENER_MQTT_PSK
                               ? SALLY_SECURE_PSK
                               : SALLY_SECURE_CERTIFICATE;
    struct tls_line *t =
        slot->all->door == NULL ? NULL : calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->line = (struct line){ .all = slot->all, .tcp = tcp, .secure = true };
    t->task.run = on_task;
    t->task.owner = t;
    memcpy(t->ip, peer->ip, sizeof(t->ip));
    t->source = (struct sally_auth_source){ t->ip, peer->family,
                                            sally_tcp_interface(tcp) };
    if (sally_tls_line_open(&t->tls, slot->all->door, by, &t->line, &t->source,
                            now) == SALLY_E_OK)
        return t;
    free(t);
    return NULL;
}

static void on_bytes(void *engine, struct sally_span bytes, sally_usec now)
{
    turn(engine, bytes, now);
}

/* What the engine still says goes first, then our goodbye. */
static struct sally_span output(void *engine, sally_usec now)
{
    const struct tls_line *t = engine;
    struct sally_span plain = { NULL, 0 }, out;

    (void)now;
    if (t->line.connection != NULL)
        plain = sally_mqtt_server_output(t->line.connection);
    out = sally_tls_line_output(t->tls, plain);
    if (out.len != 0 || !t->closing)
        return out;
    sally_tls_line_say_goodbye(t->tls);
    return sally_tls_line_output(t->tls, (struct sally_span){ NULL, 0 });
}

static void sent(void *engine, size_t n)
{
    struct tls_line *t = engine;
    size_t gone = sally_tls_line_sent(t->tls, n);

    if (gone != 0 && t->line.connection != NULL)
        sally_mqtt_server_sent(t->line.connection, gone,
                               sally_loop_now(t->line.all->loop));
}

static void on_closed(void *engine, sally_usec now)
{
    struct tls_line *t = engine;

    if (t->line.connection != NULL)
        sally_mqtt_server_closed(t->line.connection, now);
    free_line(t, true);
}

const struct sally_tcp_upcalls sally_tls_lines_upcalls = {
    .on_accept = on_accept,
    .on_bytes = on_bytes,
    .output = output,
    .sent = sent,
    .on_closed = on_closed,
};

/* --- The engine's and the door's ----------------------------------------- */

void sally_tls_lines_close(struct line *l)
{
    struct tls_line *t = (struct tls_line *)l;

    t->closing = true;
    sally_tcp_close(l->tcp); /* asks for what is left of the output first */
    free_line(t, false);
}

void sally_tls_lines_end(struct sally_listeners *l, void *handle)
{
    finish(handle, sally_loop_now(l->loop));
}
