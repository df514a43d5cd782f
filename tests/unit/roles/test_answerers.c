/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/roles/test_answerers.c - verifier and resolver, asked over a bus
 * as the doors ask them.                                                    */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "ingress/auth/password_file.h"
#include "roles/role.h"
#include "security/crypto.h"

static struct sally_bus_message answer;
static unsigned answers, reports[SALLY_CONTROL_FAILED + 1];
static enum sally_role_name lost_peer;
static enum sally_err lost_why;

static void report(void *runner, enum sally_control what)
{
    (void)runner;
    reports[what]++;
}

static void lost(void *runner, enum sally_role_name peer, enum sally_err why)
{
    (void)runner;
    lost_peer = peer;
    lost_why = why;
}

static void on_message(void *owner, struct sally_bus *b,
                       const struct sally_bus_message *m, int fd,
                       sally_usec now)
{
    (void)owner;
    (void)b;
    (void)fd;
    (void)now;
    answer = *m;
    answers++;
}

static void on_gone(void *owner, struct sally_bus *b, enum sally_err e,
                    sally_usec now)
{
    (void)owner;
    (void)b;
    (void)now;
    fail_msg("the role hung up: %s", sally_err_text(e));
}

static const struct sally_bus_upcalls upcalls = { .on_message = on_message,
                                                  .on_gone = on_gone };

/* One role with one peer, which is this test. */
struct scene {
    const struct sally_role_row *row;
    struct sally_role_context context;
    struct sally_bus *bus;
    void *role;
};

static void open_scene(struct scene *s, const struct sally_role_row *row,
                       enum sally_role_name peer)
{
    int fd[2];

    memset(s, 0, sizeof(*s));
    memset(reports, 0, sizeof(reports));
    answers = 0;
    s->row = row;
    s->context.report = report;
    s->context.lost = lost;
    assert_int_equal(sally_loop_open(&s->context.loop, 1), SALLY_E_OK);
    assert_int_equal(row->create(&s->role, &s->context), SALLY_E_OK);
    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    row->on_peer(s->role, peer, fd[0]);
    assert_int_equal(sally_bus_open(&s->bus, s->context.loop, fd[1], peer,
                                    row->name, 2, &upcalls, s), SALLY_E_OK);
    row->start(s->role, 0);
    assert_int_equal(reports[SALLY_CONTROL_READY], 1);
}

static void close_scene(struct scene *s)
{
    s->row->stop(s->role, 0);
    assert_int_equal(reports[SALLY_CONTROL_DONE], 1);
    s->row->destroy(s->role);
    sally_bus_close(s->bus);
    sally_loop_close(s->context.loop);
}

static void ask(struct scene *s, struct sally_bus_message *m)
{
    unsigned before = answers;

    assert_int_equal(sally_bus_send(s->bus, m), SALLY_E_OK);
    for (int i = 0; i < 8 && answers == before; i++)
        sally_loop_turn(s->context.loop,
                        sally_after(sally_loop_now(s->context.loop), SALLY_SEC));
    assert_int_equal(answers, before + 1);
}

/* --- Verifier ------------------------------------------------------------ */

static const uint8_t salt[16] = "salt of sixteen";

/* The hash of "secret" at a cost that a test can wait for. */
static struct sally_bus_check right_check(void)
{
    struct sally_bus_check c = { .ticket = 7, .log2_n = 10, .r = 8, .p = 1,
                                 .salt_len = 16, .hash_len = 32,
                                 .password_len = 6 };
    struct sally_scrypt cost = { 10, 8, 1 };

    memcpy(c.salt, salt, sizeof(salt));
    memcpy(c.password, "secret", 6);
    assert_int_equal(
        sally_crypto_scrypt(sally_span_of("secret"),
                            (struct sally_span){ salt, sizeof(salt) }, cost,
                            c.hash, 32), SALLY_E_OK);
    return c;
}

static void as_it_is(struct sally_bus_check *c)
{
    (void)c;
}

static void other_password(struct sally_bus_check *c)
{
    c->password[5] = 'T';
}

static void shorter_password(struct sally_bus_check *c)
{
    c->password_len = 5;
}

static void no_password(struct sally_bus_check *c)
{
    c->password_len = 0;
}

static void last_hash_byte(struct sally_bus_check *c)
{
    c->hash[31] ^= 1;
}

static void empty_hash(struct sally_bus_check *c)
{
    c->hash_len = 0;
}

static void prefix_of_hash(struct sally_bus_check *c)
{
    c->hash_len = 15;
}

static void short_salt(struct sally_bus_check *c)
{
    c->salt_len = 7;
}

static void other_cost(struct sally_bus_check *c)
{
    c->log2_n = 9;
}

static void too_much_memory(struct sally_bus_check *c)
{
    c->log2_n = 17; /* 128 MiB */
}

static void as_mosquitto(struct sally_bus_check *c)
{
    c->scheme = SALLY_PASSWORD_PBKDF2;
    c->iterations = 101;
    c->hash_len = 64;
    assert_int_equal(
        sally_crypto_pbkdf2(sally_span_of("secret"),
                            (struct sally_span){ salt, sizeof(salt) }, 101,
                            c->hash, 64), SALLY_E_OK);
}

static void other_iterations(struct sally_bus_check *c)
{
    as_mosquitto(c);
    c->iterations = 100;
}

static void no_iterations(struct sally_bus_check *c)
{
    as_mosquitto(c);
    c->iterations = 0;
}

static void as_old_mosquitto(struct sally_bus_check *c)
{
    const struct sally_span parts[] = { sally_span_of("secret"),
                                        { salt, sizeof(salt) } };

    c->scheme = SALLY_PASSWORD_SHA512;
    c->hash_len = 64;
    assert_int_equal(sally_crypto_sha512(parts, SALLY_LEN(parts), c->hash),
                     SALLY_E_OK);
}

static void other_scheme(struct sally_bus_check *c)
{
    as_old_mosquitto(c);
    c->scheme = SALLY_PASSWORD_SCRYPT;
}

static const struct check_row {
    const char *what;
    void (*change)(struct sally_bus_check *c);
    bool good;
} check_rows[] = {
    { "the right password", as_it_is, true },
    { "one letter differs", other_password, false },
    { "password cut short", shorter_password, false },
    { "no password", no_password, false },
    { "last byte of the hash differs", last_hash_byte, false },
    { "an empty hash fits nothing", empty_hash, false },
    { "a hash of 15 bytes is too short to count", prefix_of_hash, false },
    { "a salt of 7 bytes is too short", short_salt, false },
    { "hash made at another cost", other_cost, false },
    { "a cost of 128 MiB is refused", too_much_memory, false },
    { "a hash of mosquitto's", as_mosquitto, true },
    { "hash made with other iterations", other_iterations, false },
    { "hash made without any", no_iterations, false },
    { "a hash of an older mosquitto's", as_old_mosquitto, true },
    { "hash of another scheme", other_scheme, false },
};

static void verifier_judges_each_row(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &sally_role_verifier, SALLY_OUTER);
    for (size_t i = 0; i < SALLY_LEN(check_rows); i++) {
        struct sally_bus_message m;

        sally_bus_begin(&m, SALLY_BUS_CHECK);
        m.as.check = right_check();
        check_rows[i].change(&m.as.check);
        ask(&s, &m);
        assert_int_equal(answer.type, SALLY_BUS_CHECKED);
        assert_int_equal(answer.as.checked.ticket, 7);
        if (answer.as.checked.good != check_rows[i].good)
            fail_msg("%s: got %d", check_rows[i].what, answer.as.checked.good);
    }
    close_scene(&s);
}

/* The memory limit is on the boundary: 64 MiB is still computed. */
static void verifier_takes_the_largest_cost(void **state)
{
    struct sally_scrypt cost = { 16, 8, 1 };
    struct sally_bus_message m;
    struct scene s;

    (void)state;
    open_scene(&s, &sally_role_verifier, SALLY_OUTER);
    sally_bus_begin(&m, SALLY_BUS_CHECK);
    m.as.check = right_check();
    m.as.check.log2_n = 16;
    assert_int_equal(
        sally_crypto_scrypt(sally_span_of("secret"),
                            (struct sally_span){ salt, sizeof(salt) }, cost,
                            m.as.check.hash, 32), SALLY_E_OK);
    ask(&s, &m);
    assert_true(answer.as.checked.good);
    close_scene(&s);
}

/* --- Resolver ------------------------------------------------------------ */

static const struct resolve_row {
    const char *what, *host;
    uint8_t family; /* of the first address; 0: none */
    uint8_t first;  /* byte of it */
} resolve_rows[] = {
    { "an IPv4 address is its own answer", "192.0.2.9", 4, 192 },
    { "an IPv6 address too", "2001:db8::9", 6, 0x20 },
    { "a name of this machine", "localhost", 4, 127 },
    { "a name that cannot exist", "no.such.name.invalid", 0, 0 },
    { "not a name at all", "bad name!", 0, 0 },
};

/* A machine without a hosts file does not know itself. */
static bool known_here(const char *host)
{
    struct addrinfo *list = NULL;
    bool known = getaddrinfo(host, NULL, NULL, &list) == 0;

    if (known)
        freeaddrinfo(list);
    return known;
}

static bool answered(const struct resolve_row *row)
{
    const struct sally_bus_resolved *r = &answer.as.resolved;

    if (row->family == 0 || !known_here(row->host))
        return r->count == 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->address[i].family == row->family &&
            r->address[i].ip[0] == row->first && r->address[i].port == 5684)
            return true;
    return false;
}

static void resolver_answers_each_row(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &sally_role_resolver, SALLY_INNER);
    for (size_t i = 0; i < SALLY_LEN(resolve_rows); i++) {
        struct sally_bus_message m;

        sally_bus_begin(&m, SALLY_BUS_RESOLVE);
        m.as.resolve.ticket = (uint32_t)i;
        m.as.resolve.port = 5684;
        assert_true(sally_span_text(sally_span_of(resolve_rows[i].host),
                                    m.as.resolve.host,
                                    sizeof(m.as.resolve.host)));
        ask(&s, &m);
        assert_int_equal(answer.type, SALLY_BUS_RESOLVED);
        assert_int_equal(answer.as.resolved.ticket, i);
        if (!answered(&resolve_rows[i]))
            fail_msg("%s: got %d addresses", resolve_rows[i].what,
                     answer.as.resolved.count);
    }
    close_scene(&s);
}

/* --- Both ---------------------------------------------------------------- */

static void stranger_gets_no_bus(void **state)
{
    struct scene s;
    int fd[2];
    char c;

    (void)state;
    open_scene(&s, &sally_role_verifier, SALLY_OUTER);
    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    s.row->on_peer(s.role, SALLY_INNER, fd[0]);
    assert_int_equal(read(fd[1], &c, 1), 0); /* closed at once */
    (void)close(fd[1]);
    close_scene(&s);
}

static void restarted_peer_is_answered(void **state)
{
    struct scene s;
    struct sally_bus_message m;
    int fd[2];

    (void)state;
    open_scene(&s, &sally_role_resolver, SALLY_INNER);
    sally_bus_close(s.bus);
    lost_peer = SALLY_SUPERVISOR;
    sally_loop_turn(s.context.loop, 0);
    assert_int_equal(lost_peer, SALLY_INNER); /* the supervisor is told */
    assert_int_equal(lost_why, SALLY_E_CLOSED);
    assert_int_equal(sally_bus_pair(fd), SALLY_E_OK);
    s.row->on_peer(s.role, SALLY_INNER, fd[0]);
    assert_int_equal(sally_bus_open(&s.bus, s.context.loop, fd[1], SALLY_INNER,
                                    SALLY_RESOLVER, 2, &upcalls, &s),
                     SALLY_E_OK);
    sally_bus_begin(&m, SALLY_BUS_RESOLVE);
    memcpy(m.as.resolve.host, "::1", 4);
    ask(&s, &m);
    assert_int_equal(answer.as.resolved.count, 1);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifier_judges_each_row),
        cmocka_unit_test(verifier_takes_the_largest_cost),
        cmocka_unit_test(resolver_answers_each_row),
        cmocka_unit_test(stranger_gets_no_bus),
        cmocka_unit_test(restarted_peer_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
