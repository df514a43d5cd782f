/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/chain/judge.c - what lib/security says to chains in files, for
 * tests/check-chains to compare.
 *
 *   judge UTC < LINES     each of them: NAME HOST ANCHORS SENT
 *
 * ANCHORS and SENT are files of certificates in DER, one after the other; what
 * a peer sends begins with its own. Answers each line with NAME and "accepted"
 * or the reason.                                                            */
#include <stdio.h>
#include <stdlib.h>

#include "security/der.h"
#include "security/trust.h"
#include "security/verify.h"

#define FILE_MAX 65536 /* bytes */

struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};

static struct sally_span load(const char *path, struct file *to)
{
    FILE *f = fopen(path, "rb");

    if (f == NULL) {
        perror(path);
        exit(2);
    }
    to->len = fread(to->bytes, 1, sizeof(to->bytes), f);
    (void)fclose(f);
    return (struct sally_span){ to->bytes, to->len };
}

static size_t split(struct sally_span der, struct sally_span *list, size_t max)
{
    struct sally_cursor c = sally_cursor_over(der);
    size_t n = 0;

    while (n < max && c.rest.len != 0)
        list[n++] = sally_der_take_whole(&c, SALLY_DER_SEQUENCE);
    return n;
}

static enum sally_err judge(const char *host, struct sally_span anchors,
                            struct sally_span sent, uint64_t utc)
{
    const struct sally_trust_parts parts = { .anchors = anchors };
    struct sally_credential account = { .mode = SALLY_MODE_X509,
                                        .usage = SALLY_USAGE_CA,
                                        .server_name = sally_span_of(host) };
    struct sally_span list[SALLY_CHAIN_MAX + 1];
    size_t count = split(sent, list, SALLY_LEN(list));
    struct sally_clock clock = sally_clock_new();
    struct sally_trust *trust = NULL;
    enum sally_err e = sally_trust_make(&trust, &parts);

    sally_clock_set(&clock, utc, true);
    account.trust = trust;
    if (e == SALLY_E_OK)
        e = sally_verify_chain(&account, SALLY_ROLE_CLIENT, &clock, list,
                               count, NULL);
    sally_trust_wipe(trust);
    return e;
}

int main(int argc, char **argv)
{
    static struct file anchors, sent;
    char name[128], host[128], anchors_at[512], sent_at[512];

    if (argc != 2)
        return 2;
    while (scanf("%127s %127s %511s %511s", name, host, anchors_at, sent_at) ==
           4) {
        enum sally_err e =
            judge(host, load(anchors_at, &anchors), load(sent_at, &sent),
                  strtoull(argv[1], NULL, 10));

        (void)printf("%s %s\n", name,
                     e == SALLY_E_OK ? "accepted" : sally_err_text(e));
    }
    return 0;
}
