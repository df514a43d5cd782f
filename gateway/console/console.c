/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/console.c - sessions of the operator's door: one request, the
 * doors' rows, one answer.                                                  */
#include "console/console.h"

#include "codec/json.h"
#include "console/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_ROOM 16384 /* bytes of one line of an answer */

enum state {
    FREE,
    READING,   /* the request */
    WAITING,   /* for rows */
    ANSWERING,
    RELOADING, /* until the supervisor has something to say */
    REPORTING, /* that */
    OVER       /* nothing follows what is in `out` */
};

struct sally_console_session {
    struct sally_console *console;
    void *peer;
    enum state state;
    sally_usec due; /* of the state */
    uint8_t request[SALLY_CONSOLE_REQUEST];
    size_t request_len;
    const struct sally_console_command *command;
    uint32_t ticket;
    unsigned doors; /* whose last row has not come */
    struct sally_view view;
    struct sally_arena report; /* of a reload */
    struct sally_span rest; /* of it */
    const char *error; /* at its end; NULL: none */
    size_t next; /* line */
    uint8_t line[LINE_ROOM];
    struct sally_buf out; /* over `line` */
    size_t sent;          /* of it */
};

struct sally_console {
    const struct sally_config *config;
    const char *version;
    const struct sally_console_host *host;
    void *owner;
    sally_usec started;
    uint32_t tickets;
    struct sally_console_session sessions[SALLY_CONSOLE_SESSIONS];
};

/* Doors by name, in the order in which they are blamed. */
static const enum sally_role_name doors[] = { SALLY_OUTER, SALLY_INNER };

enum sally_err sally_console_create(struct sally_console **out,
                                    const struct sally_config *config,
                                    const char *version,
                                    const struct sally_console_host *host,
                                    void *owner, sally_usec now)
{
    struct sally_console *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return SALLY_E_NO_MEMORY;
    c->config = config;
    c->version = version;
    c->host = host;
    c->owner = owner;
    c->started = now;
    *out = c;
    return SALLY_E_OK;
}

void sally_console_wipe(struct sally_console *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++)
        sally_console_close(&c->sessions[i]);
    free(c);
}

/* --- A session's life ---------------------------------------------------- */

static void enter(struct sally_console_session *s, enum state state,
                  sally_usec due)
{
    s->state = state;
    s->due = due;
}

struct sally_console_session *sally_console_open(struct sally_console *c,
                                                 void *peer, sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state != FREE)
            continue;
        *s = (struct sally_console_session){ .console = c, .peer = peer };
        s->out = SALLY_BUF(s->line);
        enter(s, READING, sally_after(now, SALLY_CONSOLE_IDLE));
        return s;
    }
    return NULL;
}

void sally_console_close(struct sally_console_session *s)
{
    sally_view_wipe(&s->view);
    sally_arena_wipe(&s->report);
    enter(s, FREE, SALLY_NEVER);
}

bool sally_console_over(const struct sally_console_session *s)
{
    return s->state == OVER && s->sent == s->out.len;
}

/* The last line. The one before it is out: no line is begun earlier. */
static void end(struct sally_console_session *s, const char *error,
                sally_usec now)
{
    struct sally_writer w;
    struct sally_members m;

    s->out.len = s->sent = 0;
    w = sally_writer_into(&s->out);
    m = sally_members_begin(&w);
    if (error != NULL)
        sally_member_text(&m, "error", error);
    else
        sally_member_flag(&m, "done", true);
    sally_members_end(&m);
    sally_put_u8(&w, '\n');
    enter(s, OVER, sally_after(now, SALLY_CONSOLE_IDLE));
}

/* --- Asking -------------------------------------------------------------- */

static bool ask(struct sally_console_session *s, enum sally_role_name door,
                const struct sally_console_target *target)
{
    struct sally_console *c = s->console;
    struct sally_bus_message m;

    sally_bus_begin(&m, SALLY_BUS_QUERY);
    m.as.query.ticket = s->ticket;
    m.as.query.sensor = target->sensor;
    m.as.query.server = target->server;
    m.as.query.what = (uint8_t)s->command->what;
    return c->host->ask(c->owner, door, &m);
}

static void blame(struct sally_console_session *s, enum sally_role_name door,
                  const char *what, sally_usec now)
{
    char why[64];

    (void)snprintf(why, sizeof(why), "%s door %s", sally_role_text(door), what);
    end(s, why, now);
}

static void ask_doors(struct sally_console_session *s,
                      const struct sally_console_target *target,
                      sally_usec now)
{
    struct sally_console *c = s->console;

    if (sally_view_open(&s->view, c->config, target->sensor,
                        s->command->what == SALLY_QUERY_VALUES) !=
        SALLY_E_OK) {
        end(s, sally_err_text(SALLY_E_NO_MEMORY), now);
        return;
    }
    s->view.version = c->version;
    s->view.uptime_s = (now - c->started) / SALLY_SEC;
    s->view.utc = c->host->utc(c->owner);
    s->ticket = ++c->tickets != 0 ? c->tickets : ++c->tickets;
    if (sally_console_orders(s->command))
        c->host->ordered(c->owner, s->peer, s->command->verb,
                         target->sensor == UINT32_MAX
                             ? ""
                             : c->config->sensors[target->sensor].id);
    s->doors = s->command->doors;
    enter(s, WAITING, sally_after(now, SALLY_CONSOLE_PATIENCE));
    for (size_t i = 0; i < SALLY_LEN(doors); i++)
        if ((s->doors & 1u << doors[i]) != 0 && !ask(s, doors[i], target)) {
            blame(s, doors[i], "is away", now);
            return;
        }
}

/* One at a time: what comes of it is for all who have asked so far. */
static void ask_reload(struct sally_console_session *s, sally_usec now)
{
    struct sally_console *c = s->console;

    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++)
        if (c->sessions[i].state == RELOADING) {
            end(s, "somebody has asked for a reload already", now);
            return;
        }
    if (!c->host->reload(c->owner, s->peer))
        end(s, "the supervisor is away", now);
    else
        enter(s, RELOADING, sally_after(now, SALLY_CONSOLE_RELOAD));
}

static void obey(struct sally_console_session *s, sally_usec now)
{
    struct sally_console_target target = { UINT32_MAX, UINT32_MAX };
    char why[160] = "";

    s->command = sally_console_parse(
        s->console->config,
        (struct sally_span){ s->request, s->request_len }, &target, why,
        sizeof(why));
    if (s->command == NULL)
        end(s, why, now);
    else if (s->command->doors == 0)
        ask_reload(s, now);
    else
        ask_doors(s, &target, now);
}

/* What follows the request line is nothing to us. */
void sally_console_input(struct sally_console_session *s,
                         struct sally_span bytes, sally_usec now)
{
    for (size_t i = 0; i < bytes.len && s->state == READING; i++) {
        if (bytes.at[i] == '\n')
            obey(s, now);
        else if (s->request_len < sizeof(s->request))
            s->request[s->request_len++] = bytes.at[i];
        else
            end(s, "the request is too long", now);
    }
}

/* --- Rows ---------------------------------------------------------------- */

static void pump(struct sally_console_session *s, sally_usec now)
{
    s->console->host->pump(s->console->owner, s->peer, now);
}

/* What was to be done to one sensor, and was not. */
static bool is_refused(const struct sally_console_session *s)
{
    return sally_console_orders(s->command) && !s->view.all &&
           s->view.sensors[0].accounts[0].error != SALLY_E_OK;
}

/* All of it has come. */
static void begin_answer(struct sally_console_session *s, sally_usec now)
{
    if (is_refused(s)) {
        end(s, s->view.sensors[0].accounts[0].detail, now);
        pump(s, now);
        return;
    }
    s->next = 0;
    enter(s, ANSWERING, sally_after(now, SALLY_CONSOLE_IDLE));
    pump(s, now);
}

void sally_console_row(struct sally_console *c, enum sally_role_name door,
                       const struct sally_bus_row *row, sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state != WAITING || s->ticket != row->ticket ||
            (s->doors & 1u << door) == 0)
            continue;
        if (!row->empty)
            sally_view_take(&s->view, door, row);
        if (row->last)
            s->doors &= ~(1u << door);
        if (s->doors == 0)
            begin_answer(s, now);
        return;
    }
}

void sally_console_gone(struct sally_console *c, enum sally_role_name door,
                        sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state != WAITING || (s->doors & 1u << door) == 0)
            continue;
        blame(s, door, "went away", now);
        pump(s, now);
    }
}

/* --- Answering ----------------------------------------------------------- */

/* Puts the next line into `out`, or the last one. */
static void write_line(struct sally_console_session *s, sally_usec now)
{
    struct sally_writer w;

    s->out.len = s->sent = 0;
    w = sally_writer_into(&s->out);
    s->due = sally_after(now, SALLY_CONSOLE_IDLE);
    if (!s->command->line(&s->view, s->next++, &w)) {
        end(s, s->view.overflow ? "too many values; name a sensor" : NULL, now);
        return;
    }
    sally_put_u8(&w, '\n');
    if (w.failed)
        end(s, "a line of the answer is too long", now);
}

/* The next line of a report, or the last one. */
static void write_report(struct sally_console_session *s, sally_usec now)
{
    const uint8_t *line_end =
        s->rest.len == 0 ? NULL : memchr(s->rest.at, '\n', s->rest.len);
    size_t len = line_end == NULL ? s->rest.len
                                  : (size_t)(line_end - s->rest.at);
    struct sally_writer w;
    struct sally_members m;

    if (s->rest.len == 0) {
        end(s, s->error, now);
        return;
    }
    s->out.len = s->sent = 0;
    w = sally_writer_into(&s->out);
    m = sally_members_begin(&w);
    sally_member_span(&m, "text", sally_span_sub(s->rest, 0, len));
    sally_members_end(&m);
    sally_put_u8(&w, '\n');
    s->rest = sally_span_sub(s->rest, len + 1, s->rest.len);
    if (w.failed)
        end(s, "a line of the answer is too long", now);
}

struct sally_span sally_console_output(struct sally_console_session *s,
                                       sally_usec now)
{
    if (s->state == ANSWERING && s->sent == s->out.len)
        write_line(s, now);
    if (s->state == REPORTING && s->sent == s->out.len)
        write_report(s, now);
    return sally_span_sub(sally_buf_span(&s->out), s->sent, s->out.len);
}

void sally_console_sent(struct sally_console_session *s, size_t n)
{
    s->sent += n;
}

/* --- Reload -------------------------------------------------------------- */

static void begin_report(struct sally_console_session *s, bool done,
                         struct sally_span report, sally_usec now)
{
    sally_arena_wipe(&s->report);
    s->rest = sally_span_of(sally_arena_text(&s->report, report));
    s->error =
        done ? NULL : "not reloaded; the configuration stays as it was";
    if (s->report.failed) {
        end(s, sally_err_text(SALLY_E_NO_MEMORY), now);
        return;
    }
    enter(s, REPORTING, sally_after(now, SALLY_CONSOLE_IDLE));
}

void sally_console_reloaded(struct sally_console *c, bool done,
                            struct sally_span report, sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state != RELOADING)
            continue;
        begin_report(s, done, report, now);
        pump(s, now);
    }
}

void sally_console_reconfigure(struct sally_console *c,
                               const struct sally_config *config,
                               sally_usec now)
{
    c->config = config;
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state != WAITING && s->state != ANSWERING)
            continue;
        sally_view_wipe(&s->view);
        s->rest = (struct sally_span){ NULL, 0 }; /* what is out ends first */
        s->error = "the configuration was just changed; ask again";
        enter(s, REPORTING, sally_after(now, SALLY_CONSOLE_IDLE));
        pump(s, now);
    }
}

/* --- Time ---------------------------------------------------------------- */

sally_usec sally_console_deadline(const struct sally_console *c)
{
    sally_usec when = SALLY_NEVER;

    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++)
        if (c->sessions[i].state != FREE)
            when = sally_earlier(when, c->sessions[i].due);
    return when;
}

/* A peer that neither asks nor reads is left; its line does not come whole. */
static void give_up(struct sally_console_session *s)
{
    s->sent = s->out.len;
    enter(s, OVER, SALLY_NEVER);
}

static enum sally_role_name first_of(unsigned set)
{
    for (size_t i = 0; i < SALLY_LEN(doors); i++)
        if ((set & 1u << doors[i]) != 0)
            return doors[i];
    return SALLY_INNER;
}

void sally_console_expire(struct sally_console *c, sally_usec now)
{
    for (size_t i = 0; i < SALLY_LEN(c->sessions); i++) {
        struct sally_console_session *s = &c->sessions[i];

        if (s->state == FREE || s->due > now)
            continue;
        if (s->state == RELOADING)
            end(s, "the reload does not come to an end; see the log", now);
        else if (s->state == WAITING)
            blame(s, first_of(s->doors), "does not answer", now);
        else
            give_up(s);
        pump(s, now);
    }
}
