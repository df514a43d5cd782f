/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/lwm2m/objects/builtin.h - the objects that every client has: Security
 * (0), Server (1), Device (3), OSCORE (21), and Provenance (33001), Sallyport's
 * own; and Access Control (2), which a bootstrap server may write. Objects 0
 * and 21 hold keys: they have definitions for a bootstrap server
 * to write by, no operation of any other server reaches them, and the table in
 * security/credential.h says what each of their resources is to an account.
 *
 * Object 33001, from the range that is free for private use, says how far the
 * value of a sensor is to be trusted on its way to the gateway, because no
 * server can otherwise know that it once crossed a plaintext link:
 *   0 Method      how the sensor authenticates, "password"
 *   1 Level       what that proves: "weak", "secret", "present", "origin",
 *                 "protected"; "none" before the first proof
 *   2 Last Proof  when it last did
 *   3 Gateway     the gateway's name
 * and of a sensor whose messages are expected at a certain pace:
 *   4 Silent       it has said nothing for longer than that
 *   5 Last Message when it last said something                              */
#ifndef SALLY_LWM2M_OBJECTS_BUILTIN_H
#define SALLY_LWM2M_OBJECTS_BUILTIN_H

#include "lwm2m/registry.h"
#include "lwm2m/resources.h"

enum { SALLY_OBJECT_SECURITY = 0, SALLY_OBJECT_SERVER = 1,
       SALLY_OBJECT_ACCESS = 2, SALLY_OBJECT_DEVICE = 3,
       SALLY_OBJECT_LOG = 20, SALLY_OBJECT_OSCORE = 21,
       SALLY_OBJECT_PROVENANCE = 33001 };

/* Resources of /0, /2 and /21 that are more than a part of a credential. */
enum {
    SALLY_SECURITY_URI = 0,
    SALLY_SECURITY_BOOTSTRAP = 1,
    SALLY_SECURITY_MODE = 2,
    SALLY_SECURITY_SHORT_ID = 10,
    SALLY_SECURITY_HOLD_OFF = 11,
    SALLY_SECURITY_TIMEOUT = 12,
    SALLY_SECURITY_USAGE = 15,
    SALLY_SECURITY_OSCORE = 17,
    SALLY_SECURITY_MORE_URIS = 25,
    SALLY_SECURITY_COSE = 27,
    SALLY_ACCESS_OBJECT = 0,
    SALLY_ACCESS_INSTANCE = 1,
    SALLY_ACCESS_LIST = 2,
    SALLY_ACCESS_OWNER = 3
};

/* Resources of /1 that the client acts on. Core 1.1 s.E.2. */
enum {
    SALLY_SERVER_SHORT_ID = 0,
    SALLY_SERVER_LIFETIME = 1,
    SALLY_SERVER_PMIN = 2,
    SALLY_SERVER_PMAX = 3,
    SALLY_SERVER_DISABLE = 4,
    SALLY_SERVER_DISABLE_TIMEOUT = 5,
    SALLY_SERVER_STORING = 6,
    SALLY_SERVER_BINDING = 7,
    SALLY_SERVER_UPDATE_TRIGGER = 8,
    SALLY_SERVER_BOOTSTRAP_TRIGGER = 9,
    SALLY_SERVER_ALERT = 11,
    SALLY_SERVER_FALLBACK = 16, /* bootstrap on registration failure */
    SALLY_SERVER_RETRY_COUNT = 17,
    SALLY_SERVER_RETRY_TIMER = 18,
    SALLY_SERVER_SEQUENCE_DELAY = 19,
    SALLY_SERVER_SEQUENCE_COUNT = 20,
    SALLY_SERVER_PREFERRED = 22,
    SALLY_SERVER_MUTE_SEND = 23
};

enum {
    SALLY_DEVICE_MANUFACTURER = 0,
    SALLY_DEVICE_MODEL = 1,
    SALLY_DEVICE_SERIAL = 2,
    SALLY_DEVICE_REBOOT = 4,
    SALLY_DEVICE_ERROR_CODE = 11,
    SALLY_DEVICE_BINDING = 16
};

enum { SALLY_PROVENANCE_METHOD = 0, SALLY_PROVENANCE_LEVEL = 1,
       SALLY_PROVENANCE_LAST_PROOF = 2, SALLY_PROVENANCE_GATEWAY = 3,
       SALLY_PROVENANCE_SILENT = 4, SALLY_PROVENANCE_LAST_MESSAGE = 5 };

enum { SALLY_LOG_DATA = 4014 };

/* Adds the definitions; errors as sally_registry_add(). */
enum sally_err sally_objects_builtin(struct sally_registry *r) SALLY_MUST_USE;

/* What the factory writes into one instance of /1. */
struct sally_server_factory {
    uint16_t instance, short_server_id;
    uint32_t lifetime; /* seconds */
    bool queue_mode, lwm2m_1_0;
    bool bootstrap; /* /1/x/9 is there, but for LwM2M 1.0; see client.h */
    const char *binding; /* transports, "U", "T" or "UT"; NULL: "U" */
};

/* Slots that the functions below take. */
#define SALLY_SERVER_SLOTS 17
#define SALLY_DEVICE_SLOTS 6
#define SALLY_PROVENANCE_SLOTS 4
#define SALLY_SILENCE_SLOTS 2 /* more, where silence is flagged */
#define SALLY_LOG_SLOTS 1     /* more, where there is a log */
#define SALLY_LOG_ROOM 96     /* bytes of /20/0/4014 */
#define SALLY_BUILTIN_ARENA 512 /* bytes of text of all of them, one /1 */

enum sally_err sally_server_object(struct sally_resources *r,
                                   const struct sally_server_factory *f)
    SALLY_MUST_USE;

/* Text that is "" leaves its resource out. */
enum sally_err sally_device_object(struct sally_resources *r,
                                   const char *manufacturer, const char *model,
                                   const char *serial) SALLY_MUST_USE;

enum sally_err sally_provenance_object(struct sally_resources *r,
                                       const char *gateway) SALLY_MUST_USE;

/* The resources that tell of silence; after the object itself. */
enum sally_err sally_provenance_silence(struct sally_resources *r)
    SALLY_MUST_USE;

/* /20/0 with an empty LogData of up to SALLY_LOG_ROOM bytes. */
enum sally_err sally_log_object(struct sally_resources *r) SALLY_MUST_USE;

#endif
