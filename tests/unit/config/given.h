/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/config/given.h - small configurations for the tests of this
 * folder: parts that are right, one line each, so that a row changes one.   */
#ifndef TESTS_CONFIG_GIVEN_H
#define TESTS_CONFIG_GIVEN_H

#include <stdlib.h>

#include "config/config.h"

#define GATEWAY "gateway = { name = \"plant-7\"; };\n"
#define LOCAL "local = { mqtt = ( { port = 1883; } ); };\n"
#define SERVERS                                                                \
    "servers = ( { name = \"cloud\"; uri = \"coaps://[::1]:5684\"; "           \
    "short_server_id = 1; } );\n"
#define PROFILES                                                               \
    "profiles = ( { name = \"p\"; maps = ( { topic = \"t/{id}\"; put = ( "     \
    "{ to = \"/3303/0/5700\"; } ); } ); } );\n"
#define PASSWORD "authenticate = ( { method = \"password\"; username = \"u\"; } ); "
#define ACCOUNT "server = \"cloud\"; "
#define SENSORS                                                                \
    "sensors = ( { id = \"a\"; profile = \"p\"; " PASSWORD ACCOUNT "} );\n"
#define BASE GATEWAY LOCAL SERVERS

/* Objects that the tests use, in one line. */
#define OBJECTS                                                                \
    "objects = ( { id = 3303; name = \"Temperature\"; version = \"1.1\"; "     \
    "resources = ( { id = 5605; name = \"Reset\"; type = \"none\"; "           \
    "operations = \"E\"; }, { id = 5700; name = \"Value\"; type = \"float\"; " \
    "operations = \"R\"; mandatory = true; }, { id = 5701; name = \"Units\"; " \
    "type = \"string\"; } ); }, "                                              \
    "{ id = 3306; name = \"Actuation\"; resources = ( { id = 5850; "           \
    "name = \"On/Off\"; type = \"boolean\"; operations = \"RW\"; }, "          \
    "{ id = 5851; name = \"Dimmer\"; type = \"integer\"; "                     \
    "operations = \"RW\"; unit = \"/100\"; min = 0; max = 100; }, "            \
    "{ id = 5853; name = \"Multi\"; type = \"string\"; "                       \
    "operations = \"RW\"; }, "                                                 \
    "{ id = 5900; name = \"Blob\"; type = \"opaque\"; } ); } );\n"

/* The account has this part, with this text or path. */
static inline void assert_part(const struct sally_config_account *a,
                               enum sally_credential_kind kind,
                               const char *text)
{
    const struct sally_config_part *p = sally_config_part(a, kind);

    if (p == NULL || !sally_span_is(p->bytes, text))
        fail_msg("%s: expected %s, got %s",
                 sally_credential_field(kind)->config_key, text,
                 p == NULL ? "nothing" : (const char *)p->bytes.at);
}

/* Loads the main text, the objects, and one more file unless its path is NULL.
 * *report is the caller's to free.                                          */
static inline unsigned load_given(const char *main_text, const char *path,
                                  const char *text, struct sally_config *out,
                                  char **report)
{
    struct sally_config_file files[] = {
        { "etc/sallyport.conf", sally_span_of(main_text) },
        { "etc/objects.d/test.conf", sally_span_of(OBJECTS) },
        { path, sally_span_of(text) },
    };
    size_t size = 0;
    FILE *out_stream = open_memstream(report, &size);
    unsigned bad =
        sally_config_load(files, path == NULL ? 2 : 3, out, out_stream);

    fclose(out_stream);
    return bad;
}

#endif
