/* SPDX-License-Identifier: GPL-3.0-or-later */
/* device.c - an LwM2M device: it registers, is read, written and observed.
 *
 *     set NUMBER    a new value of /3303/0/5700                             */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096 /* bytes of /5/0/1, which stands for any long one */

static const struct sally_resource_definition value[] = {
    { .id = 5700,
      .type = SALLY_TYPE_FLOAT,
      .operations = SALLY_OPERATION_READ,
      .name = "Sensor Value" }
};
static const struct sally_resource_definition text[] = {
    { .id = 1,
      .type = SALLY_TYPE_STRING,
      .operations = SALLY_OPERATION_READ | SALLY_OPERATION_WRITE,
      .name = "Package URI" }
};
static const struct sally_object_definition objects[] = {
    { 5, false, false, "Firmware Update", "1.0", text, 1 },
    { 3303, true, false, "Temperature", "1.0", value, 1 }
};

static struct sally_registry registry;
static struct sally_resources resources;
static struct sally_lwm2m_client client;
static struct client_setup *setup;

static void on_wanted(void *owner) { (void)owner; /* expire() connects */ }

static void on_rebind(void *owner)
{
    (void)owner;
    host_open();
}

static void on_state(void *owner, enum sally_client_state s, enum sally_err e)
{
    (void)owner;
    client_tell("state", "state", sally_client_state_name(s), "why",
                sally_err_text(e), NULL);
}

static bool handles(void *owner, const struct sally_path *path)
{
    (void)owner, (void)path;
    return false;
}

static void on_delivered(void *owner, enum sally_err e, sally_usec now)
{
    (void)owner, (void)e, (void)now;
}

static void on_able(void *owner, sally_usec now) { (void)owner, (void)now; }

static void on_written(void *owner, const struct sally_path *path)
{
    struct sally_resource *r = sally_resources_find(&resources, path);
    char bytes[24];

    (void)owner;
    snprintf(bytes, sizeof(bytes), "%u",
             r->type == SALLY_TYPE_STRING ? r->value.text.len : 0u);
    client_tell("written", "bytes", bytes, NULL);
}

static void on_reserve(void *owner, uint64_t until)
{
    (void)owner;
    setup->past.known = true;
    setup->past.reserved = until;
    sally_lwm2m_client_reserved(&client, until, host_now());
}

static const struct sally_lwm2m_upcalls upcalls = { .on_wanted = on_wanted,
                                                    .on_rebind = on_rebind,
                                                    .on_state = on_state,
                                                    .handles = handles,
                                                    .on_delivered =
                                                        on_delivered,
                                                    .on_able = on_able,
                                                    .on_written = on_written,
                                                    .on_reserve = on_reserve };

static bool set(const struct sally_path *path, struct sally_lwm2m_value v)
{
    return sally_resources_set(&resources, path, &v, 0) == SALLY_E_OK;
}

static bool make_resources(void)
{
    static const struct sally_server_factory factory = { .short_server_id = 1,
                                                         .lifetime = 300 };
    struct sally_path warm = sally_path_resource(3303, 0, 5700);
    struct sally_path longer = sally_path_resource(5, 0, 1);

    return sally_objects_builtin(&registry) == SALLY_E_OK &&
           sally_registry_add(&registry, &objects[0]) == SALLY_E_OK &&
           sally_registry_add(&registry, &objects[1]) == SALLY_E_OK &&
           sally_resources_init(&resources, &registry, SALLY_SERVER_SLOTS + 2,
                                SALLY_BUILTIN_ARENA + TEXT_MAX) == SALLY_E_OK &&
           sally_server_object(&resources, &factory) == SALLY_E_OK &&
           sally_resources_add(&resources, &warm, 0) == SALLY_E_OK &&
           sally_resources_add(&resources, &longer, TEXT_MAX) == SALLY_E_OK &&
           set(&warm, sally_value_real(21.5));
}

static bool begin(struct client_setup *s)
{
    static struct sally_lwm2m_settings settings = {
        .version = 11,
        .update_every = 2 * SALLY_SEC /* so a server's restart is noticed */
    };

    setup = s;
    settings.credential = &s->credential;
    settings.endpoint = s->endpoint;
    settings.scheme = s->scheme;
    settings.binding = s->uri.stream ? "T" : "U";
    settings.past = &s->past;
    if (!make_resources())
        return false;
    sally_lwm2m_client_init(&client, &s->engine.shared, &settings, &resources,
                            &upcalls, NULL);
    sally_lwm2m_client_start(&client, host_now());
    return true;
}

static void command(char *line, sally_usec now)
{
    struct sally_path path = sally_path_resource(3303, 0, 5700);

    if (strncmp(line, "set ", 4) == 0 &&
        set(&path, sally_value_real(atof(line + 4))))
        sally_lwm2m_client_changed(&client, &path, false, now);
}

static void input(struct sally_span bytes, sally_usec now)
{
    sally_lwm2m_client_input(&client, bytes, now);
}

static size_t room(void) { return sally_lwm2m_client_room(&client); }

static void lost(enum sally_err e, sally_usec now)
{
    sally_lwm2m_client_lost(&client, e, now);
}

static struct sally_span output(sally_usec now)
{
    return sally_lwm2m_client_output(&client, now);
}

static sally_usec deadline(void)
{
    return sally_lwm2m_client_deadline(&client);
}

static void expire(sally_usec now)
{
    sally_lwm2m_client_expire(&client, now);
    if (sally_lwm2m_client_state(&client) == SALLY_CLIENT_WANTING)
        sally_lwm2m_client_connect(&client, now);
}

const struct client_part client_device = { begin, command, input,    room,
                                           lost,  output,  deadline, expire };
