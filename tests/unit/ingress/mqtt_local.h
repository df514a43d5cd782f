/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/mqtt_local.h - an MQTT server without sockets, whose
 * verifier is the test: the password of every user is "right".              */
#ifndef TESTS_UNIT_INGRESS_MQTT_LOCAL_H
#define TESTS_UNIT_INGRESS_MQTT_LOCAL_H

#include "unit/ingress/side.h"

#include "ingress/mqtt_server.h"

#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define GOOD(name)                                                             \
    name ":$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$" HASH "\n"
#define PLACES 160
#ifndef LOCAL_PASSWORDS /* a test may have others */
#define LOCAL_PASSWORDS GOOD("ua") GOOD("ub") GOOD("both")
#endif

static const uint8_t local_ip[] = { 192, 0, 2, 7 };
static const struct sally_auth_source from = { local_ip, 4, 2 };

struct line {
    struct local *local;
    struct sally_mqtt_connection *connection; /* NULL: closed */
    uint8_t heard[8192];
    size_t len;
    bool paused;
};

struct local {
    struct side *side;
    struct sally_auth_addresses *addresses;
    struct sally_passwords *passwords;
    struct sally_mqtt_server *server;
    sally_usec armed;
    bool silent; /* the verifier answers when the test says so */
    bool wants_check;
    struct line lines[PLACES];
    struct sally_config configs[2]; /* those that came after the first */
    size_t config_count;
};

/* --- The host ------------------------------------------------------------ */

static inline void drain(struct line *l)
{
    struct sally_span out;

    while ((out = sally_mqtt_server_output(l->connection)).len != 0) {
        assert_true(l->len + out.len <= sizeof(l->heard));
        memcpy(&l->heard[l->len], out.at, out.len);
        l->len += out.len;
        sally_mqtt_server_sent(l->connection, out.len, l->local->side->now);
    }
}

static inline void pump(void *owner, void *handle)
{
    (void)owner;
    drain(handle);
}

static inline void pause_line(void *owner, void *handle, bool paused)
{
    (void)owner;
    ((struct line *)handle)->paused = paused;
}

static inline void close_line(void *owner, void *handle)
{
    struct line *l = handle;

    (void)owner;
    drain(l);
    l->connection = NULL;
}

static inline void arm(void *owner, sally_usec when)
{
    ((struct local *)owner)->armed = when;
}

/* As the role does: the question goes out later. */
static inline void verify(void *owner)
{
    ((struct local *)owner)->wants_check = true;
}

static const struct sally_mqtt_server_host host = { pump, pause_line,
                                                    close_line, arm, verify };

static inline void run_verifier(struct local *l)
{
    struct sally_bus_check c;

    l->wants_check = false;
    while (sally_passwords_next(l->passwords, false, &c)) {
        const struct sally_bus_checked answer = {
            c.ticket,
            c.password_len == 5 && memcmp(c.password, "right", 5) == 0
        };

        sally_passwords_checked(l->passwords, &answer, l->side->now);
        sally_mqtt_server_settle(l->server, l->side->now);
    }
}

/* Lets time pass up to `until`, stopping at every deadline. */
static inline void run_until(struct local *l, sally_usec until)
{
    while (l->armed <= until) {
        if (l->armed > l->side->now)
            l->side->now = l->armed;
        sally_mqtt_server_expire(l->server, l->side->now);
    }
    l->side->now = until;
}

/* --- Building ------------------------------------------------------------ */

static inline uint32_t no_interface(void *owner, const char *name)
{
    (void)owner;
    (void)name;
    return 0;
}

static inline bool no_mac(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[6])
{
    (void)owner;
    (void)s;
    (void)mac;
    return false;
}

static inline int open_local(void **state)
{
    static const struct sally_auth_system system = { no_interface, no_mac,
                                                     NULL };
    struct local *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->side = side_open();
    l->armed = SALLY_NEVER;
    assert_int_equal(
        sally_auth_addresses_create(&l->addresses, &l->side->config, &system,
                                    (struct sally_hash_key){ { 0 } }),
        SALLY_E_OK);
    assert_int_equal(
        sally_passwords_create(
            &l->passwords,
            sally_span_of(LOCAL_PASSWORDS), "passwords",
            (struct sally_random){ side_random, &l->side->seed }, stderr),
        SALLY_E_OK);
    assert_int_equal(sally_mqtt_server_create(&l->server, l->side->outer,
                                              l->addresses, l->passwords,
                                              PLACES, &host, l),
                     SALLY_E_OK);
    *state = l;
    return 0;
}

static inline int close_local(void **state)
{
    struct local *l = *state;

    sally_mqtt_server_wipe(l->server);
    sally_passwords_wipe(l->passwords);
    sally_auth_addresses_wipe(l->addresses);
    side_close(l->side);
    free(l);
    return 0;
}

/* --- Sensors ------------------------------------------------------------- */

static inline void input(struct line *l, const struct sally_buf *b)
{
    l->len = 0;
    sally_mqtt_server_input(l->connection, sally_buf_span(b),
                            l->local->side->now);
    if (l->local->wants_check && !l->local->silent)
        run_verifier(l->local);
}

static inline struct line *call(struct local *l, size_t place)
{
    struct line *line = &l->lines[place];

    *line = (struct line){ .local = l };
    line->connection =
        sally_mqtt_server_accept(l->server, line, &from, l->side->now);
    return line;
}

static inline void say_connect(struct line *l, const char *id, const char *user,
                        const char *password, const char *will)
{
    uint8_t room[512];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);
    struct sally_mqtt_connect c = {
        .client_id = sally_span_of(id),
        .username = sally_span_of(user),
        .password = sally_span_of(password),
        .has_username = true,
        .has_password = true,
        .has_will = will != NULL,
        .clean = true,
        .keep_alive = 60,
        .will = { .topic = sally_span_of(will == NULL ? "" : will),
                  .payload = sally_span_of("offline") },
    };

    sally_mqtt_put_connect(&w, &c);
    assert_false(w.failed);
    input(l, &b);
}

static inline struct line *sensor(struct local *l, size_t place, const char *id,
                           const char *user)
{
    struct line *line = call(l, place);

    assert_non_null(line->connection);
    say_connect(line, id, user, "right", NULL);
    assert_int_equal(line->len, 4);
    assert_int_equal(line->heard[3], SALLY_MQTT_ACCEPTED);
    return line;
}

static inline void say_publish(struct line *l, const char *topic, const char *payload,
                        uint16_t id)
{
    uint8_t room[512];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);
    const struct sally_mqtt_publish p = { .topic = sally_span_of(topic),
                                          .payload = sally_span_of(payload),
                                          .packet_id = id,
                                          .qos = id != 0 };

    sally_mqtt_put_publish(&w, &p);
    input(l, &b);
}

static inline uint8_t say_subscribe(struct line *l, const char *filter, uint8_t qos)
{
    uint8_t room[256];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);

    sally_mqtt_put_subscribe(&w, 9, sally_span_of(filter), qos);
    input(l, &b);
    assert_int_equal(l->len, 5);
    assert_int_equal(l->heard[0] >> 4, SALLY_MQTT_SUBACK);
    return l->heard[4];
}

static inline void say_puback(struct line *l, uint16_t id)
{
    uint8_t room[8];
    struct sally_buf b = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&b);

    sally_mqtt_put_id(&w, SALLY_MQTT_PUBACK, id);
    input(l, &b);
}

/* True if all it heard is the PUBACK of `id`. */
static inline bool heard_puback(const struct line *l, uint16_t id)
{
    return l->len == 4 && l->heard[0] >> 4 == SALLY_MQTT_PUBACK &&
           (l->heard[2] << 8 | l->heard[3]) == id;
}

static inline struct sally_mqtt_publish heard_publish(const struct line *l)
{
    struct sally_span all = { l->heard, l->len };
    struct sally_mqtt_publish p;
    struct sally_mqtt_header h;

    assert_int_equal(sally_mqtt_header(all, &h), SALLY_E_OK);
    assert_int_equal(h.type, SALLY_MQTT_PUBLISH);
    assert_int_equal(sally_mqtt_parse_publish(
                         h.flags, sally_span_sub(all, h.header, h.body), false, &p),
                     SALLY_E_OK);
    return p;
}

static inline void hang_up(struct line *l)
{
    sally_mqtt_server_closed(l->connection, l->local->side->now);
    l->connection = NULL;
}

static inline bool online(struct local *l, uint32_t which)
{
    return sally_outer_sensor(l->side->outer, which)->online;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_local, close_local)

#endif
