/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/bootstrap.h - one client's bootstrap: it asks its bootstrap server
 * for accounts, and takes what that writes. LwM2M Core 1.2 s.6.1.3 to 6.1.7,
 * Transport 1.2 s.6.4.2.
 *
 * An engine (see lib/coap/link.h for the way engines are driven), with a link
 * of its own over whatever protects the bootstrap account. It is embedded in
 * its owner. What the server writes goes into a staged copy of the accounts
 * that the client has: these are const here, and stand byte for byte until the
 * owner, asked by on_finish, has put the staged ones in their place.
 *
 * Life: _start() -> on_wanted upcall (the pacer's turn) -> _connect() ->
 * handshake -> Bootstrap-Pack-Request, where it is wanted -> Bootstrap-Request
 * -> writes -> Bootstrap-Finish -> on_finish -> DONE. Hold-off, retries,
 * jitter, the time after which a bootstrap account is purged, and the next
 * check-in are the owner's: an attempt ends DONE or FAILED.
 *
 * Where the specification leaves room, this is the rule here:
 *   A Write puts what it names and leaves the rest of an instance as it was,
 *   but a multiple resource that it names is what it says; all or nothing.
 *   A Write that makes the instance of the bootstrap account a server's gives
 *   the bootstrap account another number, and does not overwrite it.
 *   A bootstrap account at another instance replaces the one that there is, at
 *   Finish; one of two that are both new is not chosen, but refused.
 *   What belonged to accounts that are gone goes with them at Finish.
 *   A Pack is written over the accounts that there are, like a Write to "/".
 *   Finish without any server account is refused, unless there was one: then
 *   the server took it away.
 *   A Write to an object that is no part of an account is refused with 4.04,
 *   and so is a resource that its object does not have.
 *   Reads are refused with 4.01 where keys are, and with 4.05 elsewhere.     */
#ifndef SALLY_LWM2M_BOOTSTRAP_H
#define SALLY_LWM2M_BOOTSTRAP_H

#include "coap/link.h"
#include "lwm2m/book.h"
#include "lwm2m/format.h"

/* The server has so long from one command to the next: EXCHANGE_LIFETIME. */
#define SALLY_BOOTSTRAP_PATIENCE (247 * SALLY_SEC)

/* Borrowed, and immutable from _start() to the end of the attempt. */
struct sally_bootstrap_settings {
    const char *endpoint; /* always sent, so that no server has to guess */
    enum sally_scheme scheme;
    const struct sally_credential *credential;
    const struct sally_object_past *past; /* OSCORE: see client.h */
    const struct sally_registry *registry;
    const struct sally_trust *trust; /* see sally_book_credential() */
    uint8_t version;    /* 10, 11 or 12 */
    bool pack;          /* ask for a Pack first; from version 12 on */
    uint16_t preferred; /* content format of what is written; 0: not said */
};

enum sally_bootstrap_state {
    SALLY_BOOTSTRAP_IDLE,
    SALLY_BOOTSTRAP_WANTING,    /* waits for _connect() */
    SALLY_BOOTSTRAP_CONNECTING, /* handshake */
    SALLY_BOOTSTRAP_REQUESTING, /* a Pack, or to be written */
    SALLY_BOOTSTRAP_RECEIVING,
    SALLY_BOOTSTRAP_FINISHING, /* waits for the owner, or for the goodbye */
    SALLY_BOOTSTRAP_DONE,
    SALLY_BOOTSTRAP_FAILED
};
const char *sally_bootstrap_state_name(enum sally_bootstrap_state s);

struct sally_bootstrap_upcalls {
    /* It wants to connect: call _connect() when it may. */
    void (*on_wanted)(void *owner);

    /* A handshake begins: the next datagram leaves from a fresh socket. */
    void (*on_rebind)(void *owner);

    /* `e` says why when the new state is FAILED: TIMED_OUT, REFUSED (see
     * _refusal()), or what ended the session. In DONE and FAILED the engine
     * may be started again or wiped, but not within the upcall.             */
    void (*on_state)(void *owner, enum sally_bootstrap_state s,
                     enum sally_err e);

    /* The accounts in `staged` are whole and fit together. Returns 0: the owner
     * makes them durable, then calls _finished(), which is not allowed within;
     * or a code that refuses them, 4.06, after which the server may correct
     * them. `staged` stays as it is until then, and after 2.04 to the end.  */
    uint8_t (*on_finish)(void *owner, const struct sally_book *staged,
                         sally_usec now);

    /* A Finish or a Pack was refused: `e` and the path at fault say why.
     * NULL: nobody wants to know.                                           */
    void (*on_refused)(void *owner, enum sally_err e,
                       const struct sally_path *culprit);

    /* OSCORE: see link.h; then call _reserved(). NULL: numbers are not kept. */
    void (*on_reserve)(void *owner, uint64_t until);
};

/* What it remembers; the fields are lib/lwm2m's own. */
struct sally_bootstrap {
    struct sally_coap_link link;
    const struct sally_coap_shared *shared;
    const struct sally_bootstrap_settings *settings;
    const struct sally_bootstrap_upcalls *upcalls;
    void *owner;
    const struct sally_book *current; /* borrowed; never written */
    struct sally_book staged; /* as the server sees it */
    struct sally_book next;   /* what a command or Finish makes of it */

    enum sally_bootstrap_state state;
    sally_usec due;      /* of the state */
    enum sally_err lost; /* not OK: the attempt is over at the settling */
    bool has_account;    /* there is a bootstrap account... */
    uint16_t account;    /* ...which is this instance of /0 in `staged` */
    bool pack_wanted;    /* to be asked for next */
    bool packing;        /* it was, or it is what the owner has */
    bool request_wanted; /* Bootstrap-Request is next */
    bool asked;          /* it was sent: the server may write */
    bool unpreferred;    /* the server does not know `preferred` */
    bool waiting;        /* for _finished() */
    bool finished;       /* the staged accounts are in force */
    uint8_t refused_with;
    sally_coap_exchange asking;    /* ours */
    sally_coap_exchange finishing; /* the server's, not answered yet */
};

/* All pointers are borrowed and outlive the engine. body_max of `shared` is the
 * longest Write or Pack that is taken.                                      */
void sally_bootstrap_init(struct sally_bootstrap *b,
                          const struct sally_coap_shared *shared,
                          const struct sally_bootstrap_upcalls *upcalls,
                          void *owner);

/* Begins an attempt. `current` is what the client has; it may be empty, and
 * must not change before the end of the attempt. Allocates SALLY_BOOK_MAX bytes
 * twice, which FAILED, DONE (one of them) and _wipe() give back. BAD_STATE: one
 * is under way; NO_MEMORY, NO_ROOM.                                         */
enum sally_err
sally_bootstrap_start(struct sally_bootstrap *b,
                      const struct sally_bootstrap_settings *settings,
                      const struct sally_book *current,
                      sally_usec now) SALLY_MUST_USE;
void sally_bootstrap_connect(struct sally_bootstrap *b, sally_usec now);

/* What on_finish said 0 to: 2.04 when the staged accounts are in force (then
 * `current` is not looked at any more, and may be wiped), which ends DONE even
 * if the session was lost meanwhile, since it is decided; or a code that
 * refuses them. False, and nothing happens, if nobody waits for it any more,
 * after _stop() or _wipe().                                                 */
bool sally_bootstrap_finished(struct sally_bootstrap *b, uint8_t code,
                              sally_usec now);

/* What on_reserve asked for is durable. */
void sally_bootstrap_reserved(struct sally_bootstrap *b, uint64_t until,
                              sally_usec now);

/* Gives up: FAILED, CANCELLED, without a word to the server. */
void sally_bootstrap_stop(struct sally_bootstrap *b, sally_usec now);

void sally_bootstrap_input(struct sally_bootstrap *b,
                           struct sally_span datagram, sally_usec now);
/* Over a stream: see client.h. */
size_t sally_bootstrap_room(const struct sally_bootstrap *b);
void sally_bootstrap_lost(struct sally_bootstrap *b, enum sally_err e,
                          sally_usec now);
bool sally_bootstrap_connected(const struct sally_bootstrap *b);

struct sally_span sally_bootstrap_output(struct sally_bootstrap *b,
                                         sally_usec now);
sally_usec sally_bootstrap_deadline(const struct sally_bootstrap *b);
void sally_bootstrap_expire(struct sally_bootstrap *b, sally_usec now);
void sally_bootstrap_wipe(struct sally_bootstrap *b); /* safe twice */

enum sally_bootstrap_state
sally_bootstrap_state(const struct sally_bootstrap *b);

/* The accounts as on_finish was shown them; after DONE, until _wipe() or the
 * next _start().                                                            */
const struct sally_book *
sally_bootstrap_staged(const struct sally_bootstrap *b);

/* The code that the last refused request was answered with; 0: none was. */
uint8_t sally_bootstrap_refusal(const struct sally_bootstrap *b);

#endif
