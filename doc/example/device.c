/* SPDX-License-Identifier: GPL-3.0-or-later */
/* device.c - an LwM2M device: registers, answers, and sends its temperature.
 * How it is protected stands in its arguments and nowhere here.
 *
 *     device URI ENDPOINT [KEY=VALUE...]                                    */
#include "example.h"

#include <stdio.h>
#include <time.h>

static const struct sally_resource_definition value[] = {
    { .id = 5700, .type = SALLY_TYPE_FLOAT, .operations = SALLY_OPERATION_READ,
      .name = "Sensor Value" }
};
static const struct sally_object_definition temperature = {
    3303, true, false, "Temperature", "1.0", value, 1
};

static struct sally_engine engine;
static struct sally_registry registry;
static struct sally_resources resources;
static struct sally_lwm2m_client client;
static struct sally_credential credential;

static void on_wanted(void *owner)
{
    (void)owner; /* main() connects */
}

static void on_rebind(void *owner)
{
    (void)owner;
    host_open_socket();
}

static void on_state(void *owner, enum sally_client_state s, enum sally_err e)
{
    (void)owner;
    printf("%s: %s\n", sally_client_state_name(s), sally_err_text(e));
}

static void on_able(void *owner, sally_usec now)
{
    const struct sally_lwm2m_record r = {
        sally_path_resource(3303, 0, 5700), sally_value_real(21.5), 0
    };

    (void)owner;
    if (sally_lwm2m_client_send(&client, &r, 1, now) != SALLY_E_OK)
        printf("it cannot be sent yet\n");
}

static void on_delivered(void *owner, enum sally_err e, sally_usec now)
{
    (void)owner, (void)now;
    printf("sent: %s\n", sally_err_text(e));
}

static bool handles(void *owner, const struct sally_path *path)
{
    (void)owner, (void)path;
    return false; /* all resources are plain storage */
}

static const struct sally_lwm2m_upcalls upcalls = {
    .on_wanted = on_wanted, .on_rebind = on_rebind, .on_state = on_state,
    .handles = handles, .on_delivered = on_delivered, .on_able = on_able
};

int main(int count, char **argument)
{
    const struct sally_server_factory server = { .short_server_id = 1,
                                                 .lifetime = 300 };
    struct sally_path path = sally_path_resource(3303, 0, 5700);
    struct sally_lwm2m_value warm = sally_value_real(21.5);
    struct sally_lwm2m_settings settings = { .version = 11,
                                             .update_every = SALLY_NEVER,
                                             .credential = &credential };

    if (count < 3) {
        fputs("usage: device URI ENDPOINT [KEY=VALUE...]\n", stderr);
        return 2;
    }
    if (!host_find(argument[1], &settings.scheme) ||
        !account_make(&credential, &argument[3]) ||
        sally_engine_make(&engine, 1) != SALLY_E_OK ||
        sally_objects_builtin(&registry) != SALLY_E_OK ||
        sally_registry_add(&registry, &temperature) != SALLY_E_OK ||
        sally_resources_init(&resources, &registry, SALLY_SERVER_SLOTS + 1,
                             SALLY_BUILTIN_ARENA) != SALLY_E_OK ||
        sally_server_object(&resources, &server) != SALLY_E_OK ||
        sally_resources_add(&resources, &path, 0) != SALLY_E_OK ||
        sally_resources_set(&resources, &path, &warm, 0) != SALLY_E_OK)
        return 1;
    settings.endpoint = argument[2];
    sally_security_clock(engine.security, (uint64_t)time(NULL), true);
    sally_lwm2m_client_init(&client, &engine.shared, &settings, &resources,
                            &upcalls, NULL);
    sally_lwm2m_client_start(&client, host_now());
    while (sally_lwm2m_client_state(&client) != SALLY_CLIENT_STOPPED) {
        if (sally_lwm2m_client_state(&client) == SALLY_CLIENT_WANTING)
            sally_lwm2m_client_connect(&client, host_now());
        host_turn(&client);
        if (host_ended())
            sally_lwm2m_client_stop(&client, host_now());
    }
    sally_lwm2m_client_wipe(&client);
    sally_credential_wipe(&credential);
    sally_resources_wipe(&resources);
    sally_registry_wipe(&registry);
    sally_engine_wipe(&engine);
    return 0;
}
