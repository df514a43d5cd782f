/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/doctor_oscore.c - how accounts with OSCORE fail. Their server
 * need not answer what it cannot open, and if it does, anybody could have: so
 * what it said is a hint. RFC 8613 s.8.2. */
#include "console/doctor.h"

#include "security/stack.h"

enum only { WITH_OSCORE, OSCORE_ALONE };

static const struct row {
    struct sally_failure failure;
    enum only only;
    uint8_t hint; /* what an error without protection meant; OK: whether or not
                     there was one */
} rows[] = {
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ANYWHERE, EITHER,
        "the server says that it does not know this OSCORE context: it has no "
        "account with this identifier, or has lost what it knew of it",
        "the server's own account; servers.oscore_start", FOUND_BY },
      WITH_OSCORE, SALLY_E_NOT_FOUND },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ANYWHERE, EITHER,
        "the server says that it has seen these OSCORE sequence numbers "
        "before: the state is an older copy, or somebody else uses the same "
        "keys",
        "servers.oscore_start = \"b2\"", FIELD(MASTER_SECRET) },
      WITH_OSCORE, SALLY_E_REPLAYED },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ANYWHERE, EITHER,
        "the server says that it cannot decrypt: it knows the identifier, and "
        "has other OSCORE keys for it",
        NULL, DERIVED_FROM },
      WITH_OSCORE, SALLY_E_UNAUTHENTIC },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ANYWHERE, EITHER,
        "the server cannot read the OSCORE option: it does not speak OSCORE at "
        "this address, or takes none with these identifiers",
        "servers.uri (/0/x/0)", FIELD(OSCORE) | FOUND_BY },
      WITH_OSCORE, SALLY_E_MALFORMED },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ANYWHERE, EITHER,
        "the server, or whoever answered in its place, refuses messages that "
        "OSCORE protects: it does not know the context, has seen the sequence "
        "numbers before, or has no room at present",
        "servers.uri (/0/x/0); servers.oscore_start", FIELD(OSCORE) | CONTEXT },
      WITH_OSCORE, SALLY_E_REFUSED },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, SHAKING, SILENT,
        "no answer at all: the server is down, its address is another one, "
        "something on the way drops UDP, or the server does not know this "
        "OSCORE context and says nothing",
        "servers.uri (/0/x/0); sallyportctl test SERVER", CONTEXT },
      OSCORE_ALONE, SALLY_E_OK },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, SHAKING, HEARD,
        "the server answers, and nothing of it can be opened: it has other "
        "OSCORE keys, or does not protect what it says",
        NULL, DERIVED_FROM | FIELD(OSCORE) },
      OSCORE_ALONE, SALLY_E_OK },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, IN(REGISTERING), HEARD,
        "the server heard us and did not answer the registration: it does not "
        "know this OSCORE context, or has other keys for it, and says nothing",
        NULL, CONTEXT },
      WITH_OSCORE, SALLY_E_OK },
    { { SALLY_E_EXHAUSTED, ANY_ALERT, ANYWHERE, EITHER,
        "the OSCORE keys were used as often as they may be, or as many forged "
        "messages came as they may fail on",
        "servers.oscore_start = \"auto\"", FIELD(MASTER_SECRET) },
      WITH_OSCORE, SALLY_E_OK },
    { { SALLY_E_ROLLED_BACK, ANY_ALERT, ANYWHERE, EITHER,
        "the state is an older copy, or lost: which OSCORE sequence numbers "
        "were used is not known, and the account wants to go on with them",
        "servers.oscore_start = \"auto\"", FIELD(MASTER_SECRET) },
      WITH_OSCORE, SALLY_E_OK },
    { { SALLY_E_TIMED_OUT, ANY_ALERT, ASKING, SILENT,
        "no answer at all: the server is down, or does not know this OSCORE "
        "context and says nothing",
        "servers.uri (/0/x/0)", CONTEXT },
      WITH_OSCORE, SALLY_E_OK },
};

bool sally_doctor_has_oscore(const struct sally_config_account *a)
{
    return sally_config_part(a, SALLY_FIELD_MASTER_SECRET) != NULL;
}

bool sally_doctor_fits(const struct sally_failure *f,
                       const struct sally_view_account *a, enum sally_err e)
{
    return f->error == e && (f->alert == ANY_ALERT || f->alert == a->alert) &&
           (f->when >> a->failed_in & 1) != 0 &&
           (f->heard == EITHER || (f->heard == HEARD) == a->heard);
}

static bool is_meant(const struct row *r, const struct sally_view_account *a)
{
    if (r->only == OSCORE_ALONE &&
        a->config->mode != sally_stack_usual(SALLY_SCHEME_COAP))
        return false;
    return r->hint == SALLY_E_OK ||
           (a->hint != 0 && r->hint == a->hint_meaning);
}

const struct sally_failure *
sally_doctor_oscore(const struct sally_view_account *a, enum sally_err e)
{
    if (!sally_doctor_has_oscore(a->config))
        return NULL;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        if (is_meant(&rows[i], a) && sally_doctor_fits(&rows[i].failure, a, e))
            return &rows[i].failure;
    return NULL;
}
