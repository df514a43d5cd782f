/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/suites.c - numbers and order of the cipher suites, and the
 * library's names of them. IANA's are in credential_fields.c. */
#include "security/suites.h"

#include <stdio.h>
#include <string.h>

enum kind { PSK = 1, PAIR = 2, ANY = PSK | PAIR };

/* In the default list; where an account names it; where it does, and CBC. */
enum use { DEFAULT, NAMED, WITH_CBC };

/* In the order in which they are offered. 1.3: GCM first, since forged records
 * soon wear out a key of CCM_8 (RFC 9147 s.4.5.3). 1.2: what every LwM2M server
 * must have comes first, then what keeps old traffic secret when a key leaks
 * later, and last what a server has that calls tags of 8 bytes too short, as
 * OpenSSL 3.5 does. No NULL, no RSA key exchange, no static Diffie-Hellman. */
static const struct row {
    uint16_t number;
    const char *library; /* its name there */
    enum kind kind;
    bool v13;
    enum use use;
} rows[] = {
    { 0x1301, "TLS13-AES128-GCM-SHA256", ANY, true, DEFAULT },
    { 0x1305, "TLS13-AES128-CCM-8-SHA256", ANY, true, DEFAULT },
    { 0x1304, "TLS13-AES128-CCM-SHA256", ANY, true, DEFAULT },
    { 0x1302, "TLS13-AES256-GCM-SHA384", PAIR, true, NAMED },
    { 0x1303, "TLS13-CHACHA20-POLY1305-SHA256", ANY, true, NAMED },
    { 0xc0a8, "PSK-AES128-CCM-8", PSK, false, DEFAULT },
    { 0xd001, "ECDHE-PSK-AES128-GCM-SHA256", PSK, false, DEFAULT },
    { 0xc0a4, "PSK-AES128-CCM", PSK, false, NAMED },
    { 0x00a8, "PSK-AES128-GCM-SHA256", PSK, false, DEFAULT },
    { 0xccac, "ECDHE-PSK-CHACHA20-POLY1305", PSK, false, NAMED },
    { 0xc037, "ECDHE-PSK-AES128-CBC-SHA256", PSK, false, WITH_CBC },
    { 0x00ae, "PSK-AES128-CBC-SHA256", PSK, false, WITH_CBC },
    { 0xc0ae, "ECDHE-ECDSA-AES128-CCM-8", PAIR, false, DEFAULT },
    { 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", PAIR, false, DEFAULT },
    { 0xc0ac, "ECDHE-ECDSA-AES128-CCM", PAIR, false, NAMED },
    { 0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", PAIR, false, DEFAULT },
    { 0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", PAIR, false, NAMED },
    { 0xc030, "ECDHE-RSA-AES256-GCM-SHA384", PAIR, false, NAMED },
    { 0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", PAIR, false, NAMED },
    { 0xc023, "ECDHE-ECDSA-AES128-SHA256", PAIR, false, WITH_CBC },
    { 0xc027, "ECDHE-RSA-AES128-SHA256", PAIR, false, WITH_CBC },
};

static const struct row *row_of(uint16_t number)
{
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].number == number)
            return &rows[i];
    return NULL;
}

bool sally_suite_is_cbc(uint16_t number)
{
    const struct row *r = row_of(number);

    return r != NULL && r->use == WITH_CBC;
}

static void begin(struct sally_suite_list *out)
{
    *out = (struct sally_suite_list){ .v12 = false };
}

/* All names together are shorter than the list can be, and each is in it once
 * at most.                                                                  */
static void append(struct sally_suite_list *out, const struct row *r)
{
    size_t len = strlen(out->names);

    (void)snprintf(&out->names[len], sizeof(out->names) - len, "%s%s",
                   len == 0 ? "" : ":", r->library);
    if (r->v13 && out->psk_13 == NULL && (r->kind & PSK) != 0)
        out->psk_13 = r->library;
    out->v13 |= r->v13;
    out->v12 |= !r->v13;
}

static bool is_named(const struct sally_credential *c, size_t before,
                     uint16_t number)
{
    for (size_t i = 0; i < before; i++)
        if (c->suites[i] == number)
            return true;
    return false;
}

static bool fits(const struct row *r, enum kind kind,
                 enum sally_tls_version least)
{
    return (r->kind & kind) != 0 && (r->v13 || least != SALLY_TLS_1_3);
}

enum sally_err sally_suites_of(const struct sally_credential *c,
                               struct sally_suite_list *out)
{
    enum kind kind = c->mode == SALLY_MODE_PSK ? PSK : PAIR;

    begin(out);
    for (size_t i = 0; i < c->suite_count; i++) {
        const struct row *r = row_of(c->suites[i]);

        if (r != NULL && fits(r, kind, c->min_version) &&
            !is_named(c, i, r->number))
            append(out, r);
    }
    for (size_t i = 0; i < SALLY_LEN(rows) && c->suite_count == 0; i++)
        if (rows[i].use == DEFAULT && fits(&rows[i], kind, c->min_version))
            append(out, &rows[i]);
    return out->v12 || out->v13 ? SALLY_E_OK : SALLY_E_UNSUPPORTED;
}

void sally_suites_server(bool psk, bool certificate,
                         struct sally_suite_list *out)
{
    enum kind kind = (psk ? PSK : 0) | (certificate ? PAIR : 0);

    begin(out);
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (rows[i].use == DEFAULT && fits(&rows[i], kind, SALLY_TLS_ANY))
            append(out, &rows[i]);
}

enum sally_err sally_suites_named(const char *names,
                                  struct sally_suite_list *out)
{
    struct sally_span rest = sally_span_of(names);

    begin(out);
    while (rest.len != 0) {
        const uint8_t *colon = memchr(rest.at, ':', rest.len);
        size_t len = colon != NULL ? (size_t)(colon - rest.at) : rest.len;
        struct sally_span name = { rest.at, len };

        for (size_t i = 0; i < SALLY_LEN(rows); i++)
            if (sally_span_is(name, rows[i].library))
                append(out, &rows[i]);
        if (colon != NULL)
            len++;
        rest = (struct sally_span){ rest.at + len, rest.len - len };
    }
    return out->v12 || out->v13 ? SALLY_E_OK : SALLY_E_UNSUPPORTED;
}
