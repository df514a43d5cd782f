/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/interop/peers/bridge.h - a server that knows (D)TLS and nothing above:
 * what it decrypts of one peer goes to a file, what comes on its standard input
 * goes to the peer. Each library brings the functions below; main() is in
 * bridge.c. Nothing of Sallyport is in these programs. */
#ifndef SALLYPORT_TESTS_BRIDGE_H
#define SALLYPORT_TESTS_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

/* Arguments as in over=udp port=4711; what is not given is NULL. */
struct bridge_options {
    const char *over;     /* udp or tcp */
    const char *port;     /* of 127.0.0.1 */
    const char *seen;     /* file for what was decrypted */
    const char *version;  /* 1.2 or 1.3, the only one to be spoken */
    const char *identity; /* of the pre-shared key */
    const char *psk;      /* in hexadecimal */
    const char *key;      /* private key, PEM */
    const char *chain;    /* certificates, PEM */
    const char *trust;    /* authority of clients, PEM */
    const char *raw;      /* the client's public key, DER */
    const char *cid;      /* a connection ID to be called by */
    const char *db;       /* directory of NSS's certificates and keys */

    unsigned char secret[64]; /* psk as bytes */
    size_t secret_len;
    bool stream;
    bool newest; /* version is 1.3 */
};

enum { BRIDGE_AGAIN = 0, BRIDGE_ENDED = -1 };

/* Takes a connected socket that does not block. Leaves the program with a line
 * on standard error if the library does not like the options. */
void tls_begin(const struct bridge_options *o, int fd);

/* 1 when the session is up, BRIDGE_AGAIN when the peer has to say something,
 * BRIDGE_ENDED when it failed. */
int tls_handshake(void);

/* Milliseconds after which tls_handshake() is due though nothing came; -1: it
 * can wait. */
int tls_wait(void);

/* Bytes read, BRIDGE_AGAIN or BRIDGE_ENDED. */
int tls_read(unsigned char *into, size_t size);

/* false when the session is of no use any more. */
bool tls_write(const unsigned char *from, size_t size);

/* Tells the peer that this was all. */
void tls_close(void);

/* Leaves the program: what did not work, and the library's number. */
_Noreturn void bridge_die(const char *what, int number);

#endif
