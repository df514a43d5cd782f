/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/client.h - one LwM2M client towards one server.
 *
 * An engine (see lib/coap/link.h for the way engines are driven): it keeps
 * itself registered, answers the server's requests from a set of resources,
 * and reports values by Send and by notification. LwM2M Core 1.0 and 1.1,
 * Transport 1.1 (UDP). It is embedded in its owner and allocates nothing.
 *
 * Several clients of one sensor share one set of resources; each has its own
 * instance of /1 and shows no other. Object 0 is never shown: every operation
 * on it is answered 4.01, since only a bootstrap server may touch it.
 *
 * Life: _start() -> on_wanted upcall (the pacer's turn) -> _connect() ->
 * handshake -> Register -> registered, with Updates before the lifetime ends
 * -> _stop() de-registers. After any failure it waits as /1/x/17-20 say, and
 * wants to connect again; it never gives up by itself.                      */
#ifndef SALLY_LWM2M_CLIENT_H
#define SALLY_LWM2M_CLIENT_H

#include "coap/link.h"
#include "lwm2m/format.h"
#include "lwm2m/resources.h"

struct sally_lwm2m_client;
struct sally_access;

/* Borrowed, and immutable while the client exists but for the scheme, which is
 * another one from the next handshake on, and for `access`.                 */
struct sally_lwm2m_settings {
    const char *endpoint;
    const char *binding;      /* transports, "U", "T" or "UT"; NULL: "U" */
    uint16_t server_instance; /* of /1: this server's account */
    uint8_t version;          /* 10 or 11; stepped down on 4.12 */
    bool queue_mode;
    sally_usec update_every;  /* at most this long between Updates; NEVER: as
                                 the lifetime asks */
    enum sally_scheme scheme;
    const struct sally_credential *credential;

    /* OSCORE: what is known of the account's sequence numbers, kept up to date
     * by the owner and read by _connect(). NULL: nothing, so each session
     * begins with new keys and a Register.                                  */
    const struct sally_object_past *past;

    /* What the server may do; NULL: all that the objects allow. After a change
     * see sally_lwm2m_client_restricted().                                  */
    const struct sally_access *access;
};

/* Shared by all clients of a process; outlives them. */
struct sally_lwm2m_shared {
    const struct sally_coap_shared *coap;
    struct sally_pool *observations; /* blocks of sally_observation_size() */
    struct sally_pool *attributes;   /* blocks of sally_attributes_size() */
};
size_t sally_observation_size(void);
size_t sally_attributes_size(void);

enum sally_client_state {
    SALLY_CLIENT_IDLE,
    SALLY_CLIENT_WANTING,       /* waits for _connect() */
    SALLY_CLIENT_CONNECTING,    /* handshake */
    SALLY_CLIENT_REGISTERING,
    SALLY_CLIENT_REGISTERED,
    SALLY_CLIENT_WAITING,       /* failed; tries again at the deadline */
    SALLY_CLIENT_DISABLED,      /* by the server, /1/x/4 */
    SALLY_CLIENT_DEREGISTERING,
    SALLY_CLIENT_STOPPED
};
const char *sally_client_state_name(enum sally_client_state s);

/* A Write to, or Execute of, a resource that the owner handles. Spans die
 * with the upcall.                                                          */
struct sally_lwm2m_command {
    sally_coap_exchange exchange; /* for sally_lwm2m_client_answer() */
    struct sally_path path;
    bool execute;
    struct sally_lwm2m_value value; /* Write: typed and in range */
    struct sally_span arguments;    /* Execute: text */
};

struct sally_lwm2m_upcalls {
    /* The client wants to connect: call _connect() when it may. */
    void (*on_wanted)(void *owner);

    /* A handshake begins: the next datagram leaves from a fresh socket. */
    void (*on_rebind)(void *owner);

    /* `e` says why when the new state is WAITING or STOPPED. */
    void (*on_state)(void *owner, enum sally_client_state s,
                     enum sally_err e);

    /* Does the owner handle this resource (a command path)? A resource it
     * does not handle is plain storage.                                     */
    bool (*handles)(void *owner, const struct sally_path *path);

    /* Returns a response code, or 0: _answer() follows. */
    uint8_t (*on_command)(void *owner, const struct sally_lwm2m_command *c,
                          sally_usec now);

    /* The fate of what _send() or _history() took: OK means that the server
     * has it. REFUSED: the server will not take this; CANCELLED, TIMED_OUT:
     * offer it again.                                                       */
    void (*on_delivered)(void *owner, enum sally_err e, sally_usec now);

    /* Something changed that can make reporting possible: registered, Send
     * unmuted, an observation came.                                         */
    void (*on_able)(void *owner, sally_usec now);

    /* The server wrote a plain resource. */
    void (*on_written)(void *owner, const struct sally_path *path);

    /* OSCORE: see link.h; then call _reserved(). NULL: numbers are not kept. */
    void (*on_reserve)(void *owner, uint64_t until);

    /* The server executed /1/x/9: new accounts are to be asked for. Its 2.04
     * has not left yet, so only note it. NULL: 4.05.                        */
    void (*on_bootstrap)(void *owner);

    /* What _save() would give is not what it was, or there is nothing to save
     * any more. NULL: nobody saves.                                         */
    void (*on_changed)(void *owner);
};

/* How values reach the server now. */
enum sally_report_way {
    SALLY_REPORT_NONE,   /* not registered, or muted and nobody observes */
    SALLY_REPORT_SEND,
    SALLY_REPORT_NOTIFY
};

#include "lwm2m/client_state.h"

/* All pointers are borrowed and outlive the client. */
void sally_lwm2m_client_init(struct sally_lwm2m_client *c,
                             const struct sally_lwm2m_shared *shared,
                             const struct sally_lwm2m_settings *settings,
                             struct sally_resources *resources,
                             const struct sally_lwm2m_upcalls *upcalls,
                             void *owner);

void sally_lwm2m_client_start(struct sally_lwm2m_client *c, sally_usec now);
void sally_lwm2m_client_connect(struct sally_lwm2m_client *c, sally_usec now);

/* What on_reserve asked for is durable. */
void sally_lwm2m_client_reserved(struct sally_lwm2m_client *c, uint64_t until,
                                 sally_usec now);

/* De-registers if registered, then STOPPED, at the latest after 5 s. */
void sally_lwm2m_client_stop(struct sally_lwm2m_client *c, sally_usec now);

/* Our own address changed. A server that knows the session by a connection ID
 * is told by an Update; any other one knows it by the address that it came
 * from, so a registered client takes it up anew, at once, instead of waiting
 * for answers that go to where we were.                                     */
void sally_lwm2m_client_moved(struct sally_lwm2m_client *c, sally_usec now);

/* A client with a session takes it up anew, as its owner has another way to the
 * server now, or does not believe in it any more: `why`.                    */
void sally_lwm2m_client_renew(struct sally_lwm2m_client *c, enum sally_err why,
                              sally_usec now);

void sally_lwm2m_client_input(struct sally_lwm2m_client *c,
                              struct sally_span datagram, sally_usec now);
/* Over a stream: see sally_coap_link_room() and _lost(). A client that is not
 * _connected() wants no connection: close what there is.                    */
size_t sally_lwm2m_client_room(const struct sally_lwm2m_client *c);
void sally_lwm2m_client_lost(struct sally_lwm2m_client *c, enum sally_err e,
                             sally_usec now);
bool sally_lwm2m_client_connected(const struct sally_lwm2m_client *c);

struct sally_span sally_lwm2m_client_output(struct sally_lwm2m_client *c,
                                            sally_usec now);
sally_usec sally_lwm2m_client_deadline(const struct sally_lwm2m_client *c);
void sally_lwm2m_client_expire(struct sally_lwm2m_client *c, sally_usec now);
void sally_lwm2m_client_wipe(struct sally_lwm2m_client *c);

enum sally_report_way
sally_lwm2m_client_way(const struct sally_lwm2m_client *c);

/* Sends records (LwM2M Send, Core 1.1 s.6.4.6); on_delivered follows. BUSY:
 * one is under way. NOT_ALLOWED: muted. TOO_LARGE: fewer records, please.
 * BAD_STATE: not registered.                                                */
enum sally_err sally_lwm2m_client_send(struct sally_lwm2m_client *c,
                                       const struct sally_lwm2m_record *records,
                                       size_t count,
                                       sally_usec now) SALLY_MUST_USE;

/* The other way of delivering records: each observation that covers some of
 * them gets these in one confirmable notification, with times if its format
 * carries them; on_delivered follows when all are acknowledged. Records that
 * nobody observes are not owed, as long as somebody observes something.
 * BUSY, TOO_LARGE, BAD_STATE (nobody observes anything).                    */
enum sally_err sally_lwm2m_client_history(
    struct sally_lwm2m_client *c, const struct sally_lwm2m_record *records,
    size_t count, sally_usec now) SALLY_MUST_USE;

/* A resource got a new value: observations of it are due as their attributes
 * say. `history` true: its notification goes by _history(), not now.        */
void sally_lwm2m_client_changed(struct sally_lwm2m_client *c,
                                const struct sally_path *path, bool history,
                                sally_usec now);

/* The server has other rights: what it observes and may not read any more is
 * not observed from now on.                                                 */
void sally_lwm2m_client_restricted(struct sally_lwm2m_client *c,
                                   sally_usec now);

/* Answers a command that on_command deferred. */
void sally_lwm2m_client_answer(struct sally_lwm2m_client *c,
                               sally_coap_exchange x, uint8_t code,
                               sally_usec now);

/* --- Over a restart of the process ---------------------------------------- */

/* Appends what a successor needs to go on with an Update instead of a Register:
 * registration, observations with their attributes, what the server wrote to
 * its instance of /1. It holds secrets where the session can be resumed.
 * BAD_STATE: there is no registration, or _restore() was never called. NO_ROOM:
 * `out` should have room for 8 KiB.                                         */
#define SALLY_CLIENT_SAVED_MAX 8192 /* bytes */
enum sally_err sally_lwm2m_client_save(struct sally_lwm2m_client *c,
                                       struct sally_buf *out) SALLY_MUST_USE;

/* Before _start(), while the resources have the values that they begin with;
 * `saved` may be empty. If the session is then resumed, the client sends an
 * Update and all goes on; else it registers and forgets. NOT_FOUND: it was
 * saved by a client that said something else of itself (endpoint, objects,
 * settings). MALFORMED and others; nothing is restored then.                */
enum sally_err sally_lwm2m_client_restore(struct sally_lwm2m_client *c,
                                          struct sally_span saved,
                                          sally_usec now) SALLY_MUST_USE;

/* STOPPED without a word to the server, where the registration stays. */
void sally_lwm2m_client_leave(struct sally_lwm2m_client *c, sally_usec now);

enum sally_client_state
sally_lwm2m_client_state(const struct sally_lwm2m_client *c);
/* The code that the last refused Register was answered with; 0: none was. */
uint8_t sally_lwm2m_client_refusal(const struct sally_lwm2m_client *c);
size_t sally_lwm2m_client_observations(const struct sally_lwm2m_client *c);
bool sally_lwm2m_client_send_muted(const struct sally_lwm2m_client *c);

#endif
