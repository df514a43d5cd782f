/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/objects/builtin.c - definitions and factory contents of the
 * objects that every client has. Facts: OMA registry, objects 0 v1.2, 1 v1.2
 * (of which a client has what v1.1 has), 2 v1.1, 3 v1.1, 21 v2.0.           */
#include "lwm2m/objects/builtin.h"

#include <string.h>

#define R SALLY_OPERATION_READ
#define W SALLY_OPERATION_WRITE
#define E SALLY_OPERATION_EXECUTE
#define RW (R | W)
#define ONE false
#define MANY true
#define MUST true
#define MAY false
#define TYPE(t) SALLY_TYPE_##t

#define ROW(id, type, ops, multiple, mandatory, name, unit) \
    { id, TYPE(type), ops, multiple, mandatory, false, 0, 0, name, unit }
#define RANGE(id, type, ops, multiple, mandatory, name, unit, low, high) \
    { id, TYPE(type), ops, multiple, mandatory, true, low, high, name, unit }

/* No operations: only a bootstrap server sees or writes these. */
static const struct sally_resource_definition security[] = {
    RANGE(0, STRING, 0, ONE, MUST, "LwM2M Server URI", "", 0, 255),
    ROW(1, BOOLEAN, 0, ONE, MUST, "Bootstrap-Server", ""),
    RANGE(2, INTEGER, 0, ONE, MUST, "Security Mode", "", 0, 4),
    ROW(3, OPAQUE, 0, ONE, MUST, "Public Key or Identity", ""),
    ROW(4, OPAQUE, 0, ONE, MUST, "Server Public Key", ""),
    ROW(5, OPAQUE, 0, ONE, MUST, "Secret Key", ""),
    RANGE(6, INTEGER, 0, ONE, MAY, "SMS Security Mode", "", 0, 255),
    RANGE(7, OPAQUE, 0, ONE, MAY, "SMS Binding Key Parameters", "", 0, 6),
    RANGE(8, OPAQUE, 0, ONE, MAY, "SMS Binding Secret Key(s)", "", 0, 48),
    ROW(9, STRING, 0, ONE, MAY, "LwM2M Server SMS Number", ""),
    RANGE(10, INTEGER, 0, ONE, MAY, "Short Server ID", "", 1, 65534),
    RANGE(11, INTEGER, 0, ONE, MAY, "Client Hold Off Time", "s", 0, 4294967295),
    RANGE(12, INTEGER, 0, ONE, MAY, "Bootstrap-Server Account Timeout", "s", 0,
          4294967295),
    RANGE(13, UNSIGNED, 0, ONE, MAY, "Matching Type", "", 0, 3),
    ROW(14, STRING, 0, ONE, MAY, "SNI", ""),
    RANGE(15, UNSIGNED, 0, ONE, MAY, "Certificate Usage", "", 0, 3),
    RANGE(16, UNSIGNED, 0, MANY, MAY, "DTLS/TLS Ciphersuite", "", 0, 65535),
    ROW(17, OBJLNK, 0, ONE, MAY, "OSCORE Security Mode", ""),
    RANGE(18, UNSIGNED, 0, MANY, MAY, "Groups To Use by Client", "", 0, 65535),
    RANGE(19, UNSIGNED, 0, MANY, MAY, "Signature Algorithms Supported by "
          "Server", "", 0, 65535),
    RANGE(20, UNSIGNED, 0, MANY, MAY, "Signature Algorithms To Use by Client",
          "", 0, 65535),
    RANGE(21, UNSIGNED, 0, MANY, MAY, "Signature Algorithm Certs Supported by "
          "Server", "", 0, 65535),
    RANGE(22, UNSIGNED, 0, ONE, MAY, "TLS 1.3 Features To Use by Client", "", 0,
          65535),
    RANGE(23, UNSIGNED, 0, ONE, MAY, "TLS Extensions Supported by Server", "",
          0, 65535),
    RANGE(24, UNSIGNED, 0, ONE, MAY, "TLS Extensions To Use by Client", "", 0,
          65535),
    RANGE(25, STRING, 0, MANY, MAY, "Secondary LwM2M Server URI", "", 0, 255),
    ROW(26, OBJLNK, 0, ONE, MAY, "MQTT Server", ""),
    ROW(27, OBJLNK, 0, MANY, MAY, "LwM2M COSE Security", ""),
    RANGE(28, INTEGER, 0, ONE, MAY, "RDS Destination Port", "", 0, 15),
    RANGE(29, INTEGER, 0, ONE, MAY, "RDS Source Port", "", 0, 15),
    ROW(30, STRING, 0, ONE, MAY, "RDS Application ID", ""),
};

/* Likewise. What 1.x of the object has as text is opaque in 2.0. */
static const struct sally_resource_definition oscore[] = {
    ROW(0, OPAQUE, 0, ONE, MUST, "OSCORE Master Secret", ""),
    ROW(1, OPAQUE, 0, ONE, MUST, "OSCORE Sender ID", ""),
    ROW(2, OPAQUE, 0, ONE, MUST, "OSCORE Recipient ID", ""),
    ROW(3, INTEGER, 0, ONE, MAY, "OSCORE AEAD Algorithm", ""),
    ROW(4, INTEGER, 0, ONE, MAY, "OSCORE HMAC Algorithm", ""),
    ROW(5, OPAQUE, 0, ONE, MAY, "OSCORE Master Salt", ""),
    ROW(6, OPAQUE, 0, ONE, MAY, "OSCORE ID Context", ""),
};

static const struct sally_resource_definition server[] = {
    RANGE(0, INTEGER, R, ONE, MUST, "Short Server ID", "", 1, 65534),
    RANGE(1, INTEGER, RW, ONE, MUST, "Lifetime", "s", 0, 4294967295.0),
    RANGE(2, INTEGER, RW, ONE, MAY, "Default Minimum Period", "s", 0, 1e9),
    RANGE(3, INTEGER, RW, ONE, MAY, "Default Maximum Period", "s", 0, 1e9),
    ROW(4, NONE, E, ONE, MAY, "Disable", ""),
    RANGE(5, INTEGER, RW, ONE, MAY, "Disable Timeout", "s", 0, 1e9),
    ROW(6, BOOLEAN, RW, ONE, MUST,
        "Notification Storing When Disabled or Offline", ""),
    ROW(7, STRING, RW, ONE, MUST, "Binding", ""),
    ROW(8, NONE, E, ONE, MUST, "Registration Update Trigger", ""),
    ROW(9, NONE, E, ONE, MAY, "Bootstrap-Request Trigger", ""),
    ROW(10, OBJLNK, RW, ONE, MAY, "APN Link", ""),
    RANGE(11, UNSIGNED, R, ONE, MAY, "TLS-DTLS Alert Code", "", 0, 255),
    ROW(12, TIME, R, ONE, MAY, "Last Bootstrapped", ""),
    ROW(13, UNSIGNED, R, ONE, MAY, "Registration Priority Order", ""),
    RANGE(14, UNSIGNED, RW, ONE, MAY, "Initial Registration Delay Timer", "s",
          0, 1e9),
    ROW(15, BOOLEAN, R, ONE, MAY, "Registration Failure Block", ""),
    ROW(16, BOOLEAN, R, ONE, MAY, "Bootstrap on Registration Failure", ""),
    RANGE(17, UNSIGNED, RW, ONE, MAY, "Communication Retry Count", "", 0, 1e9),
    RANGE(18, UNSIGNED, RW, ONE, MAY, "Communication Retry Timer", "s", 0, 1e9),
    RANGE(19, UNSIGNED, RW, ONE, MAY, "Communication Sequence Delay Timer",
          "s", 0, 1e9),
    RANGE(20, UNSIGNED, RW, ONE, MAY, "Communication Sequence Retry Count", "",
          0, 1e9),
    ROW(21, BOOLEAN, RW, ONE, MAY, "Trigger", ""),
    ROW(22, STRING, RW, ONE, MAY, "Preferred Transport", ""),
    ROW(23, BOOLEAN, RW, ONE, MAY, "Mute Send", ""),
    ROW(24, OBJLNK, RW, MANY, MAY, "Alternate APN Links", ""),
    ROW(25, STRING, RW, MANY, MAY, "Supported Server Versions", ""),
    RANGE(26, INTEGER, RW, ONE, MAY, "Default Notification Mode", "", 0, 1),
    RANGE(27, UNSIGNED, RW, ONE, MAY, "Profile ID Hash Algorithm", "", 0, 255),
};

static const struct sally_resource_definition access[] = {
    RANGE(0, INTEGER, R, ONE, MUST, "Object ID", "", 1, 65534),
    RANGE(1, INTEGER, R, ONE, MUST, "Object Instance ID", "", 0, 65535),
    RANGE(2, INTEGER, RW, MANY, MAY, "ACL", "", 0, 31),
    RANGE(3, INTEGER, RW, ONE, MUST, "Access Control Owner", "", 0, 65535),
};

static const struct sally_resource_definition device[] = {
    ROW(0, STRING, R, ONE, MAY, "Manufacturer", ""),
    ROW(1, STRING, R, ONE, MAY, "Model Number", ""),
    ROW(2, STRING, R, ONE, MAY, "Serial Number", ""),
    ROW(3, STRING, R, ONE, MAY, "Firmware Version", ""),
    ROW(4, NONE, E, ONE, MUST, "Reboot", ""),
    ROW(5, NONE, E, ONE, MAY, "Factory Reset", ""),
    RANGE(6, INTEGER, R, MANY, MAY, "Available Power Sources", "", 0, 7),
    ROW(7, INTEGER, R, MANY, MAY, "Power Source Voltage", "mV"),
    ROW(8, INTEGER, R, MANY, MAY, "Power Source Current", "mA"),
    RANGE(9, INTEGER, R, ONE, MAY, "Battery Level", "/100", 0, 100),
    ROW(10, INTEGER, R, ONE, MAY, "Memory Free", ""),
    RANGE(11, INTEGER, R, MANY, MUST, "Error Code", "", 0, 32),
    ROW(12, NONE, E, ONE, MAY, "Reset Error Code", ""),
    ROW(13, TIME, RW, ONE, MAY, "Current Time", ""),
    ROW(14, STRING, RW, ONE, MAY, "UTC Offset", ""),
    ROW(15, STRING, RW, ONE, MAY, "Timezone", ""),
    ROW(16, STRING, R, ONE, MUST, "Supported Binding and Modes", ""),
    ROW(17, STRING, R, ONE, MAY, "Device Type", ""),
    ROW(18, STRING, R, ONE, MAY, "Hardware Version", ""),
    ROW(19, STRING, R, ONE, MAY, "Software Version", ""),
    RANGE(20, INTEGER, R, ONE, MAY, "Battery Status", "", 0, 6),
    ROW(21, INTEGER, R, ONE, MAY, "Memory Total", ""),
};

static const struct sally_resource_definition provenance[] = {
    ROW(0, STRING, R, ONE, MUST, "Method", ""),
    ROW(1, STRING, R, ONE, MUST, "Level", ""),
    ROW(2, TIME, R, ONE, MAY, "Last Proof", ""),
    ROW(3, STRING, R, ONE, MUST, "Gateway", ""),
    ROW(4, BOOLEAN, R, ONE, MAY, "Silent", ""),
    ROW(5, TIME, R, ONE, MAY, "Last Message", ""),
};

/* What of the registry's there is; all else of it is optional. */
static const struct sally_resource_definition log_data[] = {
    ROW(4014, OPAQUE, R, ONE, MUST, "LogData", ""),
};

static const struct sally_object_definition objects[] = {
    { SALLY_OBJECT_SECURITY, MANY, MUST, "LwM2M Security", "1.2", security,
      SALLY_LEN(security) },
    { SALLY_OBJECT_SERVER, MANY, MUST, "LwM2M Server", "1.1", server,
      SALLY_LEN(server) },
    { SALLY_OBJECT_ACCESS, MANY, MAY, "LwM2M Access Control", "1.1", access,
      SALLY_LEN(access) },
    { SALLY_OBJECT_DEVICE, ONE, MUST, "Device", "1.1", device,
      SALLY_LEN(device) },
    { SALLY_OBJECT_LOG, MANY, MAY, "Event Log", "2.1", log_data,
      SALLY_LEN(log_data) },
    { SALLY_OBJECT_OSCORE, MANY, MAY, "LwM2M OSCORE", "2.0", oscore,
      SALLY_LEN(oscore) },
    { SALLY_OBJECT_PROVENANCE, ONE, MAY, "Provenance", "1.0", provenance,
      SALLY_LEN(provenance) },
};

enum sally_err sally_objects_builtin(struct sally_registry *r)
{
    for (size_t i = 0; i < SALLY_LEN(objects); i++) {
        enum sally_err e = sally_registry_add(r, &objects[i]);

        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

/* One resource of an object that is being built. */
struct filling {
    uint16_t resource;
    struct sally_lwm2m_value value; /* type NONE: executable */
    uint16_t room;                  /* bytes for text */
};

static enum sally_err fill(struct sally_resources *r, uint16_t object,
                           uint16_t instance, const struct filling *rows,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sally_path at =
            sally_path_resource(object, instance, rows[i].resource);
        enum sally_err e = sally_resources_add(r, &at, rows[i].room);

        if (e == SALLY_E_OK && rows[i].value.type != SALLY_TYPE_NONE)
            e = sally_resources_set(r, &at, &rows[i].value, 0);
        if (e != SALLY_E_OK)
            return e;
    }
    return SALLY_E_OK;
}

static const struct sally_lwm2m_value none = { .type = SALLY_TYPE_NONE };

/* U in 1.0 is joined by the Q; from 1.1 on, queue mode is a matter of the
 * registration alone (Core 1.1 s.6.2.1).                                    */
static const char *binding(const struct sally_server_factory *f)
{
    if (f->lwm2m_1_0)
        return f->queue_mode ? "UQ" : "U";
    return f->binding == NULL ? "U" : f->binding;
}

/* Retry: 6 tries, 5 s doubling to 160 s, then a new round 5 minutes later,
 * without end: a sensor has no other server to turn to. The registry's own
 * default, a day, would leave it silent long after a short outage.          */
enum sally_err sally_server_object(struct sally_resources *r,
                                   const struct sally_server_factory *f)
{
    const struct filling rows[] = {
        { SALLY_SERVER_SHORT_ID, sally_value_integer(f->short_server_id), 0 },
        { SALLY_SERVER_LIFETIME, sally_value_integer(f->lifetime), 0 },
        { SALLY_SERVER_PMIN, sally_value_integer(0), 0 },
        { SALLY_SERVER_PMAX, sally_value_integer(0), 0 },
        { SALLY_SERVER_DISABLE, none, 0 },
        { SALLY_SERVER_DISABLE_TIMEOUT, sally_value_integer(86400), 0 },
        { SALLY_SERVER_STORING, sally_value_boolean(true), 0 },
        { SALLY_SERVER_BINDING, sally_value_string(binding(f)), 8 },
        { SALLY_SERVER_UPDATE_TRIGGER, none, 0 },
        { SALLY_SERVER_RETRY_COUNT, sally_value_unsigned(6), 0 },
        { SALLY_SERVER_RETRY_TIMER, sally_value_unsigned(5), 0 },
        { SALLY_SERVER_SEQUENCE_DELAY, sally_value_unsigned(300), 0 },
        { SALLY_SERVER_SEQUENCE_COUNT, sally_value_unsigned(0), 0 },
        { SALLY_SERVER_ALERT, none, 0 },
        { SALLY_SERVER_MUTE_SEND, sally_value_boolean(false), 0 },
        { SALLY_SERVER_PREFERRED, none, 4 },
    };
    /* The last three came with version 1.1 of the object, and only a server
     * with several transports can prefer one.                               */
    bool one = f->binding == NULL || strlen(f->binding) < 2;
    size_t count = SALLY_LEN(rows) - (f->lwm2m_1_0 ? 3 : one ? 1 : 0);
    const struct filling trigger = { SALLY_SERVER_BOOTSTRAP_TRIGGER, none, 0 };
    enum sally_err e =
        fill(r, SALLY_OBJECT_SERVER, f->instance, rows, count);

    if (e == SALLY_E_OK && f->bootstrap && !f->lwm2m_1_0)
        e = fill(r, SALLY_OBJECT_SERVER, f->instance, &trigger, 1);
    return e;
}

enum sally_err sally_device_object(struct sally_resources *r,
                                   const char *manufacturer, const char *model,
                                   const char *serial)
{
    const struct {
        uint16_t resource;
        const char *text;
    } named[] = { { SALLY_DEVICE_MANUFACTURER, manufacturer },
                  { SALLY_DEVICE_MODEL, model },
                  { SALLY_DEVICE_SERIAL, serial } };
    const struct filling rows[] = {
        { SALLY_DEVICE_REBOOT, none, 0 },
        { SALLY_DEVICE_BINDING, sally_value_string("U"), 8 },
    };
    const struct sally_lwm2m_value no_error = sally_value_integer(0);
    struct sally_path error = sally_path_resource(
        SALLY_OBJECT_DEVICE, 0, SALLY_DEVICE_ERROR_CODE);
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; i < SALLY_LEN(named) && e == SALLY_E_OK; i++) {
        struct filling row = { named[i].resource,
                               sally_value_string(named[i].text),
                               (uint16_t)strlen(named[i].text) };

        if (row.room != 0)
            e = fill(r, SALLY_OBJECT_DEVICE, 0, &row, 1);
    }
    if (e == SALLY_E_OK)
        e = fill(r, SALLY_OBJECT_DEVICE, 0, rows, SALLY_LEN(rows));
    error.id[error.depth++] = 0; /* the first instance of Error Code */
    if (e == SALLY_E_OK)
        e = sally_resources_add(r, &error, 0);
    return e == SALLY_E_OK ? sally_resources_set(r, &error, &no_error, 0) : e;
}

enum sally_err sally_provenance_object(struct sally_resources *r,
                                       const char *gateway)
{
    const struct filling rows[] = {
        { SALLY_PROVENANCE_METHOD, sally_value_string("none"), 16 },
        { SALLY_PROVENANCE_LEVEL, sally_value_string("none"), 16 },
        { SALLY_PROVENANCE_LAST_PROOF, none, 0 },
        { SALLY_PROVENANCE_GATEWAY, sally_value_string(gateway),
          (uint16_t)strlen(gateway) },
    };

    return fill(r, SALLY_OBJECT_PROVENANCE, 0, rows, SALLY_LEN(rows));
}

enum sally_err sally_provenance_silence(struct sally_resources *r)
{
    const struct filling rows[] = {
        { SALLY_PROVENANCE_SILENT, sally_value_boolean(false), 0 },
        { SALLY_PROVENANCE_LAST_MESSAGE, none, 0 },
    };

    return fill(r, SALLY_OBJECT_PROVENANCE, 0, rows, SALLY_LEN(rows));
}

enum sally_err sally_log_object(struct sally_resources *r)
{
    const struct filling row = {
        SALLY_LOG_DATA, sally_value_opaque((struct sally_span){ NULL, 0 }),
        SALLY_LOG_ROOM
    };

    return fill(r, SALLY_OBJECT_LOG, 0, &row, 1);
}
