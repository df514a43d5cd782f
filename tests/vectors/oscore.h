/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/vectors/oscore.h - RFC 8613 appendix C, in hexadecimal. "" is no byte,
 * NULL is absent. All with AES-CCM-16-64-128 and HKDF SHA-256.              */
#ifndef SALLY_TEST_VECTORS_OSCORE_H
#define SALLY_TEST_VECTORS_OSCORE_H

#include <stdint.h>

/* C.1 to C.3: the keys of both ends. */
static const struct oscore_keys {
    const char *id;
    int server;
    const char *secret, *salt, *sender, *recipient, *id_context;
    const char *sender_key, *recipient_key, *common_iv;
    const char *sender_nonce, *recipient_nonce; /* of Partial IV 0 */
} oscore_keys[] = {
    { "C.1.1", 0, "0102030405060708090a0b0c0d0e0f10",
      "9e7ca92223786340", "", "01", NULL,
      "f0910ed7295e6ad4b54fc793154302ff",
      "ffb14e093c94c9cac9471648b4f98710",
      "4622d4dd6d944168eefb54987c",
      "4622d4dd6d944168eefb54987c",
      "4722d4dd6d944169eefb54987c" },
    { "C.1.2", 1, "0102030405060708090a0b0c0d0e0f10",
      "9e7ca92223786340", "01", "", NULL,
      "ffb14e093c94c9cac9471648b4f98710",
      "f0910ed7295e6ad4b54fc793154302ff",
      "4622d4dd6d944168eefb54987c",
      "4722d4dd6d944169eefb54987c",
      "4622d4dd6d944168eefb54987c" },
    { "C.2.1", 0, "0102030405060708090a0b0c0d0e0f10",
      "", "00", "01", NULL,
      "321b26943253c7ffb6003b0b64d74041",
      "e57b5635815177cd679ab4bcec9d7dda",
      "be35ae297d2dace910c52e99f9",
      "bf35ae297d2dace910c52e99f9",
      "bf35ae297d2dace810c52e99f9" },
    { "C.2.2", 1, "0102030405060708090a0b0c0d0e0f10",
      "", "01", "00", NULL,
      "e57b5635815177cd679ab4bcec9d7dda",
      "321b26943253c7ffb6003b0b64d74041",
      "be35ae297d2dace910c52e99f9",
      "bf35ae297d2dace810c52e99f9",
      "bf35ae297d2dace910c52e99f9" },
    { "C.3.1", 0, "0102030405060708090a0b0c0d0e0f10",
      "9e7ca92223786340", "", "01", "37cbf3210017a2d3",
      "af2a1300a5e95788b356336eeecd2b92",
      "e39a0c7c77b43f03b4b39ab9a268699f",
      "2ca58fb85ff1b81c0b7181b85e",
      "2ca58fb85ff1b81c0b7181b85e",
      "2da58fb85ff1b81d0b7181b85e" },
    { "C.3.2", 1, "0102030405060708090a0b0c0d0e0f10",
      "9e7ca92223786340", "01", "", "37cbf3210017a2d3",
      "e39a0c7c77b43f03b4b39ab9a268699f",
      "af2a1300a5e95788b356336eeecd2b92",
      "2ca58fb85ff1b81c0b7181b85e",
      "2da58fb85ff1b81d0b7181b85e",
      "2ca58fb85ff1b81c0b7181b85e" },
};

/* C.4 to C.8: messages. */
static const struct oscore_message {
    const char *id, *keys; /* whose keys, of the table above */
    const char *request;   /* of a response: the vector it answers */
    int own_number;
    const char *kid, *piv, *aad, *nonce;
    uint64_t number; /* the sender's sequence number */
    const char *plain, *wire;
} oscore_messages[] = {
    { "C.4", "C.1.1", NULL, 1, "", "14",
      "8368456e63727970743040488501810a40411440",
      "4622d4dd6d944168eefb549868", 20,
      "44015d1f00003974396c6f63616c686f737483747631",
      "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668"
      "b3825e" },
    { "C.5", "C.2.1", NULL, 1, "00", "14",
      "8368456e63727970743040498501810a4100411440",
      "bf35ae297d2dace910c52e99ed", 20,
      "440171c30000b932396c6f63616c686f737483747631",
      "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc"
      "731fffb0" },
    { "C.6", "C.3.1", NULL, 1, "", "14",
      "8368456e63727970743040488501810a40411440",
      "2ca58fb85ff1b81c0b7181b84a", 20,
      "44012f8eef9bbf7a396c6f63616c686f737483747631",
      "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72"
      "cd7273fd331ac45cffbe55c3" },
    { "C.7", "C.1.2", "C.4", 0, "", "14",
      "8368456e63727970743040488501810a40411440",
      "4622d4dd6d944168eefb549868", 0,
      "64455d1f00003974ff48656c6c6f20576f726c6421",
      "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106" },
    { "C.8", "C.1.2", "C.4", 1, "", "14",
      "8368456e63727970743040488501810a40411440",
      "4722d4dd6d944169eefb54987c", 0,
      "64455d1f00003974ff48656c6c6f20576f726c6421",
      "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6c"
      "f88e" },
};

/* Section 6.3: compressed options, without their head. */
static const struct oscore_compressed {
    const char *kid, *piv, *kid_context, *value;
} oscore_compressed[] = {
    { "25", "05", NULL, "090525" },
    { "", "00", NULL, "0900" },
    { "", "05", "44616c656b", "19050544616c656b" },
    { NULL, "", NULL, "" },
    { NULL, "07", NULL, "0107" },
};

#endif
