/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/groups.h - every group of keys that a file may hold. Each is
 * in the file that reads it; reference.c puts them in the manual's order.   */
#ifndef SALLY_CONFIG_GROUPS_H
#define SALLY_CONFIG_GROUPS_H

#include "config/schema.h"

extern const struct sally_schema sally_group_file; /* sallyport.conf itself */
extern const struct sally_schema sally_group_gateway;
extern const struct sally_schema sally_group_spool;
extern const struct sally_schema sally_group_log;
extern const struct sally_schema sally_group_console;
extern const struct sally_schema sally_group_local;
extern const struct sally_schema sally_group_listener;
extern const struct sally_schema sally_group_local_tls;
extern const struct sally_schema sally_group_broker;
extern const struct sally_schema sally_group_server;
extern const struct sally_schema sally_group_floor;
extern const struct sally_schema sally_group_sensor;
extern const struct sally_schema sally_group_auth;
extern const struct sally_schema sally_group_account;
extern const struct sally_schema sally_group_oscore;
extern const struct sally_schema sally_group_profile;
extern const struct sally_schema sally_group_map;
extern const struct sally_schema sally_group_put;
extern const struct sally_schema sally_group_down;
extern const struct sally_schema sally_group_object;
extern const struct sally_schema sally_group_resource;

#endif
