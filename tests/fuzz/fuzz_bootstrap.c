/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_bootstrap.c - what a bootstrap server may say to a client
 * that has accounts. Promises: these stand as they were; what is staged is a
 * book at any time; what the owner is shown is whole and has one bootstrap
 * account; every block comes back.
 *
 * An input is a byte for the version, then requests: a byte for the method, one
 * for the path, one for the format, two with the length of the payload, which
 * follows.                                                                  */
#include "coap/option.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/objects/builtin.h"
#include "unit/lwm2m/accounts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t methods[] = { SALLY_CODE_PUT, SALLY_CODE_PUT,
                                   SALLY_CODE_DELETE, SALLY_CODE_GET,
                                   SALLY_CODE_POST, SALLY_CODE_FETCH };
static const char *const paths[] = { "", "0", "0/0", "0/1", "0/2", "0/1/1",
                                     "0/0/1", "1", "1/0", "1/1", "2", "2/0",
                                     "21", "21/0", "0/1/16", "0/1/17", "bs",
                                     "3", "0/7", "0/1/5" };
static const uint16_t formats[] = { 11542, 112, 110, 11544, 0, 42, 60, 40 };

static struct sally_pool packets, bodies;
static struct sally_coap_parameters parameters;
static struct sally_coap_shared coap;
static struct sally_registry registry;
static struct sally_credential nosec;
static struct sally_book current, before, copy;
static unsigned finishes;

static void promise(bool holds)
{
    if (!holds)
        abort();
}

static void no_random(void *state, uint8_t *out, size_t n)
{
    (void)state;
    memset(out, 7, n);
}

static void open_all(void)
{
    if (registry.count != 0)
        return;
    parameters = sally_coap_defaults;
    promise(sally_objects_builtin(&registry) == SALLY_E_OK &&
            sally_pool_init(&packets, SALLY_DATAGRAM_MAX + 256, 64, true) ==
                SALLY_E_OK &&
            sally_pool_init(&bodies, parameters.body_max, 8, true) ==
                SALLY_E_OK &&
            sally_book_open(&current, SALLY_BOOK_MAX) == SALLY_E_OK &&
            sally_book_open(&before, SALLY_BOOK_MAX) == SALLY_E_OK &&
            sally_book_open(&copy, SALLY_BOOK_MAX) == SALLY_E_OK);
    coap = (struct sally_coap_shared){ &parameters, &packets, &bodies,
                                       { no_random, NULL }, NULL };
    accounts_fill(&current, &registry, accounts_usual);
    promise(sally_book_copy(&current, &before) == SALLY_E_OK);
    sally_credential_nosec(&nosec);
}

/* --- The owner ----------------------------------------------------------- */

static void nothing(void *owner) { (void)owner; }

static void on_state(void *owner, enum sally_bootstrap_state s,
                     enum sally_err e)
{
    (void)owner;
    (void)s;
    (void)e;
}

static uint8_t on_finish(void *owner, const struct sally_book *staged,
                         sally_usec now)
{
    struct sally_path culprit;
    uint16_t first, second;

    (void)owner;
    (void)now;
    promise(sally_book_check(staged, &registry, NULL, &culprit) == SALLY_E_OK);
    promise(sally_book_bootstrap(staged, 0, &first) &&
            !sally_book_bootstrap(staged, first + 1u, &second));
    finishes++;
    return finishes % 2 == 0 ? SALLY_CODE_NOT_ACCEPTABLE : 0;
}

static const struct sally_bootstrap_upcalls upcalls = {
    .on_wanted = nothing,
    .on_rebind = nothing,
    .on_state = on_state,
    .on_finish = on_finish,
};

/* --- The server ---------------------------------------------------------- */

static void drain(struct sally_bootstrap *b, sally_usec now)
{
    while (sally_bootstrap_output(b, now).len != 0)
        continue;
}

/* Answers the Bootstrap-Request with 2.04. */
static void say_yes(struct sally_bootstrap *b, sally_usec now)
{
    struct sally_span wire = sally_bootstrap_output(b, now);
    uint8_t room[64];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_coap_message m;
    uint16_t mid;

    promise(sally_coap_parse(wire, &m, &mid) == SALLY_E_OK);
    m = (struct sally_coap_message){ .type = SALLY_COAP_ACK,
                                     .code = SALLY_CODE_CHANGED,
                                     .mid = m.mid, .token = m.token };
    promise(sally_coap_write(&m, &out) == SALLY_E_OK);
    sally_bootstrap_input(b, sally_buf_span(&out), now);
    promise(sally_bootstrap_state(b) == SALLY_BOOTSTRAP_RECEIVING);
}

static void ask(struct sally_bootstrap *b, struct sally_cursor *in,
                uint16_t mid, sally_usec now)
{
    uint8_t method = methods[sally_take_u8(in) % SALLY_LEN(methods)];
    const char *path = paths[sally_take_u8(in) % SALLY_LEN(paths)];
    uint8_t format = sally_take_u8(in);
    size_t len = sally_take_u16(in) % 1024;
    struct sally_span payload =
        sally_take(in, len < in->rest.len ? len : in->rest.len);
    uint8_t room[SALLY_DATAGRAM_MAX], list[64];
    struct sally_buf out = SALLY_BUF(room), options = SALLY_BUF(list);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_message m = { .type = SALLY_COAP_CON, .code = method,
                                    .mid = mid, .payload = payload };

    if (*path != '\0')
        sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, path);
    if (payload.len != 0 || format >= 128)
        sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT,
                            formats[format % SALLY_LEN(formats)]);
    else
        sally_coap_put_uint(&o, SALLY_OPTION_ACCEPT,
                            formats[format % SALLY_LEN(formats)]);
    m.options = sally_buf_span(&options);
    promise(sally_coap_write(&m, &out) == SALLY_E_OK);
    sally_bootstrap_input(b, sally_buf_span(&out), now);
    drain(b, now);
}

static void promise_book(const struct sally_book *staged)
{
    static uint8_t room[SALLY_BOOK_MAX + 1];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    promise(sally_book_equal(&current, &before));
    if (staged->at == NULL)
        return; /* it is over */
    promise(sally_book_write(staged, &w) == SALLY_E_OK &&
            sally_book_read(&copy, sally_buf_span(&out)) == SALLY_E_OK &&
            sally_book_equal(&copy, staged));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sally_cursor in =
        sally_cursor_over((struct sally_span){ data, size });
    struct sally_bootstrap_settings settings = {
        .endpoint = "sensor", .scheme = SALLY_SCHEME_COAP,
        .credential = &nosec, .registry = &registry,
        .version = (uint8_t)(10 + sally_take_u8(&in) % 3),
    };
    struct sally_bootstrap b;
    sally_usec now = 1000 * SALLY_SEC;
    uint16_t mid = 1;

    open_all();
    finishes = 0;
    sally_bootstrap_init(&b, &coap, &upcalls, NULL);
    promise(sally_bootstrap_start(&b, &settings, &current, now) == SALLY_E_OK);
    sally_bootstrap_connect(&b, now);
    say_yes(&b, now);
    while (in.rest.len != 0 && mid < 64) {
        ask(&b, &in, mid++, now);
        promise_book(sally_bootstrap_staged(&b));
        if (finishes != 0)
            (void)sally_bootstrap_finished(
                &b, finishes % 4 == 1 ? SALLY_CODE_NOT_ACCEPTABLE
                                      : SALLY_CODE_CHANGED, now);
        drain(&b, now);
        now += SALLY_SEC;
    }
    promise_book(sally_bootstrap_staged(&b));
    sally_bootstrap_wipe(&b);
    promise(packets.used == 0 && bodies.used == 0);
    return 0;
}
