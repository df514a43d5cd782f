/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/tls_parts.h - what tls_door.c and tls_line.c share. Not for
 * others.                                                                   */
#ifndef SALLY_INGRESS_TLS_PARTS_H
#define SALLY_INGRESS_TLS_PARTS_H

#include "base/pool.h"
#include "ingress/auth/penalty.h"
#include "ingress/tls_door.h"

#define SALLY_TLS_NAME_SAID 64 /* bytes of an identity in a log line */

struct sally_tls_line {
    struct sally_tls_door *door;
    void *handle;
    struct sally_tls_line *next, *previous; /* of handshakes under way */
    struct sally_stack stack;
    sally_usec begun;
    uint8_t *wire; /* block; NULL: nothing is on its way out */
    size_t wire_from, wire_len;
    size_t sealed; /* bytes of plaintext in it */
    struct sally_tls_proof proof;
    enum sally_secure by;
    uint32_t interface;
    uint8_t family, ip[16];
    bool shaking, heard;
    bool visit; /* the session is elsewhere, and the stack here unused */
    bool unknown; /* nobody has that identity */
    char name[SALLY_TLS_NAME_SAID + 1]; /* what it said or showed, cut */
};

struct begun {
    sally_usec when;
    uint8_t family, ip[16];
};

/* Handshakes over TCP, or over UDP, where anybody can be anywhere: neither
 * takes the places of the other.                                            */
struct places {
    struct sally_tls_line *first, *last; /* under way, the oldest first */
    size_t shaking;
    struct begun begun[SALLY_TLS_BEGUN_MAX]; /* a ring... */
    size_t next_begun;                       /* ...whose oldest this is */
};

struct sally_tls_door {
    const struct sally_tls_host *host;
    void *owner;
    struct sally_security *security;
    struct sally_pool packets, lines;
    struct sally_tls_keys *keys; /* owned */
    struct sally_key_finder psk, certificate;
    struct sally_penalties *penalties;
    struct places places[2]; /* of lines, of visits */
    struct sally_tls_line *current; /* whose handshake asks for keys */
    sally_usec now;
};

struct sally_auth_source
sally_tls_source(const struct sally_tls_line *l);

/* tls_door.c: a place for a handshake; false: there is none. It is given back
 * when the handshake is over.                                               */
bool sally_tls_admit(struct sally_tls_line *l, sally_usec now);
void sally_tls_settle(struct sally_tls_line *l);

/* Logs why a handshake came to nothing, and counts it where it was a guess. */
void sally_tls_refuse(struct sally_tls_line *l, enum sally_err why);

#endif
