/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/local_group.c - the group `local`: where sensors come in. */
#include "config/loader.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#define COAP_PORT 5683
#define MQTT_PORT 1883
#define MQTTS_PORT 8883
#define COAPS_PORT 5684

/* "none" is no word here: a sensor always proves something. */
static const struct sally_word assurances[] = {
    { "weak", SALLY_ASSURANCE_WEAK },
    { "secret", SALLY_ASSURANCE_SECRET },
    { "present", SALLY_ASSURANCE_PRESENT },
    { "origin", SALLY_ASSURANCE_ORIGIN },
    { "protected", SALLY_ASSURANCE_PROTECTED },
    { NULL, 0 },
};

static const struct sally_key local_keys[] = {
    SALLY_ROW_OTHER("coap", "a list of listeners", "CoAP over UDP"),
    SALLY_ROW_OTHER("mqtt", "a list of listeners",
                    "MQTT 3.1, 3.1.1 and 5.0 over TCP"),
    { "min_assurance", SALLY_KEY_WORD, SALLY_FIELD(sally_config, min_assurance),
      0, 0, NULL, "secret", assurances,
      "what the proofs of a sensor must be worth; less needs `accept_weak` at "
      "the sensor" },
    SALLY_ROW_OTHER("broker", "a list of brokers",
                    "that are there already, with sensors behind them"),
    SALLY_ROW_OTHER("tls", "a group", "certificates of listeners with TLS"),
};

static const struct sally_word secure_words[] = {
    { "no", SALLY_SECURE_NO },
    { "psk", SALLY_SECURE_PSK },
    { "certificate", SALLY_SECURE_CERTIFICATE },
    { NULL, 0 },
};

#define AT(field) SALLY_FIELD(sally_config_listener, field)

static const struct sally_key listener_keys[] = {
    { "interface", SALLY_KEY_TEXT, AT(interface), 1, IF_NAMESIZE - 1,
      "the name of an interface", "", NULL,
      "bind to this interface; all without it" },
    { "address", SALLY_KEY_TEXT, AT(address), 1, INET6_ADDRSTRLEN,
      "a numeric address", "", NULL,
      "bind to this IPv4 or IPv6 address; all without it" },
    { "port", SALLY_KEY_WHOLE, AT(port), 1, 65535, NULL, "", NULL,
      "5683 for CoAP and 1883 for MQTT without it, 5684 and 8883 with "
      "`secure`" },
    { "secure", SALLY_KEY_WORD, AT(secure), 0, 0, NULL, "no", secure_words,
      "TLS with `mqtt`, DTLS with `coap`, 1.2 and 1.3, by pre-shared keys of "
      "sensors; with `mqtt` also by the certificate of `tls`" },
};

const struct sally_schema sally_group_local = {
    "local",
    "The group `local`: where sensors come in. At least one listener or broker "
    "must be there.",
    local_keys, SALLY_LEN(local_keys)
};
const struct sally_schema sally_group_listener = {
    "listener", "A listener in `coap` or `mqtt` of `local`: up to 16 of each.",
    listener_keys, SALLY_LEN(listener_keys)
};

#undef AT
#define AT(field) SALLY_FIELD(sally_config_tls, field)

static const struct sally_key tls_keys[] = {
    { "certificate_file", SALLY_KEY_FILE, AT(certificate_file), 0, 0, NULL, "",
      NULL,
      "that the gateway shows, in PEM or DER, its own first and those between "
      "it and the CA after it; `secure = \"certificate\"` needs it" },
    { "key_file", SALLY_KEY_FILE, AT(key_file), 0, 0, NULL, "", NULL,
      "the private key of that certificate, in PEM or DER" },
    { "ca_file", SALLY_KEY_FILE, AT(ca_file), 0, 0, NULL, "", NULL,
      "certificates of CAs: sensors with `certificate` show one of theirs" },
    { "crl_file", SALLY_KEY_FILE, AT(crl_file), 0, 0, NULL, "", NULL,
      "revocation lists of these CAs, one of each that has signed something; "
      "without it nothing is revoked" },
};

const struct sally_schema sally_group_local_tls = {
    "tls",
    "The group `tls` of `local`: certificates of listeners with `secure`.",
    tls_keys, SALLY_LEN(tls_keys)
};

static bool is_numeric(const char *address)
{
    uint8_t ip[16];

    return address[0] == '\0' || inet_pton(AF_INET, address, ip) == 1 ||
           inet_pton(AF_INET6, address, ip) == 1;
}

static bool same_place(const struct sally_config_listener *a,
                       const struct sally_config_listener *b)
{
    return a->port == b->port && strcmp(a->address, b->address) == 0 &&
           strcmp(a->interface, b->interface) == 0;
}

static void check_secure(struct sally_loader *l, const config_setting_t *group,
                         uint16_t port, struct sally_config_listener *out)
{
    const config_setting_t *at = config_setting_get_member(group, "secure");

    if (out->secure == SALLY_SECURE_NO)
        return;
    if (config_setting_get_member(group, "port") == NULL)
        out->port = port == MQTT_PORT ? MQTTS_PORT : COAPS_PORT;
    if (out->secure == SALLY_SECURE_PSK)
        return;
    if (port != MQTT_PORT)
        sally_expected(&l->reader, group, at, "secure",
                       "\"no\" or \"psk\" in `coap`");
    else if (out->secure == SALLY_SECURE_CERTIFICATE &&
             l->out->tls.certificate_file[0] == '\0')
        sally_complain(&l->reader, at, "secure",
                       "expected `certificate_file` in `local.tls` for it");
}

static void take_listener(struct sally_loader *l, const config_setting_t *group,
                          uint16_t port, struct sally_config_listener *out)
{
    *out = (struct sally_config_listener){ .interface = "",
                                           .address = "",
                                           .port = port };
    out->line = (unsigned)config_setting_source_line(group);
    sally_schema_read(&l->reader, &sally_group_listener, group, out);
    check_secure(l, group, port, out);
    if (!is_numeric(out->address))
        sally_expected(&l->reader, group,
                       config_setting_get_member(group, "address"), "address",
                       "a numeric IPv4 or IPv6 address");
}

static size_t take_listeners(struct sally_loader *l,
                             const config_setting_t *group, const char *key,
                             uint16_t port,
                             const struct sally_config_listener **out)
{
    const config_setting_t *list;
    size_t count =
        sally_schema_list(&l->reader, group, key, "listeners { }", &list);
    struct sally_config_listener *all =
        sally_arena_take(l->reader.arena, count, sizeof(*all));

    if (all == NULL)
        return 0;
    if (count > SALLY_CONFIG_LISTENERS_MAX)
        sally_complain(&l->reader, list, key,
                       "expected at most %d listeners, got %zu",
                       SALLY_CONFIG_LISTENERS_MAX, count);
    for (size_t i = 0; i < count; i++) {
        const config_setting_t *one =
            config_setting_get_elem(list, (unsigned)i);

        take_listener(l, one, port, &all[i]);
        for (size_t j = 0; j < i; j++)
            if (same_place(&all[i], &all[j]))
                sally_complain(&l->reader, one, key,
                               "the same listener stands on line %u already",
                               all[j].line);
    }
    *out = all;
    return count;
}

/* Each of them is of no use without the one that it needs. */
static void check_tls(struct sally_loader *l, const config_setting_t *group,
                      const struct sally_config_tls *t)
{
    const struct {
        const char *key, *file, *needed, *needed_file;
    } rows[] = {
        { "certificate_file", t->certificate_file, "key_file", t->key_file },
        { "key_file", t->key_file, "certificate_file", t->certificate_file },
        { "ca_file", t->ca_file, "certificate_file", t->certificate_file },
        { "crl_file", t->crl_file, "ca_file", t->ca_file },
    };

    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].file[0] != '\0' && rows[i].needed_file[0] == '\0')
            sally_complain(&l->reader,
                           config_setting_get_member(group, rows[i].key),
                           rows[i].key, "expected `%s` beside it",
                           rows[i].needed);
}

static void take_tls(struct sally_loader *l, const config_setting_t *local)
{
    const config_setting_t *group =
        local == NULL ? NULL : config_setting_get_member(local, "tls");
    struct sally_config_tls *t = &l->out->tls;

    *t = (struct sally_config_tls){ "", "", "", "", 0 };
    if (group == NULL)
        return;
    t->line = (unsigned)config_setting_source_line(group);
    sally_schema_read(&l->reader, &sally_group_local_tls, group, t);
    if (config_setting_is_group(group))
        check_tls(l, group, t);
}

void sally_load_local(struct sally_loader *l, const config_setting_t *root)
{
    const config_setting_t *group = config_setting_get_member(root, "local");
    struct sally_config *c = l->out;
    unsigned before = l->reader.bad;

    sally_schema_defaults(&l->reader, &sally_group_local, c);
    sally_schema_read(&l->reader, &sally_group_local, group, c);
    take_tls(l, NULL);
    if (group != NULL && !config_setting_is_group(group))
        return;
    take_tls(l, group);
    c->coap_count = take_listeners(l, group, "coap", COAP_PORT, &c->coap);
    c->mqtt_count = take_listeners(l, group, "mqtt", MQTT_PORT, &c->mqtt);
    sally_load_brokers(l, group);
    if (c->coap_count + c->mqtt_count + c->broker_count == 0 &&
        l->reader.bad == before)
        sally_expected(&l->reader, group, NULL, "local",
                       "at least one listener in `coap` or `mqtt`, or a "
                       "broker");
}
