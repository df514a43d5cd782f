/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/word.h - a word that people write for a number. */
#ifndef SALLY_BASE_WORD_H
#define SALLY_BASE_WORD_H

#include <stdint.h>

struct sally_word {
    const char *word; /* NULL ends a list of them */
    int32_t value;
};

#endif
