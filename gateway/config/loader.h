/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/loader.h - what the files of this folder share while one
 * configuration is read. Each group has one file and one function here; they
 * run in this order, since each looks up what those before it read.         */
#ifndef SALLY_CONFIG_LOADER_H
#define SALLY_CONFIG_LOADER_H

#include "config/config.h"
#include "config/fingerprint.h"
#include "config/groups.h"
#include "config/names.h"
#include "config/schema.h"

/* Which groups a file may hold. */
enum sally_place {
    SALLY_PLACE_MAIN,
    SALLY_PLACE_OBJECTS, /* objects.d */
    SALLY_PLACE_PROFILES,
    SALLY_PLACE_SENSORS
};

struct sally_source {
    const char *path;
    enum sally_place place;
    bool parsed; /* `config` holds its settings */
    config_t config;
};

/* What is noticed about a server until all accounts are known. */
struct sally_server_note {
    const config_setting_t *group;
    bool plain, protected; /* accounts without and with OSCORE */
};

struct sally_loader {
    struct sally_reader reader; /* messages; its arena is out's */
    struct sally_config *out;
    struct sally_arena scratch; /* gone when the loader is */
    struct sally_source *sources;
    size_t source_count;
    bool incomplete; /* a file has a syntax error: names may be missing */
    uint64_t common; /* fingerprint of what is part of every sensor */
    struct sally_names servers, profiles;
    struct sally_config_server *server_list; /* being filled */
    struct sally_server_note *server_notes;  /* as many */
    struct sally_config_profile *profile_list;
};

/* `root` is the main file's. */
void sally_load_gateway(struct sally_loader *l, const config_setting_t *root);
void sally_load_local(struct sally_loader *l, const config_setting_t *root);

/* `broker` of the group `local`. */
void sally_load_brokers(struct sally_loader *l, const config_setting_t *group);
void sally_load_servers(struct sally_loader *l, const config_setting_t *root);

/* An account at this server, with OSCORE or not; and, when all are known, is
 * each server that protects nothing itself meant to?                        */
void sally_servers_used(struct sally_loader *l, uint32_t server, bool oscore);
void sally_servers_check(struct sally_loader *l);

/* servers_bootstrap.c - the keys of one server that depend on whether it is a
 * bootstrap server; servers_floor.c - its bounds; then, of all, that none lacks
 * what only such a server could give; and when all accounts are known, that
 * what it gives can be kept.                                                */
void sally_server_check_bootstrap(struct sally_loader *l,
                                  const config_setting_t *group,
                                  const struct sally_config_server *s);
void sally_server_take_floor(struct sally_loader *l,
                             const config_setting_t *group,
                             struct sally_config_server *s);
void sally_servers_check_slots(struct sally_loader *l);
void sally_servers_check_sealed(struct sally_loader *l);

/* Where the keys stand that only a restart changes. */
void sally_load_fixed_lines(struct sally_loader *l,
                            const config_setting_t *gateway);

/* Over all files. */
void sally_load_objects(struct sally_loader *l);
void sally_load_profiles(struct sally_loader *l);
void sally_load_sensors(struct sally_loader *l);

/* The maps and down of one group, which is a profile or a sensor. */
void sally_profile_rules(struct sally_loader *l, const config_setting_t *group,
                         struct sally_config_profile *out);

/* Calls `each` for every group in the lists named `key` of all files, with
 * the reader standing in the right one. Returns how many groups there are;
 * `each` may be NULL.                                                       */
size_t sally_load_each(struct sally_loader *l, const char *key,
                       void (*each)(struct sally_loader *l,
                                    const config_setting_t *group,
                                    void *context),
                       void *context);

#endif
