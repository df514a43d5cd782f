/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/control.h - asks the daemon over its control socket.
 *
 * One request line, "VERB [SENSOR]"; JSON lines come back, the last of them
 * {"done":true} or {"error":"..."}.                                         */
#ifndef SALLY_CLI_CONTROL_H
#define SALLY_CLI_CONTROL_H

#include "base/span.h"

#define SALLY_CONTROL_LINE 65536 /* bytes of one line of an answer */
#define SALLY_CONTROL_WAIT 10    /* seconds for each piece of an answer */
#define SALLY_CONTROL_LONG 100   /* ... to something that takes its time */

/* Waits `seconds` for each piece, and calls `each` for every line before the
 * last. Returns "" when the answer is complete, else what went wrong as a
 * sentence without a full stop, which `room` (of 256 bytes) may hold.       */
const char *sally_control_ask(const char *socket, const char *request,
                              unsigned seconds,
                              void (*each)(void *context,
                                           struct sally_span line),
                              void *context, char room[256]);

#endif
