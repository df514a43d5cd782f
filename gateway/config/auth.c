/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/auth.c - the list `authenticate` of a sensor: how it proves
 * itself on the local side.                                                 */
#include "config/sensor_draft.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "base/text.h"

static const struct method {
    const char *name;
    enum sally_assurance level; /* what it may claim at most */
} methods[] = {
    [SALLY_AUTH_PASSWORD] = { "password", SALLY_ASSURANCE_SECRET },
    [SALLY_AUTH_ADDRESS] = { "address", SALLY_ASSURANCE_WEAK },
    [SALLY_AUTH_BROKER] = { "broker", SALLY_ASSURANCE_WEAK },
    [SALLY_AUTH_PSK] = { "psk", SALLY_ASSURANCE_PROTECTED },
    [SALLY_AUTH_CERTIFICATE] = { "certificate", SALLY_ASSURANCE_PROTECTED },
};

static const struct sally_word method_words[] = {
    { "password", SALLY_AUTH_PASSWORD },
    { "address", SALLY_AUTH_ADDRESS },
    { "psk", SALLY_AUTH_PSK },
    { "certificate", SALLY_AUTH_CERTIFICATE },
    { NULL, 0 },
};

const char *sally_auth_method_name(enum sally_auth_method m)
{
    return methods[m].name;
}

enum sally_assurance sally_auth_method_level(enum sally_auth_method m)
{
    return methods[m].level;
}

enum sally_assurance sally_config_auth_level(const struct sally_config_auth *a)
{
    return a->tls ? SALLY_ASSURANCE_PROTECTED
                  : sally_auth_method_level(a->method);
}

const char *sally_assurance_name(enum sally_assurance a)
{
    static const char *const names[] = {
        [SALLY_ASSURANCE_NONE] = "none",
        [SALLY_ASSURANCE_WEAK] = "weak",
        [SALLY_ASSURANCE_SECRET] = "secret",
        [SALLY_ASSURANCE_PRESENT] = "present",
        [SALLY_ASSURANCE_ORIGIN] = "origin",
        [SALLY_ASSURANCE_PROTECTED] = "protected",
    };

    return names[a];
}

/* An entry with the text that its binary fields are made from. */
struct entry {
    struct sally_config_auth auth;
    const char *mac, *identity, *name;
};

#define AT(field) SALLY_FIELD(entry, field)

static const struct sally_key auth_keys[] = {
    { "method", SALLY_KEY_WORD, AT(auth.method), 0, 0, NULL, NULL, method_words,
      "how the sensor proves itself" },
    { "username", SALLY_KEY_TEXT, AT(auth.username), 1, 64, "a user name", "",
      NULL,
      "with `password`; stands in the file `passwords`; no `:` and no spaces; "
      "unique" },
    { "interface", SALLY_KEY_TEXT, AT(auth.interface), 1, IF_NAMESIZE - 1,
      "the name of an interface", "", NULL,
      "with `address`: that its packets come in by; one that `local` listens "
      "on" },
    { "ip", SALLY_KEY_TEXT, AT(auth.ip), 1, INET6_ADDRSTRLEN,
      "a numeric address", "", NULL,
      "with `address`: the IPv4 or IPv6 address of the sensor" },
    { "mac", SALLY_KEY_TEXT, AT(mac), 1, 17, "a MAC address", "", NULL,
      "with `address`: as in `00:24:be:80:4f:f1`; looked up in the neighbour "
      "table, so it works for IPv4 only" },
    { "tls", SALLY_KEY_BOOLEAN, AT(auth.tls), 0, 0, NULL, "", NULL,
      "with `password`: it is taken over TLS only, and worth `protected`" },
    { "identity", SALLY_KEY_TEXT, AT(identity), 1, 64, "an identity", "", NULL,
      "with `psk`: that the sensor says, the sensor's id without it; unique "
      "among user names and certificates, too" },
    { "key_file", SALLY_KEY_FILE, AT(auth.key_file), 0, 0, NULL, "", NULL,
      "with `psk`: a file with the key of TLS in hexadecimal, which nothing "
      "else has" },
    { "name", SALLY_KEY_TEXT, AT(name), 1, 64, "a common name", "", NULL,
      "with `certificate`: the common name in the sensor's certificate, of a "
      "CA in `ca_file`; the sensor's id without it" },
};

const struct sally_schema sally_group_auth = {
    "authenticate", "An entry of `authenticate` of a sensor.", auth_keys,
    SALLY_LEN(auth_keys)
};

/* Which keys go with which method. */
static const struct pairing {
    const char *key;
    enum sally_auth_method method;
} pairings[] = {
    { "username", SALLY_AUTH_PASSWORD },
    { "interface", SALLY_AUTH_ADDRESS },
    { "ip", SALLY_AUTH_ADDRESS },
    { "mac", SALLY_AUTH_ADDRESS },
    { "tls", SALLY_AUTH_PASSWORD },
    { "identity", SALLY_AUTH_PSK },
    { "key_file", SALLY_AUTH_PSK },
    { "name", SALLY_AUTH_CERTIFICATE },
};

static void check_keys(struct sally_loader *l, const config_setting_t *group,
                       enum sally_auth_method method)
{
    for (size_t i = 0; i < SALLY_LEN(pairings); i++) {
        const config_setting_t *s =
            config_setting_get_member(group, pairings[i].key);

        if (s != NULL && pairings[i].method != method)
            sally_complain(&l->reader, s, pairings[i].key,
                           "expected no %s with method \"%s\"", pairings[i].key,
                           sally_auth_method_name(method));
    }
}

static bool parse_mac(const char *text, uint8_t out[6])
{
    struct sally_buf buf = { out, 0, 6 };

    if (strlen(text) != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        struct sally_span pair = sally_span_sub(sally_span_of(text), i * 3, 2);
        char after = text[i * 3 + 2];

        if (sally_text_hex(pair, &buf) != SALLY_E_OK ||
            (i != 5 && after != ':' && after != '-'))
            return false;
    }
    return true;
}

/* The same address always has the same text from here on; IPv4 as a part of
 * IPv6 (RFC 4291 s.2.5.5.2) is IPv4, as it is when a sensor has it.         */
static bool normalise_ip(struct sally_loader *l, const char **ip)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0,    0,
                                        0, 0, 0, 0, 0xff, 0xff };
    uint8_t bytes[16];
    char text[INET6_ADDRSTRLEN];
    int family = strchr(*ip, ':') == NULL ? AF_INET : AF_INET6;

    if (inet_pton(family, *ip, bytes) != 1)
        return false;
    if (family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        family = AF_INET;
        memmove(bytes, bytes + sizeof(mapped), 4);
    }
    if (inet_ntop(family, bytes, text, sizeof(text)) == NULL)
        return false;
    *ip = sally_arena_text(l->reader.arena, sally_span_of(text));
    return true;
}

static void check_address(struct sally_loader *l, const config_setting_t *group,
                          struct entry *e)
{
    struct sally_config_auth *a = &e->auth;

    if (a->ip[0] != '\0' && !normalise_ip(l, &a->ip))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "ip"), "ip",
                       "a numeric IPv4 or IPv6 address");
    a->has_mac = e->mac[0] != '\0';
    if (a->has_mac && !parse_mac(e->mac, a->mac))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "mac"), "mac",
                       "a MAC address such as \"00:24:be:80:4f:f1\"");
    if (config_setting_get_member(group, "ip") == NULL &&
        config_setting_get_member(group, "mac") == NULL)
        sally_expected(&l->reader, group, NULL, "ip",
                       "an ip or a mac that tells the sensor");
}

/* What the method cannot do without, besides what is wrong anyway. */
static void check_entry(struct sally_loader *l, const config_setting_t *group,
                        struct entry *e)
{
    check_keys(l, group, e->auth.method);
    switch (e->auth.method) {
    case SALLY_AUTH_PASSWORD:
        if (e->auth.username[0] == '\0')
            sally_expected(&l->reader, group, NULL, "username",
                           "the name that stands in the file `passwords`");
        return;
    case SALLY_AUTH_ADDRESS: check_address(l, group, e); return;
    case SALLY_AUTH_PSK:
        if (e->auth.key_file[0] == '\0')
            sally_expected(&l->reader, group, NULL, "key_file",
                           "the file with the key");
        e->auth.username = e->identity;
        return;
    case SALLY_AUTH_CERTIFICATE: e->auth.username = e->name; return;
    case SALLY_AUTH_BROKER: return; /* there is no word for it here */
    }
}

static void take_entry(struct sally_loader *l, const config_setting_t *group,
                       struct sally_config_auth *out)
{
    struct entry e = { .auth = { .username = "",
                                 .key_file = "",
                                 .interface = "",
                                 .ip = "" },
                       .mac = "",
                       .identity = "",
                       .name = "" };
    unsigned before = l->reader.bad;

    e.auth.line = (unsigned)config_setting_source_line(group);
    sally_schema_read(&l->reader, &sally_group_auth, group, &e);
    if (l->reader.bad == before)
        check_entry(l, group, &e);
    *out = e.auth;
}

void sally_auth_load(struct sally_loader *l, const config_setting_t *group,
                     struct sally_sensor_draft *draft)
{
    const config_setting_t *list;
    size_t count = sally_schema_list(&l->reader, group, "authenticate",
                                     "groups { }", &list);

    if (list == NULL)
        return;
    draft->auth =
        sally_arena_take(&l->scratch, count, sizeof(*draft->auth));
    draft->sensor.auth_count = draft->auth == NULL ? 0 : (uint32_t)count;
    for (size_t i = 0; i < draft->sensor.auth_count; i++)
        take_entry(l, config_setting_get_elem(list, (unsigned)i),
                   &draft->auth[i]);
}

/* What the proofs are worth together: all of them, the strongest; any of
 * them, the weakest, which is what an attacker would choose.                */
static enum sally_assurance worth(const struct sally_config_sensor *s)
{
    bool all = s->require == SALLY_REQUIRE_ALL;
    enum sally_assurance level =
        all ? SALLY_ASSURANCE_NONE : SALLY_ASSURANCE_PROTECTED;

    for (size_t i = 0; i < s->auth_count; i++) {
        enum sally_assurance one = sally_config_auth_level(&s->auth[i]);

        if (all ? one > level : one < level)
            level = one;
    }
    return level;
}

static bool has(const struct sally_config_sensor *s, enum sally_auth_method m)
{
    for (size_t i = 0; i < s->auth_count; i++)
        if (s->auth[i].method == m)
            return true;
    return false;
}

static bool listens_on(const struct sally_config_listener *all, size_t count,
                       const char *interface)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].interface[0] == '\0' ||
            strcmp(all[i].interface, interface) == 0)
            return true;
    return false;
}

static void finish_entry(struct sally_loader *l, const config_setting_t *group,
                         struct sally_sensor_names *names, size_t number,
                         const char *id, struct sally_config_auth *a)
{
    const struct sally_config *c = l->out;

    if (a->method == SALLY_AUTH_PASSWORD || a->method == SALLY_AUTH_PSK ||
        a->method == SALLY_AUTH_CERTIFICATE)
        sally_auth_finish_name(l, group, names, number, id, a);
    if (a->interface[0] != '\0' && !l->incomplete &&
        !listens_on(c->coap, c->coap_count, a->interface) &&
        !listens_on(c->mqtt, c->mqtt_count, a->interface))
        sally_complain_at(&l->reader, l->reader.file, a->line, "interface",
                          "expected an interface that `local` listens on, "
                          "got \"%s\"",
                          a->interface);
}

void sally_auth_finish(struct sally_loader *l, const config_setting_t *group,
                       struct sally_sensor_names *names, size_t number,
                       struct sally_config_sensor *s)
{
    /* Each sensor has its own copy, since {id} differs. */
    struct sally_config_auth *own =
        sally_arena_take(l->reader.arena, s->auth_count, sizeof(*own));
    enum sally_assurance level = worth(s);
    bool inherited = config_setting_get_member(group, "authenticate") == NULL;

    if (s->auth_count == 0) {
        if (sally_sensor_lacks(group, "authenticate"))
            sally_expected(&l->reader, group,
                           config_setting_get_member(group, "authenticate"),
                           "authenticate",
                           "at least one way for the sensor to prove itself");
        return;
    }
    if (own == NULL)
        return;
    memcpy(own, s->auth, s->auth_count * sizeof(*own));
    s->auth = own;
    for (size_t i = 0; i < s->auth_count; i++) {
        if (inherited)
            own[i].line = s->line; /* what goes with the sensor's file */
        finish_entry(l, group, names, number, s->id, &own[i]);
    }
    if (s->require == SALLY_REQUIRE_ALL && has(s, SALLY_AUTH_PSK) &&
        has(s, SALLY_AUTH_CERTIFICATE))
        sally_complain(&l->reader, group, "authenticate",
                       "expected either \"psk\" or \"certificate\", since TLS "
                       "has one of them, or `require = \"any\"`, got both");
    if (level < l->out->min_assurance && !s->accept_weak)
        sally_complain(&l->reader, group, "authenticate",
                       "expected proofs of level \"%s\" (local.min_assurance)"
                       " or accept_weak = true at the sensor, got \"%s\"",
                       sally_assurance_name(l->out->min_assurance),
                       sally_assurance_name(level));
}
