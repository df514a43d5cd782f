/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/doctor.h - what failures of the way up look like, for the
 * tables of the doctor. */
#ifndef SALLY_CONSOLE_DOCTOR_H
#define SALLY_CONSOLE_DOCTOR_H

#include "console/view.h"
#include "lwm2m/client.h"
#include "security/credential.h"

#define FIELD(kind) (1u << SALLY_FIELD_##kind)
#define KEY (FIELD(SECRET_KEY) | FIELD(PUBLIC_KEY) | FIELD(CERTIFICATE))
#define OURSELF (FIELD(IDENTITY) | KEY)
#define PEER (FIELD(SERVER_KEY) | FIELD(USAGE) | FIELD(MATCHING))
#define CONTEXT                                                               \
    (FIELD(SENDER_ID) | FIELD(RECIPIENT_ID) | FIELD(MASTER_SECRET) |          \
     FIELD(MASTER_SALT) | FIELD(ID_CONTEXT))
#define FOUND_BY (FIELD(SENDER_ID) | FIELD(ID_CONTEXT))
#define DERIVED_FROM                                                          \
    (FIELD(MASTER_SECRET) | FIELD(MASTER_SALT) | FIELD(RECIPIENT_ID) |        \
     FIELD(ID_CONTEXT) | FIELD(AEAD) | FIELD(HKDF))

#define ANY_ALERT 256u

/* In which part of its life the client failed; bits of client states. */
#define IN(state) (1u << SALLY_CLIENT_##state)
#define ANYWHERE 0xffffu
#define SHAKING IN(CONNECTING)
#define ASKING (IN(REGISTERING) | IN(REGISTERED))

enum sally_heard { EITHER, SILENT, HEARD };

/* A failure upstream, as the client saw it. */
struct sally_failure {
    uint8_t error;  /* enum sally_err */
    uint16_t alert; /* ANY_ALERT */
    unsigned when;
    enum sally_heard heard;
    const char *cause;
    const char *change; /* what no field of an account can mend; or NULL */
    unsigned fields;    /* of the account; those that its mode has are told */
};

bool sally_doctor_fits(const struct sally_failure *f,
                       const struct sally_view_account *a, enum sally_err e);

bool sally_doctor_has_oscore(const struct sally_config_account *a);

/* The row of an account with OSCORE, NULL where none fits. */
const struct sally_failure *
sally_doctor_oscore(const struct sally_view_account *a, enum sally_err e);

#endif

