/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/bus/message.c - bus messages into and out of frames, and who may say
 * what to whom.                                                             */
#include "bus/message.h"

#include "base/cursor.h"

#include <string.h>

#define HEADER offsetof(struct sally_bus_message, as)
#define NO_BYTES SIZE_MAX
#define ID_MAX 65534

const char *sally_role_text(enum sally_role_name r)
{
    static const char *const names[SALLY_ROLE_COUNT] = {
        [SALLY_SUPERVISOR] = "supervisor", [SALLY_OUTER] = "outer",
        [SALLY_INNER] = "inner",           [SALLY_CONSOLE] = "console",
        [SALLY_RESOLVER] = "resolver",     [SALLY_VERIFIER] = "verifier",
        [SALLY_KEYHOLDER] = "keyholder",
    };

    return (size_t)r < SALLY_LEN(names) ? names[r] : "unknown";
}

/* --- Ranges -------------------------------------------------------------- */

static bool is_flag(uint8_t n)
{
    return n <= 1;
}

static bool ends_in_array(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool path_in_range(const struct sally_bus_value *v)
{
    if (v->depth > SALLY_LEN(v->id))
        return false;
    for (size_t i = 0; i < SALLY_LEN(v->id); i++)
        if (v->id[i] > (i < v->depth ? ID_MAX : 0))
            return false;
    return true;
}

static bool has_bytes(uint8_t type)
{
    return type == SALLY_TYPE_STRING || type == SALLY_TYPE_OPAQUE ||
           type == SALLY_TYPE_CORELNK;
}

static bool value_in_range(const struct sally_bus_value *v, uint16_t used)
{
    if (v->type > SALLY_TYPE_CORELNK || !path_in_range(v))
        return false;
    if (v->type == SALLY_TYPE_BOOLEAN)
        return v->is.integer == 0 || v->is.integer == 1;
    return !has_bytes(v->type) || (uint32_t)v->offset + v->len <= used;
}

static bool readings_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_readings *r = &m->as.readings;

    if (r->count == 0 || r->count > SALLY_BUS_VALUES || r->first > 1)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (r->value[i].depth < SALLY_DEPTH_RESOURCE ||
            r->value[i].type == SALLY_TYPE_NONE ||
            !value_in_range(&r->value[i], r->used))
            return false;
    return true;
}

static bool accepted_in_range(const struct sally_bus_message *m)
{
    return m->as.accepted.result <= SALLY_ACCEPTED_FAILED;
}

static bool liveness_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_liveness *l = &m->as.liveness;

    return is_flag(l->online) && l->method <= SALLY_BUS_METHOD_MAX &&
           l->level <= SALLY_BUS_LEVEL_MAX;
}

static bool command_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_command *c = &m->as.command;

    if (!is_flag(c->execute) || c->value.depth < SALLY_DEPTH_RESOURCE)
        return false;
    if (c->execute ? c->value.type > SALLY_TYPE_STRING
                   : c->value.type == SALLY_TYPE_NONE)
        return false;
    return value_in_range(&c->value, c->used);
}

static bool outcome_in_range(const struct sally_bus_message *m)
{
    return m->as.outcome.result <= SALLY_OUTCOME_INVALID;
}

static bool blocked_in_range(const struct sally_bus_message *m)
{
    return is_flag(m->as.blocked.blocked);
}

/* What the scheme does not know is 0. */
static bool check_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_check *c = &m->as.check;

    return c->scheme <= SALLY_BUS_SCHEME_MAX &&
           c->iterations <= SALLY_BUS_ITERATIONS_MAX &&
           c->log2_n <= SALLY_BUS_LOG2_N_MAX && c->r <= SALLY_BUS_R_MAX &&
           c->p <= SALLY_BUS_P_MAX && c->salt_len <= sizeof(c->salt) &&
           c->hash_len <= sizeof(c->hash) &&
           c->password_len <= sizeof(c->password);
}

static bool checked_in_range(const struct sally_bus_message *m)
{
    return is_flag(m->as.checked.good);
}

static bool resolve_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_resolve *r = &m->as.resolve;

    return r->host[0] != '\0' && ends_in_array(r->host, sizeof(r->host));
}

static bool resolved_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_resolved *r = &m->as.resolved;

    if (r->count > SALLY_BUS_ADDRESSES)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (r->address[i].family != 4 && r->address[i].family != 6)
            return false;
    return true;
}

static bool query_in_range(const struct sally_bus_message *m)
{
    return m->as.query.what <= SALLY_QUERY_REPLACE;
}

static bool row_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_row *r = &m->as.row;

    return is_flag(r->last) && is_flag(r->empty) && is_flag(r->online) &&
           is_flag(r->authenticated) && r->level <= SALLY_BUS_LEVEL_MAX &&
           r->method <= SALLY_BUS_METHOD_MAX &&
           r->registered <= SALLY_BUS_STATE_MAX && is_flag(r->send_muted) &&
           is_flag(r->silent) && is_flag(r->heard) && is_flag(r->asleep) &&
           r->failed_in <= SALLY_BUS_STATE_MAX && is_flag(r->secure) &&
            ends_in_array(r->state, sizeof(r->state)) &&
           ends_in_array(r->suite, sizeof(r->suite)) &&
           ends_in_array(r->sender, sizeof(r->sender)) &&
           ends_in_array(r->detail, sizeof(r->detail)) &&
           ends_in_array(r->name, sizeof(r->name)) &&
           value_in_range(&r->value, r->used);
}

static bool note_in_range(const struct sally_bus_message *m)
{
    return m->as.note.used != 0;
}

static bool control_in_range(const struct sally_bus_message *m)
{
    const struct sally_bus_control *c = &m->as.control;

    bool names_role =
        c->what == SALLY_CONTROL_PEER || c->what == SALLY_CONTROL_LOST;

    return c->what <= SALLY_CONTROL_LOST &&
           (!names_role || c->number < SALLY_ROLE_COUNT) &&
           (c->what != SALLY_CONTROL_LISTENER ||
            (c->number < SALLY_BUS_LISTENERS &&
             c->extra <= SALLY_LISTENER_NONE));
}

/* --- The table ----------------------------------------------------------- */

#define ROLE(name) (1u << SALLY_##name)
#define ANYONE ((1u << SALLY_ROLE_COUNT) - 1)

/* What a message of each type looks like and who may say it. Its fixed part
 * is all of it, or ends where its bytes begin.                              */
static const struct shape {
    size_t fixed;
    size_t used_at; /* of the count of bytes, in the struct; or NO_BYTES */
    unsigned from, to;
    bool (*in_range)(const struct sally_bus_message *m);
} shapes[SALLY_BUS_TYPES] = {
#define WHOLE(member) sizeof(struct sally_bus_##member), NO_BYTES
#define UP_TO_BYTES(member) \
    offsetof(struct sally_bus_##member, bytes), \
    offsetof(struct sally_bus_##member, used)
    [SALLY_BUS_READINGS] = { UP_TO_BYTES(readings), ROLE(OUTER), ROLE(INNER),
                             readings_in_range },
    [SALLY_BUS_ACCEPTED] = { WHOLE(accepted), ROLE(INNER), ROLE(OUTER),
                             accepted_in_range },
    [SALLY_BUS_LIVENESS] = { WHOLE(liveness), ROLE(OUTER), ROLE(INNER),
                             liveness_in_range },
    [SALLY_BUS_COMMAND] = { UP_TO_BYTES(command), ROLE(INNER), ROLE(OUTER),
                            command_in_range },
    [SALLY_BUS_OUTCOME] = { WHOLE(outcome), ROLE(OUTER), ROLE(INNER),
                            outcome_in_range },
    [SALLY_BUS_BLOCKED] = { WHOLE(blocked), ROLE(INNER), ROLE(OUTER),
                            blocked_in_range },
    [SALLY_BUS_CHECK] = { WHOLE(check), ROLE(OUTER), ROLE(VERIFIER),
                          check_in_range },
    [SALLY_BUS_CHECKED] = { WHOLE(checked), ROLE(VERIFIER), ROLE(OUTER),
                            checked_in_range },
    [SALLY_BUS_RESOLVE] = { WHOLE(resolve), ROLE(INNER), ROLE(RESOLVER),
                            resolve_in_range },
    [SALLY_BUS_RESOLVED] = { WHOLE(resolved), ROLE(RESOLVER), ROLE(INNER),
                             resolved_in_range },
    [SALLY_BUS_QUERY] = { WHOLE(query), ROLE(CONSOLE),
                          ROLE(OUTER) | ROLE(INNER), query_in_range },
    [SALLY_BUS_ROW] = { UP_TO_BYTES(row), ROLE(OUTER) | ROLE(INNER),
                        ROLE(CONSOLE), row_in_range },
    [SALLY_BUS_NOTE] = { UP_TO_BYTES(note),
                         ROLE(SUPERVISOR) | ROLE(OUTER) | ROLE(CONSOLE),
                         ROLE(INNER), note_in_range },
    [SALLY_BUS_CONTROL] = { WHOLE(control), ANYONE, ANYONE,
                            control_in_range },
#undef UP_TO_BYTES
#undef WHOLE
};

/* Orders go down from the supervisor, reports go up to it. */
static bool control_allowed(uint8_t what, enum sally_role_name from,
                            enum sally_role_name to)
{
    bool order = what <= SALLY_CONTROL_STOP;

    return from != to && (order ? from : to) == SALLY_SUPERVISOR &&
           (what != SALLY_CONTROL_KEYS || to == SALLY_INNER ||
            to == SALLY_KEYHOLDER) &&
           (what != SALLY_CONTROL_LOCAL_KEYS || to == SALLY_OUTER) &&
           (what != SALLY_CONTROL_RELOADED || to == SALLY_CONSOLE) &&
           (what != SALLY_CONTROL_RELOAD || from == SALLY_CONSOLE);
}

bool sally_bus_may_say(const struct sally_bus_message *m,
                       enum sally_role_name from, enum sally_role_name to)
{
    const struct shape *shape;

    if (m->type >= SALLY_BUS_TYPES)
        return false;
    shape = &shapes[m->type];
    if ((shape->from & 1u << from) == 0 || (shape->to & 1u << to) == 0)
        return false;
    return m->type != SALLY_BUS_CONTROL ||
           control_allowed(m->as.control.what, from, to);
}

/* --- Frames -------------------------------------------------------------- */

void sally_bus_begin(struct sally_bus_message *m, enum sally_bus_type type)
{
    memset(m, 0, sizeof(*m));
    m->type = type;
}

/* How many bytes of text and opaque values the message says it has. */
static uint16_t bytes_used(const struct shape *shape,
                           const struct sally_bus_message *m)
{
    const uint8_t *raw = (const uint8_t *)&m->as;
    uint16_t used = 0;

    if (shape->used_at != NO_BYTES)
        memcpy(&used, &raw[shape->used_at], sizeof(used));
    return used;
}

enum sally_err sally_bus_put(struct sally_buf *frame,
                             struct sally_bus_message *m)
{
    struct sally_writer w = sally_writer_into(frame);
    uint16_t used;

    if (m->type >= SALLY_BUS_TYPES)
        return SALLY_E_BAD_STATE;
    used = bytes_used(&shapes[m->type], m);
    if (used > SALLY_BUS_BYTES)
        return SALLY_E_BAD_STATE;
    m->size = (uint32_t)(HEADER + shapes[m->type].fixed + used);
    sally_put(&w, (struct sally_span){ (const uint8_t *)m, m->size });
    return sally_writer_end(&w);
}

/* Copies the message if its length is one that its type can have. */
static bool copy_whole(struct sally_cursor *c, uint32_t size, uint32_t type,
                       struct sally_bus_message *out)
{
    const struct shape *shape = &shapes[type];
    uint16_t used;

    if (size < HEADER + shape->fixed || size > sizeof(*out))
        return false;
    if (size > c->rest.len)
        return false;
    sally_take_into(c, out, size);
    used = bytes_used(shape, out);
    return used <= SALLY_BUS_BYTES && size == HEADER + shape->fixed + used;
}

enum sally_err sally_bus_take(struct sally_span *frame,
                              enum sally_role_name from,
                              enum sally_role_name to,
                              struct sally_bus_message *out)
{
    struct sally_cursor c = sally_cursor_over(*frame);
    uint32_t head[2]; /* size, type: in the machine's own order */

    if (frame->len < sizeof(head))
        return SALLY_E_MALFORMED;
    memcpy(head, frame->at, sizeof(head));
    if (head[1] >= SALLY_BUS_TYPES || !copy_whole(&c, head[0], head[1], out))
        return SALLY_E_MALFORMED;
    if (!sally_bus_may_say(out, from, to) || !shapes[head[1]].in_range(out))
        return SALLY_E_MALFORMED;
    *frame = c.rest;
    return SALLY_E_OK;
}
