/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/store/test_kept.c - what outlives the process, and who notices
 * that it is older than it should be.                                       */
#include "unit/store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char outside[80]; /* the anchor's path */
static atomic_bool anchor_fails;

/* Like the system's, but for the anchor when it is to fail. */
int fdatasync(int fd)
{
    struct stat one, other;

    if (anchor_fails && fstat(fd, &one) == 0 && stat(outside, &other) == 0 &&
        one.st_ino == other.st_ino) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static struct {
    unsigned good, bad;
    struct sally_store_receipt last;
} kept;

static void on_kept(void *owner, const struct sally_store_receipt *r,
                    enum sally_err e)
{
    (void)owner;
    *(e == SALLY_E_OK ? &kept.good : &kept.bad) += 1;
    kept.last = *r;
}

static void wait_for_kept(unsigned all)
{
    static const struct sally_store_upcalls up = { .on_stored = on_stored,
                                                   .on_parked = on_parked,
                                                   .on_kept = on_kept };
    struct pollfd p = { sally_store_descriptor(store), POLLIN, 0 };

    while (kept.good + kept.bad < all) {
        assert_int_equal(poll(&p, 1, 10000), 1);
        sally_store_finished(store, &up);
    }
}

static void fill(void *state, uint8_t *out, size_t n)
{
    uint8_t *seed = state;

    memset(out, ++*seed, n);
}

static enum sally_past look_at(const char *path, uint8_t seed)
{
    const char *paths[] = { path };
    enum sally_past past = SALLY_PAST_SURE;
    char why[256] = "";
    enum sally_err e = sally_store_anchor(
        store, paths, 1, (struct sally_random){ fill, &seed }, &past, why,
        sizeof(why));

    if (e != SALLY_E_OK)
        fail_msg("%s: %s", sally_err_text(e), why);
    return past;
}

static struct sally_kept_place at(enum sally_kept what, uint32_t sensor,
                                  const char *name)
{
    return (struct sally_kept_place){ what, sensor, sally_span_of(name) };
}

static void keep(enum sally_kept what, uint32_t sensor, const char *name,
                 const char *body, uint32_t ticket)
{
    const struct sally_kept_place place_of = at(what, sensor, name);

    assert_int_equal(sally_store_keep(store, &place_of, sally_span_of(body),
                                      ticket),
                     SALLY_E_OK);
}

static void is_kept(enum sally_kept what, uint32_t sensor, const char *name,
                    const char *want)
{
    const struct sally_kept_place place_of = at(what, sensor, name);
    uint8_t room[64];
    struct sally_buf b = SALLY_BUF(room);
    enum sally_err e = sally_store_recall(store, &place_of, &b);

    if (want == NULL)
        assert_int_equal(e, SALLY_E_NOT_FOUND);
    else
        assert_true(e == SALLY_E_OK && sally_span_is(sally_buf_span(&b), want));
}

static int begin(void **state)
{
    (void)state;
    make_place();
    (void)snprintf(outside, sizeof(outside), "%s.anchor", place);
    memset(&kept, 0, sizeof(kept));
    open_store(&roomy);
    return 0;
}

static int end(void **state)
{
    (void)state;
    close_store();
    (void)unlink(outside);
    remove_place();
    return 0;
}

static void what_is_kept_is_there_after_a_restart(void **state)
{
    (void)state;
    keep(SALLY_KEPT_SESSION, 0, "a", "of one at a", 1);
    keep(SALLY_KEPT_SESSION, 0, "b", "of one at b", 2);
    keep(SALLY_KEPT_SESSION, 1, "a", "of two at a", 3);
    keep(SALLY_KEPT_SEQUENCE, 0, "context", "1000", 4);
    wait_for_kept(4);
    assert_int_equal(kept.good, 4);
    assert_int_equal(kept.last.what, SALLY_KEPT_SEQUENCE);
    assert_int_equal(kept.last.ticket, 4);
    close_store();
    open_store(&roomy);
    is_kept(SALLY_KEPT_SESSION, 0, "a", "of one at a");
    is_kept(SALLY_KEPT_SESSION, 0, "b", "of one at b");
    is_kept(SALLY_KEPT_SESSION, 1, "a", "of two at a");
    is_kept(SALLY_KEPT_SESSION, 1, "b", NULL);
    is_kept(SALLY_KEPT_SEQUENCE, 7, "context", "1000");
    keep(SALLY_KEPT_SESSION, 0, "a", "", 5);
    keep(SALLY_KEPT_SESSION, 0, "b", "another", 6);
    wait_for_kept(6);
    is_kept(SALLY_KEPT_SESSION, 0, "a", NULL);
    is_kept(SALLY_KEPT_SESSION, 0, "b", "another");
}

static void a_session_goes_with_its_sensor_and_a_sequence_stays(void **state)
{
    static const char *const only_b[] = { "b" };
    static const struct sally_store_sensor fewer[] = { { "one", only_b, 1 } };
    static const struct sally_store_upcalls none = { .on_stored = on_stored,
                                                     .on_parked = on_parked };

    (void)state;
    keep(SALLY_KEPT_SESSION, 0, "a", "server gone", 1);
    keep(SALLY_KEPT_SESSION, 0, "b", "stays", 2);
    keep(SALLY_KEPT_SESSION, 1, "a", "sensor gone", 3);
    keep(SALLY_KEPT_SEQUENCE, 0, "context", "1000", 4);
    assert_int_equal(sally_store_introduce(store, fewer, 1), SALLY_E_OK);
    assert_int_equal(sally_store_rearrange(store, &roomy, fewer, 1, &none),
                     SALLY_E_OK);
    is_kept(SALLY_KEPT_SESSION, 0, "b", "stays");
    is_kept(SALLY_KEPT_SESSION, 0, "a", NULL);
    close_store();
    open_store(&roomy);
    is_kept(SALLY_KEPT_SESSION, 0, "b", "stays");
    is_kept(SALLY_KEPT_SESSION, 0, "a", NULL);
    is_kept(SALLY_KEPT_SESSION, 1, "a", NULL);
    is_kept(SALLY_KEPT_SEQUENCE, 0, "context", "1000");
}

/* It does not wait for the group that a reading waits for. */
static void a_reservation_does_not_wait(void **state)
{
    const struct sally_store_limits slow = {
        64 << 20, 10000, true, 0, 60000, SALLY_STORE_SEEN_MS, 20000 };

    (void)state;
    close_store();
    open_store(&slow);
    keep(SALLY_KEPT_SEQUENCE, 0, "context", "1000", 1);
    wait_for_kept(1);
    assert_int_equal(kept.good, 1);
}

static void bounds_are_kept(void **state)
{
    static char large[SALLY_KEPT_BODY_MAX + 2];
    struct sally_kept_place p = at(SALLY_KEPT_SESSION, 0, "a");

    (void)state;
    memset(large, 'x', sizeof(large) - 1);
    assert_int_equal(sally_store_keep(store, &p, sally_span_of(large), 1),
                     SALLY_E_TOO_LARGE);
    p.name.len = 0;
    assert_int_equal(sally_store_keep(store, &p, sally_span_of("x"), 1),
                     SALLY_E_TOO_LARGE);
    p = at(SALLY_KEPT_SESSION, 5, "a");
    assert_int_equal(sally_store_keep(store, &p, sally_span_of("x"), 1),
                     SALLY_E_BAD_STATE);
}

static struct sally_kept_entry entry(enum sally_kept what, const char *name,
                                     const char *body)
{
    return (struct sally_kept_entry){ at(what, 0, name), sally_span_of(body) };
}

/* A book and what it buries are one thing, of which one receipt tells. */
static void several_are_kept_as_one(void **state)
{
    const struct sally_kept_entry first[] = {
        entry(SALLY_KEPT_BOOK, "one", "a book"),
        entry(SALLY_KEPT_TOMB, "old key", "x"),
        entry(SALLY_KEPT_TOMB, "older key", "y"),
    };
    const struct sally_kept_entry second[] = {
        entry(SALLY_KEPT_TOMB, "third key", "z"),
        entry(SALLY_KEPT_BOOK, "one", ""),
        entry(SALLY_KEPT_TOMB, "old key", ""),
    };

    (void)state;
    assert_int_equal(sally_store_keep_all(store, first, 3, 7), SALLY_E_OK);
    wait_for_kept(1);
    assert_int_equal(kept.last.what, SALLY_KEPT_BOOK);
    assert_int_equal(kept.last.ticket, 7);
    close_store();
    open_store(&roomy);
    is_kept(SALLY_KEPT_BOOK, 0, "one", "a book");
    is_kept(SALLY_KEPT_TOMB, 0, "old key", "x");
    is_kept(SALLY_KEPT_TOMB, 0, "older key", "y");
    assert_int_equal(sally_store_keep_all(store, second, 3, 8), SALLY_E_OK);
    wait_for_kept(2);
    assert_int_equal(kept.good, 2);
    is_kept(SALLY_KEPT_BOOK, 0, "one", NULL);
    is_kept(SALLY_KEPT_TOMB, 0, "old key", NULL);
    is_kept(SALLY_KEPT_TOMB, 0, "older key", "y");
    is_kept(SALLY_KEPT_TOMB, 0, "third key", "z");
}

/* One that cannot be kept takes the others with it. */
static void one_too_many_and_none_is_kept(void **state)
{
    static char name[SALLY_KEPT_NAME_MAX + 2];
    struct sally_kept_entry pair[] = {
        entry(SALLY_KEPT_BOOK, "one", "a book"),
        entry(SALLY_KEPT_TOMB, name, "x"),
    };

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    pair[1].at.name = sally_span_of(name);
    assert_int_equal(sally_store_keep_all(store, pair, 2, 1),
                     SALLY_E_TOO_LARGE);
    pair[1] = entry(SALLY_KEPT_SESSION, "a", "x");
    assert_int_equal(sally_store_keep_all(store, pair, 2, 1),
                     SALLY_E_BAD_STATE);
    close_store();
    open_store(&roomy);
    is_kept(SALLY_KEPT_BOOK, 0, "one", NULL);
}

static size_t count_of(const char *prefix, size_t max)
{
    size_t n = 99;

    assert_int_equal(sally_store_count_kept(store, SALLY_KEPT_TOMB,
                                            sally_span_of(prefix), max, &n),
                     SALLY_E_OK);
    return n;
}

static void they_are_counted_by_the_beginning_of_the_name(void **state)
{
    size_t n;

    (void)state;
    keep(SALLY_KEPT_TOMB, 0, "ab1", "x", 1);
    keep(SALLY_KEPT_TOMB, 0, "ab2", "x", 2);
    keep(SALLY_KEPT_TOMB, 0, "ab\xff", "x", 3);
    keep(SALLY_KEPT_TOMB, 0, "ac1", "x", 4);
    keep(SALLY_KEPT_DUE, 0, "ab3", "x", 5);
    wait_for_kept(5);
    assert_int_equal(count_of("ab", 10), 3);
    assert_int_equal(count_of("ab", 2), 2);
    assert_int_equal(count_of("a", 10), 4);
    assert_int_equal(count_of("b", 10), 0);
    assert_int_equal(sally_store_count_kept(store, SALLY_KEPT_TOMB,
                                            sally_span_of(""), 1, &n),
                     SALLY_E_TOO_LARGE);
}

/* --- The anchor ---------------------------------------------------------- */

static void restart(void)
{
    close_store();
    open_store(&roomy);
}

static void reserve(const char *until)
{
    unsigned before = kept.good + kept.bad;

    keep(SALLY_KEPT_SEQUENCE, 0, "context", until, 1);
    wait_for_kept(before + 1);
}

static void move(const char *from, const char *to)
{
    static const char *const names[] = { "sallyport.db", "sallyport.db-wal" };
    char one[128], other[128], command[512];

    for (size_t i = 0; i < SALLY_LEN(names); i++) {
        snprintf(one, sizeof(one), "%s/%s", from, names[i]);
        snprintf(other, sizeof(other), "%s/%s", to, names[i]);
        snprintf(command, sizeof(command),
                 "rm -f '%s'; cp '%s' '%s' 2>/dev/null || true", other, one,
                 other);
        assert_int_equal(system(command), 0);
    }
}

static void the_same_state_is_known_again(void **state)
{
    uint8_t name[SALLY_INSTANCE_LEN];

    (void)state;
    assert_int_equal(look_at(outside, 1), SALLY_PAST_UNKNOWN);
    memcpy(name, sally_store_instance(store), sizeof(name));
    reserve("1000");
    reserve("2000");
    restart();
    assert_int_equal(look_at(outside, 2), SALLY_PAST_SURE);
    assert_memory_equal(name, sally_store_instance(store), sizeof(name));
    restart();
    assert_int_equal(unlink(outside), 0); /* a reboot */
    assert_int_equal(look_at(outside, 3), SALLY_PAST_UNKNOWN);
    assert_memory_equal(name, sally_store_instance(store), sizeof(name));
    restart();
    assert_int_equal(look_at(outside, 4), SALLY_PAST_SURE);
}

static void an_older_copy_is_noticed(void **state)
{
    uint8_t name[SALLY_INSTANCE_LEN];
    char copy[] = "/tmp/sallyport-copy-XXXXXX", command[64];

    (void)state;
    assert_non_null(mkdtemp(copy));
    assert_int_equal(look_at(outside, 1), SALLY_PAST_UNKNOWN);
    memcpy(name, sally_store_instance(store), sizeof(name));
    reserve("1000");
    close_store();
    move(place, copy);
    open_store(&roomy);
    assert_int_equal(look_at(outside, 2), SALLY_PAST_SURE);
    reserve("2000");
    close_store();
    move(copy, place);
    open_store(&roomy);
    assert_int_equal(look_at(outside, 3), SALLY_PAST_OLDER);
    assert_memory_not_equal(name, sally_store_instance(store), sizeof(name));
    is_kept(SALLY_KEPT_SEQUENCE, 0, "context", "1000");
    restart(); /* from now on it is this one */
    assert_int_equal(look_at(outside, 4), SALLY_PAST_SURE);
    snprintf(command, sizeof(command), "rm -r %s", copy);
    assert_int_equal(system(command), 0);
}

static void another_database_is_noticed(void **state)
{
    (void)state;
    (void)look_at(outside, 1);
    reserve("1000");
    close_store();
    remove_place();
    assert_int_equal(mkdir(place, 0700), 0);
    open_store(&roomy);
    assert_int_equal(look_at(outside, 2), SALLY_PAST_OLDER);
}

/* A write that a power cut broke off leaves the record before it. */
static void half_a_record_is_none(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(look_at(outside, 1), SALLY_PAST_UNKNOWN);
    reserve("1000"); /* count 1, in the second place */
    fd = open(outside, O_WRONLY);
    assert_int_equal(pwrite(fd, "torn", 4, 4096 + 20), 4);
    close(fd);
    restart();
    assert_int_equal(look_at(outside, 2), SALLY_PAST_SURE);
}

/* Beyond what the process may write, as on a full disk. */
static void an_anchor_that_cannot_be_written_refuses_numbers(void **state)
{
    const char *const paths[] = { "/dev/full" };
    uint8_t seed = 1;
    enum sally_past past;
    char why[256] = "";

    (void)state;
    assert_int_equal(
        sally_store_anchor(store, paths, 1, (struct sally_random){ fill, &seed },
                           &past, why, sizeof(why)),
        SALLY_E_IO);
    assert_int_not_equal(strlen(why), 0);
    assert_int_equal(sally_store_anchor(store, paths, 0,
                                        (struct sally_random){ fill, &seed },
                                        &past, why, sizeof(why)),
                     SALLY_E_OK); /* none is in use then */
    reserve("900");
    assert_int_equal(kept.good, 1);
    restart();
    (void)look_at(outside, 1);
    anchor_fails = true;
    reserve("1000");
    anchor_fails = false;
    assert_int_equal(kept.bad, 1);
    reserve("1000");
    assert_int_equal(kept.good, 2);
}

/* Whether a file of the store holds these bytes. */
static bool lies_there(const char *end_of_name, const char *bytes)
{
    char path[128], *all = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *f;
    bool there;

    snprintf(path, sizeof(path), "%s/sallyport.db%s", place, end_of_name);
    f = fopen(path, "rb");
    if (f == NULL)
        return false;
    n = getdelim(&all, &room, EOF, f);
    there = n > 0 && memmem(all, (size_t)n, bytes, strlen(bytes)) != NULL;
    free(all);
    fclose(f);
    return there;
}

static bool lies_anywhere(const char *bytes)
{
    return lies_there("", bytes) || lies_there("-wal", bytes);
}

/* Books of several pages, of which others are short; and none. */
static void of_old_accounts_nothing_stays(void **state)
{
    char book[6000];

    (void)state;
    memset(book, 'x', sizeof(book) - 1);
    book[sizeof(book) - 1] = '\0';
    memcpy(&book[100], "the first key", 13);
    memcpy(&book[5900], "and its end", 11);
    keep(SALLY_KEPT_BOOK, 0, "one", book, 1);
    keep(SALLY_KEPT_SESSION, 1, "s", "that of another", 2);
    wait_for_kept(2);
    assert_true(lies_anywhere("the first key"));
    assert_true(lies_anywhere("and its end"));
    keep(SALLY_KEPT_BOOK, 0, "one", "the second key", 3);
    wait_for_kept(3);
    assert_false(lies_anywhere("the first key"));
    assert_false(lies_anywhere("and its end"));
    assert_true(lies_anywhere("the second key"));
    keep(SALLY_KEPT_BOOK, 0, "one", "", 4);
    wait_for_kept(4);
    assert_false(lies_anywhere("the second key"));
    assert_true(lies_anywhere("that of another"));
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        EACH(what_is_kept_is_there_after_a_restart),
        EACH(a_session_goes_with_its_sensor_and_a_sequence_stays),
        EACH(a_reservation_does_not_wait),
        EACH(of_old_accounts_nothing_stays),
        EACH(bounds_are_kept),
        EACH(several_are_kept_as_one),
        EACH(one_too_many_and_none_is_kept),
        EACH(they_are_counted_by_the_beginning_of_the_name),
        EACH(the_same_state_is_known_again),
        EACH(an_older_copy_is_noticed),
        EACH(another_database_is_noticed),
        EACH(half_a_record_is_none),
        EACH(an_anchor_that_cannot_be_written_refuses_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
