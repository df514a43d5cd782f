/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/pem.c - finds the blocks of a file and decodes them. */
#include "security/pem.h"

#include "base/secret.h"
#include "base/text.h"
#include "security/der.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/coding.h>

static const struct label {
    enum sally_pem_kind kind;
    const char *text;
} labels[] = {
    { SALLY_PEM_CERTIFICATES, "CERTIFICATE" },
    { SALLY_PEM_CERTIFICATES, "X509 CERTIFICATE" },
    { SALLY_PEM_PUBLIC_KEY, "PUBLIC KEY" },
    { SALLY_PEM_PRIVATE_KEY, "PRIVATE KEY" },
    { SALLY_PEM_PRIVATE_KEY, "EC PRIVATE KEY" },
    { SALLY_PEM_PRIVATE_KEY, "RSA PRIVATE KEY" },
    { SALLY_PEM_SERVER_KEY, "PUBLIC KEY" },
    { SALLY_PEM_SERVER_KEY, "CERTIFICATE" },
    { SALLY_PEM_CRLS, "X509 CRL" },
};

static bool is_wanted(struct sally_span text, enum sally_pem_kind kind)
{
    for (size_t i = 0; i < SALLY_LEN(labels); i++)
        if (labels[i].kind == kind && sally_span_is(text, labels[i].text))
            return true;
    return false;
}

static bool is_list(enum sally_pem_kind kind)
{
    return kind == SALLY_PEM_CERTIFICATES || kind == SALLY_PEM_CRLS;
}

/* `label` of a line "-----BEGIN label-----"; false if it is no such line. */
static bool is_line(struct sally_span line, const char *begin,
                    struct sally_span *label)
{
    struct sally_span start = sally_span_of(begin);
    struct sally_span end = sally_span_of("-----");

    if (line.len < start.len + end.len || !sally_span_starts(line, start) ||
        !sally_span_equal(sally_span_sub(line, line.len - end.len, end.len),
                          end))
        return false;
    *label = sally_span_sub(line, start.len, line.len - start.len - end.len);
    return true;
}

static struct sally_span take_line(struct sally_cursor *c)
{
    return sally_text_trim(sally_take_until(c, '\n'));
}

/* What stands between the lines of one block. MALFORMED if it does not end. */
static enum sally_err take_body(struct sally_cursor *c, struct sally_span label,
                                struct sally_span *body)
{
    struct sally_span start = c->rest, found, line;

    while (c->rest.len != 0) {
        size_t len = start.len - c->rest.len;
        line = take_line(c);
        if (!is_line(line, "-----END ", &found))
            continue;
        *body = sally_span_sub(start, 0, len);
        return sally_span_equal(found, label) ? SALLY_E_OK : SALLY_E_MALFORMED;
    }
    return SALLY_E_MALFORMED;
}

static bool is_one_element(struct sally_span der)
{
    struct sally_cursor c = sally_cursor_over(der);

    (void)sally_der_take(&c, SALLY_DER_SEQUENCE);
    return sally_cursor_done(&c);
}

static enum sally_err decode(struct sally_span body, struct sally_buf *der)
{
    struct sally_span out = { &der->at[der->len], 0 };
    size_t room = der->room - der->len;
    word32 n = room < UINT32_MAX ? (word32)room : UINT32_MAX;
    struct sally_cursor c = sally_cursor_over(body);
    bool headers = false; /* "Proc-Type: 4,ENCRYPTED" */

    while (c.rest.len != 0)
        headers |= sally_take_u8(&c) == ':';
    if (headers)
        return SALLY_E_UNSUPPORTED;
    if (body.len == 0 || body.len > UINT32_MAX || n < body.len / 4 * 3)
        return body.len == 0 ? SALLY_E_MALFORMED : SALLY_E_NO_ROOM;
    if (Base64_Decode(body.at, (word32)body.len, &der->at[der->len], &n) != 0)
        return SALLY_E_MALFORMED;
    out.len = n;
    if (!is_one_element(out))
        return SALLY_E_MALFORMED;
    der->len += n;
    return SALLY_E_OK;
}

static enum sally_err read_blocks(struct sally_span file,
                                  enum sally_pem_kind kind,
                                  struct sally_buf *der)
{
    struct sally_cursor c = sally_cursor_over(file);
    enum sally_err e = SALLY_E_OK;
    unsigned count = 0;

    while (c.rest.len != 0 && e == SALLY_E_OK) {
        struct sally_span label, body;

        if (!is_line(take_line(&c), "-----BEGIN ", &label))
            continue;
        e = take_body(&c, label, &body);
        if (e == SALLY_E_OK && kind == SALLY_PEM_PRIVATE_KEY &&
            sally_span_is(label, "ENCRYPTED PRIVATE KEY"))
            return SALLY_E_UNSUPPORTED;
        if (e != SALLY_E_OK || !is_wanted(label, kind))
            continue;
        if (++count > 1 && !is_list(kind))
            return SALLY_E_MALFORMED;
        e = decode(body, der);
    }
    return e == SALLY_E_OK && count == 0 ? SALLY_E_NOT_FOUND : e;
}

/* DER begins with the tag of a SEQUENCE, which is the digit zero as text. */
static enum sally_err read_der(struct sally_span file, enum sally_pem_kind kind,
                               struct sally_buf *der)
{
    struct sally_cursor c = sally_cursor_over(file);
    unsigned count = 0;

    while (!c.failed && c.rest.len != 0) {
        (void)sally_der_take(&c, SALLY_DER_SEQUENCE);
        count++;
    }
    if (c.failed || (count > 1 && !is_list(kind)))
        return SALLY_E_MALFORMED;
    if (file.len > der->room - der->len)
        return SALLY_E_NO_ROOM;
    for (size_t i = 0; i < file.len; i++)
        der->at[der->len++] = file.at[i];
    return SALLY_E_OK;
}

enum sally_err sally_pem_read(struct sally_span file, enum sally_pem_kind kind,
                              struct sally_buf *der)
{
    size_t before = der->len;
    enum sally_err e;

    e = file.len != 0 && file.at[0] == SALLY_DER_SEQUENCE
            ? read_der(file, kind, der)
            : read_blocks(file, kind, der);
    if (e != SALLY_E_OK) {
        sally_wipe(&der->at[before], der->room - before);
        der->len = before;
    }
    return e;
}
