/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/store.h - readings and commands that survive a power cut.
 *
 * One SQLite database in the state directory, one thread that writes it.
 * Appends, deliveries and commands that come within `commit_ms` of the last
 * transaction share the next (group commit); the loop is told through a
 * descriptor when it is durable. Reading runs in the loop's thread on a
 * connection of its own.
 *
 * Delivery: a message (all readings of one sensor message) has an increasing
 * number. Each account of a sensor has a cursor: all up to it was delivered.
 * A message goes when every account's cursor has passed it.
 *
 * A lock on the directory keeps a second gateway out. Nothing here branches
 * on errors of a peer: a failed commit is FAILED for all in it, the readings
 * are not acknowledged, and the next commit is tried afresh.                */
#ifndef SALLY_STORE_STORE_H
#define SALLY_STORE_STORE_H

#include "base/error.h"
#include "base/random.h"
#include "bus/message.h"
#include "log/note.h"

struct sally_store;

#define SALLY_STORE_SEEN_MS 247000 /* EXCHANGE_LIFETIME, RFC 7252 s.4.8.2 */

struct sally_store_limits {
    uint64_t max_bytes;    /* of all readings together */
    uint32_t per_sensor;   /* messages of one sensor */
    bool drop_oldest;      /* when full: else refuse the new one */
    sally_msec_utc max_age_ms; /* older ones go; 0: none. Time that the gateway
                                  ran; clocks that are set do not matter */
    uint32_t commit_ms;
    uint32_t seen_ms; /* a key is known for at least so long, and for twice as
                         long at most while the gateway runs */
    uint32_t notes;   /* lines of the security journal that are kept */
};

/* A sensor and its accounts as the store knows them, in the configuration's
 * order, so that an index there is an index here.                           */
struct sally_store_sensor {
    const char *id; /* "": nobody has this index */
    const char *const *servers; /* names, one per account */
    size_t server_count;
};

/* True if `dir` lies on a file system in memory (tmpfs, ramfs): nothing there
 * survives a power cut.                                                     */
bool sally_store_is_volatile(const char *dir);

/* Opens or creates `dir`/sallyport.db (mode 0600) and starts the writer. A
 * sensor that is not in the list keeps its readings for when it comes back.
 * On failure a sentence goes to `why` and IO, BUSY (another gateway holds the
 * directory, for 5 s now) or UNSUPPORTED (schema newer than ours) is returned.
 */
enum sally_err sally_store_open(struct sally_store **out, const char *dir,
                                const struct sally_store_limits *limits,
                                const struct sally_store_sensor *sensors,
                                size_t count, char *why,
                                size_t why_size) SALLY_MUST_USE;

/* Commits what is queued, stops the thread, closes; upcalls that were not
 * fetched are lost. NULL is allowed.                                        */
void sally_store_close(struct sally_store *s);

/* Readable when sally_store_finished() has something to tell. */
int sally_store_descriptor(const struct sally_store *s);

/* Queues one sensor message. A key that was seen in the last `seen_ms` is told
 * as STORED and not stored again; one that says it is the `first` with its key
 * is believed. NO_ROOM: `drop_oldest` is off and a quota is
 * used up, or this sensor holds three times what is free, so that one cannot
 * take the room of all; or the queue to the writer is full. Answer the sensor
 * "later".                                                                  */
enum sally_err sally_store_append(struct sally_store *s,
                                  const struct sally_bus_readings *r)
    SALLY_MUST_USE;

/* Small things that somebody takes up again after a restart; to the store they
 * are bytes, and sealing them is the caller's.                              */
enum sally_kept {
    SALLY_KEPT_SESSION,  /* of an account; goes with its sensor */
    SALLY_KEPT_SEQUENCE, /* of a pair of keys, whoever has it; never goes by
                            itself, or numbers would be used twice */
    SALLY_KEPT_GATEWAY,
    SALLY_KEPT_BOOK, /* of accounts, by a sensor's id; stays when the sensor
                        goes, so that none comes back with old keys; nothing of
                        the one before stays in the files */
    SALLY_KEPT_TOMB, /* keys that are dead; never goes */
    SALLY_KEPT_DUE   /* a sensor, by its id, that is to be given other keys */
};
#define SALLY_KEPT_NAME_MAX 64    /* bytes */
#define SALLY_KEPT_BODY_MAX 16448 /* bytes */

/* Of the kind GATEWAY: which database this is, see sally_store_instance(); and
 * that nothing that it knows of sequence numbers is to be trusted.          */
#define SALLY_KEPT_INSTANCE "instance"
#define SALLY_PAST_LOST "past lost"

/* Of what was kept: the place's first two, and the caller's ticket. */
struct sally_store_receipt {
    enum sally_kept what;
    uint32_t sensor, ticket;
};

/* Called for what a commit finished. */
struct sally_store_upcalls {
    /* `r` is what was appended, with its ticket. `duplicate`: its key was seen
     * before, and nothing new was stored (result STORED).                   */
    void (*on_stored)(void *owner, const struct sally_bus_readings *r,
                      enum sally_accepted result, bool duplicate);
    /* A parked command is durable (OK) or not (IO). */
    void (*on_parked)(void *owner, uint32_t command, enum sally_err e);
    /* What was kept is durable (OK) or not (IO). NULL: nobody keeps any. */
    void (*on_kept)(void *owner, const struct sally_store_receipt *r,
                    enum sally_err e);
    void *owner;
};
void sally_store_finished(struct sally_store *s,
                          const struct sally_store_upcalls *upcalls);

/* The first message of `sensor` after number `after` that `account` has not
 * delivered yet; `after` 0: from its cursor on. NOT_FOUND: none. `out` is in
 * the form it was appended in, its `ticket` and `key` zero. A message that
 * lies damaged in the database is passed over. IO.                          */
enum sally_err sally_store_next(struct sally_store *s, uint32_t sensor,
                                uint32_t account, uint64_t after,
                                uint64_t *number,
                                struct sally_bus_readings *out) SALLY_MUST_USE;

/* All up to `number` has reached the account's server. Durable with the next
 * commit: after a crash before it, the last ones go out again.              */
void sally_store_delivered(struct sally_store *s, uint32_t sensor,
                           uint32_t account, uint64_t number);

/* Messages that `account` still has to deliver; O(1). */
uint64_t sally_store_waiting(const struct sally_store *s, uint32_t sensor,
                             uint32_t account);

/* What `sensor` said at last of each resource, stored or delivered, so that a
 * restarted gateway can answer a Read. Calls `each` with the newest value
 * first: of those of a path the first one counts.                           */
void sally_store_latest(struct sally_store *s, uint32_t sensor,
                        void (*each)(void *owner,
                                     const struct sally_lwm2m_record *r),
                        void *owner);

/* Commands for a sensor that is away (`answer = "store"`). Numbers are the
 * caller's and unique; on_parked tells when one is durable. _unpark removes it
 * when it was done or given up. _parked calls `each` for those of a sensor,
 * oldest first (UINT32_MAX: of all), for instance at start.                 */
enum sally_err sally_store_park(struct sally_store *s,
                                const struct sally_bus_command *c,
                                sally_msec_utc now) SALLY_MUST_USE;
void sally_store_unpark(struct sally_store *s, uint32_t command);
void sally_store_parked(struct sally_store *s, uint32_t sensor,
                        void (*each)(void *owner,
                                     const struct sally_bus_command *c),
                        void *owner);

/* --- What outlives the process ------------------------------------------- */

struct sally_kept_place {
    enum sally_kept what;
    uint32_t sensor; /* SESSION: whose; else only for the receipt */
    struct sally_span name;
};

/* What is to lie at a place from now on; an empty body: nothing. */
struct sally_kept_entry {
    struct sally_kept_place at;
    struct sally_span body;
};

/* Replaces what was kept at these places, all of it or nothing: after a crash,
 * too. Durable with the next commit, which for a first entry of SEQUENCE begins
 * at once, and is told by on_kept, once, of the first entry. NO_ROOM: the queue
 * to the writer is full; NO_MEMORY; TOO_LARGE: a name or body; BAD_STATE: no
 * such sensor, or a SESSION that is not the first.                          */
enum sally_err sally_store_keep_all(struct sally_store *s,
                                    const struct sally_kept_entry *entries,
                                    size_t count,
                                    uint32_t ticket) SALLY_MUST_USE;
enum sally_err sally_store_keep(struct sally_store *s,
                                const struct sally_kept_place *at,
                                struct sally_span body,
                                uint32_t ticket) SALLY_MUST_USE;

/* How many of a kind are durable whose names begin with `prefix`, which is not
 * empty; it counts up to `max`. IO, NO_MEMORY, TOO_LARGE.                   */
enum sally_err sally_store_count_kept(struct sally_store *s,
                                      enum sally_kept what,
                                      struct sally_span prefix, size_t max,
                                      size_t *count) SALLY_MUST_USE;

/* Appends what is durable there to `out`. NOT_FOUND, NO_ROOM, IO. */
enum sally_err sally_store_recall(struct sally_store *s,
                                  const struct sally_kept_place *at,
                                  struct sally_buf *out) SALLY_MUST_USE;

/* Whoever restores an old copy of the state directory restores old sequence
 * numbers. What notices it lies outside: files that say which database this is
 * and how often it reserved numbers, written after each such commit and before
 * on_kept. A file that is not there is made. Call before anything is kept;
 * on_kept tells IO where a file cannot be written any more. IO: one cannot be
 * written, and a sentence goes to `why`; none is in use then, and the store
 * takes nothing before a call that succeeds.                                */
enum sally_past {
    SALLY_PAST_SURE,    /* a file shows that nothing newer was lost */
    SALLY_PAST_UNKNOWN, /* no file was there: the first start, or memory that
                           a reboot wiped */
    SALLY_PAST_OLDER    /* a file knows of more, or of another database */
};
enum sally_err sally_store_anchor(struct sally_store *s,
                                  const char *const *paths, size_t count,
                                  struct sally_random random,
                                  enum sally_past *past, char *why,
                                  size_t why_size) SALLY_MUST_USE;

/* Names this database since it was made, or since _anchor() found it OLDER: a
 * sequence number that was kept under another name is not to be built on.   */
#define SALLY_INSTANCE_LEN 16
const uint8_t *sally_store_instance(const struct sally_store *s);

/* --- The security journal ------------------------------------------------- */

/* Appends a line, durable with the next commit. One that the disk did not take
 * is tried again with what comes next; when too many wait, lines are lost, and
 * counted in a line of their own. `lost`: lines that were lost before it.   */
void sally_store_note(struct sally_store *s, struct sally_span line,
                      sally_msec_utc time, uint32_t lost);

/* The last durable line, without its text; number 0: there is none. */
void sally_store_noted(const struct sally_store *s, struct sally_note *out);

/* For a tool, beside a gateway that runs or not: calls `each` for all lines of
 * the journal below `dir`, oldest first, until it says false. IO, and a
 * sentence goes to `why`.                                                   */
enum sally_err sally_store_notes(const char *dir,
                                 bool (*each)(void *owner,
                                              const struct sally_note *note),
                                 void *owner, char *why,
                                 size_t why_size) SALLY_MUST_USE;

/* Likewise for what was kept: all of BOOK, then all of TOMB, as they were at
 * one moment.                                                               */
typedef bool sally_store_kept_row(void *owner,
                                  const struct sally_kept_place *at,
                                  struct sally_span body);
enum sally_err sally_store_kept(const char *dir, sally_store_kept_row *each,
                                void *owner, char *why,
                                size_t why_size) SALLY_MUST_USE;

/* Another configuration, in two steps. _introduce() makes its sensors known to
 * the database and changes nothing that runs; IO. After it _rearrange() commits
 * what is queued, tells what came of that by `upcalls`, which must not append
 * or park, and from then on goes by the new list and limits. Cursors, counts
 * and readings stay with the sensor's id and the server's name, whatever their
 * indexes. It blocks for a commit. NO_MEMORY, IO: only _close() is allowed from
 * then on; nothing durable is lost.                                         */
enum sally_err
sally_store_introduce(struct sally_store *s,
                      const struct sally_store_sensor *sensors,
                      size_t count) SALLY_MUST_USE;
enum sally_err
sally_store_rearrange(struct sally_store *s,
                      const struct sally_store_limits *limits,
                      const struct sally_store_sensor *sensors, size_t count,
                      const struct sally_store_upcalls *upcalls)
    SALLY_MUST_USE;

/* Messages of a sensor that went undelivered, since start. */
struct sally_store_losses {
    uint64_t dropped; /* for want of room */
    uint64_t expired; /* by age */
};
void sally_store_losses(const struct sally_store *s, uint32_t sensor,
                        struct sally_store_losses *out);

/* Why the last commit failed that did; never NULL. */
const char *sally_store_failure(const struct sally_store *s);

struct sally_store_totals {
    uint64_t messages, bytes;   /* in the spool now, durable */
    uint64_t dropped, expired;  /* since start */
    uint64_t commits, failures; /* since start */
    uint32_t longest_commit_us;
};
void sally_store_totals(const struct sally_store *s,
                        struct sally_store_totals *out);

#endif
