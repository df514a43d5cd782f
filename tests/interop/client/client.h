/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client.h - the library as the matrix has it on trial: one program, a device
 * towards LwM2M servers, an asker towards those that only serve. What protects
 * it stands in its arguments.
 *
 *     client device|asker URI ENDPOINT [KEY=VALUE...]
 *
 * It takes lines as commands and says what happens as lines of JSON.        */
#ifndef CLIENT_H
#define CLIENT_H

#include <sallyport.h>

#define CLIENT_LINE_MAX 8192 /* bytes of a command */

/* What the program has once, whoever it plays. */
struct client_setup {
    struct sally_engine engine;
    struct sally_credential credential;
    struct sally_uri uri;
    enum sally_scheme scheme;
    const char *endpoint;
    struct sally_object_past past; /* OSCORE: the keys are new at the start */
};

/* One of the two parts. `fd` is the socket; a part asks for another by
 * host_open(). All calls come from the loop in host.c.                      */
struct client_part {
    bool (*begin)(struct client_setup *s);
    void (*command)(char *line, sally_usec now);
    void (*input)(struct sally_span bytes, sally_usec now);
    size_t (*room)(void);
    void (*lost)(enum sally_err e, sally_usec now);
    struct sally_span (*output)(sally_usec now);
    sally_usec (*deadline)(void);
    void (*expire)(sally_usec now);
};
extern const struct client_part client_device, client_asker;

/* account.c of doc/example. */
bool account_make(struct sally_credential *out, char **settings);

/* host.c */
bool host_find(const struct sally_uri *uri);
void host_open(void); /* a fresh socket, connected */
sally_usec host_now(void);
void host_run(const struct client_part *part); /* until its input ends */

/* One line of JSON: {"event":EVENT,"KEY":"TEXT",...}, NULL ends the pairs. */
void client_tell(const char *event, ...);

#endif
