/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_admit.c - which sensor a connection is, and whether it
 * may be.                                                                   */
#include "base/text.h"
#include "ingress/mqtt_parts.h"
#include "log/log.h"

#include <arpa/inet.h>
#include <string.h>

#define FAIL_DELAY (400 * SALLY_MSEC) /* from CONNECT to its refusal */
#define CONNECTIONS_MAX 8             /* of one sensor; the oldest goes */
#define FLAPS_MAX 5                   /* take-overs of one client id in... */
#define FLAP_TIME (60 * SALLY_SEC)

static struct sally_auth_source source_of(const struct sally_mqtt_connection *c)
{
    return (struct sally_auth_source){ c->ip, c->family, c->interface };
}

static void log_refusal(const struct sally_mqtt_connection *c, const char *why)
{
    const struct sally_mqtt_server *s = c->server;
    char ip[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(c->family == 4 ? AF_INET : AF_INET6, c->ip, ip, sizeof(ip));
    sally_log(SALLY_LOG_WARNING, "auth_refused", SALLY_TEXT("protocol", "mqtt"),
              SALLY_TEXT("peer", ip),
              SALLY_TEXT("sensor", c->claimed == NOBODY
                                       ? ""
                                       : sally_mqtt_config(s, c->claimed)->id),
              SALLY_TEXT("user", c->user), SALLY_TEXT("why", why));
}

static const struct sally_config_auth *
entry_of(const struct sally_config_sensor *s, enum sally_auth_method m)
{
    for (size_t i = 0; i < s->auth_count; i++)
        if (s->auth[i].method == m)
            return &s->auth[i];
    return NULL;
}

static bool has_method(const struct sally_config_sensor *s,
                       enum sally_auth_method m)
{
    return entry_of(s, m) != NULL;
}

/* A password that nobody on the link can have heard says as much as a key. */
static enum sally_assurance level_of(const struct sally_mqtt_connection *c,
                                     enum sally_auth_method m)
{
    return c->secure && m == SALLY_AUTH_PASSWORD ? SALLY_ASSURANCE_PROTECTED
                                                 : sally_auth_method_level(m);
}

static struct sally_mqtt_connection *
same_client(const struct sally_mqtt_connection *c)
{
    struct sally_mqtt_connection *other = c->server->tables.sensors[c->claimed];

    for (; other != NULL && c->client_id_len != 0; other = other->next)
        if (other->client_id_len == c->client_id_len &&
            memcmp(other->client_id, c->client_id, c->client_id_len) == 0)
            return other;
    return NULL;
}

/* Two devices with one client id would take each other's place for ever. After
 * so many times in a minute the one that is there stays for a minute.       */
static bool flaps(struct sally_mqtt_connection *c,
                  struct sally_mqtt_connection *other, sally_usec now)
{
    if (now >= other->flap_until) {
        other->flaps = 0;
        other->flap_until = sally_after(now, FLAP_TIME);
    }
    if (other->flaps < FLAPS_MAX) {
        c->flaps = (uint8_t)(other->flaps + 1);
        c->flap_until = other->flap_until;
        return false;
    }
    if (other->flaps == FLAPS_MAX) {
        other->flaps++;
        other->flap_until = sally_after(now, FLAP_TIME);
    }
    return true;
}

/* False: the newcomer is refused. */
static bool take_over(struct sally_mqtt_connection *c, sally_usec now)
{
    struct sally_mqtt_connection *other = same_client(c);
    const char *sensor = sally_mqtt_config(c->server, c->claimed)->id;

    if (other == NULL)
        return true;
    if (flaps(c, other, now)) {
        sally_log(SALLY_LOG_WARNING, "session_flapping",
                  SALLY_TEXT("sensor", sensor));
        sally_mqtt_session_refuse(&c->session, SALLY_MQTT_REFUSED_UNAVAILABLE,
                                  now);
        return false;
    }
    sally_log(SALLY_LOG_INFO, "session_taken_over",
              SALLY_TEXT("sensor", sensor));
    sally_mqtt_session_end(&other->session, SALLY_MQTT_END_REPLACED);
    return true;
}

/* A sensor that comes with ever new client ids, or leaves its connections
 * behind, does not take the places of others.                               */
static void end_oldest(struct sally_mqtt_connection *c)
{
    struct sally_mqtt_connection *oldest =
        c->server->tables.sensors[c->claimed];
    size_t count = oldest != NULL;

    for (; oldest != NULL && oldest->next != NULL; oldest = oldest->next)
        count++;
    if (count >= CONNECTIONS_MAX)
        sally_mqtt_session_end(&oldest->session, SALLY_MQTT_END_REPLACED);
}

/* One answer, after one delay, whatever was wrong. */
static void refuse(struct sally_mqtt_connection *c, const char *why)
{
    log_refusal(c, why);
    c->refuse_at = sally_after(c->connected, FAIL_DELAY);
}

static void welcome(struct sally_mqtt_connection *c,
                    enum sally_auth_method method, sally_usec now)
{
    struct sally_mqtt_server *s = c->server;
    struct sally_mqtt_welcome w;

    if (sally_outer_sensor(s->outer, c->claimed)->blocked) {
        refuse(c, "all its accounts were revoked");
        return;
    }
    if (!take_over(c, now))
        return;
    end_oldest(c);
    c->sensor = c->claimed;
    c->method = method;
    c->next = s->tables.sensors[c->sensor];
    s->tables.sensors[c->sensor] = c;
    sally_mqtt_join(c, &w);
    sally_outer_liveness(s->outer, c->sensor, true, method,
                         level_of(c, method), now);
    sally_mqtt_session_accept(&c->session, &w, now);
}

/* Of a sensor that wants all: what it did not prove besides; NULL: nothing. */
static const char *still_lacks(const struct sally_mqtt_connection *c,
                               const struct sally_config_sensor *config)
{
    struct sally_auth_source source = source_of(c);

    if (has_method(config, SALLY_AUTH_ADDRESS) &&
        !sally_auth_address_fits(c->server->addresses, c->claimed, &source))
        return "right proof, wrong address";
    if (c->vouched == NOBODY && (has_method(config, SALLY_AUTH_PSK) ||
                                 has_method(config, SALLY_AUTH_CERTIFICATE)))
        return "right password, without its key over TLS";
    return NULL;
}

/* One proof was right; `require = "all"` may ask for more. */
static void proved(struct sally_mqtt_connection *c,
                   enum sally_auth_method method, sally_usec now)
{
    const struct sally_config_sensor *config =
        sally_mqtt_config(c->server, c->claimed);
    const char *lacks = config->require == SALLY_REQUIRE_ALL
                            ? still_lacks(c, config)
                            : NULL;

    if (lacks != NULL)
        refuse(c, lacks);
    else
        welcome(c, c->vouched != NOBODY ? c->vouched_by : method, now);
}

static void told_password(void *subject, bool good, sally_usec now)
{
    struct sally_mqtt_connection *c = subject;

    if (good && c->claimed != NOBODY)
        proved(c, SALLY_AUTH_PASSWORD, now);
    else
        refuse(c, "wrong user name or password");
    sally_mqtt_follow(c);
}

static void check_password(struct sally_mqtt_connection *c,
                           const struct sally_mqtt_connect *k)
{
    struct sally_mqtt_server *s = c->server;
    struct sally_auth_source source = source_of(c);

    switch (sally_passwords_check(s->passwords, &source, k->username,
                                  k->password, told_password, c, s->now)) {
    case SALLY_PASSWORD_GOOD: told_password(c, true, s->now); return;
    case SALLY_PASSWORD_BAD: told_password(c, false, s->now); return;
    case SALLY_PASSWORD_BLOCKED:
        log_refusal(c, "blocked after too many failures");
        if (c->session.v5)
            sally_mqtt_session_refuse(&c->session, SALLY_MQTT_BANNED, s->now);
        sally_mqtt_session_end(&c->session, SALLY_MQTT_END_KICKED);
        return;
    case SALLY_PASSWORD_BUSY:
        log_refusal(c, "too many password checks at once");
        sally_mqtt_session_refuse(&c->session, SALLY_MQTT_REFUSED_UNAVAILABLE,
                                  s->now);
        return;
    case SALLY_PASSWORD_LATER: s->host->verify(s->owner); return;
    }
}

/* Version 5 gives a client a name that has none. */
static void note_client_id(struct sally_mqtt_connection *c,
                           const struct sally_mqtt_connect *k)
{
    uint8_t bytes[8];
    char text[2 * sizeof(bytes) + 1];
    struct sally_span id = k->client_id;

    c->given_id = k->v5 && id.len == 0;
    if (c->given_id) {
        sally_random_fill(sally_outer_random(c->server->outer), bytes,
                          sizeof(bytes));
        sally_text_to_hex((struct sally_span){ bytes, sizeof(bytes) }, text,
                          sizeof(text));
        id = sally_span_of(text);
    }
    c->client_id_len = (uint8_t)id.len;
    if (id.len != 0)
        memcpy(c->client_id, id.at, id.len);
}

/* Before version 5 a session that is not clean has no end: ours has. */
static void note_session(struct sally_mqtt_connection *c,
                         const struct sally_mqtt_connect *k)
{
    c->clean = k->clean;
    c->expiry = k->clean ? 0 : UINT32_MAX;
    if (k->v5)
        c->expiry = sally_mqtt_property_number(&k->properties,
                                               SALLY_MQTT_SESSION_EXPIRY, 0);
}

/* TLS has said who it is: it is that sensor or nobody, whatever it says here.
 */
static void check_vouched(struct sally_mqtt_connection *c,
                          const struct sally_mqtt_connect *k)
{
    const struct sally_config_sensor *config =
        sally_mqtt_config(c->server, c->vouched);
    bool named;

    if (c->claimed != NOBODY && c->claimed != c->vouched) {
        refuse(c, "its key over TLS is another sensor's");
        return;
    }
    named = c->claimed != NOBODY;
    c->claimed = c->vouched;
    if (config->require != SALLY_REQUIRE_ALL ||
        !has_method(config, SALLY_AUTH_PASSWORD))
        proved(c, c->vouched_by, c->server->now);
    else if (!named)
        refuse(c, "right key, not its user name");
    else
        check_password(c, k);
}

/* A password that was said in plaintext though its sensor speaks TLS. */
static bool is_exposed(const struct sally_mqtt_connection *c)
{
    const struct sally_config_auth *a =
        c->claimed == NOBODY
            ? NULL
            : entry_of(sally_mqtt_config(c->server, c->claimed),
                       SALLY_AUTH_PASSWORD);

    return a != NULL && a->tls && !c->secure;
}

static void note_user(struct sally_mqtt_connection *c,
                      const struct sally_mqtt_connect *k)
{
    const struct sally_hashmap_node *n;

    if (!k->has_username)
        return;
    (void)sally_span_text(sally_span_sub(k->username, 0, USER_SAID), c->user,
                          sizeof(c->user));
    n = sally_hashmap_find(&c->server->tables.users, k->username);
    if (n != NULL)
        c->claimed = SALLY_OWNER(n, struct by_name, node)->sensor;
}

void sally_mqtt_on_connect(void *owner, const struct sally_mqtt_connect *k)
{
    struct sally_mqtt_connection *c = owner;
    struct sally_mqtt_server *s = c->server;
    struct sally_auth_source source = source_of(c);

    c->connected = s->now;
    note_client_id(c, k);
    note_session(c, k);
    note_user(c, k);
    if (c->vouched != NOBODY) {
        check_vouched(c, k);
        return;
    }
    if (!k->has_username) {
        if (sally_auth_address_alone(s->addresses, &source, &c->claimed))
            welcome(c, SALLY_AUTH_ADDRESS, s->now);
        else
            refuse(c, "no user name, unknown source");
        return;
    }
    if (is_exposed(c))
        refuse(c, "its password is taken over TLS only, and was exposed");
    else
        check_password(c, k);
}
