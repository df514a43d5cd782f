/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/oscore/state.h - the state of one association, for the files of
 * this folder only.                                                         */
#ifndef SALLY_SECURITY_OSCORE_STATE_H
#define SALLY_SECURITY_OSCORE_STATE_H

#include "base/hashmap.h"
#include "security/oscore/context.h"

#define SALLY_OSCORE_R_LEN 8       /* bytes of a random string of ours, B.2 */
#define SALLY_OSCORE_R_PEER_MAX 32 /* bytes of one of a peer */
#define SALLY_OSCORE_PROOF_KEY 16  /* bytes */
#define SALLY_OSCORE_CHUNK 1000    /* sequence numbers reserved at once */

/* Messages that may fail to verify: so many in a row, and so many a second. */
#define SALLY_OSCORE_TOKENS 32
#define SALLY_OSCORE_TOKENS_PER_SECOND 16

enum sally_oscore_phase {
    SALLY_OSCORE_SET,     /* keys are agreed on */
    SALLY_OSCORE_ASK,     /* B.2: request #1 is to be asked */
    SALLY_OSCORE_ASKED,   /* B.2: waiting for response #1 */
    SALLY_OSCORE_SECOND,  /* B.2: no message under the new keys came yet */
    SALLY_OSCORE_STOPPED, /* failed */
};

/* Server role: the keys of one client. */
struct sally_oscore_peer {
    struct sally_hashmap_node node; /* the first of those with one kid */
    struct sally_oscore_peer *same; /* the next one with it */
    const struct sally_credential *credential;
    struct sally_oscore_context context;
    uint8_t key[SALLY_OSCORE_PROOF_KEY]; /* proves the R2 that we give, B.2 */
    uint16_t index; /* in the table */
    bool lost;      /* its numbers are not known: B.2 only */
    uint8_t begun;  /* runs of B.2 that may begin at present, and since when */
    sally_usec begun_at;
};

struct sally_object_contexts {
    struct sally_hashmap by_kid;
    struct sally_random random;
    struct sally_oscore_peer *peers; /* owned, `max` of them */
    size_t count, max;
};

struct sally_oscore {
    const struct sally_credential *credential; /* client role, else NULL */
    const struct sally_key_finder *finder;     /* server role, else NULL */
    struct sally_object_host host;
    struct sally_random random;
    struct sally_object_past past;
    enum sally_oscore_phase phase;
    enum sally_err reason;
    bool has_past;
    bool up;        /* its numbers were reserved once */
    bool rederived; /* the keys come of B.2 */
    uint32_t failed; /* tags under the account's own keys, before B.2 */
    sally_usec refilled;
    unsigned tokens;
    union {
        uint8_t r1[SALLY_OSCORE_R_LEN];      /* B.2, while ASK or ASKED */
        uint8_t key[SALLY_OSCORE_PROOF_KEY]; /* else: proves our R2 */
    } b2;                                    /* client */
    struct sally_oscore_peer *peer;          /* server: who spoke last */
    struct sally_oscore_context *wishing;    /* server: whose numbers the host
                                                is asked for */
    struct sally_oscore_context own;         /* client */
};

/* numbers.c - sequence numbers are reserved before they are used. RFC 8613
 * B.1.1. */

/* The first number is `from`, and none is reserved; asks for some. */
void sally_oscore_numbers_begin(struct sally_oscore *o,
                                struct sally_oscore_context *c, uint64_t from);

/* Keys that were never used and will not survive us: no need to ask. */
void sally_oscore_numbers_free(struct sally_oscore_context *c);

/* OK: c->next may be used. PENDING, EXHAUSTED. */
enum sally_err
sally_oscore_numbers_look(struct sally_oscore *o,
                          struct sally_oscore_context *c) SALLY_MUST_USE;
void sally_oscore_numbers_used(struct sally_oscore *o,
                               struct sally_oscore_context *c);
void sally_oscore_numbers_reserved(struct sally_oscore *o,
                                   struct sally_oscore_context *c,
                                   uint64_t until);

/* protect.c */
struct sally_oscore_outgoing {
    const struct sally_coap_message *plain;
    enum sally_object_kind kind;
    struct sally_span kid_context; /* sent along if has_kid_context */
    bool has_kid_context;
    bool own_number; /* of a response, whether or not it needs one */
};

/* As protect() of the row, under this context. A request fills in `b`. */
enum sally_err sally_oscore_protect(struct sally_oscore *o,
                                    struct sally_oscore_context *c,
                                    const struct sally_oscore_outgoing *m,
                                    struct sally_oscore_bound *b,
                                    struct sally_buf *out) SALLY_MUST_USE;

/* unprotect.c */

/* Decrypts the payload of `outer` into `room`; *text lies there. A tag that
 * does not verify is counted. MALFORMED: too short. UNAUTHENTIC, NO_ROOM.   */
enum sally_err
sally_oscore_decrypt(struct sally_oscore *o, struct sally_oscore_context *c,
                     const struct sally_oscore_bound *b, const uint8_t *nonce,
                     struct sally_span payload, struct sally_buf *room,
                     struct sally_span *text) SALLY_MUST_USE;

/* What each step of a received message needs. */
struct sally_oscore_incoming {
    struct sally_oscore_option option;
    const struct sally_coap_message *outer;
    sally_usec now; /* of a request */
    struct sally_buf *room;
    struct sally_coap_message *inner; /* set when it is OK or CHALLENGED */
    struct sally_oscore_bound *bound; /* likewise */
};

/* A kid context that came along must be the one of the keys, as it is or, after
 * B.2, wrapped.                                                             */
bool sally_oscore_fits(const struct sally_oscore_context *c,
                       const struct sally_oscore_option *option);

/* A request, under this context: replay, tag, window. CHALLENGED where its
 * freshness is not known and no Echo proves it: RFC 8613 B.1.2.             */
enum sally_err
sally_oscore_accept(struct sally_oscore *o, struct sally_oscore_context *c,
                    const struct sally_oscore_incoming *in) SALLY_MUST_USE;

/* A response, whose request is in->bound. */
enum sally_err
sally_oscore_response(struct sally_oscore *o, struct sally_oscore_context *c,
                      const struct sally_oscore_incoming *in, uint64_t *number,
                      bool *has_number) SALLY_MUST_USE;

/* rederive.c - B.2, client role. */

/* Begins: new keys of a random ID Context, which request #1 goes under. */
enum sally_err sally_oscore_ask(struct sally_oscore *o) SALLY_MUST_USE;

/* Response #1; when it verifies, the keys for request #2 are there. */
enum sally_err
sally_oscore_response_one(struct sally_oscore *o,
                          const struct sally_oscore_incoming *in)
    SALLY_MUST_USE;

/* A kid context of B.2 is a CBOR byte string. False: it is not one. */
bool sally_oscore_unwrap(struct sally_span kid_context, struct sally_span *out);

/* An ID Context of two parts; false: too long. */
bool sally_oscore_join(struct sally_span a, struct sally_span b,
                       struct sally_buf *out);

/* A request under a kid context that is not ours: the peer begins B.2, or comes
 * to its end, after which the new keys are in use. As sally_oscore_rederive();
 * NOT_FOUND where the account wants B.1.1.                                  */
enum sally_err
sally_oscore_renew(struct sally_oscore *o,
                   const struct sally_oscore_incoming *in) SALLY_MUST_USE;

/* rederive_answer.c - B.2, when the peer asks. Nothing is kept between request
 * #1 and request #2 but the key that proves R2, which serves once.          */

/* What the new keys come of. */
struct sally_oscore_ground {
    const struct sally_oscore_parts *parts;
    bool server;  /* we have the server's side of `parts` */
    uint8_t *key; /* SALLY_OSCORE_PROOF_KEY bytes */
    struct sally_oscore_peer *peer; /* NULL: client role */
};
struct sally_oscore_ground sally_oscore_ground(struct sally_oscore *o,
                                               struct sally_oscore_peer *p);

/* A request whose kid context is not that of the keys in use: OK for request
 * #2, whose keys are in *fresh then, for the caller to use and wipe; CHALLENGED
 * for request #1. NOT_FOUND: it is neither. NO_ROOM: too many begin.        */
enum sally_err
sally_oscore_rederive(struct sally_oscore *o,
                      const struct sally_oscore_ground *g,
                      const struct sally_oscore_incoming *in,
                      struct sally_oscore_context *fresh) SALLY_MUST_USE;

/* Response #1, with `plain` in it. */
enum sally_err
sally_oscore_answer_one(struct sally_oscore *o,
                        const struct sally_oscore_ground *g,
                        const struct sally_oscore_option *request,
                        const struct sally_coap_message *plain,
                        struct sally_oscore_bound *b,
                        struct sally_buf *out) SALLY_MUST_USE;

/* contexts.c - server role: finds keys by kid and kid context. */

/* The first with this kid; the others are in ->same. NULL: none. */
struct sally_oscore_peer *
sally_oscore_peer_first(const struct sally_object_contexts *t,
                        struct sally_span kid);

/* Derives the keys of an account that is not in yet. NO_ROOM: the table is
 * full, or has four with this kid.                                          */
enum sally_err sally_oscore_peer_add(struct sally_object_contexts *t,
                                     const struct sally_credential *credential,
                                     struct sally_oscore_peer **out)
    SALLY_MUST_USE;

/* May a run of B.2 begin? Each costs a derivation before its tag can be wrong,
 * wherever it comes from, so there are as many as messages that may fail.   */
bool sally_oscore_peer_begins(struct sally_oscore_peer *p, sally_usec now);

/* serve.c - server role: a request of any client. */
enum sally_err
sally_oscore_serve(struct sally_oscore *o,
                   const struct sally_oscore_incoming *in) SALLY_MUST_USE;

#endif
