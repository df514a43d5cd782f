/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/accounts.h - books from rows of text, "/0/1/0=coaps://a". */
#ifndef TESTS_UNIT_LWM2M_ACCOUNTS_H
#define TESTS_UNIT_LWM2M_ACCOUNTS_H

#include "lwm2m/book.h"
#include "lwm2m/objects/builtin.h"

#include <stdlib.h>
#include <string.h>

/* The value of a row as its resource has it; bytes borrow from the row. */
static inline struct sally_lwm2m_value
accounts_value(const struct sally_registry *registry,
               const struct sally_path *path, const char *text)
{
    const struct sally_resource_definition *d =
        sally_registry_resource(registry, path->id[0], path->id[2]);
    struct sally_lwm2m_value v;

    if (d == NULL)
        abort();
    if (d->type == SALLY_TYPE_OPAQUE)
        return sally_value_opaque(sally_span_of(text));
    if (sally_value_from_text(sally_span_of(text), d->type, NULL, &v) !=
        SALLY_E_OK)
        abort();
    return v;
}

/* The path of a row; *value is what stands behind it. */
static inline struct sally_path accounts_path(const char *row,
                                              const char **value)
{
    size_t n = strcspn(row, "=");
    struct sally_path path;

    if (sally_path_parse((struct sally_span){ (const uint8_t *)row, n },
                         &path) != SALLY_E_OK)
        abort();
    *value = row[n] == '=' ? &row[n + 1] : &row[n];
    return path;
}

static inline void accounts_put(struct sally_book *b,
                                const struct sally_registry *registry,
                                const char *row)
{
    const char *text;
    const struct sally_path path = accounts_path(row, &text);
    const struct sally_lwm2m_value v = accounts_value(registry, &path, text);

    if (sally_book_put(b, &path, &v) != SALLY_E_OK)
        abort();
}

/* All rows of a list that ends with NULL. */
static inline void accounts_fill(struct sally_book *b,
                                 const struct sally_registry *registry,
                                 const char *const *rows)
{
    for (; *rows != NULL; rows++)
        accounts_put(b, registry, *rows);
}

/* A bootstrap account at /0/0, and a server with a pre-shared key. */
static const char *const accounts_usual[] = {
    "/0/0/0=coaps://bs.example.com", "/0/0/1=1", "/0/0/2=0", "/0/0/3=boot",
    "/0/0/4=", "/0/0/5=bootstrap key", "/0/0/11=1",
    "/0/1/0=coaps://lwm2m.example.com:5684", "/0/1/1=0", "/0/1/2=0",
    "/0/1/3=sensor", "/0/1/4=", "/0/1/5=sixteen byte key", "/0/1/10=123",
    "/1/0/0=123", "/1/0/1=300", "/1/0/6=1", "/1/0/7=U",
    NULL
};

#endif
