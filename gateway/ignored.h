/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/ignored.h - what of the files does not count, since bootstrap servers
 * have given other accounts: for `sallyportd -t`, beside a gateway or not.  */
#ifndef SALLY_IGNORED_H
#define SALLY_IGNORED_H

#include <stdio.h>

#include "config/config.h"

/* Tells of each such key in a line, as far as the master key and the store can
 * be read; where they cannot, nothing. `keyring` has what the key files of the
 * accounts hold, and is sealed by this. Goes on with the rights of the state
 * directory's owner, so it is for a process that does nothing else any more.
 */
void sally_ignored_tell(const struct sally_config *c, int keyring,
                        FILE *report);

#endif
