/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/dtls_record.h - looks at a datagram's record headers before
 * the DTLS library does. RFC 6347 s.4.1, 4.2.2; RFC 9146 s.4; RFC 9147 s.4.  */
#ifndef SALLY_SECURITY_DTLS_RECORD_H
#define SALLY_SECURITY_DTLS_RECORD_H

#include "base/error.h"
#include "base/span.h"

/* Bounds on what a peer makes us keep while it has proven nothing: 98 KB in
 * all. A handshake has messages of some hundred bytes and numbers below 10, but
 * for one with certificates, which is the third or fourth. 1.3 encrypts it; the
 * library holds it below 18 KB.                                             */
#define SALLY_DTLS_HANDSHAKE_MAX 2048
#define SALLY_DTLS_SEQUENCE_MAX 32
#define SALLY_DTLS_CERTIFICATE_MAX 8192
#define SALLY_DTLS_CERTIFICATE_SEQUENCE_MAX 4

#define SALLY_DTLS_CID_LEN 8 /* bytes of the connection IDs that we hand out   \
                              */

struct sally_dtls_datagram {
    uint8_t records;       /* 1 or more; 1280 bytes hold 98 at most */
    bool application_data; /* one of them claims to be that, or may be */
    bool plaintext;        /* one of them is of epoch 0 */
    uint32_t from;         /* where in the peer's handshake its plaintext
                            * messages begin, and where what follows them */
    uint32_t position;     /* begins; 0: it holds none. A message of it counts
                            * more than all its bytes.                      */
};

/* Whether the datagram is worth a closer look. `up`: the handshake is over.
 * `cid`: the connection ID that we handed out; empty: none.
 *   TOO_LARGE   over SALLY_DATAGRAM_MAX, or a handshake message over its bound
 *   TRUNCATED   a header or record runs past the end, or an encrypted record
 *               is too short for any suite
 *   MALFORMED   not DTLS 1.0 to 1.3, or an unknown content type
 *   UNEXPECTED  application data in a handshake of 1.2, or in plain; a
 *               connection ID that is not ours                              */
enum sally_err sally_dtls_admit(struct sally_span datagram, bool up,
                                struct sally_span cid,
                                struct sally_dtls_datagram *out) SALLY_MUST_USE;

/* The connection ID, SALLY_DTLS_CID_LEN bytes long, that the first record of a
 * datagram is sent to; empty if there is none.                              */
struct sally_span sally_dtls_record_cid(struct sally_span datagram);

#endif
