/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/vectors/oscore.h - RFC 8613 appendix C, all with AES-CCM-16-64-128 and
 * HKDF SHA-256; and another implementation's messages with each algorithm. In
 * hexadecimal; "" is no byte, NULL is absent.                               */
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

/* What aiocoap 0.4.17 makes of POST rd/5 "reading" with number 300 and of the
 * answer 2.05 "fine", with each algorithm; secret "a secret of both", salt
 * "salt", sender "c", recipient of no bytes, ID Context "ctx".               */
static const struct oscore_other {
    int32_t aead, hkdf;
    const char *request, *response;
} oscore_others[] = {
    { 10, -10,
      "42021234746b981a012c0363747863ff0d5894398fa76e184faa2caaa0b9ec3f"
      "740da4c9ef95",
      "62441234746b90ff74b9e28cd58109a5ba5c155760b9" },
    { 10, -11,
      "42021234746b981a012c0363747863ffb8e0519d134915dda839d02a0440795e"
      "9ec60fea296c",
      "62441234746b90ffc1738afa632cb1959e7bffde5bdd" },
    { 11, -10,
      "42021234746b981a012c0363747863ff58e59a4d6ae5d11c6c9f9e9c9d82de66"
      "8cdbe84efcc1",
      "62441234746b90ff6f56f598d70de9bdf8ee43f13354" },
    { 11, -11,
      "42021234746b981a012c0363747863ffda3b8aae257ad7ae501a51da91c67e35"
      "52133ac1b113",
      "62441234746b90ff8c0a38a447c6638cf3e0e3ba668e" },
    { 12, -10,
      "42021234746b981a012c0363747863ff8f634e8527afd9876e41c71e624774e3"
      "f72a7f482b30",
      "62441234746b90ff68658ad069a0f231069b9d7b83ba" },
    { 12, -11,
      "42021234746b981a012c0363747863ff40946f4173eb62e00fa52ecc5e27170b"
      "e2fcd15b3f0d",
      "62441234746b90ff648102b5141d546fcbfd67962e54" },
    { 13, -10,
      "42021234746b981a012c0363747863fffe5ad8138cf85e71fc9cb5c252c3d2b8"
      "91031000dc0c",
      "62441234746b90ff7f14cc5d7e32f7935d5c31cc25ed" },
    { 13, -11,
      "42021234746b981a012c0363747863ff126cdf523cf23cb73d3456cb877e06a1"
      "4205cdd7eb59",
      "62441234746b90ff23358c2796ce57f876dba2d13d5c" },
    { 30, -10,
      "42021234746b981a012c0363747863ff231710062bb7a318dcca9ffcd72b0a32"
      "89c4a109e808d8e41cbfa8e6855e",
      "62441234746b90ff4b8bff0fa1a58276a660d9612391afc25758b8ddaef4" },
    { 30, -11,
      "42021234746b981a012c0363747863ff6258b625640cca296d3bbef09f42b8c7"
      "b93da195245c83f7eb91673c9c29",
      "62441234746b90ff9649cf4fac79e990fba749d13c071c1acf274610901a" },
    { 31, -10,
      "42021234746b981a012c0363747863ff58be0ed63243e2dbd013f3e7851ef711"
      "b5d5dfd2d02d2262fee2656d5d0d",
      "62441234746b90ff7583876bc80088eeff3d4bf7736af4e0e75209aee3fa" },
    { 31, -11,
      "42021234746b981a012c0363747863ffec14c727c34f8df3ddf3e0cdbde44193"
      "12efd55099f3ac8bd1374587fa83",
      "62441234746b90ffb99ae112cdffe052a5c0efa857ba0e41b2e87f373bb6" },
    { 32, -10,
      "42021234746b981a012c0363747863ffbb280522011fc611b3d28043da2c07f3"
      "6d1fa59fe8970152eef7ae2c36aa",
      "62441234746b90ff3355e22ad7f38a5cabe2f4bf8c7e7248ba5201d33621" },
    { 32, -11,
      "42021234746b981a012c0363747863ffd87403f8692909b0486ceb8017a227a8"
      "c54d8f5721a61030f272319f8a4b",
      "62441234746b90ffe9c0e2035651e778ac9cb0c2cf098e199e1d1792d639" },
    { 33, -10,
      "42021234746b981a012c0363747863ff6f29588153dac6827b06444a188ad9a3"
      "4286d2e3c5b9dff2cb3954c38016",
      "62441234746b90ff9ca6fdfab702e20f70912ed4ea554122f0d62d4f7493" },
    { 33, -11,
      "42021234746b981a012c0363747863ff6f420be92c7b3f02a457a490be9e69dd"
      "0d81d0426b832fe5e5a1fe65a763",
      "62441234746b90ffe2ec7cd77d96d35dd838dcd977462d6bcc40ead01746" },
    { 24, -10,
      "42021234746b981a012c0363747863ff0611f6c19d765e68d642e080197c09b8"
      "a66c3408403e359d9e4a9309dc19",
      "62441234746b90ff2eb05a4600a4dcb8a4686660d317ad6c5e39f9e1d7c6" },
    { 24, -11,
      "42021234746b981a012c0363747863ff6436b46af09266410c6051328bf9ba29"
      "263a8ad5050bd011179a29189336",
      "62441234746b90ffb6236136a2caf287c2ac7f0f52cb3d57a6342c32bd5a" },
    { 1, -10,
      "42021234746b981a012c0363747863ff134a740f10bcc90acb5ed95520b108d3"
      "b2371be7ae38e06099321223b5dc",
      "62441234746b90ff34a4010ebc8d0e9a34262b4352fe7042779808ee4076" },
    { 1, -11,
      "42021234746b981a012c0363747863ff8485177eefc10e2e1bb99ff5430f36d4"
      "2098fbbac04bd054d27a7682afda",
      "62441234746b90ff9b83e6fe406e7c287062f95a5f9658f620ec29bace29" },
    { 2, -10,
      "42021234746b981a012c0363747863ff969f7af3e9b798b92a95c75e5ce3cfd6"
      "82c8a361349d81101a131187bb5e",
      "62441234746b90ff9d6d88ba843f0c7bcc4e8e382638598c3b03f2d767a1" },
    { 2, -11,
      "42021234746b981a012c0363747863ff348b7af8af4f2aeb41aaaa5460048179"
      "94f313440675a143975c9ff9878a",
      "62441234746b90fff9d0408569689f17592274a9527fdbdaddbb23d67041" },
    { 3, -10,
      "42021234746b981a012c0363747863fff06e1e2d709051a2b7a386d860b5071a"
      "311e8c9c467baec528663015d68d",
      "62441234746b90ff4a1885f7ff6be1917728f79db25c299fe499c1cfe154" },
    { 3, -11,
      "42021234746b981a012c0363747863ffde2784f5de608eeebdfb1338f8cd6a51"
      "e1c3c8a2cf67d109c795719a2632",
      "62441234746b90ff9d73e0df2588e2053cb28361c48f0fe3376149ff9a42" },
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
