/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_book.c - the promises of a book: what is read is written back
 * to the same bytes, each value of a walk is found and can be put again, and
 * whatever was read can be judged, tidied and emptied.                      */
#include "lwm2m/book.h"
#include "lwm2m/objects/builtin.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sally_registry registry;
static struct sally_book book, again;

static void promise(bool holds)
{
    if (!holds)
        abort();
}

static void open_all(void)
{
    if (book.at != NULL)
        return;
    promise(sally_objects_builtin(&registry) == SALLY_E_OK &&
            sally_book_open(&book, SALLY_BOOK_MAX) == SALLY_E_OK &&
            sally_book_open(&again, SALLY_BOOK_MAX) == SALLY_E_OK);
}

static void promise_same_bytes(struct sally_span in)
{
    static uint8_t room[SALLY_BOOK_MAX + 1];
    struct sally_buf out = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&out);

    promise(sally_book_write(&book, &w) == SALLY_E_OK &&
            sally_span_equal(sally_buf_span(&out), in));
}

static void promise_same_values(void)
{
    struct sally_book_walk walk = { sally_book_span(&book) };
    const struct sally_path all = { .depth = 0 };
    struct sally_lwm2m_value v, found;
    struct sally_path path;

    sally_book_cut(&again, &all);
    while (sally_book_next(&walk, &path, &v)) {
        promise(sally_book_find(&book, &path, &found));
        promise(sally_book_put(&again, &path, &v) == SALLY_E_OK);
    }
    promise(walk.rest.len == 0);
    promise(sally_book_equal(&book, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sally_path all = { .depth = 0 };
    struct sally_account account;
    struct sally_path culprit;
    uint16_t own;

    open_all();
    if (sally_book_read(&book, (struct sally_span){ data, size }) != SALLY_E_OK)
        return 0;
    promise_same_bytes((struct sally_span){ data, size });
    promise_same_values();
    if (sally_book_check(&book, &registry, NULL, &culprit) == SALLY_E_OK)
        for (uint32_t from = 0; sally_book_instance(&book, 0, from, &own);
             from = own + 1u)
            promise(sally_book_account(&book, own, &account, &culprit) ==
                    SALLY_E_OK);
    if (sally_book_instance(&book, 0, 0, &own) &&
        sally_book_move(&book, own, 77) == SALLY_E_OK)
        promise(sally_book_move(&book, 77, own) == SALLY_E_OK);
    promise(sally_book_equal(&book, &again));
    sally_book_tidy(&book, &again);
    promise(sally_book_equal(&book, &again) || book.len < again.len);
    promise(sally_book_delete(&book, &all, UINT16_MAX) == SALLY_E_OK);
    promise(sally_book_servers(&book) == 0);
    return 0;
}
