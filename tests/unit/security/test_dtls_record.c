/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/security/test_dtls_record.c - what of a datagram is let through
 * before and after a handshake.                                             */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "security/dtls_record.h"
#include "security/mechanism.h"

#define BYTES(...)                                                             \
    (const uint8_t[]) { __VA_ARGS__ }
#define B(...)                                                                 \
    {                                                                          \
        BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__))                         \
    }

/* A record header: type, version 1.2, epoch, sequence number 0, length. */
#define R(type, epoch, len)                                                    \
    (type), 0xfe, 0xfd, 0, (epoch), 0, 0, 0, 0, 0, 0, 0, (len)

/* The shortest body that a record under a key can have: nonce and tag. */
#define K(first) (first), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

/* A header of 1.3: first byte, sequence number of two bytes, length. */
#define U(first, len) (first), 0, 0, 0, (len)

/* A handshake header: type, message length, message number, whole. */
#define H(type, high, low, seq, part)                                          \
    (type), 0, (high), (low), 0, (seq), 0, 0, 0, 0, 0, (part)

static const struct sally_span none = { NULL, 0 };
static const uint8_t huge[SALLY_DATAGRAM_MAX + 1] = { 23, 0xfe, 0xfd };
static const struct row {
    const char *what;
    struct sally_span datagram;
    enum sally_err early, up; /* before and after the handshake */
    unsigned records;
} rows[] = {
    { "nothing", { NULL, 0 }, SALLY_E_TRUNCATED, SALLY_E_TRUNCATED, 0 },
    { "runt", B(23, 0xfe, 0xfd, 0), SALLY_E_TRUNCATED, SALLY_E_TRUNCATED, 0 },
    { "too long",
      { huge, sizeof(huge) },
      SALLY_E_TOO_LARGE,
      SALLY_E_TOO_LARGE,
      0 },
    { "data under a key", B(R(23, 1, 16), K(1)), SALLY_E_UNEXPECTED, SALLY_E_OK,
      1 },
    { "nothing under a key", B(R(23, 1, 0)), SALLY_E_TRUNCATED,
      SALLY_E_TRUNCATED, 0 },
    { "less than a nonce and a tag", B(R(21, 1, 2), 1, 0), SALLY_E_TRUNCATED,
      SALLY_E_TRUNCATED, 0 },
    { "data in plain", B(R(23, 0, 2), 1, 2), SALLY_E_UNEXPECTED,
      SALLY_E_UNEXPECTED, 0 },
    { "two records", B(R(23, 1, 16), K(1), R(23, 1, 16), K(2)),
      SALLY_E_UNEXPECTED,
      SALLY_E_OK, 2 },
    { "the end of a handshake and data", B(R(20, 0, 1), 1, R(23, 1, 16), K(2)),
      SALLY_E_OK, SALLY_E_OK, 2 },
    { "a tail that is no record", B(R(23, 1, 16), K(1), 9), SALLY_E_UNEXPECTED,
      SALLY_E_TRUNCATED, 0 },
    { "a record past the end", B(R(22, 0, 9), 1), SALLY_E_TRUNCATED,
      SALLY_E_TRUNCATED, 0 },
    { "content type 19", B(R(19, 1, 1), 1), SALLY_E_MALFORMED,
      SALLY_E_MALFORMED, 0 },
    { "content type 24, heartbeat", B(R(24, 1, 1), 1), SALLY_E_MALFORMED,
      SALLY_E_MALFORMED, 0 },
    { "TLS 1.2", B(22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1),
      SALLY_E_MALFORMED, SALLY_E_MALFORMED, 0 },
    { "DTLS 1.0 in the header, as a first flight has",
      B(22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, H(14, 0, 0, 3, 0)),
      SALLY_E_OK, SALLY_E_OK, 1 },
    { "ServerHelloDone", B(R(22, 0, 12), H(14, 0, 0, 3, 0)), SALLY_E_OK,
      SALLY_E_OK, 1 },
    { "a fragment that runs past its record",
      B(R(22, 0, 12), H(14, 0, 9, 3, 9)), SALLY_E_TRUNCATED, SALLY_E_TRUNCATED,
      0 },
    { "part of a handshake header", B(R(22, 0, 3), 14, 0, 0), SALLY_E_TRUNCATED,
      SALLY_E_TRUNCATED, 0 },
    { "a message of 2,048 bytes", B(R(22, 0, 13), H(12, 8, 0, 1, 1), 0),
      SALLY_E_OK, SALLY_E_OK, 1 },
    { "a message of 2,049 bytes", B(R(22, 0, 13), H(12, 8, 1, 1, 1), 0),
      SALLY_E_TOO_LARGE, SALLY_E_TOO_LARGE, 0 },
    { "certificates of 8,192 bytes", B(R(22, 0, 13), H(11, 32, 0, 4, 1), 0),
      SALLY_E_OK, SALLY_E_OK, 1 },
    { "certificates of 8,193 bytes", B(R(22, 0, 13), H(11, 32, 1, 4, 1), 0),
      SALLY_E_TOO_LARGE, SALLY_E_TOO_LARGE, 0 },
    { "certificates where none are due", B(R(22, 0, 13), H(11, 8, 1, 5, 1), 0),
      SALLY_E_TOO_LARGE, SALLY_E_TOO_LARGE, 0 },
    { "message number 33", B(R(22, 0, 12), H(14, 0, 0, 33, 0)),
      SALLY_E_TOO_LARGE, SALLY_E_TOO_LARGE, 0 },
    { "1.3: data", B(U(0x2f, 17), K(1), 2), SALLY_E_UNEXPECTED, SALLY_E_OK, 1 },
    { "1.3: as long as an acknowledgement is",
      B(U(0x2f, 19), K(1), 2, 3, 4), SALLY_E_OK, SALLY_E_OK, 1 },
    { "1.3: data behind it", B(U(0x2f, 19), K(1), 2, 3, 4, U(0x2f, 17), K(1), 2),
      SALLY_E_OK, SALLY_E_OK, 2 },
    { "1.3: a handshake message", B(U(0x2e, 17), K(1), 2), SALLY_E_OK,
      SALLY_E_OK, 1 },
    { "1.3: under the key after next", B(U(0x2c, 17), K(1), 2), SALLY_E_OK,
      SALLY_E_OK, 1 },
    { "1.3: without a length, to the end", B(0x2a, 0, 0, K(1)), SALLY_E_OK,
      SALLY_E_OK, 1 },
    { "1.3: with a short sequence number", B(0x26, 0, 0, 16, K(1)), SALLY_E_OK,
      SALLY_E_OK, 1 },
    { "1.3: too short to hide a number", B(U(0x2e, 15), 1, 2, 3, 4, 5, 6, 7, 8,
      9, 10, 11, 12, 13, 14, 15), SALLY_E_TRUNCATED, SALLY_E_TRUNCATED, 0 },
    { "1.3: past the end", B(U(0x2e, 18), K(1)), SALLY_E_TRUNCATED,
      SALLY_E_TRUNCATED, 0 },
    { "1.3: a connection ID that nobody handed out",
      B(0x3e, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 16, K(1)), SALLY_E_UNEXPECTED,
      SALLY_E_UNEXPECTED, 0 },
    { "1.2: a connection ID that nobody handed out",
      B(25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 16,
        K(1)), SALLY_E_UNEXPECTED, SALLY_E_UNEXPECTED, 0 },
    { "1.3: a plain acknowledgement", B(R(26, 0, 2), 0, 0), SALLY_E_MALFORMED,
      SALLY_E_MALFORMED, 0 },
    { "an encrypted handshake message is not looked into",
      B(R(22, 1, 16), K(0xff)), SALLY_E_OK, SALLY_E_OK, 1 },
};

static void check(const struct row *r, bool up, enum sally_err want)
{
    struct sally_dtls_datagram seen = { .records = 77 };
    enum sally_err got = sally_dtls_admit(r->datagram, up, none, &seen);
    unsigned records = want == SALLY_E_OK ? r->records : 77;

    if (got != want || seen.records != records)
        fail_msg("%s, %s: got: %s, %u records", r->what, up ? "up" : "early",
                 sally_err_text(got), seen.records);
}

static void admits_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        check(&rows[i], false, rows[i].early);
        check(&rows[i], true, rows[i].up);
    }
}

static uint32_t position(struct sally_span datagram)
{
    struct sally_dtls_datagram seen;

    assert_int_equal(sally_dtls_admit(datagram, false, none, &seen), SALLY_E_OK);
    return seen.position;
}

static void the_position_grows_with_the_handshake(void **state)
{
    const struct sally_span order[] = {
        B(R(22, 1, 16), K(1)), /* encrypted: says nothing */
        B(R(22, 0, 12), H(2, 0, 0, 0, 0)),
        B(R(22, 0, 13), H(2, 0, 2, 1, 1), 0),
        B(R(22, 0, 14), H(2, 0, 2, 1, 2), 0, 0),
        B(R(22, 0, 14), H(2, 0, 2, 1, 2), 0, 0, R(22, 0, 12),
          H(14, 0, 0, 2, 0)),
    };

    (void)state;
    assert_int_equal(position(order[0]), 0);
    for (size_t i = 1; i < SALLY_LEN(order); i++)
        assert_true(position(order[i]) > position(order[i - 1]));
}

/* What goes on where another one ended, begins there or before. */
static void datagrams_of_a_flight_meet(void **state)
{
    const struct sally_span flight[] = {
        B(R(22, 0, 12), H(2, 0, 0, 0, 0), R(22, 0, 13), H(11, 0, 2, 1, 1), 0),
        B(R(22, 0, 13), 11, 0, 0, 2, 0, 1, 0, 0, 1, 0, 0, 1, 0),
        B(R(22, 0, 12), H(14, 0, 0, 2, 0)),
    };
    uint32_t end = 0;

    (void)state;
    for (size_t i = 0; i < SALLY_LEN(flight); i++) {
        struct sally_dtls_datagram seen;

        assert_int_equal(sally_dtls_admit(flight[i], false, none, &seen),
                         SALLY_E_OK);
        assert_true(seen.from <= end && seen.position > end);
        if (i == 0)
            assert_int_equal(seen.from, 0);
        end = seen.position;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admits_each_row),
        cmocka_unit_test(datagrams_of_a_flight_meet),
        cmocka_unit_test(the_position_grows_with_the_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
