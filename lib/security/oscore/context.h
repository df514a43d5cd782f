/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/context.h - a security context: keys, identities, and
 * the numbers that were used. RFC 8613 s.3.
 *
 * Nothing here decides: it derives, makes nonces and headers, encrypts.     */
#ifndef SALLY_SECURITY_OSCORE_CONTEXT_H
#define SALLY_SECURITY_OSCORE_CONTEXT_H

#include "security/credential.h"
#include "security/crypto.h"
#include "security/object.h"
#include "security/oscore/option.h"
#include "security/oscore/replay.h"

/* The last number is 2^40 - 1, and is left alone, as others do. */
#define SALLY_OSCORE_NUMBER_END ((UINT64_C(1) << 40) - 1)

/* How often a key may be used: draft-ietf-core-oscore-key-limits. Messages are
 * far below the block counts that the limits assume (4 KiB).                */
#define SALLY_OSCORE_SEALED_MAX (UINT32_C(1) << 20)
#define SALLY_OSCORE_FAILED_MAX (UINT32_C(1) << 20)
#define SALLY_OSCORE_FAILED_MAX_SHORT (UINT32_C(1) << 14) /* tag of 8 bytes */

#define SALLY_OSCORE_ECHO_LEN 8 /* bytes; RFC 9175 s.2.2.1 */

struct sally_oscore_context {
    const struct sally_aead *aead;
    uint64_t next;  /* the first number that was not used */
    uint64_t until; /* numbers from here on are not reserved yet */
    uint64_t wished; /* numbers below it were asked for */
    struct sally_oscore_window window;
    uint32_t sealed; /* messages without a number of their own */
    uint32_t failed; /* tags that did not verify */
    uint32_t mark;   /* tells these keys from others, also after a restart */
    uint8_t sender_key[SALLY_AEAD_KEY_MAX];
    uint8_t recipient_key[SALLY_AEAD_KEY_MAX];
    uint8_t common_iv[SALLY_AEAD_NONCE_MAX];
    uint8_t sender_id[SALLY_OSCORE_ID_MAX], sender_len;
    uint8_t recipient_id[SALLY_OSCORE_ID_MAX], recipient_len;
    uint8_t id_context[SALLY_OSCORE_CONTEXT_MAX], id_context_len;
    bool has_id_context;
    uint8_t echo[SALLY_OSCORE_ECHO_LEN]; /* asked for while UNKNOWN */
    bool has_echo;
};

/* What a binding holds, see object.h. */
struct sally_oscore_bound {
    uint8_t kid[SALLY_OSCORE_ID_MAX], kid_len;
    uint8_t piv[SALLY_OSCORE_PIV_MAX], piv_len;
    uint8_t flags; /* of SALLY_BOUND_x */
    uint8_t nonce[SALLY_AEAD_NONCE_MAX]; /* the request's, to the letter */
    uint8_t newest[SALLY_OSCORE_PIV_MAX]; /* notification that was accepted */
    uint16_t peer;  /* server: which of the table */
    uint32_t mark;  /* of the context */
};
#define SALLY_BOUND_MADE 1u     /* it is one */
#define SALLY_BOUND_USED 2u     /* the nonce was used for a response of ours */
#define SALLY_BOUND_BARE 4u     /* a response with that nonce was accepted */
#define SALLY_BOUND_NUMBERED 8u /* `newest` counts */
#define SALLY_BOUND_FIRST 16u   /* request #1 of B.2 */

_Static_assert(sizeof(struct sally_oscore_bound) ==
                   sizeof(struct sally_binding),
               "a binding holds it to the byte");

/* Derives the keys of an account, mirrored when we are the server, for this ID
 * Context (none: has_id false). Numbers begin at 0, nothing is reserved, and
 * the window is empty. UNSUPPORTED, OUT_OF_RANGE (an
 * id is too long for the nonce), CRYPTO; *c is wiped then.                  */
enum sally_err sally_oscore_derive(struct sally_oscore_context *c,
                                   const struct sally_oscore_parts *parts,
                                   bool server, struct sally_span id_context,
                                   bool has_id) SALLY_MUST_USE;

struct sally_span sally_oscore_sender(const struct sally_oscore_context *c);
struct sally_span sally_oscore_recipient(const struct sally_oscore_context *c);
struct sally_span sally_oscore_id(const struct sally_oscore_context *c);

/* RFC 8613 s.5.2: `id` is of the one who made the Partial IV. */
void sally_oscore_nonce(const struct sally_oscore_context *c,
                        struct sally_span id, struct sally_span piv,
                        uint8_t nonce[SALLY_AEAD_NONCE_MAX]);

/* Begins a binding for a request with this kid and Partial IV. */
void sally_oscore_bind(const struct sally_oscore_context *c,
                       struct sally_span kid, struct sally_span piv,
                       struct sally_oscore_bound *b);

/* RFC 8613 s.5.4: what the tag covers besides the text. */
#define SALLY_OSCORE_AAD_MAX 32
struct sally_oscore_aad {
    uint8_t bytes[SALLY_OSCORE_AAD_MAX];
    size_t len;
};
void sally_oscore_aad(int32_t alg, const struct sally_oscore_bound *b,
                      struct sally_oscore_aad *out);

/* In place, with the sender's or the recipient's key and the header that the
 * binding makes. As sally_crypto_seal() and _open().                        */
enum sally_err sally_oscore_seal(const struct sally_oscore_context *c,
                                 const struct sally_oscore_bound *b,
                                 const uint8_t *nonce, uint8_t *data,
                                 size_t n) SALLY_MUST_USE;
enum sally_err sally_oscore_open(const struct sally_oscore_context *c,
                                 const struct sally_oscore_bound *b,
                                 const uint8_t *nonce, uint8_t *data,
                                 size_t n) SALLY_MUST_USE;

/* How far the keys are used up, in percent; 100: they must not be used. */
unsigned sally_oscore_wear(const struct sally_oscore_context *c);
static inline uint32_t
sally_oscore_failures(const struct sally_oscore_context *c)
{
    return c->aead->tag == 8 ? SALLY_OSCORE_FAILED_MAX_SHORT
                             : SALLY_OSCORE_FAILED_MAX;
}
static inline bool sally_oscore_worn(const struct sally_oscore_context *c)
{
    return c->next + c->sealed >= SALLY_OSCORE_SEALED_MAX ||
           c->failed >= sally_oscore_failures(c);
}

#endif
