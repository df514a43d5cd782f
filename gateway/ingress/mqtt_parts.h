/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ingress/mqtt_parts.h - what the files of the MQTT server share: its
 * connections, and the calls between admission, commands and the rest. Not for
 * others.                                                                   */
#ifndef SALLY_INGRESS_MQTT_PARTS_H
#define SALLY_INGRESS_MQTT_PARTS_H

#include "base/deadline.h"
#include "base/hashmap.h"
#include "ingress/mqtt_server.h"

#define NOBODY UINT32_MAX
#define COMMANDS_MAX 4 /* of one connection, under way */
#define FILTER_MAX 120 /* bytes */
#define USER_SAID 32   /* bytes of an unknown name that we log */

struct subscription {
    struct subscription *next;
    uint8_t qos, len;
    uint8_t filter[FILTER_MAX];
};

struct command {
    uint32_t number; /* 0: free */
    uint16_t packet_id;
    sally_usec deadline;
};

/* A session in the sense of MQTT: what outlives the connection, for one sensor
 * and one client id; or only as long as it, for packet ids of QoS 2.        */
struct kept {
    struct sally_mqtt_server *server;
    struct sally_mqtt_connection *connection; /* NULL: none now */
    struct kept *next;                        /* of the sensor */
    struct kept *idle_next, *idle_previous; /* the longest idle one first */
    struct sally_deadline deadline;
    sally_usec until;   /* it ends then; without a connection */
    sally_usec will_at; /* NEVER: no will is to be spoken */
    uint8_t *will;      /* block of the wills pool; NULL: none waits */
    struct subscription *subscriptions; /* while there is no connection */
    struct sally_mqtt_held held;
    uint32_t sensor;
    uint16_t will_topic, will_payload; /* bytes */
    uint8_t client_id_len;
    uint8_t client_id[SALLY_MQTT_CLIENT_ID_MAX];
};

struct sally_mqtt_connection {
    struct sally_mqtt_session session;
    struct sally_mqtt_server *server;
    struct kept *kept; /* NULL: nothing outlives it, and no QoS 2 came */
    void *handle; /* NULL: the peer is gone */
    struct sally_deadline deadline;
    struct sally_mqtt_connection *next; /* of the sensor, or to be cleared */
    struct sally_mqtt_connection *all_next, *all_previous;
    struct sally_mqtt_connection *wait_next, *wait_previous; /* for room */
    uint32_t claimed; /* the sensor that the CONNECT says it is */
    uint32_t sensor;  /* proved; NOBODY before */
    uint32_t vouched; /* proved by TLS, and the only one it can be; NOBODY: it
                         did not say */
    enum sally_auth_method method, vouched_by;
    sally_usec connected, refuse_at;
    sally_usec flap_until; /* of its client id: a minute, or the refusals */
    uint32_t expiry;       /* seconds, as the CONNECT wants them */
    struct subscription *subscriptions;
    struct command commands[COMMANDS_MAX];
    bool ended, paused, waits_for_room, secure;
    bool clean, given_id; /* asked for a new session; has its id from us */
    uint8_t flaps;        /* how often its client id was taken over */
    uint8_t family, ip[16], client_id_len;
    uint32_t interface;
    uint8_t client_id[SALLY_MQTT_CLIENT_ID_MAX];
    char user[USER_SAID + 1]; /* the CONNECT's, cut */
};

struct by_name {
    struct sally_hashmap_node node;
    uint32_t sensor;
};

/* What follows from the configuration. */
struct sally_mqtt_tables {
    struct sally_hashmap users;
    struct by_name *names;                  /* config->sensor_count */
    struct sally_mqtt_connection **sensors; /* open ones of each */
    struct kept **kept;                     /* of each */
    uint32_t *viewers; /* sensors that see what all publish */
    size_t viewer_count;
};

struct sally_mqtt_server {
    struct sally_outer *outer;
    const struct sally_auth_addresses *addresses;
    struct sally_passwords *passwords;
    const struct sally_mqtt_server_host *host;
    void *owner;
    struct sally_mqtt_pools pools; /* points to the next four */
    struct sally_pool small, large, wills, aliases;
    struct sally_pool connections, subscriptions, kept;
    struct sally_deadlines deadlines, kept_deadlines;
    struct kept *first_idle, *last_idle;
    struct sally_mqtt_tables tables, next; /* `next`: being prepared */
    struct sally_mqtt_connection *all, *over;
    struct sally_mqtt_connection *first_waiting, *last_waiting; /* for room, */
    size_t waiting; /* each with a message, in the order in which they began */
    sally_usec now;
};

const struct sally_config_sensor *
sally_mqtt_config(const struct sally_mqtt_server *s, uint32_t sensor);

/* After anything happened to a connection that still is. */
void sally_mqtt_follow(struct sally_mqtt_connection *c);

/* Arms the host's timer. What ended outside an entry is cleared away as soon
 * as it fires.                                                              */
void sally_mqtt_arm(struct sally_mqtt_server *s);

/* mqtt_reload.c: NO_MEMORY; wipe in every case. */
enum sally_err sally_mqtt_tables_build(struct sally_mqtt_tables *t,
                                       const struct sally_config *c,
                                       const struct sally_random *random)
    SALLY_MUST_USE;
void sally_mqtt_tables_wipe(struct sally_mqtt_tables *t);

/* mqtt_admit.c: the CONNECT of a session. */
void sally_mqtt_on_connect(void *owner, const struct sally_mqtt_connect *k);

/* mqtt_commands.c: subscriptions, and commands to a sensor. */
uint8_t sally_mqtt_on_subscribe(void *owner, struct sally_span filter,
                                uint8_t qos);
bool sally_mqtt_on_unsubscribe(void *owner, struct sally_span filter);
void sally_mqtt_on_puback(void *owner, uint16_t packet_id, uint8_t reason);
enum sally_err sally_mqtt_carry(void *carrier,
                                const struct sally_outer_command *k,
                                sally_usec now);
void sally_mqtt_expire_commands(struct sally_mqtt_connection *c,
                                sally_usec now);
void sally_mqtt_fail_commands(struct sally_mqtt_connection *c, sally_usec now);
void sally_mqtt_drop_subscriptions(struct sally_mqtt_server *s,
                                   struct subscription **list);

/* mqtt_view.c: which subscriptions a sensor may have, and what others publish
 * to those that see it.                                                     */
bool sally_mqtt_may_subscribe(const struct sally_mqtt_connection *c,
                              struct sally_span filter);
void sally_mqtt_show(struct sally_mqtt_connection *from,
                     const struct sally_mqtt_publish *p);
const struct subscription *
sally_mqtt_subscribed(const struct sally_mqtt_connection *c,
                      struct sally_span topic);

/* mqtt_readings.c: messages of a sensor, and its will. */
bool sally_mqtt_on_publish(void *owner, const struct sally_mqtt_publish *p,
                           uint32_t number);
void sally_mqtt_wait_no_more(struct sally_mqtt_connection *c);
void sally_mqtt_speak_will(struct sally_mqtt_server *s, uint32_t sensor,
                           struct sally_span topic, struct sally_span payload);

/* mqtt_kept.c: sessions. _join() gives a connection that was let in the one of
 * its sensor and client id, or a new one if it wants one, and says what to tell
 * the client. _leave() ends what ends with the connection.                  */
void sally_mqtt_join(struct sally_mqtt_connection *c,
                     struct sally_mqtt_welcome *out);
void sally_mqtt_leave(struct sally_mqtt_connection *c,
                      const struct sally_mqtt_publish *will);
struct sally_mqtt_held *sally_mqtt_on_hold(void *owner);
void sally_mqtt_expire_kept(struct sally_mqtt_server *s, sally_usec now);
void sally_mqtt_drop_kept(struct sally_mqtt_server *s, uint32_t sensor);

/* After anything happened, at the end of an entry. */
void sally_mqtt_settle(struct sally_mqtt_connection *c, sally_usec now);

#endif
