/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/server/main.c - sallyport-server: options, signals, start and end. */
#include "server/server.h"

#include "loop/signal.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_OBJECTS "conf/objects"

static const char usage[] =
    "usage: sallyport-server [--coap ADDRESS:PORT] [--coaps ADDRESS:PORT]\n"
    "         [--coap+tcp ADDRESS:PORT] [--coaps+tcp ADDRESS:PORT]\n"
    "         [--oscore+coap ADDRESS:PORT] and so on, for OSCORE inside\n"
    "         [--psk-file FILE] [--objects DIRECTORY] [--clients NUMBER]\n"
    "         [--key FILE [--certificate FILE --trust FILE]] [--raw-file FILE]\n"
    "         [--oscore-file FILE] [--suites NAME:...] [--reject ENDPOINT]...\n"
    "         [--bootstrap] [--quiet] [--tally]\n"
    "A port of 0 is chosen by the system. A PSK file has lines identity:hexkey,\n"
    "a raw file endpoint:hexspki, an OSCORE file endpoint:sender:recipient:\n"
    "secret[:salt[:context[:aead[:hkdf]]]], all in hexadecimal but the last two.\n"
    "With a key the server proves itself by it, or by the certificate, and lets\n"
    "in clients of the raw file, or whom a CA in the trust file vouches for.\n"
    "DIRECTORY has object definitions, " DEFAULT_OBJECTS " if that exists.\n"
    "--bootstrap has it answer Bootstrap-Requests as {\"op\":\"bootstrap\"} says.\n"
    "--quiet leaves out update, send and notify lines; --tally counts what the\n"
    "benchmark sends, which {\"op\":\"tally\"} asks for, and is quiet.\n"
    "Ends on SIGTERM, on {\"op\":\"quit\"} and when stdin ends.\n";

enum { COAP = 'c', COAPS = 's', COAP_TCP = 'C', COAPS_TCP = 'S', PSK = 'p',
       OBJECTS = 'o', CLIENTS = 'n', SUITES = 'i', REJECT = 'r', QUIET = 'q',
       TALLY = 't', BOOTSTRAP = 'b', KEY = 'k', CERTIFICATE = 'e',
       TRUST = 'u', RAW = 'w', OSCORE = 'x', OSCORE_DOORS = 256 };

static const struct option long_options[] = {
    { "coap", required_argument, NULL, COAP },
    { "coaps", required_argument, NULL, COAPS },
    { "coap+tcp", required_argument, NULL, COAP_TCP },
    { "coaps+tcp", required_argument, NULL, COAPS_TCP },
    { "oscore+coap", required_argument, NULL, OSCORE_DOORS },
    { "oscore+coaps", required_argument, NULL, OSCORE_DOORS + 1 },
    { "oscore+coap+tcp", required_argument, NULL, OSCORE_DOORS + 2 },
    { "oscore+coaps+tcp", required_argument, NULL, OSCORE_DOORS + 3 },
    { "key", required_argument, NULL, KEY },
    { "certificate", required_argument, NULL, CERTIFICATE },
    { "trust", required_argument, NULL, TRUST },
    { "raw-file", required_argument, NULL, RAW },
    { "oscore-file", required_argument, NULL, OSCORE },
    { "psk-file", required_argument, NULL, PSK },
    { "suites", required_argument, NULL, SUITES },
    { "objects", required_argument, NULL, OBJECTS },
    { "clients", required_argument, NULL, CLIENTS },
    { "reject", required_argument, NULL, REJECT },
    { "bootstrap", no_argument, NULL, BOOTSTRAP },
    { "quiet", no_argument, NULL, QUIET },
    { "tally", no_argument, NULL, TALLY },
    { NULL, 0, NULL, 0 },
};

static bool take_option(struct server_options *o, int which)
{
    if (which >= OSCORE_DOORS) {
        o->where[4 + which - OSCORE_DOORS] = optarg;
        return true;
    }
    switch (which) {
    case KEY:
        o->key = optarg;
        return true;
    case CERTIFICATE:
        o->certificate = optarg;
        return true;
    case TRUST:
        o->trust = optarg;
        return true;
    case RAW:
        o->raw_file = optarg;
        return true;
    case OSCORE:
        o->oscore_file = optarg;
        return true;
    case COAP:
        o->where[SALLY_SCHEME_COAP] = optarg;
        return true;
    case COAPS:
        o->where[SALLY_SCHEME_COAPS] = optarg;
        return true;
    case COAP_TCP:
        o->where[SALLY_SCHEME_COAP_TCP] = optarg;
        return true;
    case COAPS_TCP:
        o->where[SALLY_SCHEME_COAPS_TCP] = optarg;
        return true;
    case PSK:
        o->psk_file = optarg;
        return true;
    case SUITES:
        o->suites = optarg;
        return true;
    case OBJECTS:
        o->objects = optarg;
        return true;
    case CLIENTS:
        o->clients = strtoul(optarg, NULL, 10);
        return o->clients >= 1 && o->clients <= 20000;
    case REJECT:
        if (o->reject_count == SERVER_REJECTS)
            return false;
        o->reject[o->reject_count++] = optarg;
        return true;
    case BOOTSTRAP:
        o->bootstrap = true;
        return true;
    case QUIET:
        o->quiet = true;
        return true;
    case TALLY:
        o->quiet = o->tally = true;
        return true;
    default:
        return false;
    }
}

static bool take_options(struct server_options *o, int argc, char **argv)
{
    bool any = false;
    int which;

    while ((which = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        if (!take_option(o, which))
            return false;
    if (o->objects == NULL && access(DEFAULT_OBJECTS, R_OK) == 0)
        o->objects = DEFAULT_OBJECTS;
    for (size_t i = 0; i < SERVER_DOORS; i++)
        any |= o->where[i] != NULL;
    return optind == argc && any;
}

static void tell_ready(struct server *s)
{
    static const char *const names[SERVER_DOORS] = {
        "coap",        "coaps",        "coap+tcp",        "coaps+tcp",
        "oscore+coap", "oscore+coaps", "oscore+coap+tcp", "oscore+coaps+tcp",
    };
    struct server_line l = server_line_begin(s, "ready");

    for (size_t i = 0; i < SALLY_LEN(s->doors); i++) {
        const struct server_door *d = &s->doors[i];

        if (d->listener != NULL)
            server_line_number(&l, names[i],
                               sally_udp_listener_port(d->listener));
        if (d->streams != NULL)
            server_line_number(&l, names[i],
                               sally_tcp_listener_port(d->streams));
    }
    server_line_end(&l);
}

static void on_signal(void *owner, int number, sally_usec now)
{
    (void)number;
    (void)now;
    sally_loop_stop(owner);
}

static bool serve(struct server *s)
{
    static const int numbers[] = { SIGTERM, SIGINT };
    struct sally_signals *signals;

    if (sally_signals_open(&signals, s->loop, numbers, SALLY_LEN(numbers),
                           on_signal, s->loop) != SALLY_E_OK)
        return false;
    signal(SIGPIPE, SIG_IGN);
    /* Something that cannot be waited for, like /dev/null, gives no orders. */
    if (sally_watch_open(&s->input, s->loop, STDIN_FILENO, server_on_input,
                         s) != SALLY_E_OK)
        s->input = NULL;
    tell_ready(s);
    sally_loop_run(s->loop);
    server_close_peers(s);
    sally_signals_close(signals);
    return true;
}

int main(int argc, char **argv)
{
    static struct server server;
    struct server_options options = { .clients = 256 };
    bool good;

    if (!take_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    good = server_setup(&server, &options) && serve(&server);
    server_wipe(&server);
    return good ? 0 : 1;
}
