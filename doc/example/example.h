/* SPDX-License-Identifier: GPL-3.0-or-later */
/* example.h - what device.c leaves to others: its account, its socket. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <sallyport.h>

/* account.c: KEY=VALUE, as in an account of sallyport.conf ("mode=psk",
 * "identity=a", "key_file=a.key" with the bytes of the key, or DER; of an
 * OSCORE context "secret_file=...", "sender_id=01", and "oscore_start=b1" for
 * a server without RFC 8613 B.2). False: it was told why.                   */
bool account_make(struct sally_credential *out, char **settings);

/* host.c: the server's address of the URI; false: it was told why. */
bool host_find(const char *uri, enum sally_scheme *scheme);
void host_open_socket(void); /* a fresh one, in place of what was there */
sally_usec host_now(void);
bool host_ended(void); /* SIGINT or SIGTERM came */

/* Sends what the client has to say, waits, takes in what arrives, tells the
 * client the time: one turn.                                                */
void host_turn(struct sally_lwm2m_client *client);

#endif
