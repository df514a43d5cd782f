/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/machine.h - what tells this machine from one that a copy of its
 * storage was put into: numbers of its hardware, and the system's machine id,
 * which a copy has, too. uplink/machine.h compares them with those of before.
 */
#ifndef SALLY_MACHINE_H
#define SALLY_MACHINE_H

#include "base/error.h"
#include "base/span.h"

#define SALLY_MACHINE_ROOM 4096 /* bytes; what does not fit is left out */

/* Appends facts to `out` as parts of the keyring's entry of the gateway. With
 * `file` ("": none) what that file says is the only one. Names of the system
 * begin with `root`, "" but in tests. IO: `file` cannot be read or is empty. */
enum sally_err sally_machine_facts(const char *root, const char *file,
                                   struct sally_buf *out) SALLY_MUST_USE;

#endif
