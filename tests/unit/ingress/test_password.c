/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_password.c - the passwords file, the queue to the
 * verifier, what is remembered, and who has to wait. The verifier here is the
 * test: it compares the password it is given with "right".                  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ingress/auth/password.h"
#include "ingress/auth/penalty.h"

#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define GOOD(name) name ":$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$" HASH

static void fill_counting(void *state, uint8_t *out, size_t n)
{
    uint8_t *next = state;

    for (size_t i = 0; i < n; i++)
        out[i] = (*next)++;
}

static uint8_t random_state;
static const struct sally_random counting = { fill_counting, &random_state };

static const struct file_row {
    const char *what, *text, *report;
} file_rows[] = {
    { "empty file", "", "" },
    { "comments and blank lines", "# users\n\n  \n#x:y\n", "" },
    { "one user", GOOD("boiler") "\n", "" },
    { "no line feed at the end", GOOD("boiler"), "" },
    { "line ends of another system", GOOD("boiler") "\r\n" GOOD("b") "\r\n",
      "" },
    { "with padding",
      "b:$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw==$" HASH "=\n", "" },
    { "no colon", "boiler\n",
      "pw:1: expected a hash that begins with $scrypt$, $7$ or $6$\n" },
    { "empty name", ":$scrypt$\n",
      "pw:1: expected a user name of 1 to 64 characters without spaces, "
      "then ':'\n" },
    { "space in the name", GOOD("a b"),
      "pw:1: expected a user name of 1 to 64 characters without spaces, "
      "then ':'\n" },
    { "empty hash lets nobody in", "a:\n",
      "pw:1: expected a hash that begins with $scrypt$, $7$ or $6$\n" },
    { "mosquitto's hashes",
      "a:$7$101$AAECAwQFBgcICQoL$" HASH "=\nb:$6$AAECAwQFBgcICQoL$" HASH "=\n",
      "" },
    { "iterations that are none", "# x\na:$7$1e3$AAECAwQFBgc$" HASH,
      "pw:2: expected 1 to 1048576 iterations after $7$\n" },
    { "iterations without end", "a:$7$1048577$AAECAwQFBgc$" HASH,
      "pw:1: expected 1 to 1048576 iterations after $7$\n" },
    { "another system's hash", "a:$5$AAECAwQFBgc$" HASH,
      "pw:1: expected a hash that begins with $scrypt$, $7$ or $6$\n" },
    { "text before the hash", "a:x$scrypt$ln=15,r=8,p=1$AAECAwQFBgc$" HASH,
      "pw:1: expected a hash that begins with $scrypt$, $7$ or $6$\n" },
    { "cost without p", "a:$scrypt$ln=15,r=8$AAECAwQFBgc$" HASH,
      "pw:1: expected a cost such as ln=15,r=8,p=1 of at most 64 MiB\n" },
    { "cost in another order", "a:$scrypt$r=8,ln=15,p=1$AAECAwQFBgc$" HASH,
      "pw:1: expected a cost such as ln=15,r=8,p=1 of at most 64 MiB\n" },
    { "cost beyond the memory", "a:$scrypt$ln=17,r=8,p=1$AAECAwQFBgc$" HASH,
      "pw:1: expected a cost such as ln=15,r=8,p=1 of at most 64 MiB\n" },
    { "short salt", "a:$scrypt$ln=15,r=8,p=1$AAEC$" HASH,
      "pw:1: expected a salt of 8 to 64 bytes in base64\n" },
    { "salt is no base64", "a:$scrypt$ln=15,r=8,p=1$AAEC!wQFBgc$" HASH,
      "pw:1: expected a salt of 8 to 64 bytes in base64\n" },
    { "no hash", "a:$scrypt$ln=15,r=8,p=1$AAECAwQFBgc\n",
      "pw:1: expected a hash of 16 to 64 bytes in base64\n" },
    { "short hash", "a:$scrypt$ln=15,r=8,p=1$AAECAwQFBgc$AAEC\n",
      "pw:1: expected a hash of 16 to 64 bytes in base64\n" },
    { "more behind the hash",
      "a:$scrypt$ln=15,r=8,p=1$AAECAwQFBgc$" HASH "$x\n",
      "pw:1: expected a hash of 16 to 64 bytes in base64\n" },
    { "name twice", GOOD("a") "\n" GOOD("a") "\n",
      "pw:2: expected each user name once\n" },
    { "every bad line is told", "a\n" GOOD("b") "\nc\n",
      "pw:1: expected a hash that begins with $scrypt$, $7$ or $6$\n"
      "pw:3: expected a hash that begins with $scrypt$, $7$ or $6$\n" },
};

static void reads_files_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(file_rows); i++) {
        const struct file_row *r = &file_rows[i];
        struct sally_passwords *p = NULL;
        char *said = NULL;
        size_t said_len;
        FILE *report = open_memstream(&said, &said_len);
        enum sally_err e = sally_passwords_create(
            &p, sally_span_of(r->text), "pw", counting, report);

        fclose(report);
        if ((e == SALLY_E_OK) != (r->report[0] == '\0') ||
            strcmp(said, r->report) != 0 || (e != SALLY_E_OK && p != NULL))
            fail_msg("%s: %s, \"%s\"", r->what, sally_err_text(e), said);
        sally_passwords_wipe(p);
        free(said);
    }
}

/* Peers by number; what they were told. */
struct world {
    struct sally_passwords *p;
    sally_usec now;
    unsigned told_good, told_bad;
    const void *last;
};

static struct world world;

static void told(void *subject, bool good, sally_usec now)
{
    (void)now;
    world.told_good += good;
    world.told_bad += !good;
    world.last = subject;
}

static const uint8_t ip_a[] = { 192, 168, 1, 1 }, ip_b[] = { 192, 168, 1, 2 };
static const struct sally_auth_source a = { ip_a, 4, 0 }, b = { ip_b, 4, 0 };

static void start(void)
{
    world = (struct world){ .now = 1000 * SALLY_SEC };
    assert_int_equal(
        sally_passwords_create(&world.p,
                               sally_span_of(GOOD("u") "\n" GOOD("v") "\n"),
                               "pw", counting, stderr),
        SALLY_E_OK);
}

static enum sally_password_verdict ask(const struct sally_auth_source *s,
                                       const char *user, const char *password)
{
    return sally_passwords_check(world.p, s, sally_span_of(user),
                                 sally_span_of(password), told, &world,
                                 world.now);
}

/* The verifier takes the next check; false if there is none. */
static bool verify(void)
{
    struct sally_bus_check check;
    struct sally_bus_checked answer;

    if (!sally_passwords_next(world.p, false, &check))
        return false;
    answer.ticket = check.ticket;
    answer.good =
        sally_span_is((struct sally_span){ check.password, check.password_len },
                      "right");
    sally_passwords_checked(world.p, &answer, world.now);
    return true;
}

static void checks_once_and_remembers(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(&a, "u", "right"), SALLY_PASSWORD_LATER);
    assert_true(verify());
    assert_int_equal(world.told_good, 1);
    assert_int_equal(ask(&a, "u", "right"), SALLY_PASSWORD_GOOD);
    assert_int_equal(ask(&b, "u", "right"), SALLY_PASSWORD_GOOD);
    assert_int_equal(ask(&a, "v", "right"), SALLY_PASSWORD_LATER);
    assert_int_equal(ask(&a, "u", "righ"), SALLY_PASSWORD_LATER);
    assert_true(verify());
    assert_true(verify());
    assert_false(verify());
    assert_int_equal(world.told_good, 2);
    assert_int_equal(world.told_bad, 1);
    assert_int_equal(ask(&a, "u", "right"), SALLY_PASSWORD_GOOD);
    sally_passwords_wipe(world.p);
}

static void unknown_user_costs_a_check_and_never_passes(void **state)
{
    struct sally_bus_check check;

    (void)state;
    start();
    assert_int_equal(ask(&a, "nobody", "right"), SALLY_PASSWORD_LATER);
    assert_true(sally_passwords_next(world.p, false, &check));
    assert_int_equal(check.log2_n, 15);
    assert_int_equal(check.salt_len, 16);
    sally_passwords_checked(
        world.p, &(struct sally_bus_checked){ check.ticket, 1 }, world.now);
    assert_int_equal(world.told_good, 0);
    assert_int_equal(world.told_bad, 1);
    assert_int_equal(ask(&a, "", "right"), SALLY_PASSWORD_LATER);
    assert_int_equal(ask(&a, "nobody", "right"), SALLY_PASSWORD_LATER);
    sally_passwords_wipe(world.p);
}

static void sends_what_stands_in_the_file(void **state)
{
    struct sally_bus_check check;

    (void)state;
    start();
    assert_int_equal(ask(&a, "u", "pw"), SALLY_PASSWORD_LATER);
    assert_true(sally_passwords_next(world.p, false, &check));
    assert_int_equal(check.log2_n, 15);
    assert_int_equal(check.r, 8);
    assert_int_equal(check.p, 1);
    assert_int_equal(check.hash_len, 32);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(check.salt[i], i);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(check.hash[i], i);
    assert_memory_equal(check.password, "pw", 2);
    sally_passwords_wipe(world.p);
}

static void one_check_at_a_time_in_order(void **state)
{
    struct sally_bus_check one, two;

    (void)state;
    start();
    assert_int_equal(ask(&a, "u", "first"), SALLY_PASSWORD_LATER);
    assert_int_equal(ask(&a, "u", "second"), SALLY_PASSWORD_LATER);
    assert_true(sally_passwords_next(world.p, false, &one));
    assert_memory_equal(one.password, "first", 5);
    assert_false(sally_passwords_next(world.p, false, &two));
    assert_true(sally_passwords_next(world.p, true, &two));
    assert_int_equal(one.ticket, two.ticket);
    two.ticket++;
    sally_passwords_checked(
        world.p, &(struct sally_bus_checked){ two.ticket, 1 }, world.now);
    assert_int_equal(world.told_good, 0);
    sally_passwords_checked(
        world.p, &(struct sally_bus_checked){ one.ticket, 0 }, world.now);
    assert_int_equal(world.told_bad, 1);
    assert_true(sally_passwords_next(world.p, false, &two));
    assert_memory_equal(two.password, "second", 6);
    sally_passwords_wipe(world.p);
}

static void forgets_who_went_away(void **state)
{
    struct sally_bus_check check;
    int other;

    (void)state;
    start();
    (void)ask(&a, "u", "one");
    (void)ask(&a, "u", "two");
    assert_int_equal(sally_passwords_check(world.p, &a, sally_span_of("v"),
                                           sally_span_of("three"), told, &other,
                                           world.now),
                     SALLY_PASSWORD_LATER);
    assert_true(sally_passwords_next(world.p, false, &check));
    sally_passwords_forget(world.p, &world);
    sally_passwords_checked(
        world.p, &(struct sally_bus_checked){ check.ticket, 0 }, world.now);
    assert_int_equal(world.told_bad, 0);
    assert_true(verify());
    assert_int_equal(world.told_bad, 1);
    assert_ptr_equal(world.last, &other);
    assert_false(verify());
    sally_passwords_wipe(world.p);
}

static void bounds_the_queue(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < SALLY_PASSWORD_WAITING; i++)
        assert_int_equal(ask(&a, "u", "x"), SALLY_PASSWORD_LATER);
    assert_int_equal(ask(&b, "u", "x"), SALLY_PASSWORD_BUSY);
    sally_passwords_forget(world.p, &world);
    assert_int_equal(ask(&b, "u", "x"), SALLY_PASSWORD_LATER);
    sally_passwords_wipe(world.p);
}

static void blocks_a_source_that_guesses(void **state)
{
    unsigned checks = 0;

    (void)state;
    start();
    for (size_t i = 0; i < 20; i++)
        (void)ask(&a, i % 2 ? "u" : "v", "wrong");
    (void)ask(&b, "u", "right");
    while (verify())
        checks++;
    assert_int_equal(checks, SALLY_PENALTY_FAILURES + 1);
    assert_int_equal(world.told_bad, 20);
    assert_int_equal(world.told_good, 1);
    assert_int_equal(ask(&a, "u", "right"), SALLY_PASSWORD_BLOCKED);
    assert_int_equal(ask(&b, "u", "right"), SALLY_PASSWORD_GOOD);
    world.now += SALLY_PENALTY_FIRST_BLOCK;
    assert_int_equal(ask(&a, "u", "right"), SALLY_PASSWORD_GOOD);
    sally_passwords_wipe(world.p);
}

static void refuses_what_is_too_long_and_counts_it(void **state)
{
    char text[SALLY_PASSWORD_MAX + 2];

    (void)state;
    start();
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < SALLY_PENALTY_FAILURES; i++)
        assert_int_equal(ask(&a, "u", text), SALLY_PASSWORD_BAD);
    assert_int_equal(ask(&a, "u", text), SALLY_PASSWORD_BLOCKED);
    assert_int_equal(ask(&b, text, "x"), SALLY_PASSWORD_BAD);
    assert_false(verify());
    sally_passwords_wipe(world.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_whole_or_not_at_all),
        cmocka_unit_test(checks_once_and_remembers),
        cmocka_unit_test(unknown_user_costs_a_check_and_never_passes),
        cmocka_unit_test(sends_what_stands_in_the_file),
        cmocka_unit_test(one_check_at_a_time_in_order),
        cmocka_unit_test(forgets_who_went_away),
        cmocka_unit_test(bounds_the_queue),
        cmocka_unit_test(blocks_a_source_that_guesses),
        cmocka_unit_test(refuses_what_is_too_long_and_counts_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
