/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/log/log.h - one line per event, for people and for machines.
 *
 * logfmt or JSON on stderr, or syslog. A call site writes at most a few lines
 * a second; what it held back is counted in its next line (`suppressed`).
 * Field text can come from a peer: control characters and quotes are escaped,
 * long text is cut. There is no way to log bytes, so keys and payloads have
 * none either.                                                              */
#ifndef SALLY_LOG_LOG_H
#define SALLY_LOG_LOG_H

#include "base/time.h"
#include "config/config.h"

struct sally_log_field {
    const char *key; /* NULL ends the list */
    const char *text; /* NULL: `number` counts */
    int64_t number;
};

#define SALLY_TEXT(key, text) { (key), (text), 0 }
#define SALLY_NUMBER(key, number) { (key), NULL, (int64_t)(number) }

/* A call site's own memory of how much it said, and noted. */
struct sally_log_site {
    int64_t second;
    unsigned lines, suppressed;
    int64_t minute;
    unsigned notes, unnoted;
};

/* `role` stands in each line. Default before the first call: info, logfmt,
 * stderr.                                                                   */
void sally_log_open(const char *role, enum sally_log_level level, bool json,
                    bool to_syslog);

/* The same for a process that has its name already. */
void sally_log_configure(enum sally_log_level level, bool json,
                         bool to_syslog);

/* Where the lines of the security journal go (note.h), from all levels, as they
 * are logged; `line` is borrowed. What peers bring about is noted 30 times a
 * minute for each call site, and counted in the next line (`unnoted`). NULL:
 * nowhere, as it is at the start. `note` must not log.                      */
void sally_log_to_journal(void (*note)(void *owner, struct sally_span line),
                          void *owner);
void *sally_log_journal(void); /* the owner; NULL: they go nowhere */

void sally_log_write(struct sally_log_site *site, enum sally_log_level level,
                     const char *event, const struct sally_log_field *fields);

/* sally_log(SALLY_LOG_WARNING, "auth_refused", SALLY_TEXT("user", name)); */
#define sally_log(level, event, ...)                                           \
    do {                                                                       \
        static struct sally_log_site sally_site_;                              \
        const struct sally_log_field sally_fields_[] = { __VA_ARGS__,          \
                                                         { NULL, NULL, 0 } };  \
        sally_log_write(&sally_site_, level, event, sally_fields_);            \
    } while (0)

#endif
