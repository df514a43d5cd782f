/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/console.h - the operator's door: questions on a stream,
 * answers as JSON lines.
 *
 * A peer writes one line, `VERB [SENSOR]`, of at most SALLY_CONSOLE_REQUEST
 * bytes. It is answered by lines of JSON, one object each, and a last one,
 * {"done":true} or {"error":"..."}; then the connection is at its end. The
 * verbs are one table in commands.c.
 *
 * An engine: it asks the doors through its host, joins what they say, and has
 * no socket and no clock. It knows no key, and reads no byte of a sensor.   */
#ifndef SALLY_CONSOLE_CONSOLE_H
#define SALLY_CONSOLE_CONSOLE_H

#include "bus/message.h"
#include "config/config.h"

#define SALLY_CONSOLE_REQUEST 256  /* bytes of a request without its end */
#define SALLY_CONSOLE_SESSIONS 8   /* at the same time */
#define SALLY_CONSOLE_PATIENCE (3 * SALLY_SEC) /* with a door */
#define SALLY_CONSOLE_IDLE (30 * SALLY_SEC)    /* with a peer */
#define SALLY_CONSOLE_RELOAD (90 * SALLY_SEC)  /* with a reload */

struct sally_console;
struct sally_console_session;

struct sally_console_host {
    /* Asks one door. False: it is away, or its queue is full. */
    bool (*ask)(void *owner, enum sally_role_name door,
                struct sally_bus_message *query);

    /* This peer asks for a reload. False: nobody is there to ask. */
    bool (*reload)(void *owner, void *peer);

    /* This peer has something done to a sensor, or to all: "". */
    void (*ordered)(void *owner, void *peer, const char *verb,
                    const char *sensor);

    /* This peer's session has something to send, or is over. */
    void (*pump)(void *owner, void *peer, sally_usec now);
    sally_msec_utc (*utc)(void *owner);
};

/* Everything is borrowed and outlives the console. NO_MEMORY. */
enum sally_err sally_console_create(struct sally_console **out,
                                    const struct sally_config *config,
                                    const char *version,
                                    const struct sally_console_host *host,
                                    void *owner,
                                    sally_usec now) SALLY_MUST_USE;
void sally_console_wipe(struct sally_console *c); /* NULL is allowed */

/* A peer came; NULL: there are SALLY_CONSOLE_SESSIONS already. */
struct sally_console_session *sally_console_open(struct sally_console *c,
                                                 void *peer, sally_usec now);
void sally_console_close(struct sally_console_session *s);

/* From and to the peer, as in every engine. `output` is empty while there is
 * nothing to send; once it is and the session is over, the connection ends. */
void sally_console_input(struct sally_console_session *s,
                         struct sally_span bytes, sally_usec now);
struct sally_span sally_console_output(struct sally_console_session *s,
                                       sally_usec now);
void sally_console_sent(struct sally_console_session *s, size_t n);
bool sally_console_over(const struct sally_console_session *s);

/* From the doors: a row, or that the door went away. */
void sally_console_row(struct sally_console *c, enum sally_role_name door,
                       const struct sally_bus_row *row, sally_usec now);
void sally_console_gone(struct sally_console *c, enum sally_role_name door,
                        sally_usec now);

/* What the reload came to that somebody has asked for, in lines. */
void sally_console_reloaded(struct sally_console *c, bool done,
                            struct sally_span report, sally_usec now);

/* Another configuration is in force. A question that is under way refers to the
 * old one and is ended; what of its answer is on its way goes out.          */
void sally_console_reconfigure(struct sally_console *c,
                               const struct sally_config *config,
                               sally_usec now);

sally_usec sally_console_deadline(const struct sally_console *c);
void sally_console_expire(struct sally_console *c, sally_usec now);

#endif
