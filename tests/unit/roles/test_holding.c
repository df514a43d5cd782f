/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_holding.c - questions to the keyholder and its answers,
 * and what becomes of whoever asks when there is none.                      */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles/holding.h"
#include "security/generate.h"
#include "security/keypair.h"

struct scene {
    struct sally_held_key key;
    struct sally_holding holding;
    struct sally_holder holder;
    pid_t keyholder;
    unsigned lost, asked;
    enum sally_err why;
};

static void on_lost(void *owner, enum sally_err e)
{
    struct scene *s = owner;

    s->lost++;
    s->why = e;
}

static void on_asked(void *owner)
{
    struct scene *s = owner;

    s->asked++;
}

/* The other end, in a process of its own. */
static void serve(const struct scene *s, int fd)
{
    uint8_t question[SALLY_HOLDING_MAX], room[SALLY_HOLDING_MAX];
    ssize_t n;

    while ((n = recv(fd, question, sizeof(question), 0)) > 0) {
        struct sally_buf answer = SALLY_BUF(room);

        if (sally_holding_answer(&s->key,
                                 (struct sally_span){ question, (size_t)n },
                                 &answer) != SALLY_E_OK)
            break;
        (void)!send(fd, answer.at, answer.len, 0);
    }
    _exit(0);
}

static void open_scene(struct scene *s)
{
    int fd[2];

    *s = (struct scene){ .holding = { -1, on_lost, on_asked, s } };
    s->holder = sally_holding_holder(&s->holding);
    assert_int_equal(sally_held_key_make(&s->key, sally_span_of("m")),
                     SALLY_E_OK);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fd), 0);
    s->keyholder = fork();
    if (s->keyholder == 0) {
        (void)close(fd[0]);
        (void)fcntl(fd[1], F_SETFL, 0);
        serve(s, fd[1]);
    }
    (void)close(fd[1]);
    assert_int_equal(sally_holding_open(&s->holding, fd[0]), SALLY_E_OK);
}

static void close_scene(struct scene *s)
{
    sally_holding_close(&s->holding);
    assert_int_equal(waitpid(s->keyholder, NULL, 0), s->keyholder);
}

static void what_is_held_is_of_use(void **state)
{
    uint8_t room[512], other[512], digest[SALLY_SHA256_LEN] = { 7 };
    struct sally_buf form = SALLY_BUF(room), key = SALLY_BUF(other);
    uint8_t signed_room[SALLY_SIGNATURE_MAX];
    struct sally_buf signature = SALLY_BUF(signed_room);
    struct sally_secret secret;
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_int_equal(s.holder.hold(s.holder.owner, SALLY_HELD_SHARED,
                                   sally_span_of("secret"), &form),
                     SALLY_E_OK);
    assert_int_equal(
        s.holder.reveal(s.holder.owner, sally_buf_span(&form), &secret),
        SALLY_E_OK);
    assert_true(
        sally_span_equal(sally_secret_span(&secret), sally_span_of("secret")));
    assert_int_equal(sally_generate_key(&key), SALLY_E_OK);
    form.len = 0;
    assert_int_equal(s.holder.hold(s.holder.owner, SALLY_HELD_PRIVATE,
                                   sally_buf_span(&key), &form),
                     SALLY_E_OK);
    assert_int_equal(
        s.holder.sign(s.holder.owner, sally_buf_span(&form),
                      (struct sally_span){ digest, sizeof(digest) },
                      &signature),
        SALLY_E_OK);
    assert_true(signature.len > 60);
    /* A private key is not shown, whoever asks. */
    assert_int_equal(
        s.holder.reveal(s.holder.owner, sally_buf_span(&form), &secret),
        SALLY_E_UNAUTHENTIC);
    assert_int_equal(secret.len, 0);
    assert_int_equal(s.lost, 0);
    assert_int_equal(s.asked, 5);
    close_scene(&s);
}

static void without_a_keyholder_all_fails(void **state)
{
    uint8_t room[64];
    struct sally_buf form = SALLY_BUF(room);
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_int_equal(kill(s.keyholder, SIGKILL), 0);
    assert_int_equal(waitpid(s.keyholder, NULL, 0), s.keyholder);
    for (int i = 0; i < 2; i++)
        assert_int_equal(s.holder.hold(s.holder.owner, SALLY_HELD_SHARED,
                                       sally_span_of("secret"), &form),
                         SALLY_E_CLOSED);
    assert_int_equal(s.lost, 1); /* told once */
    assert_int_equal(s.why, SALLY_E_CLOSED);
    assert_int_equal(form.len, 0);
}

static void a_keyholder_that_hangs_is_left(void **state)
{
    uint8_t room[64];
    struct sally_buf form = SALLY_BUF(room);
    const struct timeval soon = { .tv_usec = 1000 };
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_int_equal(kill(s.keyholder, SIGSTOP), 0);
    assert_int_equal(setsockopt(s.holding.fd, SOL_SOCKET, SO_RCVTIMEO, &soon,
                                sizeof(soon)),
                     0);
    assert_int_equal(s.holder.hold(s.holder.owner, SALLY_HELD_SHARED,
                                   sally_span_of("secret"), &form),
                     SALLY_E_TIMED_OUT);
    assert_int_equal(s.lost, 1);
    assert_true(s.holding.fd < 0); /* a late answer has no question any more */
    assert_int_equal(kill(s.keyholder, SIGCONT), 0);
    close_scene(&s);
}

#define BYTES(...)                                                             \
    {                                                                          \
        (const uint8_t[]){ __VA_ARGS__ },                                      \
            sizeof((const uint8_t[]){ __VA_ARGS__ })                           \
    }

static const struct {
    const char *what;
    struct sally_span question;
    enum sally_err says, answer; /* the answer's first byte, if it says OK */
} odd[] = {
    { "nothing", { NULL, 0 }, SALLY_E_MALFORMED, SALLY_E_OK },
    { "what to do alone", BYTES(1), SALLY_E_MALFORMED, SALLY_E_OK },
    { "an order that is none", BYTES(0, 0, 1), SALLY_E_MALFORMED, SALLY_E_OK },
    { "one that is not known", BYTES(4, 0, 1), SALLY_E_MALFORMED, SALLY_E_OK },
    { "a kind that is none", BYTES(1, 3, 1), SALLY_E_MALFORMED, SALLY_E_OK },
    { "to show what is no form", BYTES(2, 0, 1, 2, 3), SALLY_E_OK,
      SALLY_E_UNAUTHENTIC },
    { "to sign nothing", BYTES(3, 0, 1, 2, 3), SALLY_E_MALFORMED, SALLY_E_OK },
    { "to sign more than there is", BYTES(3, 32, 1, 2), SALLY_E_MALFORMED,
      SALLY_E_OK },
    { "to sign with what is no form", BYTES(3, 2, 1, 2, 3), SALLY_E_OK,
      SALLY_E_UNAUTHENTIC },
};

static void odd_questions_are_refused(void **state)
{
    struct sally_held_key key;

    (void)state;
    assert_int_equal(sally_held_key_make(&key, sally_span_of("m")),
                     SALLY_E_OK);
    for (size_t i = 0; i < SALLY_LEN(odd); i++) {
        uint8_t room[SALLY_HOLDING_MAX];
        struct sally_buf answer = SALLY_BUF(room);

        print_message("%s\n", odd[i].what);
        assert_int_equal(
            sally_holding_answer(&key, odd[i].question, &answer),
            odd[i].says);
        if (odd[i].says != SALLY_E_OK)
            continue;
        assert_int_equal(answer.len, 1);
        assert_int_equal(answer.at[0], odd[i].answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_of_use),
        cmocka_unit_test(without_a_keyholder_all_fails),
        cmocka_unit_test(a_keyholder_that_hangs_is_left),
        cmocka_unit_test(odd_questions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
