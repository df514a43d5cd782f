/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/ingress/test_address.c - which sensor a source is, and which it
 * must not be taken for.                                                    */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "ingress/auth/address.h"

#define NOBODY UINT32_MAX
#define IP(text) { .method = SALLY_AUTH_ADDRESS, .ip = text, .interface = "",  \
                   .username = "" }
#define IP_ON(text, on) { .method = SALLY_AUTH_ADDRESS, .ip = text,            \
                          .interface = on, .username = "" }
#define ON(on) { .method = SALLY_AUTH_ADDRESS, .ip = "", .interface = on,      \
                 .username = "" }
#define MAC(last) { .method = SALLY_AUTH_ADDRESS, .ip = "", .interface = "",   \
                    .username = "", .has_mac = true,                           \
                    .mac = { 0, 0x24, 0xbe, 0x80, 0x4f, last } }
#define IP_MAC(text, last) { .method = SALLY_AUTH_ADDRESS, .ip = text,         \
                             .interface = "", .username = "", .has_mac = true, \
                             .mac = { 0, 0x24, 0xbe, 0x80, 0x4f, last } }
#define PASSWORD { .method = SALLY_AUTH_PASSWORD, .username = "u", .ip = "",   \
                   .interface = "" }

static const struct sally_config_auth by_ip[] = { IP("192.168.10.23") };
static const struct sally_config_auth by_ip_lan[] = {
    IP_ON("192.168.10.30", "lan") };
static const struct sally_config_auth by_ip_dmz[] = {
    IP_ON("192.168.10.30", "dmz") };
static const struct sally_config_auth by_both[] = {
    PASSWORD, IP("192.168.10.40") };
static const struct sally_config_auth by_either[] = {
    PASSWORD, IP("192.168.10.41") };
static const struct sally_config_auth by_v6[] = { IP("fd00::17") };
static const struct sally_config_auth by_ip_mac[] = {
    IP_MAC("192.168.10.50", 1) };
static const struct sally_config_auth by_mac[] = { MAC(2) };
static const struct sally_config_auth by_serial[] = { ON("ppp0") };
static const struct sally_config_auth strong[] = { IP("192.168.10.60") };
static const struct sally_config_auth by_password[] = { PASSWORD };
static const struct sally_config_auth by_gone[] = {
    IP_ON("192.168.10.70", "gone") };
static const struct sally_config_auth twin[] = {
    IP_ON("192.168.10.80", "lan") };

#define SENSOR(list, need, weak) { .id = #list, .alias = "", .auth = list,     \
                                   .auth_count = SALLY_LEN(list),              \
                                   .require = SALLY_REQUIRE_##need,            \
                                   .accept_weak = weak }

static const struct sally_config_sensor sensors[] = {
    SENSOR(by_ip, ALL, true),      SENSOR(by_ip_lan, ALL, true),
    SENSOR(by_ip_dmz, ALL, true),  SENSOR(by_both, ALL, true),
    SENSOR(by_either, ANY, true),  SENSOR(by_v6, ALL, true),
    SENSOR(by_ip_mac, ALL, true),  SENSOR(by_mac, ALL, true),
    SENSOR(by_serial, ALL, true),  SENSOR(strong, ALL, false),
    SENSOR(by_password, ALL, true), SENSOR(by_gone, ALL, true),
    SENSOR(twin, ALL, true),       SENSOR(twin, ALL, true),
};

enum { LAN = 3, DMZ = 4, SERIAL = 5 };

static uint32_t interface_index(void *owner, const char *name)
{
    (void)owner;
    if (strcmp(name, "lan") == 0)
        return LAN;
    if (strcmp(name, "dmz") == 0)
        return DMZ;
    return strcmp(name, "ppp0") == 0 ? SERIAL : 0;
}

/* The neighbour table: the last byte of the MAC by that of the address. */
static bool mac_of(void *owner, const struct sally_auth_source *s,
                   uint8_t mac[6])
{
    static const uint8_t start[6] = { 0, 0x24, 0xbe, 0x80, 0x4f, 0 };

    (void)owner;
    if (s->family != 4 || s->ip[3] < 50 || s->ip[3] > 52)
        return false;
    memcpy(mac, start, sizeof(start));
    mac[5] = (uint8_t)(s->ip[3] - 49);
    return true;
}

static const struct sally_auth_system net = { interface_index, mac_of, NULL };

static const struct row {
    const char *what, *ip;
    uint32_t interface, sensor;
} rows[] = {
    { "known address", "192.168.10.23", LAN, 0 },
    { "known address by another interface", "192.168.10.23", DMZ, 0 },
    { "neighbour", "192.168.10.24", LAN, NOBODY },
    { "same address, as the interface says: lan", "192.168.10.30", LAN, 1 },
    { "same address, as the interface says: dmz", "192.168.10.30", DMZ, 2 },
    { "known address on a third interface", "192.168.10.30", SERIAL, 8 },
    { "known address, interface not known", "192.168.10.30", 0, NOBODY },
    { "address alone where the password is asked for, too", "192.168.10.40",
      LAN, NOBODY },
    { "address alone where either will do", "192.168.10.41", LAN, 4 },
    { "IPv6", "fd00::17", LAN, 5 },
    { "IPv6 neighbour", "fd00::18", LAN, NOBODY },
    { "IPv4 that came in as IPv6", "::ffff:192.168.10.23", LAN, 0 },
    { "address with its MAC", "192.168.10.50", LAN, 6 },
    { "MAC at any address", "192.168.10.51", LAN, 7 },
    { "MAC of nobody", "192.168.10.52", LAN, NOBODY },
    { "alone on a serial line", "10.0.0.2", SERIAL, 8 },
    { "address is not enough for this one", "192.168.10.60", LAN, NOBODY },
    { "interface that is gone", "192.168.10.70", 0, NOBODY },
    { "could be two sensors", "192.168.10.80", LAN, NOBODY },
};

static void start(struct sally_config *c, struct sally_auth_addresses **a)
{
    *c = (struct sally_config){ .sensors = sensors,
                                .sensor_count = SALLY_LEN(sensors),
                                .min_assurance = SALLY_ASSURANCE_SECRET };
    assert_int_equal(sally_auth_addresses_create(
                         a, c, &net, (struct sally_hash_key){ { 1, 2 } }),
                     SALLY_E_OK);
}

static struct sally_auth_source source_of(const struct row *r, uint8_t ip[16])
{
    struct sally_auth_source s = { ip, 4, r->interface };

    if (inet_pton(AF_INET, r->ip, ip) == 1)
        return s;
    s.family = 6;
    assert_int_equal(inet_pton(AF_INET6, r->ip, ip), 1);
    return s;
}

static void finds_the_sensor_of_each_row(void **state)
{
    struct sally_config c;
    struct sally_auth_addresses *a;

    (void)state;
    start(&c, &a);
    for (size_t i = 0; i < SALLY_LEN(rows); i++) {
        uint8_t ip[16];
        struct sally_auth_source s = source_of(&rows[i], ip);
        uint32_t got = NOBODY;

        if (sally_auth_address_alone(a, &s, &got) !=
                (rows[i].sensor != NOBODY) ||
            got != rows[i].sensor)
            fail_msg("%s: sensor %u", rows[i].what, (unsigned)got);
    }
    sally_auth_addresses_wipe(a);
}

static void tells_whether_a_sensor_speaks_from_its_address(void **state)
{
    static const struct row home = { "", "192.168.10.40", LAN, 3 };
    uint8_t ip[16];
    struct sally_auth_source s = source_of(&home, ip);
    struct sally_auth_addresses *a;
    struct sally_config c;

    (void)state;
    start(&c, &a);
    assert_true(sally_auth_address_fits(a, 3, &s));
    assert_false(sally_auth_address_fits(a, 4, &s));
    assert_false(sally_auth_address_fits(a, 10, &s));
    assert_false(sally_auth_address_fits(a, SALLY_LEN(sensors), &s));
    ip[3]++;
    assert_false(sally_auth_address_fits(a, 3, &s));
    sally_auth_addresses_wipe(a);
}

static void weak_proof_is_enough_where_the_gateway_says_so(void **state)
{
    static const struct row weak = { "", "192.168.10.60", LAN, 9 };
    uint8_t ip[16];
    struct sally_auth_source s = source_of(&weak, ip);
    struct sally_auth_addresses *a;
    struct sally_config c;
    uint32_t got;

    (void)state;
    start(&c, &a);
    c.min_assurance = SALLY_ASSURANCE_WEAK;
    assert_true(sally_auth_address_alone(a, &s, &got));
    assert_int_equal(got, 9);
    sally_auth_addresses_wipe(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_sensor_of_each_row),
        cmocka_unit_test(tells_whether_a_sensor_speaks_from_its_address),
        cmocka_unit_test(weak_proof_is_enough_where_the_gateway_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
