/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/config.h - the whole configuration as structs.
 *
 * Made by sally_config_load(), put in its slots by sally_config_arrange()
 * (plan.h) and immutable from then on; every role has its own copy, parsed from
 * the same bytes. A sensor or server keeps its slot and `born` over reloads as
 * long as nothing is changed about it. A vacant slot has no name, no auth and
 * no accounts. All text and arrays belong to the
 * config's arenas and die with them. Optional text is "" when it was not given,
 * never NULL, unless said otherwise. Times are in milliseconds.             */
#ifndef SALLY_CONFIG_CONFIG_H
#define SALLY_CONFIG_CONFIG_H

#include <stdio.h>

#include "coap/uri.h"
#include "config/arena.h"
#include "lwm2m/registry.h"
#include "security/credential.h"
#include "security/crypto.h"
#include "security/floor.h"
#include "security/stack.h"

/* A number that the operator wrote with a unit: "10m", "7d", "250ms". */
typedef uint64_t sally_config_msec;

/* Assurance: what a proof on the local side is worth, in rising order. */
enum sally_assurance {
    SALLY_ASSURANCE_NONE, /* nothing proved */
    SALLY_ASSURANCE_WEAK,
    SALLY_ASSURANCE_SECRET,
    SALLY_ASSURANCE_PRESENT,
    SALLY_ASSURANCE_ORIGIN,
    SALLY_ASSURANCE_PROTECTED
};
const char *sally_assurance_name(enum sally_assurance a);

enum sally_auth_method {
    SALLY_AUTH_PASSWORD,
    SALLY_AUTH_ADDRESS,
    SALLY_AUTH_BROKER, /* of `via`: a topic at a broker that others reach too */
    SALLY_AUTH_PSK,    /* of TLS */
    SALLY_AUTH_CERTIFICATE
};
const char *sally_auth_method_name(enum sally_auth_method m);
enum sally_assurance sally_auth_method_level(enum sally_auth_method m);

/* One entry of a sensor's `authenticate`. */
struct sally_config_auth {
    const char *username;  /* password; broker: the broker's name; PSK: the
                              identity; certificate: its common name */
    const char *key_file;  /* PSK; else "" */
    const char *interface; /* address: "" any of the listeners' */
    const char *ip;        /* address: numeric IPv4 or IPv6 text, or "" */
    enum sally_auth_method method;
    unsigned line;
    uint8_t mac[6]; /* address: when has_mac */
    bool has_mac;
    bool tls; /* password: not to be said in plaintext */
};

/* What the proof is worth. */
enum sally_assurance sally_config_auth_level(const struct sally_config_auth *a);

/* A lookup pair of `values`: text or number on the sensor's side (`from`),
 * an LwM2M value on ours.                                                   */
struct sally_config_pair {
    const char *from;
    struct sally_lwm2m_value to; /* BOOLEAN, INTEGER, FLOAT or STRING */
};

/* One reading that a message gives: see doc on mapping. */
struct sally_config_put {
    const char *from; /* selector in the payload; "" is all of it */
    struct sally_path to;
    enum sally_lwm2m_type type; /* of the resource, from the registry */
    uint8_t as_bits; /* a number of so many bits has a sign; 0: as it is */
    double scale, div, offset;  /* value * scale / div + offset */
    bool has_range;
    double min, max; /* inclusive, after scaling; outside: refused */
    const char *unit;  /* written to /5701 when the object has it */
    const char *label; /* written to /5750 when the object has it */
    const struct sally_config_pair *values;
    size_t value_count;
    unsigned line;
};

enum sally_payload_format {
    SALLY_PAYLOAD_TEXT,
    SALLY_PAYLOAD_JSON,
    SALLY_PAYLOAD_FORM, /* name=value&name=value, also of a CoAP query */
    SALLY_PAYLOAD_CSV,
    SALLY_PAYLOAD_BIN,
    SALLY_PAYLOAD_SENML, /* in JSON or CBOR */
    SALLY_PAYLOAD_CBOR,
    SALLY_PAYLOAD_LINE, /* of InfluxDB */
    SALLY_PAYLOAD_LPP,  /* of Cayenne */
    SALLY_PAYLOAD_SPARKPLUG
};

/* What the payload proper is wrapped in. */
enum sally_payload_wrap {
    SALLY_WRAP_NONE,
    SALLY_WRAP_BASE64,
    SALLY_WRAP_HEX
};

struct sally_config_alive {
    const char *payload;
    bool online;
};

/* A condition: what stands at `from` is `word`. */
struct sally_config_when {
    const char *from, *word;
};

/* One map: messages on `topic` become readings, or tell liveness. The topic is
 * a pattern: {id} is one level that equals the sensor's id or alias, any other
 * {x} is one level, {x...} (last) is the rest.                              */
struct sally_config_map {
    const char *name; /* "" unless given; for messages and counters */
    const char *topic;
    enum sally_payload_format format;
    const char *sep; /* CSV: one character */
    uint32_t size;   /* BIN: bytes, or 0: any */
    enum sally_payload_wrap wrap;
    const char *extract; /* where in a JSON payload it is; "": all of it */
    bool observe; /* ... and to be told by the sensor in between */
    sally_config_msec poll; /* ask the sensor for it this often; 0: never */
    const char *const *except; /* filters of topics that it does not cover */
    size_t except_count;
    const struct sally_config_when *when; /* all of them, or no `put` */
    size_t when_count;
    const struct sally_config_put *put;
    size_t put_count;
    const struct sally_config_alive *alive;
    size_t alive_count;
    unsigned line;
};

enum sally_down_answer {
    SALLY_DOWN_CONFIRM, /* answer upstream when the sensor answered */
    SALLY_DOWN_STORE    /* answer when the command is durable */
};

/* One command: Write or Execute on `on` becomes a message to the sensor. */
struct sally_config_down {
    struct sally_path on;  /* a resource, or .../{resource} executable */
    bool execute;          /* the resource is executable */
    enum sally_lwm2m_type type;
    const char *topic;     /* "coap/<path>" for a CoAP sensor */
    const char *payload;   /* template: {value}, {id}, {arguments} */
    const struct sally_config_pair *values; /* to text: `to` -> `from` */
    size_t value_count;
    bool has_range;
    double min, max;
    enum sally_down_answer answer;
    sally_config_msec timeout;
    bool retain; /* MQTT retain flag towards the sensor; default false */
    unsigned line;
};

struct sally_config_profile {
    uint64_t fingerprint; /* of its rules */
    const char *name;
    const char *file;
    const struct sally_config_map *maps;
    size_t map_count;
    const struct sally_config_down *down;
    size_t down_count;
    unsigned line;
};

enum sally_report { SALLY_REPORT_AUTO, SALLY_REPORT_LATEST };
enum sally_reach { SALLY_REACH_AUTO, SALLY_REACH_KEEPALIVE, SALLY_REACH_QUEUE };
enum sally_lwm2m_version {
    SALLY_LWM2M_1_0 = 10,
    SALLY_LWM2M_1_1 = 11,
    SALLY_LWM2M_1_2 = 12 /* of a bootstrap server only */
};

/* Reloads: two readings of a thing that say the same have one fingerprint;
 * `born` is the generation of the configuration that brought the present
 * content of the slot, 1 and up; 0: vacant.                                 */
#define SALLY_CONFIG_SERVERS_MAX 64
#define SALLY_CONFIG_LISTENERS_MAX 16 /* of each kind */

#define SALLY_CONFIG_URIS_MAX 4 /* of a server */

struct sally_config_server;

/* What a bootstrap server must not go below, nor lead to. */
struct sally_config_floor {
    struct sally_security_floor keys; /* `anchored` is judged for each server */
    const char *const *hosts; /* names, "*.example.com" too, and addresses */
    size_t host_count;
};

/* Whether it names this machine by a loopback address. */
bool sally_config_is_local(const struct sally_uri *uri);

/* The URI of this number, 0 being the first; NULL: there is none. */
const struct sally_uri *sally_config_uri(const struct sally_config_server *s,
                                         size_t number);

/* What the stack calls the scheme of a URI. */
enum sally_scheme sally_config_scheme(const struct sally_uri *uri);

struct sally_config_server {
    uint64_t fingerprint;
    uint32_t born;
    const char *name; /* "": vacant */
    struct sally_uri uri;  /* host "": a bootstrap server writes it */
    const char *uri_text;  /* "": likewise */
    const struct sally_uri *more; /* tried in turn where `uri` fails */
    size_t more_count;
    uint16_t short_server_id; /* 0: a bootstrap server */
    bool bootstrap;
    uint32_t recheck; /* seconds; 0: never. Of a bootstrap server */
    struct sally_config_floor floor; /* likewise */
    enum sally_lwm2m_version version;
    enum sally_report report;
    enum sally_reach reach;
    uint32_t lifetime;        /* seconds; 0: chosen by `reach` */
    unsigned pace_per_second; /* handshakes and Registers; default 20 */
    bool insecure;            /* coap:// beyond this machine was meant */
    enum sally_tls_version min_version;
    bool connection_id;       /* offered */
    const char *trust_file;   /* certificates of CAs; "" */
    const char *crl_file;     /* their revocation lists; "" */
    uint32_t crl_max_age;     /* seconds; 0: what a list says of itself */
    enum sally_oscore_start oscore_start;
    unsigned line;
};

/* One thing that an account consists of, by the credential table: what the
 * file says, or the path of the file that has it, which a zero byte ends. Of a
 * list there is one part for each of its elements.                          */
struct sally_config_part {
    enum sally_credential_kind kind;
    int32_t number;
    struct sally_span bytes;
};

struct sally_config_account {
    uint32_t server; /* index into servers */
    enum sally_security_mode mode;
    const struct sally_config_part *parts;
    uint32_t part_count;
    unsigned line;
    bool dormant; /* nothing, until a bootstrap server gives it keys */
    bool factory; /* others may know its keys, which are to be replaced */
};

/* The first part of this kind, or NULL. */
const struct sally_config_part *
sally_config_part(const struct sally_config_account *a,
                  enum sally_credential_kind kind);

struct sally_config_sensor;

/* How many accounts there are in all, that of a bootstrap server being the
 * last.                                                                     */
size_t sally_config_accounts(const struct sally_config_sensor *s);

enum sally_require { SALLY_REQUIRE_ALL, SALLY_REQUIRE_ANY };
/* What it sees of what others publish over MQTT. */
enum sally_visibility { SALLY_VISIBILITY_OWN, SALLY_VISIBILITY_ALL };

enum sally_on_silent { SALLY_SILENT_KEEP, SALLY_SILENT_FLAG,
                       SALLY_SILENT_DEREGISTER };

/* Every role has one of them for each sensor, so their order saves room. */
struct sally_config_sensor {
    uint64_t fingerprint;
    const char *id; /* [A-Za-z0-9._-]{1,64}, never a wildcard; "": vacant */
    const char *alias;    /* likewise, or "" */
    const char *endpoint; /* default "<gateway>-<id>" */
    const struct sally_config_auth *auth;

    /* At servers that take readings. A sensor with an account of a bootstrap
     * server has one for each of those in their order, some of them dormant,
     * and behind them that account.                                         */
    const struct sally_config_account *accounts;
    const struct sally_config_account *bootstrap; /* NULL: none */
    const char *manufacturer, *model, *serial; /* of /3/0; "" absent */
    const char *file;
    sally_config_msec expect_every; /* 0: no expectation */
    uint32_t auth_count, account_count;
    uint32_t profile; /* index into profiles; inline maps make one too */
    uint32_t born;
    enum sally_require require;
    enum sally_on_silent on_silent;
    enum sally_visibility visibility;
    unsigned line;
    uint16_t coap_port; /* where the sensor takes CoAP commands; 5683 */
    bool accept_weak;
    bool event_log; /* object 20, with the head of the journal */
};

enum sally_secure { SALLY_SECURE_NO, SALLY_SECURE_PSK,
                    SALLY_SECURE_CERTIFICATE };

struct sally_config_listener {
    const char *interface; /* "" : all interfaces, or see `address` */
    const char *address;   /* numeric; "" any; optional beside interface */
    uint16_t port;
    unsigned line;
    enum sally_secure secure;
};

/* What the gateway shows of itself on listeners with certificates, and whose
 * certificates sensors may show; "" where it is not given.                  */
struct sally_config_tls {
    const char *certificate_file, *key_file; /* both or none */
    const char *ca_file, *crl_file;
    unsigned line;
};

#define SALLY_CONFIG_BROKERS_MAX 8
#define SALLY_CONFIG_TOPICS_MAX 16 /* filters of one */

/* A broker that is there already. */
struct sally_config_broker {
    const char *name;
    const char *host; /* numeric */
    const char *client_id;
    const char *const *topics;
    size_t topic_count;
    uint32_t keep_alive, session_expiry; /* seconds */
    uint16_t port;
    bool v5;
    bool retained; /* retained messages are readings, too */
};

enum sally_on_full { SALLY_FULL_OLDEST, SALLY_FULL_REFUSE };
enum sally_on_stop { SALLY_STOP_DEREGISTER, SALLY_STOP_KEEP };
enum sally_log_level { SALLY_LOG_ERROR, SALLY_LOG_WARNING, SALLY_LOG_INFO,
                       SALLY_LOG_DEBUG };

#define SALLY_CONFIG_FIXED 8 /* keys that only a restart changes... */
#define SALLY_FIXED_MASTER_KEY 2 /* ...and which this one is */

struct sally_config {
    struct sally_arena arena;
    struct sally_arena slots; /* `sensors` and their accounts: arranging makes
                                 others and drops these */
    struct sally_arena details; /* what is there for their sake */
    struct sally_registry registry; /* built-in objects and objects.d */

    const char *file; /* the main file's path */
    unsigned fixed_lines[SALLY_CONFIG_FIXED];
    const char *name; /* gateway.name */
    const char *state_dir;
    bool volatile_state;
    const char *master_key_file; /* "": nothing is sealed, nor kept */
    const char *machine_file;    /* "": the hardware says it */
    const char *anchor_file;     /* "": none besides that in /run */
    enum sally_on_stop on_stop;
    uint32_t max_sensors, memory_limit_mb;
    struct {
        uint32_t max_mb;
        sally_config_msec max_age;
        enum sally_on_full on_full;
        uint32_t per_sensor; /* messages */
        uint32_t commit_ms;
    } spool;
    struct {
        enum sally_log_level level;
        bool json;       /* format = "json" */
        bool syslog;     /* target = "syslog", else stderr */
        uint32_t journal_lines; /* of the security journal, kept */
    } log;
    const char *console_socket;
    const char *passwords_file; /* "<dir>/passwords" beside the main file */

    const struct sally_config_listener *coap, *mqtt;
    size_t coap_count, mqtt_count;
    struct sally_config_tls tls;
    const struct sally_config_broker *brokers;
    size_t broker_count;
    enum sally_assurance min_assurance;

    const struct sally_config_server *servers;
    size_t server_count;
    const struct sally_config_profile *profiles;
    size_t profile_count;
    const struct sally_config_sensor *sensors; /* index: a sensor's slot */
    size_t sensor_count; /* slots, some of them vacant */
    size_t sensor_live;  /* sensors that there are */
    uint32_t *by_id;     /* sensor_live slots in the order of the ids */
    uint32_t generation; /* 1 at the start, one more with each reload */
};

/* The bytes of one file as read once by the supervisor. */
struct sally_config_file {
    const char *path; /* as it goes into messages */
    struct sally_span text;
};

/* Parses the main file (files[0]) and those of sensors.d, profiles.d and
 * objects.d, which their paths tell. Every semantic error and the first
 * syntax error of each file goes to `report` as one line each,
 *   FILE:LINE: KEY: expected WHAT, got FOUND
 * Returns how many; 0 means that *out is complete and valid. Reads no other
 * file. *out must be wiped in both cases. Does not look at key files.       */
unsigned sally_config_load(const struct sally_config_file *files, size_t count,
                           struct sally_config *out, FILE *report);

void sally_config_wipe(struct sally_config *c);

/* Gives back what sensors and their rules take, which is most of it: there are
 * none afterwards, but `sensor_live` tells how many there were.             */
void sally_config_forget_sensors(struct sally_config *c);

/* Reports each key that `next` changes and only a restart can, as
 * sally_config_load() reports. Returns how many.                            */
unsigned sally_config_check_fixed(const struct sally_config *running,
                                  const struct sally_config *next,
                                  FILE *report);

/* Index, or SIZE_MAX. */
size_t sally_config_sensor_named(const struct sally_config *c,
                                 struct sally_span id);

#endif
