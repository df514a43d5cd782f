/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/bus/message.h - what the processes of one gateway say to each other.
 *
 * Both ends run the same binary, so a message is a struct that is copied: the
 * receiver checks its length and its numbers' ranges (sally_bus_check) and
 * parses nothing. Text and opaque values sit in `bytes` at the end, and a
 * message travels without the unused part of them. A frame holds many
 * messages, so that a burst costs one system call.
 *
 * Who may say what is one table in message.c.                               */
#ifndef SALLY_BUS_MESSAGE_H
#define SALLY_BUS_MESSAGE_H

#include "base/error.h"
#include "base/time.h"
#include "lwm2m/value.h"

enum sally_role_name {
    SALLY_SUPERVISOR,
    SALLY_OUTER,
    SALLY_INNER,
    SALLY_CONSOLE,
    SALLY_RESOLVER,
    SALLY_VERIFIER,
    SALLY_KEYHOLDER
};
#define SALLY_ROLE_COUNT 7
const char *sally_role_text(enum sally_role_name r);

#define SALLY_BUS_BYTES 1024   /* text and opaque bytes of one message */
#define SALLY_BUS_VALUES 16    /* values of one sensor message */
#define SALLY_BUS_FRAME 32768  /* bytes of one frame at most */
#define SALLY_INGEST_KEY 16    /* bytes */

/* Bounds on numbers whose meaning is another folder's. */
#define SALLY_BUS_METHOD_MAX 7  /* enum sally_auth_method */
#define SALLY_BUS_LEVEL_MAX 5   /* enum sally_assurance */
#define SALLY_BUS_STATE_MAX 15  /* enum sally_client_state */
#define SALLY_BUS_LOG2_N_MAX 20 /* scrypt: memory is 128 * r * 2^log2_n */
#define SALLY_BUS_R_MAX 32
#define SALLY_BUS_P_MAX 16
#define SALLY_BUS_SCHEME_MAX 2 /* enum sally_password_scheme */
#define SALLY_BUS_ITERATIONS_MAX (1u << 20)

/* A value without pointers. Text lies at [offset, offset + len) of `bytes`. */
struct sally_bus_value {
    uint16_t id[4];
    uint8_t depth;
    uint8_t type; /* enum sally_lwm2m_type */
    uint16_t offset, len;
    union {
        int64_t integer;
        uint64_t unsigned_number;
        double real;
        uint16_t link[2];
    } is;
};

#define SALLY_BUS_TABLE(X)                                                     \
    X(READINGS, readings)                                                      \
    X(ACCEPTED, accepted)                                                      \
    X(LIVENESS, liveness)                                                      \
    X(COMMAND, command)                                                        \
    X(OUTCOME, outcome)                                                        \
    X(BLOCKED, blocked)                                                        \
    X(CHECK, check)                                                            \
    X(CHECKED, checked)                                                        \
    X(RESOLVE, resolve)                                                        \
    X(RESOLVED, resolved)                                                      \
    X(QUERY, query)                                                            \
    X(ROW, row)                                                                \
    X(NOTE, note)                                                              \
    X(CONTROL, control)

enum sally_bus_type {
#define X(name, member) SALLY_BUS_##name,
    SALLY_BUS_TABLE(X)
#undef X
    SALLY_BUS_TYPES
};

/* A sensor is named by its slot and `born` (config.h): during a reload one end
 * may have the new configuration before the other, and a message about a sensor
 * that the receiver does not have, or not any more, concerns nobody there.
 *
 * Outer to inner: what one message of a sensor said. All of it becomes
 * durable, or nothing.                                                      */
struct sally_bus_readings {
    uint32_t ticket; /* the outer door's, given back in `accepted` */
    uint32_t sensor, born; /* slot in the configuration, and its owner */
    uint8_t key[SALLY_INGEST_KEY];
    sally_msec_utc time; /* of arrival */
    uint8_t first; /* 1: nobody can have offered this key before; 0: maybe */
    uint16_t count, used; /* values; bytes used in `bytes` */
    struct sally_bus_value value[SALLY_BUS_VALUES];
    uint8_t bytes[SALLY_BUS_BYTES];
};

enum sally_accepted {
    SALLY_ACCEPTED_STORED,    /* durable, or seen before and durable */
    SALLY_ACCEPTED_FULL,      /* quota or disk: try later */
    SALLY_ACCEPTED_REFUSED,   /* the inner door's own check said no */
    SALLY_ACCEPTED_FAILED     /* the store failed: not durable */
};

/* Inner to outer: the fate of a `readings`. */
struct sally_bus_accepted {
    uint32_t ticket;
    uint8_t result; /* enum sally_accepted */
};

/* Outer to inner: the sensor proved itself, came or went. */
struct sally_bus_liveness {
    uint32_t sensor, born;
    uint8_t online;
    uint8_t method; /* enum sally_auth_method */
    uint8_t level;  /* enum sally_assurance; NONE: no change */
    sally_msec_utc time;
};

/* Inner to outer: bring this to the sensor. */
struct sally_bus_command {
    uint32_t command; /* number, unique while it is open */
    uint32_t sensor, born;
    uint32_t timeout_ms;
    uint16_t down; /* index of the rule in the sensor's profile */
    uint16_t used;
    uint8_t execute; /* `value` is then the arguments, STRING */
    struct sally_bus_value value;
    uint8_t bytes[SALLY_BUS_BYTES];
};

enum sally_outcome {
    SALLY_OUTCOME_DONE,    /* the sensor confirmed, as far as it can */
    SALLY_OUTCOME_OFFLINE, /* no connection or address of the sensor now */
    SALLY_OUTCOME_TIMEOUT,
    SALLY_OUTCOME_REFUSED, /* the sensor answered with an error */
    SALLY_OUTCOME_INVALID  /* the value cannot be said in the rule's terms */
};

/* Outer to inner. */
struct sally_bus_outcome {
    uint32_t command;
    uint8_t result; /* enum sally_outcome */
};

/* Inner to outer: the sensor has no account any more, since all were revoked,
 * so nothing that it says leads anywhere; or it has one again.              */
struct sally_bus_blocked {
    uint32_t sensor, born;
    uint8_t blocked;
};

/* Outer to verifier: does this password give this hash? Wiped after use. */
struct sally_bus_check {
    uint32_t ticket;
    uint8_t scheme;       /* enum sally_password_scheme */
    uint8_t log2_n, r, p; /* scrypt */
    uint32_t iterations;  /* PBKDF2 */
    uint8_t salt_len, hash_len, password_len;
    uint8_t salt[64], hash[64], password[128];
};
struct sally_bus_checked {
    uint32_t ticket;
    uint8_t good;
};

/* Inner to resolver and back. */
#define SALLY_BUS_ADDRESSES 8
struct sally_bus_resolve {
    uint32_t ticket;
    uint16_t port;
    char host[256];
};
struct sally_bus_address {
    uint8_t family; /* 4 or 6 */
    uint8_t ip[16];
    uint16_t port; /* host order */
    uint32_t scope;
};
struct sally_bus_resolved {
    uint32_t ticket;
    uint8_t count; /* 0: no answer */
    struct sally_bus_address address[SALLY_BUS_ADDRESSES];
};

/* Console to a door: tell me about `sensor` (or all: UINT32_MAX), or do this to
 * it. The answer is rows with the same ticket, the last one marked.         */
enum sally_query { SALLY_QUERY_STATUS, SALLY_QUERY_SENSORS,
                   SALLY_QUERY_VALUES,
                   SALLY_QUERY_ROTATE, /* inner: ask for other keys */
                   SALLY_QUERY_REVOKE, /* inner: end its accounts */
                   SALLY_QUERY_REPLACE /* inner: its keys are to be others */
};
struct sally_bus_query {
    uint32_t ticket; /* not 0 */
    uint32_t sensor;
    uint32_t server; /* REVOKE: at this one alone; UINT32_MAX: at all */
    uint8_t what; /* enum sally_query */
};

/* How far the answer to a query has come: the next sensor and, of that, the
 * next row. Zero at first.                                                  */
struct sally_bus_place {
    uint32_t sensor, row;
};

#define SALLY_BUS_NO_ALERT 255 /* no alert has this number */

/* One answer row: a sensor, a value, a counter. Fields that do not apply are
 * zero.                                                                     */
struct sally_bus_row {
    uint32_t ticket;
    uint32_t sensor;
    uint8_t last;         /* no more rows with this ticket; may be empty */
    uint8_t empty;        /* the row itself says nothing */
    /* of a sensor, outer door */
    uint8_t online, authenticated, level, method;
    uint64_t messages, unmapped, refused;
    sally_msec_utc last_seen, last_proof;
    /* of a sensor's account, inner door */
    uint32_t account;
    uint8_t registered;   /* enum sally_client_state */
    uint8_t observed;     /* observations now */
    uint8_t send_muted, secure;
    uint8_t asleep;       /* no keys: nobody has given it any, or they are dead
                           */
    uint8_t silent;       /* the sensor: longer than it should be */
    uint8_t error;        /* enum sally_err: the last failure; OK: none */
    uint8_t failed_in;    /* enum sally_client_state when it failed */
    uint8_t alert;        /* the last (D)TLS alert, or SALLY_BUS_NO_ALERT */
    uint8_t code;         /* the server's answer to a Register it refused */
    uint8_t heard;        /* a datagram of the server came in that attempt */
    uint8_t hint;         /* code of an error without protection, then */
    uint8_t hint_meaning; /* enum sally_err */
    uint8_t wear;         /* of OSCORE keys, percent */
    char sender[16];      /* OSCORE Sender ID in hexadecimal */
    uint64_t accepted, delivered, waiting;
    uint64_t dropped, expired; /* of the sensor, for want of room, by age */
    sally_msec_utc last_delivered;
    char state[24], suite[40], detail[96];
    /* of a value, or a named counter: `value`, `bytes`; of the first account of
     * the one sensor that is asked for, in `bytes`: what does not count of the
     * accounts of its file                                                  */
    struct sally_bus_value value;
    sally_msec_utc time;
    char name[40];
    uint16_t used;
    uint8_t bytes[SALLY_BUS_BYTES];
};

/* To the inner door, which has the disk: a line of the security journal, in
 * `bytes`. `lost`: lines before it that could not be sent.                  */
struct sally_bus_note {
    uint32_t lost;
    uint16_t used;
    uint8_t bytes[SALLY_BUS_BYTES];
};

/* Supervisor to a role and back. A descriptor may come with it. */
enum sally_control {
    /* to a role */
    SALLY_CONTROL_PEER,      /* `fd` is your bus to role `number` */
    SALLY_CONTROL_KEYS,      /* inner: `fd` is the keyring; take the keys of
                                sensors born at `number` or later */
    SALLY_CONTROL_LOCAL_KEYS, /* outer: `fd` is the keyring of the local side */
    SALLY_CONTROL_LISTENER,  /* `fd` is a bound socket of kind `extra` (enum
                                sally_listener), `number` its slot; it
                                replaces the one that was there. In a reload
                                also kind NONE without `fd`: it goes */
    SALLY_CONTROL_PASSWORDS, /* outer: `fd` is the passwords file; `number` 0:
                                there is none */
    SALLY_CONTROL_CONFIG,    /* `fd` is the bundle of a new configuration; what
                                comes until PREPARE belongs to it */
    SALLY_CONTROL_PREPARE,   /* it is all there: PREPARED, or REFUSED? */
    SALLY_CONTROL_COMMIT,    /* it is the configuration from now on */
    SALLY_CONTROL_ABORT,     /* forget about it */
    SALLY_CONTROL_RELOADED,  /* console: what a reload came to; `number` 0: it
                                was done, 1: refused; `fd` has the report */
    SALLY_CONTROL_START,     /* all is there, begin */
    SALLY_CONTROL_STOP,      /* finish in order and exit */
    /* to the supervisor */
    SALLY_CONTROL_READY,
    SALLY_CONTROL_PREPARED,
    SALLY_CONTROL_REFUSED,   /* the reason was logged */
    SALLY_CONTROL_COMMITTED, /* nothing is done by the old one any more... */
    SALLY_CONTROL_SETTLED,   /* ...and what was left of it is gone */
    SALLY_CONTROL_RELOAD,    /* console: somebody asks for a reload */
    SALLY_CONTROL_DONE,   /* finished, exiting */
    SALLY_CONTROL_FAILED, /* cannot start; the reason was logged */
    SALLY_CONTROL_LOST    /* the bus to role `number` is no more */
};
enum sally_listener {
    SALLY_LISTENER_COAP,
    SALLY_LISTENER_COAP_PSK,         /* over DTLS by keys of sensors */
    SALLY_LISTENER_MQTT,
    SALLY_LISTENER_MQTT_PSK,         /* over TLS by keys of sensors... */
    SALLY_LISTENER_MQTT_CERTIFICATE, /* ...or by our certificate */
    SALLY_LISTENER_CONSOLE,
    SALLY_LISTENER_NONE
};
#define SALLY_BUS_LISTENERS 32 /* slots for them */
struct sally_bus_control {
    uint8_t what; /* enum sally_control */
    uint32_t number, extra;
};

struct sally_bus_message {
    uint32_t size; /* bytes of this message on the wire, header included */
    uint32_t type; /* enum sally_bus_type */
    union {
#define X(name, member) struct sally_bus_##member member;
        SALLY_BUS_TABLE(X)
#undef X
    } as;
};

/* Says one row of an answer. False: there is no room for it now. */
typedef bool sally_bus_say(void *owner, struct sally_bus_message *row);

/* Prepares a message of this type with all else zero. */
void sally_bus_begin(struct sally_bus_message *m, enum sally_bus_type type);

/* Appends the message to a frame, without the unused part of its bytes, and
 * sets its size. NO_ROOM: send the frame first. BAD_STATE: no such type, or
 * `used` above its array.                                                   */
enum sally_err sally_bus_put(struct sally_buf *frame,
                             struct sally_bus_message *m) SALLY_MUST_USE;

/* True if the table lets `from` say this to `to`. */
bool sally_bus_may_say(const struct sally_bus_message *m,
                       enum sally_role_name from, enum sally_role_name to);

/* Takes the next message out of a frame: copied, checked for length, ranges
 * and for being allowed from `from` to `to`. What lies beyond `used` bytes is
 * unspecified. MALFORMED, also for an empty frame: the sender is not to be
 * trusted any more; end the connection. *out is then unspecified.           */
enum sally_err sally_bus_take(struct sally_span *frame,
                              enum sally_role_name from,
                              enum sally_role_name to,
                              struct sally_bus_message *out) SALLY_MUST_USE;

/* Stores `v` with its bytes at bytes[*used]; NO_ROOM. And back: bytes of the
 * result borrow from `bytes`, its time is 0. sally_bus_take() has checked the
 * bounds. A BOOLEAN travels as 0 or 1 in `integer`.                         */
enum sally_err sally_bus_put_value(struct sally_bus_value *slot,
                                   uint8_t *bytes, uint16_t *used,
                                   const struct sally_path *path,
                                   const struct sally_lwm2m_value *v)
    SALLY_MUST_USE;
void sally_bus_value(const struct sally_bus_value *slot, const uint8_t *bytes,
                     struct sally_lwm2m_record *out);

#endif
