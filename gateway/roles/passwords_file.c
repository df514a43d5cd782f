/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/roles/passwords_file.c - reads the passwords file, bounded, and wipes
 * its text as soon as it is parsed.                                         */
#include "roles/passwords_file.h"

#include "security/crypto.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORDS_MAX (4u << 20) /* bytes of the passwords file */

static enum sally_err parse(struct sally_passwords **p, struct sally_span text,
                            const char *file, FILE *report)
{
    const struct sally_random random = sally_crypto_random();

    return *p == NULL ? sally_passwords_create(p, text, file, random, report)
                      : sally_passwords_prepare(*p, text, file, random, report);
}

enum sally_err sally_passwords_read(struct sally_passwords **p, int fd,
                                    const char *file, FILE *report)
{
    struct stat st = { .st_size = 0 };
    enum sally_err e = SALLY_E_IO;
    uint8_t *text;
    ssize_t n = 0;

    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_size > PASSWORDS_MAX))
        return SALLY_E_TOO_LARGE;
    text = calloc(1, (size_t)st.st_size + 1);
    if (text == NULL)
        return SALLY_E_NO_MEMORY;
    if (fd >= 0)
        n = pread(fd, text, (size_t)st.st_size, 0);
    if (n == st.st_size)
        e = parse(p, (struct sally_span){ text, (size_t)n }, file, report);
    sally_wipe(text, (size_t)st.st_size);
    free(text);
    return e;
}
