/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/sim/test_bootstrap.c - a client that gets new keys of its bootstrap
 * server, on a wire that loses, doubles and reorders; and interrupted after
 * each message, by the server, the wire, the client's power or the server's
 * silence. Whatever happens, what the client has on disk is either all that it
 * had or all that it was given, byte for byte, and it is the latter only when
 * its owner decided so at Finish. SALLY_SIM_SEEDS as in test_weather.       */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "coap/option.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/objects/builtin.h"
#include "security/crypto.h"
#include "sim/account.h"
#include "sim/network.h"
#include "sim/nonces.h"
#include "unit/lwm2m/accounts.h"

#define HEAP_MAX ((size_t)8 << 20)
#define DELAY (100 * SALLY_MSEC)
#define RETRY (10 * SALLY_SEC)
#define ROWS(...) { __VA_ARGS__, NULL }

static const struct sim_mechanism mechanisms[] = {
    { .name = "none", .scheme = SALLY_SCHEME_COAP },
    { .name = "dtls-psk",
      .scheme = SALLY_SCHEME_COAPS,
      .server_suites = "PSK-AES128-CCM-8" },
    { .name = "oscore",
      .scheme = SALLY_SCHEME_COAP,
      .oscore = true,
      .start = SALLY_OSCORE_B2 },
};

/* What the server does, one after the other; too soon with its first Finish. */
static const struct step {
    uint8_t method, want;
    const char *path;
    uint16_t format; /* of the payload; without rows, to accept */
    const char *rows[10];
} steps[] = {
    { SALLY_CODE_GET, SALLY_CODE_CONTENT, "", 40, { NULL } },
    { SALLY_CODE_DELETE, SALLY_CODE_DELETED, "0", 0, { NULL } },
    { SALLY_CODE_DELETE, SALLY_CODE_DELETED, "1", 0, { NULL } },
    { SALLY_CODE_PUT, SALLY_CODE_CHANGED, "0/4", 112,
      ROWS("/0/4/0=coaps://other.example.com", "/0/4/1=0", "/0/4/2=0",
           "/0/4/3=sensor", "/0/4/5=another new key.", "/0/4/10=77") },
    { SALLY_CODE_POST, SALLY_CODE_NOT_ACCEPTABLE, "bs", 0, { NULL } },
    { SALLY_CODE_PUT, SALLY_CODE_CHANGED, "1/2", 11542,
      ROWS("/1/2/0=77", "/1/2/1=60", "/1/2/6=1", "/1/2/7=U") },
    { SALLY_CODE_PUT, SALLY_CODE_CHANGED, "0/0/5", 42,
      ROWS("/0/0/5=next bootstrap key") },
    { SALLY_CODE_GET, SALLY_CODE_CONTENT, "1", 112, { NULL } },
    { SALLY_CODE_POST, SALLY_CODE_CHANGED, "bs", 0, { NULL } },
};

enum how { NEVER, SERVER, WIRE, POWER, SILENCE, HOWS };
static const char *const names[] = { "never", "server", "wire", "power",
                                     "silence" };

static struct world {
    const struct sim_mechanism *mechanism;
    struct sim_network network;
    struct sim_chance chance;
    sally_usec now;
    struct sally_pool packets, bodies;
    struct sally_security *security;
    struct sally_coap_shared coap;
    struct sally_registry registry;
    struct sim_account account;

    /* The client and its owner. */
    struct sally_bootstrap_settings settings;
    struct sally_bootstrap client;
    struct sally_book current, before, after, disk, pending;
    sally_usec commit, retry; /* NEVER: none */
    bool wanted, dead, decided;
    unsigned attempts, timed_out;

    /* The server. */
    struct sally_coap_link server;
    bool packs;  /* it is asked for a Pack, and has one */
    size_t step; /* 0: not asked yet; else steps[step - 1] is next */
    bool asking, done;
    sally_coap_exchange exchange;

    /* The end of it. */
    enum how how;
    unsigned messages, after_messages;
    bool cut;
} w;

static void require(bool holds, const char *what)
{
    if (!holds)
        fail_msg("%s, %s after %u messages: %s", w.mechanism->name,
                 names[w.how], w.messages, what);
}

/* --- The owner ----------------------------------------------------------- */

static void on_wanted(void *owner)
{
    (void)owner;
    w.wanted = true;
}

static void on_rebind(void *owner)
{
    (void)owner;
    sim_network_clear(&w.network);
    sim_account_crash(&w.account);
    w.step = 0;
    w.asking = w.done = false;
    if (!w.cut)
        require(sally_coap_link_accept(&w.server, w.mechanism->scheme,
                                       &w.account.finder,
                                       w.now) == SALLY_E_OK,
                "the server cannot accept");
}

static void on_state(void *owner, enum sally_bootstrap_state s,
                     enum sally_err e)
{
    (void)owner;
    if (s != SALLY_BOOTSTRAP_FAILED)
        return;
    w.timed_out += e == SALLY_E_TIMED_OUT;
    w.retry = w.cut ? SALLY_NEVER : w.now + RETRY;
}

/* To disk, which takes its time. */
static uint8_t on_finish(void *owner, const struct sally_book *staged,
                         sally_usec now)
{
    (void)owner;
    require(sally_book_copy(staged, &w.pending) == SALLY_E_OK, "no room");
    w.commit = now + sim_below(&w.chance, 700 * SALLY_MSEC);
    return 0;
}

static void on_reserve(void *owner, uint64_t until)
{
    (void)owner;
    sim_account_wish(&w.account, until,
                     w.now + sim_below(&w.chance, 50 * SALLY_MSEC));
}

static const struct sally_bootstrap_upcalls upcalls = {
    .on_wanted = on_wanted,
    .on_rebind = on_rebind,
    .on_state = on_state,
    .on_finish = on_finish,
    .on_reserve = on_reserve,
};

static void commit(void)
{
    w.commit = SALLY_NEVER;
    w.decided = true;
    require(sally_book_copy(&w.pending, &w.disk) == SALLY_E_OK, "no room");
    require(sally_bootstrap_finished(&w.client, SALLY_CODE_CHANGED, w.now),
            "nobody waits for the owner");
}

static void start(void)
{
    w.retry = SALLY_NEVER;
    w.attempts++;
    require(sally_bootstrap_start(&w.client, &w.settings, &w.current, w.now) ==
                SALLY_E_OK,
            "cannot start");
}

/* --- The server ---------------------------------------------------------- */

/* All that the steps write. */
static struct sally_span pack_of(struct sally_buf *out)
{
    struct sally_lwm2m_record records[32];
    struct sally_writer writer = sally_writer_into(out);
    const struct sally_path root = { .depth = 0 };
    size_t n = 0;

    for (size_t i = 0; i < SALLY_LEN(steps); i++)
        for (size_t k = 0; steps[i].rows[k] != NULL; k++, n++) {
            const char *text;

            records[n] = (struct sally_lwm2m_record){
                .path = accounts_path(steps[i].rows[k], &text)
            };
            records[n].value =
                accounts_value(&w.registry, &records[n].path, text);
        }
    require(sally_format_find(SALLY_FORMAT_LWM2M_CBOR)
                    ->encode(&root, records, n, &writer) == SALLY_E_OK,
            "a Pack cannot be made");
    return sally_buf_span(out);
}

static void give_pack(const struct sally_coap_request *q)
{
    uint8_t room[8], bytes[1024];
    struct sally_buf options = SALLY_BUF(room), body = SALLY_BUF(bytes);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_answer a = { .code = SALLY_CODE_CONTENT };

    sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT,
                        SALLY_FORMAT_LWM2M_CBOR);
    a.options = sally_buf_span(&options);
    a.payload = pack_of(&body);
    (void)sally_coap_link_respond(&w.server, q->exchange, &a, w.now);
}

static void on_request(void *owner, const struct sally_coap_request *q,
                       sally_usec now)
{
    struct sally_coap_answer a = { .code = SALLY_CODE_CHANGED };

    (void)owner;
    if (q->code == SALLY_CODE_GET) {
        give_pack(q);
        return;
    }
    require(q->code == SALLY_CODE_POST, "an unknown request");
    (void)sally_coap_link_respond(&w.server, q->exchange, &a, now);
    w.asking = w.done = false;
    w.step = 1;
}

static void on_reply(void *owner, sally_coap_exchange x, enum sally_err e,
                     const struct sally_coap_reply *reply, sally_usec now)
{
    (void)owner;
    (void)now;
    if (!w.asking || x != w.exchange)
        return;
    w.asking = false;
    if (e != SALLY_E_OK)
        return; /* asked again */
    require(reply->code == steps[w.step - 1].want, "another answer");
    if (w.step++ == SALLY_LEN(steps))
        w.done = true;
}

static void on_server_reserve(void *owner, uint64_t until)
{
    (void)owner;
    sally_coap_link_reserved(&w.server, until, w.now);
}

static const struct sally_coap_link_upcalls server_upcalls = {
    .on_request = on_request,
    .on_reply = on_reply,
    .on_reserve = on_server_reserve,
};

static struct sally_span payload_of(const struct step *s, struct sally_buf *out)
{
    struct sally_lwm2m_record records[10];
    struct sally_writer writer = sally_writer_into(out);
    struct sally_path base = { .depth = 0 };
    const char *text;
    char path[32];
    size_t n = 0;

    (void)snprintf(path, sizeof(path), "/%s", s->path);
    if (s->rows[0] == NULL)
        return (struct sally_span){ NULL, 0 };
    base = accounts_path(path, &text);
    for (; s->rows[n] != NULL; n++) {
        records[n] = (struct sally_lwm2m_record){
            .path = accounts_path(s->rows[n], &text)
        };
        records[n].value =
            accounts_value(&w.registry, &records[n].path, text);
    }
    require(sally_format_find(s->format)->encode(&base, records, n, &writer) ==
                SALLY_E_OK,
            "a Write cannot be made");
    return sally_buf_span(out);
}

static bool may_ask(void)
{
    return w.step != 0 && !w.asking && !w.done &&
           !(w.cut && w.how == SILENCE) &&
           sally_coap_link_state(&w.server) == SALLY_CHANNEL_UP;
}

static void ask(const struct step *s)
{
    uint8_t room[64], bytes[512];
    struct sally_buf options = SALLY_BUF(room), body = SALLY_BUF(bytes);
    struct sally_coap_option_writer o = sally_coap_options_into(&options);
    struct sally_coap_question q = { .code = s->method, .confirmable = true };

    if (s->path[0] != '\0')
        sally_coap_put_path(&o, SALLY_OPTION_URI_PATH, s->path);
    q.payload = payload_of(s, &body);
    if (q.payload.len != 0)
        sally_coap_put_uint(&o, SALLY_OPTION_CONTENT_FORMAT, s->format);
    else if (s->method == SALLY_CODE_GET)
        sally_coap_put_uint(&o, SALLY_OPTION_ACCEPT, s->format);
    q.options = sally_buf_span(&options);
    w.asking = sally_coap_link_request(&w.server, &q, w.now, &w.exchange) ==
               SALLY_E_OK;
}

/* --- The end of it ------------------------------------------------------- */

static void cut(void)
{
    if (w.how == NEVER || w.cut || w.messages < w.after_messages)
        return;
    w.cut = true;
    if (w.how == SERVER)
        sally_coap_link_end(&w.server);
    if (w.how == WIRE)
        sim_network_clear(&w.network);
    if (w.how == POWER) { /* what was not on disk never will be */
        sally_bootstrap_wipe(&w.client);
        w.commit = w.retry = SALLY_NEVER;
        w.dead = true;
    }
}

static bool passes(int to)
{
    if (!w.cut || w.how == SILENCE)
        return true;
    return w.how == SERVER && to == SIM_CLIENT;
}

/* --- The clock ----------------------------------------------------------- */

static void drain(void)
{
    struct sally_span out;

    while (!w.dead &&
           (out = sally_bootstrap_output(&w.client, w.now)).len != 0)
        if (passes(SIM_SERVER))
            sim_network_send(&w.network, SIM_SERVER, out, w.now);
    while ((out = sally_coap_link_output(&w.server, w.now)).len != 0)
        if (passes(SIM_CLIENT))
            sim_network_send(&w.network, SIM_CLIENT, out, w.now);
}

static void act(void)
{
    if (w.wanted && !w.dead) {
        w.wanted = false;
        sally_bootstrap_connect(&w.client, w.now);
    }
    if (may_ask())
        ask(&steps[w.step - 1]);
    drain();
}

static sally_usec next_event(void)
{
    sally_usec next =
        sally_earlier(sim_network_next(&w.network), w.account.due);

    next = sally_earlier(next, sally_earlier(w.commit, w.retry));
    if (!w.dead)
        next = sally_earlier(next, sally_bootstrap_deadline(&w.client));
    return sally_earlier(next, sally_coap_link_deadline(&w.server));
}

static void deliver(void)
{
    struct sim_datagram d;
    struct sally_span wire;

    if (!sim_network_take(&w.network, w.now, &d))
        return;
    wire = (struct sally_span){ d.bytes, d.len };
    if (!passes(d.to))
        return;
    w.messages++;
    if (d.to == SIM_SERVER)
        (void)sally_coap_link_input(&w.server, wire, w.now);
    else if (!w.dead)
        sally_bootstrap_input(&w.client, wire, w.now);
    drain(); /* before anything is cut, as a process would */
    cut();
}

static bool is_over(void)
{
    enum sally_bootstrap_state s = sally_bootstrap_state(&w.client);

    return w.dead || s == SALLY_BOOTSTRAP_DONE ||
           (s == SALLY_BOOTSTRAP_FAILED && w.retry == SALLY_NEVER);
}

static void expire(void)
{
    if (sim_account_settle(&w.account, w.now) && !w.dead)
        sally_bootstrap_reserved(&w.client, w.account.wished, w.now);
    if (w.commit <= w.now)
        commit();
    if (w.retry <= w.now)
        start();
    if (!w.dead)
        sally_bootstrap_expire(&w.client, w.now);
    sally_coap_link_expire(&w.server, w.now);
}

static void run(void)
{
    sally_usec until = w.now + 20000 * SALLY_SEC;

    cut();
    while (!is_over()) {
        sally_usec next;

        act();
        if (is_over())
            break;
        next = next_event();
        require(next <= until, "it does not end");
        w.now = next > w.now ? next : w.now;
        deliver();
        expire();
    }
}

/* --- Worlds -------------------------------------------------------------- */

static void open_book(struct sally_book *b)
{
    require(sally_book_open(b, SALLY_BOOK_MAX) == SALLY_E_OK, "no memory");
}

/* What the client shall have in the end. */
static void make_after(void)
{
    const struct sally_path servers = sally_path_object(SALLY_OBJECT_SERVER);
    const struct sally_path old = sally_path_instance(0, 1);

    require(sally_book_copy(&w.current, &w.after) == SALLY_E_OK, "no room");
    if (!w.packs) { /* a Pack takes nothing away */
        sally_book_cut(&w.after, &servers);
        sally_book_cut(&w.after, &old);
    }
    for (size_t i = 0; i < SALLY_LEN(steps); i++)
        accounts_fill(&w.after, &w.registry, steps[i].rows);
}

static void open_world(const struct sim_mechanism *m,
                       const struct sim_weather *weather, bool packs,
                       uint64_t seed)
{
    const struct sally_security_limits limits = { 2, HEAP_MAX };

    w = (struct world){ .mechanism = m, .now = SALLY_SEC, .packs = packs,
                        .commit = SALLY_NEVER, .retry = SALLY_NEVER };
    w.chance.state = seed;
    w.network.chance.state = ~seed;
    w.network.weather = *weather;
    require(sally_pool_init(&w.packets, SALLY_DATAGRAM_MAX, 64, true) ==
                    SALLY_E_OK &&
                sally_pool_init(&w.bodies, sally_coap_defaults.body_max, 4,
                                true) == SALLY_E_OK &&
                sally_security_init(&w.security, &limits, &w.packets,
                                    sally_crypto_random()) == SALLY_E_OK &&
                sim_account_make(&w.account, m, w.security) &&
                sally_objects_builtin(&w.registry) == SALLY_E_OK,
            "cannot be set up");
    w.coap = (struct sally_coap_shared){ &sally_coap_defaults, &w.packets,
                                         &w.bodies, sim_random(&w.chance),
                                         w.security };
    open_book(&w.current);
    open_book(&w.before);
    open_book(&w.after);
    open_book(&w.disk);
    open_book(&w.pending);
    accounts_fill(&w.current, &w.registry, accounts_usual);
    require(sally_book_copy(&w.current, &w.before) == SALLY_E_OK &&
                sally_book_copy(&w.current, &w.disk) == SALLY_E_OK,
            "no room");
    make_after();
    w.settings = (struct sally_bootstrap_settings){
        .endpoint = "sensor", .scheme = m->scheme,
        .version = packs ? 12 : 11, .pack = packs,
        .credential = &w.account.credential, .past = &w.account.past,
        .registry = &w.registry, .preferred = SALLY_FORMAT_SENML_CBOR,
    };
    sally_coap_link_init(&w.server, &w.coap, &server_upcalls, NULL);
    sally_bootstrap_init(&w.client, &w.coap, &upcalls, NULL);
    start();
}

static void close_world(void)
{
    sally_bootstrap_wipe(&w.client);
    sally_coap_link_wipe(&w.server);
    require(w.packets.used == 0 && w.bodies.used == 0,
            "blocks are still out after a wipe");
    sally_registry_wipe(&w.registry);
    sally_security_wipe(w.security);
    require(!sim_nonces_repeated(), "a nonce was used twice");
    sim_account_wipe(&w.account);
    sally_pool_wipe(&w.packets);
    sally_pool_wipe(&w.bodies);
    sally_book_wipe(&w.current);
    sally_book_wipe(&w.before);
    sally_book_wipe(&w.after);
    sally_book_wipe(&w.disk);
    sally_book_wipe(&w.pending);
}

/* What must hold, whatever happened. */
static void judge(void)
{
    enum sally_bootstrap_state s = sally_bootstrap_state(&w.client);
    const struct sally_book *right = w.decided ? &w.after : &w.before;

    require(sally_book_equal(&w.current, &w.before),
            "the accounts in force were written to");
    require(sally_book_equal(&w.disk, right), "the disk has something else");
    if (!w.dead)
        require((s == SALLY_BOOTSTRAP_DONE) == w.decided,
                "the end is not what the owner decided");
    if (w.cut && w.how == SILENCE && !w.decided)
        require(w.timed_out != 0, "silence is not a time-out");
}

static uint64_t seeds(void)
{
    const char *text = getenv("SALLY_SIM_SEEDS");

    return text == NULL ? 20 : strtoull(text, NULL, 10);
}

static void every_bootstrap_ends_with_new_accounts(void **state)
{
    static const unsigned lost[] = { 0, 5, 20, 40 };

    (void)state;
    for (size_t m = 0; m < SALLY_LEN(mechanisms); m++)
        for (size_t l = 0; l < SALLY_LEN(lost); l++) {
            const struct sim_weather weather = {
                .lost = lost[l], .doubled = lost[l] == 0 ? 0 : 5,
                .delay_max = lost[l] == 0 ? SALLY_MSEC : DELAY
            };
            unsigned attempts = 0;

            for (uint64_t seed = 1; seed <= seeds(); seed++) {
                open_world(&mechanisms[m], &weather, false, seed);
                run();
                judge();
                require(w.decided, "it was given up");
                attempts += w.attempts;
                close_world();
            }
            print_message("%s, %2u %% lost: %u attempts in %llu runs\n",
                          mechanisms[m].name, lost[l], attempts,
                          (unsigned long long)seeds());
            if (lost[l] == 0)
                assert_int_equal(attempts, seeds());
        }
}

/* One run that is cut; true if it was over before that. */
static bool run_cut(const struct sim_mechanism *m, enum how how, bool packs,
                    unsigned messages, uint64_t seed)
{
    const struct sim_weather calm = { .delay_max = SALLY_MSEC };
    bool over;

    open_world(m, &calm, packs, seed);
    w.how = how;
    w.after_messages = messages;
    run();
    judge();
    over = !w.cut;
    close_world();
    return over;
}

/* Cut after no message, after one, and so on until there is nothing to cut. */
static void cut_everywhere(const struct sim_mechanism *m, enum how how,
                           bool packs)
{
    unsigned kept = 0, taken = 0, k = 0;
    bool over = false;

    for (; !over; k++)
        for (uint64_t seed = 1; seed <= 1 + seeds() / 10; seed++) {
            over = run_cut(m, how, packs, k, seed) || over;
            kept += !w.decided;
            taken += w.decided;
        }
    print_message("%s, %s%s: up to %u messages, %u kept, %u taken\n", m->name,
                  names[how], packs ? ", a Pack" : "", k - 1, kept, taken);
    assert_true(kept > k / 2 && taken > 0); /* or nothing was cut */
}

static void an_interruption_anywhere_leaves_one_or_the_other(void **state)
{
    (void)state;
    for (size_t m = 0; m < SALLY_LEN(mechanisms); m++)
        for (enum how how = SERVER; how < HOWS; how++)
            cut_everywhere(&mechanisms[m], how, false);
}

static void so_it_does_while_a_pack_comes(void **state)
{
    (void)state;
    for (size_t m = 0; m < SALLY_LEN(mechanisms); m++)
        for (enum how how = SERVER; how < SILENCE; how++)
            cut_everywhere(&mechanisms[m], how, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bootstrap_ends_with_new_accounts),
        cmocka_unit_test(an_interruption_anywhere_leaves_one_or_the_other),
        cmocka_unit_test(so_it_does_while_a_pack_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
