/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/object.h - the interface of what protects messages end to end:
 * it stands above retransmission, where a channel stands below. RFC 8613.
 *
 * An object mechanism turns a CoAP message into another one that any CoAP
 * software carries, and back. It is an engine like a channel: no socket, no
 * clock, no log. One static const row per mechanism; nothing outside
 * lib/security branches on which one it is.
 *
 * What is protected is made once: a retransmission, or the answer to a
 * duplicate, is byte for byte what was sent before. So the caller recognises
 * duplicates below this interface and keeps the protected bytes. Empty
 * messages (ACK, RST) never come here.
 *
 * Calls allowed: start first; then, in any order, the others; wipe at any
 * time, twice if need be. After FAILED only state, reason and wipe have an
 * effect; a new start needs zeroed state.                                   */
#ifndef SALLY_SECURITY_OBJECT_H
#define SALLY_SECURITY_OBJECT_H

#include "coap/message.h"
#include "security/mechanism.h"

enum sally_object_kind {
    SALLY_OBJECT_REQUEST,
    SALLY_OBJECT_RESPONSE,    /* the one response to a request */
    SALLY_OBJECT_NOTIFICATION /* has an Observe option, or ends such a series */
};

/* What ties a response to its request: kid, Partial IV, context, whether its
 * nonce was used, and the newest notification. The mechanism's own; the link
 * keeps it with the exchange or the observation, and gives the same object
 * again for each message of it. All zero: none.                             */
struct sally_binding {
    uint64_t word[5];
};

/* What survived a restart of the process. A sequence number that may have been
 * used is never used again.                                                 */
struct sally_object_past {
    bool known;        /* false: these keys were never used */
    bool trusted;      /* `reserved` is no older than the last use of the keys:
                          RFC 8613 B.1.1 may go on from it */
    uint64_t reserved; /* sequence numbers below it may have been used */
};

struct sally_object_host {
    /* Make durable that numbers below `until` may be used, then call the
     * row's reserved(); it may be called from within, and in the server role
     * must be. NULL: nothing is kept, and what is wished for counts as reserved
     * at once. Keys of B.2 end with the state and ask for nothing.          */
    void (*reserve)(void *owner, uint64_t until);
    void *owner;
};

struct sally_object_mechanism {
    const char *name; /* "oscore" */
    size_t size;      /* bytes of state; the caller brings them, zeroed */
    size_t overhead;  /* bytes at most that protecting adds to a message */

    /* Begins on zeroed state. Client role (of LwM2M: it protects requests of
     * its own and answers those of its server) with `c`, which outlives the
     * state, and `finder` NULL; server role with `c` NULL and a finder that
     * has find_oscore and contexts. `past` may be NULL: nothing is known, which
     * is not the same as never used. `host` is copied.
     *   NO_CREDENTIAL  `c` has no OSCORE part, or the finder lacks one
     *   UNSUPPORTED    no such AEAD or key derivation here
     *   EXHAUSTED      the account's keys were used as often as they may be
     *   ROLLED_BACK    the account wants B.1.1 only, and `past` cannot carry it
     *   CRYPTO                                                              */
    enum sally_err (*start)(void *state, const struct sally_credential *c,
                            const struct sally_key_finder *finder,
                            const struct sally_object_past *past,
                            const struct sally_object_host *host,
                            struct sally_random random, sally_usec now);

    /* HANDSHAKE while keys are being agreed (B.2) or the first reservation is
     * under way; UP; FAILED. Can go from UP back to HANDSHAKE when the keys
     * were used as often as they may be: the caller then drops observations
     * and registers anew.                                                   */
    enum sally_channel_state (*state)(const void *state);
    enum sally_err (*reason)(const void *state); /* why FAILED */

    /* HANDSHAKE: fills in the plain request that it wants asked now (type,
     * mid and token are the link's), and true; once for each question. The
     * options lie in static memory. The link protects and asks it like any
     * other, and reports the end of it with answered(): OK with the inner code
     * after unprotect_response() was OK, else why there is none.            */
    bool (*question)(void *state, struct sally_coap_message *plain);
    void (*answered)(void *state, enum sally_err e, uint8_t code,
                     sally_usec now);

    /* Plain to protected, with the same type, mid and token, appended to `out`
     * as one whole message. For a REQUEST `b` is filled in; for the others it
     * is that of the request, and marked when its nonce is used.
     *   PENDING      numbers are being reserved: again after reserved()
     *   EXHAUSTED    these keys were used as often as they may be
     *   MALFORMED    an option 9 is in the plain message already
     *   TOO_LARGE, NO_ROOM
     *   BAD_STATE    not UP (and not our question); a binding of keys that are
     *                gone                                                   */
    enum sally_err (*protect)(void *state, enum sally_object_kind kind,
                              const struct sally_coap_message *plain,
                              struct sally_binding *b, struct sally_buf *out);

    /* Protected to plain: the inner message has the outer type, mid and token,
     * and its options and payload lie in `room`, which needs as many bytes as
     * the outer payload has. No outer option is taken along. A request fills in
     * `b`; a response takes that of our request.
     *   UNEXPECTED   there is no option 9: a plain message
     *   MALFORMED    the option or what is inside cannot be decoded
     *   NOT_FOUND    no such context
     *   REPLAYED     number seen, or below the window
     *   UNAUTHENTIC  the tag does not verify
     *   CHALLENGED   authentic, but its freshness is not known: nothing of it
     *                may be executed; answer with what challenge() gives
     *   NO_ROOM      too many failures at present: not looked at; or `room`
     *   UNSUPPORTED  it asks us to be a proxy
     *   EXHAUSTED    these keys failed as often as they may                 */
    enum sally_err (*unprotect_request)(void *state,
                                        const struct sally_coap_message *outer,
                                        struct sally_binding *b,
                                        struct sally_coap_message *inner,
                                        struct sally_buf *room, sally_usec now);

    /* A failure leaves the exchange as it was: wait on. For a notification
     * *number gives the order (RFC 8613 s.7.4.1): the Partial IV, and
     * *has_number false for the one without, which is older than all others.
     * One that is not newer than what `b` has seen is REPLAYED.             */
    enum sally_err (*unprotect_response)(void *state,
                                         const struct sally_coap_message *outer,
                                         struct sally_binding *b,
                                         struct sally_coap_message *inner,
                                         struct sally_buf *room,
                                         uint64_t *number, bool *has_number);

    /* The code, unprotected, that answers a request that unprotect_request()
     * refused for this reason, and its text (static, may be empty). 0:
     * silence. RFC 8613 s.8.2.                                              */
    uint8_t (*refusal)(enum sally_err e, const char **diagnostic);

    /* What a peer means by such an answer, as one of the reasons above; REFUSED
     * where that cannot be told. A hint for people: anybody can send one.   */
    enum sally_err (*meaning)(uint8_t code, struct sally_span diagnostic);

    /* After CHALLENGED, with the binding that it filled in: appends the
     * protected 4.01 that is to be sent. `outer` is the request; the answer is
     * an ACK with its message id, or NON, which needs one from the caller.  */
    enum sally_err (*challenge)(void *state,
                                const struct sally_coap_message *outer,
                                struct sally_binding *b, struct sally_buf *out);

    /* Numbers below `until` are durable now; a smaller one than before has no
     * effect. What was PENDING can be tried again.                          */
    void (*reserved)(void *state, uint64_t until);

    /* How far the keys are used up, in percent: worth a warning from 75 on. At
     * 100 new ones are agreed on, or the state is FAILED.                   */
    unsigned (*wear)(const void *state);

    sally_usec (*deadline)(const void *state);
    void (*expire)(void *state, sally_usec now);
    void (*wipe)(void *state);
};

/* Server role: the keys in use, which all its associations share, since a
 * client is known by its kid and not by where it comes from. Room for `max`
 * contexts, of which at most four have the same kid. What is in stays: made
 * once, a context keeps its counters until the table is freed. NO_MEMORY.   */
struct sally_object_contexts;
enum sally_err
sally_object_contexts_make(struct sally_object_contexts **out, size_t max,
                           struct sally_random random) SALLY_MUST_USE;
void sally_object_contexts_free(struct sally_object_contexts *t); /* NULL ok */

extern const struct sally_object_mechanism sally_object_oscore;

#endif
