/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/log/note.h - the security journal: which events belong in it, and how
 * its lines are chained, so that none can be changed or taken out of the middle
 * without showing.
 *
 * A line is an event as logfmt has it, with the role that saw it. Its hash is
 * HMAC-SHA-256, with the hash of the line before it as the key (32 zero bytes
 * for the first one), of number and time, 8 bytes each, most significant first,
 * and the line. Whoever knows the hash of one line can so prove all before it;
 * whoever can write the file can also make a whole other chain, so what proves
 * something is a hash that was kept elsewhere.                              */
#ifndef SALLY_LOG_NOTE_H
#define SALLY_LOG_NOTE_H

#include "base/time.h"
#include "security/crypto.h"

#define SALLY_NOTE_MAX 1000 /* bytes of a line */

enum sally_note_kind {
    SALLY_NOTE_NONE, /* not of this journal */
    SALLY_NOTE_OWN,  /* what the gateway or its operator did */
    SALLY_NOTE_PEER  /* what anybody can bring about: only so many a minute */
};
enum sally_note_kind sally_note_kind(const char *event);

struct sally_note {
    uint64_t number;     /* 1 and up, without gaps */
    sally_msec_utc time;
    struct sally_span line;
    uint8_t hash[SALLY_SHA256_LEN];
};

/* Sets the hash of a note that follows one with hash `before`. CRYPTO. */
enum sally_err sally_note_chain(struct sally_note *note,
                                const uint8_t before[SALLY_SHA256_LEN])
    SALLY_MUST_USE;

#endif
