/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/peer.h - both ends of a handshake by keys or certificates: ours
 * is loaded into the library's session, the peer's is judged when it comes.
 * The same for DTLS and TLS. Brings the crypto library's headers.
 *
 *     join       before the handshake, for every mode
 *     meaning    where the handshake failed
 *     confirm    when it is over, before the first byte of the application
 *     wipe       at the end                                                 */
#ifndef SALLY_SECURITY_PEER_H
#define SALLY_SECURITY_PEER_H

#include "security/evidence.h"
#include "security/mechanism.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#ifndef WOLFSSL_ALWAYS_VERIFY_CB
#error "wolfSSL accepts any raw key: build it with -DWOLFSSL_ALWAYS_VERIFY_CB"
#endif
#if !defined(HAVE_RPK) || !defined(WOLFSSL_ALT_CERT_CHAINS)
#error "wolfSSL needs --enable-rpk and --enable-altcertchains"
#endif

#ifndef HAVE_PK_CALLBACKS
#error "wolfSSL signs with no key but its own: it needs --enable-pkcallbacks"
#endif

struct sally_peer {
    WOLFSSL *ssl; /* during the handshake */
    const struct sally_clock *clock;
    const struct sally_credential *own;    /* client: the account; server: its
                                              key pair, NULL: PSK only */
    const struct sally_key_finder *finder; /* server role only */
    struct sally_blob *evidence; /* owned; client: of the server's chain;
                                    server: the raw key or chain it was shown */
    bool raw;                    /* that was a raw key */
    uint8_t *identity; /* owned; what a client showed, if it is no PSK */
    uint16_t identity_len;
    uint8_t verdict; /* enum sally_err */
    bool judged;     /* there is a verdict */
};

/* All sessions of this context sign as their peers' `own` says. */
void sally_peer_context(WOLFSSL_CTX *context);

/* Loads keys, says what is offered and accepted. `own` is the account of a
 * client; a server has `finder` instead. What `p` is given outlives it, and so
 * does `p` the session. NO_CREDENTIAL: the key or certificate cannot be used;
 * NO_MEMORY.                                                                */
enum sally_err
sally_peer_join(struct sally_peer *p, WOLFSSL *ssl,
                const struct sally_clock *clock,
                const struct sally_credential *own,
                const struct sally_key_finder *finder) SALLY_MUST_USE;

/* Why the handshake failed: the verdict if that was it, else what the error of
 * the library means.                                                        */
enum sally_err sally_peer_meaning(const struct sally_peer *p, int library);

/* The handshake is over. Anything but OK: the peer is not proven after all, and
 * the session must end. `psk`: a pre-shared key proved it. Our own keys leave
 * the session. A resumed one was judged when it began.                      */
enum sally_err sally_peer_confirm(struct sally_peer *p,
                                  bool psk) SALLY_MUST_USE;

/* Server role: judges anew what a client showed when a session began that it
 * resumes now. What a handshake is refused with.                            */
enum sally_err sally_peer_judge_again(struct sally_peer *p, bool raw,
                                      struct sally_span shown) SALLY_MUST_USE;

/* Server role: the SPKI of a client with a raw key, or the common name of the
 * certificate; empty until confirmed.                                       */
struct sally_span sally_peer_identity(const struct sally_peer *p);

void sally_peer_wipe(struct sally_peer *p); /* zeroes *p */

/* What an error number of the library means: meaning.c. */
enum sally_err sally_library_meaning(int library);

/* The last alert of a session, received or else sent; -1: none. */
int sally_library_alert(WOLFSSL *ssl);

#endif
