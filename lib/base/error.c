/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/base/error.c - the rows of the error table as text and class. */
#include "base/error.h"

#include <stddef.h>

static const struct {
    const char *text;
    enum sally_err_class class;
} rows[] = {
#define X(name, class, text) { text, SALLY_ERR_##class },
    SALLY_ERR_TABLE(X)
#undef X
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *sally_err_text(enum sally_err e)
{
    return (size_t)e < ROWS ? rows[e].text : "unknown error";
}

enum sally_err_class sally_err_class_of(enum sally_err e)
{
    return (size_t)e < ROWS ? rows[e].class : SALLY_ERR_BUG;
}
