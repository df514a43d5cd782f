/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/passwords_file.h - the passwords file, out of a descriptor. */
#ifndef SALLY_ROLES_PASSWORDS_FILE_H
#define SALLY_ROLES_PASSWORDS_FILE_H

#include "ingress/auth/password.h"

/* Makes *p of what the file holds, or prepares it as the next list where *p is
 * there already. -1 for `fd`: there is no file, so nobody gets in. What is
 * wrong with a line goes to `report`. TOO_LARGE, NO_MEMORY, IO, MALFORMED.  */
enum sally_err sally_passwords_read(struct sally_passwords **p, int fd,
                                    const char *file,
                                    FILE *report) SALLY_MUST_USE;

#endif
