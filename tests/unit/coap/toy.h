/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/coap/toy.h - a mechanism that protects messages end to end for
 * the tests of the link: it adds numbers, shifts bytes and sums them up, so it
 * protects nothing, but it minds the rules. In a program that it is linked into
 * it stands in the place of sally_object_oscore.                            */
#ifndef TESTS_UNIT_COAP_TOY_H
#define TESTS_UNIT_COAP_TOY_H

#include "security/object.h"

#define TOY_NUMBERS 1024

/* What the tests want of it, and what it saw. The side of the client is 0. */
struct toy_rules {
    bool asks;         /* the client has a question before it is up */
    bool asks_for_ever;
    bool reserves;     /* numbers have to be reserved, eight at a time */
    bool challenges;   /* the server wants an Echo in each request */
    bool stubborn;     /* and is never content */
    enum sally_err fails; /* protect() does, from now on */
    bool saw_past;
    uint64_t past;     /* what it began with */
    unsigned questions, challenged, opened, refused;
    unsigned reused;   /* a number protected two different messages */
    bool used[2][TOY_NUMBERS];
};
extern struct toy_rules toy;

/* New keys are wanted: from UP back to HANDSHAKE. */
void toy_wear_out(void *state);

#endif
