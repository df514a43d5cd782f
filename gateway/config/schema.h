/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/config/schema.h - what keys a group has: one row per key, which is
 * its parser, its error text and its manual (`sallyportctl keys`).
 *
 * One reader serves every group. Rows of kind OTHER (lists and groups within
 * the group) are known to it but read by the group's own code.              */
#ifndef SALLY_CONFIG_SCHEMA_H
#define SALLY_CONFIG_SCHEMA_H

#include "base/word.h"
#include "config/report.h"
#include "security/credential.h"

enum sally_key_kind {
    SALLY_KEY_TEXT,     /* min to max bytes of UTF-8; const char * */
    SALLY_KEY_NAME,     /* [A-Za-z0-9._-]{1,64}; const char * */
    SALLY_KEY_FILE,     /* relative to the file that names it; const char * */
    SALLY_KEY_WORD,     /* one of `words`; a number of `size` bytes */
    SALLY_KEY_CODE,     /* likewise, or its number; int32_t */
    SALLY_KEY_HEX,      /* digits for min to max bytes; struct sally_span */
    SALLY_KEY_DURATION, /* "10m", min to max in ms; sally_config_msec */
    SALLY_KEY_SECONDS,  /* likewise, whole seconds; uint32_t */
    SALLY_KEY_WHOLE,    /* min to max; a number of `size` bytes */
    SALLY_KEY_REAL,     /* double */
    SALLY_KEY_BOOLEAN,  /* bool */
    SALLY_KEY_RESOURCE, /* "/3303/0/5700"; struct sally_path */
    SALLY_KEY_OTHER,    /* not read here */
    SALLY_KEY_FIELDS,   /* no key: all fields of an object, see below */
    SALLY_KEY_LATER     /* refused: not supported by this version */
};

struct sally_key {
    const char *name;
    enum sally_key_kind kind;
    size_t offset, size;  /* of the field */
    double min, max;      /* by kind; 0, 0 where it has none */
    const char *what;     /* TEXT: "a user name"; WHOLE: the unit, "sensors";
                             OTHER: "a list of rules" */
    const char *fallback; /* as in the file; NULL: the key must be given; "":
                             the field keeps what it has */
    const struct sally_word *words;
    const char *meaning; /* for the manual, in which `x` is a name */
};

/* Rows that are known here and read elsewhere, or refused; and one for all that
 * the credential table (security/credential.h) has of object 0 or 21.       */
#define SALLY_ROW_OTHER(name, what, meaning)                                   \
    {                                                                          \
        name, SALLY_KEY_OTHER, 0, 0, 0, 0, what, "", NULL, meaning             \
    }
#define SALLY_ROW_FIELDS(object)                                               \
    {                                                                          \
        "", SALLY_KEY_FIELDS, object, 0, 0, 0, NULL, "", NULL, NULL            \
    }
#define SALLY_ROW_LATER(name)                                                  \
    {                                                                          \
        name, SALLY_KEY_LATER, 0, 0, 0, 0, NULL, "", NULL, NULL                \
    }

struct sally_schema {
    const char *name;  /* of the group, for messages */
    const char *about; /* sentences for the manual; NULL: not in it */
    const struct sally_key *keys;
    size_t count;
};

/* Row `i` of a group, with those of the credential table in the place of the
 * one row that stands for them; false past the end.                         */
bool sally_schema_key(const struct sally_schema *s, size_t i,
                      struct sally_key *out);

/* What a field of an account looks like in a file. Its value goes to the
 * beginning of what it is read into: TEXT, FILE, CODE or HEX by its kind; lists
 * and groups are OTHER.                                                     */
struct sally_key sally_schema_field(const struct sally_credential_field *f);

/* For the tables: where a field is, and how large. */
#define SALLY_FIELD(type, field)                                               \
    offsetof(struct type, field), sizeof(((struct type *)0)->field)

/* Sets each field with a fallback. */
void sally_schema_defaults(struct sally_reader *r, const struct sally_schema *s,
                           void *out);

/* Reads the keys of `group` into the struct at `out`; fields of absent keys
 * stay as they are, and those of the credential table are left to the group's
 * own code. Everything wrong is reported. `group` may be NULL: then
 * only keys that must be given are missed, at line 1.                       */
void sally_schema_read(struct sally_reader *r, const struct sally_schema *s,
                       const config_setting_t *group, void *out);

/* The list named `key` of `group`: its length; 0 when it is absent or, which
 * is reported, not a list. `what` says what it is a list of.                */
size_t sally_schema_list(struct sally_reader *r, const config_setting_t *group,
                         const char *key, const char *what,
                         const config_setting_t **list);

/* True if `name` may name a sensor, profile or server: it is no path, no
 * wildcard, and needs no quoting anywhere.                                  */
bool sally_name_is_plain(const char *name);

#endif
