/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/store/inside.h - the store as its own files see it.
 *
 * Two threads. The loop's thread appends to one ring of items and reads the
 * results off it; the writer's thread takes items in batches. What both see is
 * guarded by `mutex` and marked below; the writer holds it only to look at its
 * work and to publish a commit, never during one.                           */
#ifndef SALLY_STORE_INSIDE_H
#define SALLY_STORE_INSIDE_H

#include "base/cursor.h"
#include "base/writer.h"
#include "log/note.h"
#include "store/anchor.h"
#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#define SALLY_STORE_RING 4096  /* items; a power of two; above what the outer
                                  door may have under way, so that a slow sync
                                  turns nobody back */
#define SALLY_STORE_GROUP 64   /* readings that wait no longer for more */
#define SALLY_STORE_CROWD (SALLY_STORE_RING / 2) /* so many not settled are too
                                                   many */
#define SALLY_STORE_SPARE 128  /* of them not for appends... */
#define SALLY_STORE_UNPARK 64  /* ...and of those not for parking */
#define SALLY_STORE_BODY 1400  /* bytes of an encoded message or command */
#define SALLY_STORE_ROW 48     /* bytes a row costs beside its body, about */
#define SALLY_STORE_DROPS 512  /* messages dropped in one batch */
#define SALLY_STORE_DELETES 2000 /* delivered messages of one cursor deleted in
                                    one batch: a commit stays short */
/* The journal: rows, and bytes of each. With its head a row of that size fills
 * a page of the database, and is written over in place.                     */
#define SALLY_STORE_ROWS 128
#define SALLY_STORE_ROW_BYTES 4032
/* Cursors are written, what was delivered is deleted and the rest of the
 * journal settled this often: rows that lie side by side then share a page of
 * the log.                                                                  */
#define SALLY_STORE_TIDY (500 * SALLY_MSEC)
#define SALLY_STORE_REST (100 * SALLY_MSEC) /* for what came last to be
                                               delivered before that */
#define SALLY_STORE_BUSY_MS 1000 /* a checkpoint of a tool that looks */
#define SALLY_STORE_NOBODY UINT32_MAX /* a sensor not in the configuration */

enum sally_store_kind {
    SALLY_ITEM_APPEND,
    SALLY_ITEM_PARK,
    SALLY_ITEM_UNPARK,
    SALLY_ITEM_KEEP,
    SALLY_ITEM_NOTE
};

struct sally_store_item {
    enum sally_store_kind kind;
    uint8_t result;  /* enum sally_accepted, once committed */
    bool first;      /* APPEND: nobody had its key before */
    bool fresh;      /* APPEND: not seen before, and its batch did not fail */
    bool delivered;  /* the writer's: when it was settled, so that it never came
                        to the table */
    bool chained;    /* the loop's: see recent.c */
    uint32_t ticket; /* or the command's number */
    uint32_t sensor; /* or SALLY_STORE_NOBODY, after another list */
    int64_t sensor_key;
    uint64_t number;
    sally_msec_utc time; /* of the message, or of parking */
    int64_t born;        /* the writer's: sally_store_age() */
    uint64_t after, next; /* see recent.c: the number before it in the sensor,
                             the place of the one that follows */
    uint8_t key[SALLY_INGEST_KEY];
    uint16_t len;
    uint8_t body[SALLY_STORE_BODY];
    uint8_t *kept;     /* KEEP: owned; what `body` is the name of, then other
                          entries, see kept.c */
    uint32_t kept_len; /* 0: forget it */
    uint32_t more_len; /* of the other entries */
    uint8_t what;      /* enum sally_kept, of the first */
    bool erases;       /* one of them is a BOOK */
};

struct sally_store_account {
    uint32_t sensor;
    char *server;      /* owned */
    uint64_t cursor;   /* shared: delivered up to here */
    uint64_t waiting;  /* shared */
    uint64_t durable;  /* the writer's: cursor in the database */
    uint64_t recent;   /* the loop's: place of an item to look at first */
    bool dirty;        /* shared: in the list of those to be written */
    bool adopted;      /* from the list before */
    struct sally_store_account *next_dirty;
};

struct sally_store_one { /* a sensor */
    int64_t key;         /* in the database */
    struct sally_store_account *accounts; /* owned */
    uint32_t account_count;
    uint32_t pending;  /* the loop's: in the ring */
    uint32_t leaves;   /* the writer's: index on the ring of the last one that
                          was delivered of those that are being settled */
    uint32_t messages; /* shared: durable; only the writer changes it */
    uint64_t bytes;    /* shared: of those */
    struct sally_store_losses losses; /* shared */
    uint32_t batch;    /* the writer's: what the next two are of */
    int32_t change;
    int64_t change_bytes;
    uint64_t tabled;   /* the writer's: number of the last message that was put
                          in the table, 0 once they are all deleted */
    uint64_t pending_bytes;
    uint64_t newest;   /* the loop's: number of the last one stored, 0 if that
                          was before the start, */
    uint64_t newest_place; /* and its place */
};

/* Messages that a batch took out of the table. */
struct sally_store_drop {
    uint32_t sensor; /* or SALLY_STORE_NOBODY */
    uint32_t messages;
    uint64_t number; /* of the one dropped; 0: delivered ones */
    uint64_t bytes;
    bool expired;
};

/* Every SQL statement is a row of the table in schema.c. */
enum sally_store_sql {
    SALLY_SQL_BEGIN,
    SALLY_SQL_COMMIT,
    SALLY_SQL_ROLLBACK,
    SALLY_SQL_SEE_0,
    SALLY_SQL_SEE_1,
    SALLY_SQL_SEEN_0,
    SALLY_SQL_SEEN_1,
    SALLY_SQL_FORGET_0,
    SALLY_SQL_FORGET_1,
    SALLY_SQL_JOURNAL,
    SALLY_SQL_ROWS,
    SALLY_SQL_APPEND,
    SALLY_SQL_LATEST_PUT,
    SALLY_SQL_OLDEST,
    SALLY_SQL_OLDEST_OF,
    SALLY_SQL_ONE,
    SALLY_SQL_DROP,
    SALLY_SQL_CURSOR,
    SALLY_SQL_DELIVERED,
    SALLY_SQL_DELETE,
    SALLY_SQL_PARK,
    SALLY_SQL_UNPARK,
    SALLY_SQL_KEEP,
    SALLY_SQL_FORGO,
    SALLY_SQL_NOTE,
    SALLY_SQL_NOTES_DROP,
    SALLY_SQL_KEY_MAKE,
    SALLY_SQL_KEY_OF,
    SALLY_SQL_CURSOR_OF,
    SALLY_SQL_NEXT, /* from here on: the reader's */
    SALLY_SQL_COUNT,
    SALLY_SQL_LATEST,
    SALLY_SQL_LATER,
    SALLY_SQL_PARKED,
    SALLY_SQL_PARKED_ALL,
    SALLY_SQL_RECALL,
    SALLY_SQL_COUNT_KEPT,
    SALLY_SQL_NOTE_LAST,
    SALLY_SQL_STATEMENTS
};

/* The writer's part of journal.c. */
struct sally_store_journal {
    uint64_t settled; /* items before this one are, if the batch commits; */
    uint64_t mark;    /* their largest number */
    uint64_t at;      /* the item that the batch is at */
    uint64_t known;   /* mark that is on disk */
    uint64_t known_next; /* ...if the batch commits */
    uint32_t row;     /* to be written next */
    uint64_t last[SALLY_STORE_ROWS]; /* largest number in each of them */
    uint32_t keys[SALLY_STORE_RING]; /* sally_seen_brief() of the items */
    uint16_t count;   /* messages in the row that is being filled */
    struct sally_buf out;
    uint8_t bytes[SALLY_STORE_ROW_BYTES];
};

/* Lines of the security journal that are not durable yet, oldest first. */
#define SALLY_STORE_NOTES 32
struct sally_store_notes {
    struct sally_note durable; /* the last one that is; without its line */
    struct sally_note waiting[SALLY_STORE_NOTES]; /* their lines in `bytes` */
    uint8_t bytes[SALLY_STORE_NOTES][SALLY_NOTE_MAX];
    size_t count;
    size_t queued;  /* of those, how many the writer has been given */
    uint32_t lost;  /* lines that found no place */
    bool failed;    /* the disk did not take the last one */
};

struct sally_store {
    struct sally_store_limits limits;
    int lock, event; /* owned descriptors */

    sqlite3 *writer, *reader; /* each used by one thread only */
    sqlite3_stmt *sql[SALLY_SQL_STATEMENTS];

    struct sally_store_one *sensors; /* owned */
    size_t sensor_count;
    uint32_t *index_of_key; /* owned; a sensor's key to its index */
    size_t key_count;

    pthread_t thread;
    bool running; /* the thread was started */
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* of the writer, by the monotonic clock */

    /* Shared. Items: tail <= done <= head and settled <= done, counted without
     * end. The place of one is taken again when it was told and settled.    */
    struct sally_store_item *ring; /* owned; SALLY_STORE_RING of them */
    uint64_t tail, settled, done, head;
    sally_usec last_began; /* when the last batch was taken to be written */
    struct sally_store_account *dirty;
    bool moved; /* some cursor, since the last try to write them */
    bool few_rows; /* of the journal are free */
    sally_usec tidied;  /* when that was */
    sally_usec brought; /* when the last batch with an item was written */
    size_t holders; /* sensors that have messages */
    int failure;    /* SQLite's code of the last batch that failed */
    struct sally_store_totals totals;
    bool stopping;
    bool urgent; /* somebody waits for what is queued */

    /* The loop's. */
    uint64_t next_number, pending_bytes;
    uint64_t settled_known; /* what `settled` was at least */
    uint64_t drops_known, dropped_before; /* see recent.c: a count, a place */

    /* The writer's. */
    uint64_t mark;       /* largest number that is settled */
    uint64_t newest;     /* number that was in a batch */
    uint64_t aged;       /* `done` at the last tidying */
    struct sally_store_journal journal;
    int64_t age;         /* milliseconds on the clock of ages, at... */
    sally_usec age_at;   /* ...this time */
    int batch_failure;   /* SQLite's code, when the batch failed */
    bool doubtful;       /* a commit failed: the log is to be begun anew */
    bool to_erase;       /* the log holds accounts that were replaced */
    unsigned young;      /* which table takes new keys: see seen.c */
    sally_usec young_since;
    bool more_to_delete; /* what is to go is not all gone */
    uint32_t batch;      /* counts them */
    uint32_t heavy;      /* a sensor that held more than its share */
    int64_t batch_bytes;
    struct sally_store_drop drops[SALLY_STORE_DROPS];
    size_t drop_count;
    struct sally_anchor anchor;

    /* The loop's part of notes.c. */
    struct sally_store_notes notes;
};

/* --- store.c ------------------------------------------------------------- */

/* The loop's: a free item at the ring's head, with `spare` others left free, or
 * NULL; and it to the writer, who begins at once if it is urgent.           */
struct sally_store_item *sally_store_free_item(struct sally_store *s,
                                               uint64_t spare);
void sally_store_queue(struct sally_store *s, bool urgent);

/* --- notes.c ------------------------------------------------------------- */

/* At open: how far the security journal has come. IO. */
enum sally_err sally_store_notes_load(struct sally_store *s) SALLY_MUST_USE;

/* In the writer's thread; false: the database failed. */
bool sally_store_notes_put(struct sally_store *s,
                           const struct sally_store_item *item);

/* What came of an item; and of any other: is there something to try again? */
void sally_store_notes_told(struct sally_store *s,
                      const struct sally_store_item *item);
void sally_store_notes_go_on(struct sally_store *s);

/* --- lock.c -------------------------------------------------------------- */

/* BUSY, IO. The lock is held as long as the descriptor is open. */
enum sally_err sally_store_lock(const char *dir, int *fd) SALLY_MUST_USE;

/* --- body.c -------------------------------------------------------------- */

/* Values as they lie in the database; NO_ROOM. */
enum sally_err sally_body_put(struct sally_writer *w,
                              const struct sally_bus_value *v,
                              const uint8_t *bytes) SALLY_MUST_USE;

/* Takes one value: its ids and, separately, its type and content. Both borrow
 * from the cursor's span. MALFORMED.                                        */
enum sally_err sally_body_take(struct sally_cursor *c, struct sally_span *path,
                               struct sally_span *value) SALLY_MUST_USE;

/* True if both messages give the same resources, in the same order. */
bool sally_body_alike(struct sally_span a, struct sally_span b);

/* From those two to a value again; its text goes to bytes[*used]. MALFORMED,
 * NO_ROOM.                                                                  */
enum sally_err sally_body_value(struct sally_span path, struct sally_span value,
                                struct sally_bus_value *out, uint8_t *bytes,
                                uint16_t *used) SALLY_MUST_USE;

/* Whole messages and commands. NO_ROOM; MALFORMED. */
enum sally_err sally_body_from_readings(const struct sally_bus_readings *r,
                                        struct sally_store_item *out)
    SALLY_MUST_USE;
enum sally_err sally_body_to_readings(struct sally_span body,
                                      struct sally_bus_readings *out)
    SALLY_MUST_USE;
enum sally_err sally_body_from_command(const struct sally_bus_command *c,
                                       struct sally_store_item *out)
    SALLY_MUST_USE;
enum sally_err sally_body_to_command(struct sally_span body,
                                     struct sally_bus_command *out)
    SALLY_MUST_USE;

/* --- latest.c ------------------------------------------------------------ */

/* The newest value of each resource is in the messages that are still there,
 * or else in a table of its own: whatever deletes a message puts its values
 * there before. In the writer's thread; false: the database failed.         */

/* Those of a message of sensor `key`, which is going to leave. */
bool sally_latest_put(struct sally_store *s, int64_t key, sally_msec_utc time,
                      struct sally_span body);

/* The values of message `number`, which is going to be dropped. */
bool sally_latest_keep(struct sally_store *s, int64_t number);

/* Goes over those that a sensor's `key` has delivered, up to n[1] and a bounded
 * number, keeps their newest values, and counts them in `d`. n[1] becomes the
 * number of the last one.                                                   */
bool sally_latest_keep_all(struct sally_store *s, int64_t n[2],
                           struct sally_store_drop *d);

/* --- schema.c ------------------------------------------------------------ */

/* Opens both connections of `dir`, creates or migrates the tables, prepares
 * every statement. IO, UNSUPPORTED; a sentence goes to `why`.               */
enum sally_err sally_schema_open(struct sally_store *s, const char *dir,
                                 char *why, size_t why_size) SALLY_MUST_USE;
void sally_schema_close(struct sally_store *s);

/* A sentence with what the operator can do about SQLite's code `rc`. */
void sally_schema_blame(const char *path, sqlite3 *db, int rc, char *why,
                        size_t size);

/* --- sensors.c ----------------------------------------------------------- */

/* At open: keys, cursors and counts of the configured sensors. NO_MEMORY, IO.
 * Later, without the thread: the same for a new list; what is known of a sensor
 * and its accounts is taken over, the rest comes from the database. On failure
 * nothing of it may be used any more.                                       */
enum sally_err sally_sensors_load(struct sally_store *s,
                                const struct sally_store_sensor *sensors,
                                size_t count) SALLY_MUST_USE;

/* Releases what sally_sensors_load() made. */
void sally_sensors_free(struct sally_store_one *sensors, size_t count);

/* Counts per sensor and in all as the database has them; after a failure the
 * writer starts from these again. IO.                                       */
enum sally_err sally_sensors_count(struct sally_store *s) SALLY_MUST_USE;

/* Messages of a sensor from after one number up to another. IO. */
enum sally_err sally_sensors_count_after(struct sally_store *s, int64_t key,
                                         uint64_t after, uint64_t up_to,
                                         uint64_t *count) SALLY_MUST_USE;

/* The index of a sensor's key, or SALLY_STORE_NOBODY. */
uint32_t sally_sensors_index(const struct sally_store *s, int64_t key);

/* --- recent.c ------------------------------------------------------------ */

/* The item at this place is stored for the first time. */
void sally_recent_add(struct sally_store *s, uint64_t place);

/* The item at this place is going to be written over. */
void sally_recent_leave(struct sally_store *s, uint64_t place);

/* No item is chained any more: the sensors get other indexes. */
void sally_recent_reset(struct sally_store *s);

/* So many messages were dropped or expired by now. If that is news, what was
 * settled by now may be one of them.                                        */
void sally_recent_distrust(struct sally_store *s, uint64_t drops,
                           uint64_t settled);

/* The first message in memory of the account's sensor after number `after`,
 * which is not below the cursor; NULL: none. If its own `after` is larger, the
 * database may have others before it. What is not in memory is settled.     */
struct sally_store_item *sally_recent_after(struct sally_store *s,
                                            struct sally_store_account *a,
                                            uint64_t after);

/* The one that follows it, or NULL. */
struct sally_store_item *
sally_recent_following(struct sally_store *s,
                       const struct sally_store_item *item);

/* --- journal.c ----------------------------------------------------------- */

/* All in the writer's thread, or before it runs. False: the database failed. */

/* A batch begins; every other call is for this batch. */
void sally_journal_begin(struct sally_store *s);

/* The item that the batch is at is durable with its commit. */
bool sally_journal_add(struct sally_store *s);

/* Enters messages into the tables, up to before item `end`: keys of all, and
 * what was not delivered. Of what was, the newest values are kept.          */
bool sally_journal_settle(struct sally_store *s, uint64_t end);

/* Before the commit. */
bool sally_journal_end(struct sally_store *s);

/* The batch was committed. With the mutex held. */
void sally_journal_publish(struct sally_store *s);

/* At open, without writing: puts what is not settled on the ring. IO. */
enum sally_err sally_journal_load(struct sally_store *s) SALLY_MUST_USE;

/* --- seen.c -------------------------------------------------------------- */

/* In the writer's thread, or before it runs. False: the database failed. */

/* True in *seen if the key of this item was stored in the last `seen_ms`. */
bool sally_seen_before(struct sally_store *s,
                       const struct sally_store_item *item, bool *seen);

/* The end of a key, to be looked at before all of it: a count over MQTT. */
static inline uint32_t sally_seen_brief(const uint8_t key[SALLY_INGEST_KEY])
{
    uint32_t brief;

    memcpy(&brief, key + SALLY_INGEST_KEY - sizeof(brief), sizeof(brief));
    return brief;
}

/* A key that is known from now on, of the sensor with `sensor_key`. */
bool sally_seen_put(struct sally_store *s, int64_t sensor_key,
                    const uint8_t key[SALLY_INGEST_KEY]);

/* Forgets keys that are old enough; once a batch. The same. */
bool sally_seen_turn(struct sally_store *s);

/* --- kept.c -------------------------------------------------------------- */

/* Copies names and bodies into an item of the ring, which owns them. `count` is
 * 1 at least. NO_MEMORY.                                                    */
enum sally_err sally_kept_fill(struct sally_store_item *item,
                               const struct sally_kept_entry *entries,
                               size_t count) SALLY_MUST_USE;

/* Writes what a KEEP item holds. In the writer's thread; false: the database
 * failed.                                                                   */
bool sally_kept_put(struct sally_store *s, const struct sally_store_item *item);

/* After the items of a batch, within its transaction and after it: notes how
 * often sequence numbers were reserved, here and at the anchors.            */
bool sally_kept_count(struct sally_store *s, uint64_t first, uint64_t end);
void sally_kept_anchor(struct sally_store *s, uint64_t first, uint64_t end);

/* After it, too: of accounts that were replaced nothing stays in the files. */
void sally_kept_erase(struct sally_store *s, uint64_t first, uint64_t end);

/* Without the thread: forgets the sessions of sensors that nobody has. IO.  */
enum sally_err sally_kept_purge(struct sally_store *s) SALLY_MUST_USE;

/* --- batch.c ------------------------------------------------------------- */

/* One transaction over the cursors in the list, what is to be settled up to
 * before `settle`, and the items from `first` to before `end`. The results
 * stand in the items; on failure they are all the same and nothing of the batch
 * stays. True if it was committed.                                          */
bool sally_batch_run(struct sally_store *s, uint64_t first, uint64_t end,
                     uint64_t settle, struct sally_store_account *cursors);

/* A sensor whose counts this batch is going to change. */
struct sally_store_one *sally_batch_touch(struct sally_store *s,
                                          uint32_t sensor);

/* What all its accounts have delivered, durably; 0 if it has none. */
uint64_t sally_batch_delivered(const struct sally_store_one *one);

/* --- writer.c ------------------------------------------------------------ */

/* Starts the thread, with every signal blocked in it. NO_MEMORY. */
enum sally_err sally_store_start(struct sally_store *s) SALLY_MUST_USE;

/* The thread commits what is queued and ends; it can be started again. Nothing
 * if it was not started.                                                    */
void sally_store_stop(struct sally_store *s);

sally_usec sally_store_clock(void); /* CLOCK_MONOTONIC */

/* The age of messages is how long the gateway ran since they came: the clock
 * that may be set at any time, or may not be set yet, has no part in it. It
 * goes on at every start from where the newest message had it.              */
int64_t sally_store_age(const struct sally_store *s);

static inline struct sally_store_item *
sally_store_item_at(struct sally_store *s, uint64_t n)
{
    return &s->ring[n & (SALLY_STORE_RING - 1)];
}

#endif
