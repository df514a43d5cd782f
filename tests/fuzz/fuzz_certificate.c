/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/fuzz/fuzz_certificate.c - promises of what reads keys, certificates and
 * revocation lists: spans lie in the input, a file that reads reads the same
 * once more from its DER, and no certificate is believed but the one that its
 * authority signed, bit for bit.                                            */
#include "security/crl.h"
#include "security/keypair.h"
#include "security/pem.h"
#include "security/trust.h"
#include "security/verify.h"
#include "vectors/rsa.inc"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

static void inside(struct sally_span part, struct sally_span whole)
{
    require(part.len == 0 || (part.at >= whole.at &&
                              part.at + part.len <= whole.at + whole.len));
}

static void read_certificates(struct sally_span in)
{
    struct sally_cursor c = sally_cursor_over(in);
    struct sally_certificate x;

    while (c.rest.len != 0 && sally_certificate_take(&c, &x) == SALLY_E_OK) {
        inside(x.whole, in);
        inside(x.signed_part, x.whole);
        inside(x.signature, x.whole);
        inside(x.issuer, x.signed_part);
        inside(x.subject, x.signed_part);
        inside(x.common_name, x.subject);
        inside(x.key, x.signed_part);
        inside(x.names, x.signed_part);
        (void)sally_certificate_is_for(&x, sally_span_of("a.example.org"));
        (void)sally_certificate_is_for(&x, sally_span_of("10.0.0.1"));
    }
}

static void read_lists(struct sally_span in)
{
    struct sally_cursor c = sally_cursor_over(in);
    struct sally_crl l;

    while (c.rest.len != 0 && sally_crl_take(&c, &l) == SALLY_E_OK) {
        inside(l.signed_part, in);
        inside(l.revoked, l.signed_part);
        inside(l.issuer, l.signed_part);
        (void)sally_crl_lists(&l, in);
    }
}

static void read_files(struct sally_span in)
{
    for (int kind = SALLY_PEM_CERTIFICATES; kind <= SALLY_PEM_CRLS; kind++) {
        uint8_t first[8192], second[8192];
        struct sally_buf der = SALLY_BUF(first), again = SALLY_BUF(second);

        if (sally_pem_read(in, (enum sally_pem_kind)kind, &der) != SALLY_E_OK)
            continue;
        require(sally_pem_read(sally_buf_span(&der), (enum sally_pem_kind)kind,
                               &again) == SALLY_E_OK);
        require(sally_span_equal(sally_buf_span(&der), sally_buf_span(&again)));
    }
}

static void judge(struct sally_span in)
{
    const struct sally_span right = { rsa_server, sizeof(rsa_server) };
    const struct sally_credential account = {
        .mode = SALLY_MODE_X509, .usage = SALLY_USAGE_ANCHOR,
        .server_public_key = { rsa_root, sizeof(rsa_root) },
        .server_name = sally_span_of("gw.example.org")
    };
    struct sally_clock clock = sally_clock_new();
    enum sally_err e =
        sally_verify_chain(&account, SALLY_ROLE_CLIENT, &clock, &in, 1, NULL);

    require(e != SALLY_E_OK || sally_span_equal(in, right));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sally_span in = { data, size };
    const struct sally_trust_parts parts = { in, in, 0 };
    struct sally_trust *trust = NULL;
    uint8_t room[SALLY_PUBLIC_KEY_MAX];
    struct sally_buf spki = SALLY_BUF(room);

    if (size > 4096)
        return 0;
    read_certificates(in);
    read_lists(in);
    read_files(in);
    judge(in);
    (void)!sally_keypair_public(in, &spki);
    if (sally_trust_make(&trust, &parts) == SALLY_E_OK)
        sally_trust_wipe(trust);
    return 0;
}
