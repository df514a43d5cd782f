/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/console/doctor.c - why a sensor is silent at its server: what was
 * seen, what that means, and which key or resource to change.
 *
 * Two tables: what the hops of the local side say when they are broken, and
 * what a failure of the way up looked like. The first row that fits is told. */
#include "console/doctor.h"
#include "console/lines.h"

#include "security/stack.h"

#include <stdio.h>
#include <string.h>

/* RFC 8446 s.6.2 for alerts. */
static const struct sally_failure failures[] = {
    { SALLY_E_TIMED_OUT, ANY_ALERT, SHAKING, SILENT,
      "no answer at all: the server is down, its address is another one, or "
      "something on the way drops UDP",
      "servers.uri (/0/x/0); sallyportctl test SERVER", 0 },
    { SALLY_E_TIMED_OUT, ANY_ALERT, SHAKING, HEARD,
      "the server began a handshake and then fell silent: over DTLS 1.2 many "
      "say nothing to an identity that they do not know, or to a wrong key",
      NULL, OURSELF },
    { SALLY_E_TIMED_OUT, ANY_ALERT, ASKING, SILENT,
      "no answer at all: the server is down, or its address is another one",
      "servers.uri (/0/x/0); sallyportctl test SERVER", 0 },
    { SALLY_E_TIMED_OUT, ANY_ALERT, ASKING, HEARD,
      "the server stopped answering: it was restarted and has forgotten the "
      "session, or the way to it is broken; the client comes back by itself",
      NULL, 0 },
    { SALLY_E_REFUSED, 20, SHAKING, EITHER,
      "the server could not verify what we sent: the key is another one than "
      "it has for this identity",
      NULL, OURSELF },
    { SALLY_E_REFUSED, 40, SHAKING, EITHER,
      "the server finds no cipher suite or curve that both have",
      "servers.min_version", FIELD(SUITES) | FIELD(MODE) },
    { SALLY_E_REFUSED, 42, SHAKING, EITHER,
      "the server calls our certificate corrupt", NULL, KEY },
    { SALLY_E_REFUSED, 43, SHAKING, EITHER,
      "the server does not take this kind of certificate", NULL,
      FIELD(MODE) | KEY },
    { SALLY_E_REFUSED, 44, SHAKING, EITHER,
      "the server says that our certificate was revoked", NULL, KEY },
    { SALLY_E_REFUSED, 45, SHAKING, EITHER,
      "the server says that our certificate has expired", NULL, KEY },
    { SALLY_E_REFUSED, 46, SHAKING, EITHER,
      "the server does not accept our certificate or key", NULL, KEY },
    { SALLY_E_REFUSED, 48, SHAKING, EITHER,
      "the server does not know the authority that signed our certificate",
      "the anchors of the server", FIELD(CERTIFICATE) },
    { SALLY_E_REFUSED, 49, SHAKING, EITHER,
      "the server knows us and denies access", "the rights at the server", 0 },
    { SALLY_E_REFUSED, 51, SHAKING, EITHER,
      "the server could not verify our proof: the key is not the one that "
      "belongs to the identity or certificate",
      NULL, OURSELF },
    { SALLY_E_REFUSED, 70, SHAKING, EITHER,
      "the server speaks none of the versions that are allowed here",
      "servers.min_version", 0 },
    { SALLY_E_REFUSED, 71, SHAKING, EITHER,
      "the server wants stronger suites than are offered",
      "servers.min_version", FIELD(SUITES) },
    { SALLY_E_REFUSED, 112, SHAKING, EITHER,
      "the server does not know the name that it was asked for", NULL,
      FIELD(SERVER_NAME) },
    { SALLY_E_REFUSED, 115, SHAKING, EITHER,
      "the server does not know this identity", NULL, FIELD(IDENTITY) },
    { SALLY_E_REFUSED, 116, SHAKING, EITHER,
      "the server asks for a certificate", NULL, FIELD(MODE) | KEY },
    { SALLY_E_REFUSED, ANY_ALERT, SHAKING, EITHER,
      "the server ended the handshake with an alert", NULL,
      FIELD(MODE) | OURSELF },
    { SALLY_E_REFUSED, ANY_ALERT, ASKING, EITHER,
      "the server refused the registration: it does not know this endpoint, "
      "or not with this identity",
      "sensors.endpoint; servers.version", OURSELF | FIELD(SENDER_ID) },
    { SALLY_E_UNAUTHENTIC, ANY_ALERT, ANYWHERE, EITHER,
      "what the server proved is not what the account demands", NULL,
      OURSELF | PEER | CONTEXT },
    { SALLY_E_NO_SUITE, ANY_ALERT, ANYWHERE, EITHER,
      "no cipher suite or curve that both have",
      "servers.min_version", FIELD(SUITES) | FIELD(MODE) },
    { SALLY_E_NO_VERSION, ANY_ALERT, ANYWHERE, EITHER,
      "the server speaks none of the versions that are allowed here",
      "servers.min_version", 0 },
    { SALLY_E_WRONG_KIND, ANY_ALERT, ANYWHERE, EITHER,
      "the server proves itself in another way than the account says: with a "
      "raw key, a certificate or a pre-shared key",
      NULL, FIELD(MODE) },
    { SALLY_E_MALFORMED, ANY_ALERT, SHAKING, EITHER,
      "the server's part of the handshake cannot be read: it shows a key of "
      "another kind than was agreed on, or is no such server",
      "servers.uri (/0/x/0)", FIELD(MODE) },
    { SALLY_E_WRONG_KEY, ANY_ALERT, ANYWHERE, EITHER,
      "the server's key or certificate is not the one that the account names: "
      "it was renewed, or somebody else answers",
      NULL, PEER },
    { SALLY_E_NOT_PROVEN, ANY_ALERT, ANYWHERE, EITHER,
      "the server shows a key that it does not hold: somebody else answers, "
      "or its own key and certificate do not belong together",
      "the server's own key", 0 },
    { SALLY_E_BAD_CERTIFICATE, ANY_ALERT, ANYWHERE, EITHER,
      "the server's certificate, or one above it, is broken or not made for "
      "this use",
      "the server's own certificate", 0 },
    { SALLY_E_UNKNOWN_CA, ANY_ALERT, ANYWHERE, EITHER,
      "no authority that is trusted here signed the server's certificate, or "
      "the server does not send the certificates between them",
      "servers.trust_file", PEER },
    { SALLY_E_WRONG_NAME, ANY_ALERT, ANYWHERE, EITHER,
      "the server's certificate is for another name than the one that was "
      "asked for",
      "servers.uri (/0/x/0)", FIELD(SERVER_NAME) },
    { SALLY_E_EXPIRED, ANY_ALERT, ANYWHERE, EITHER,
      "the server's certificate, or one above it, has expired, or the clock "
      "of this machine is wrong",
      "the server's own certificate; the clock", 0 },
    { SALLY_E_NOT_YET_VALID, ANY_ALERT, ANYWHERE, EITHER,
      "the server's certificate is not valid yet: the clock of this machine "
      "is behind, or that of the authority ahead",
      "the clock", 0 },
    { SALLY_E_REVOKED, ANY_ALERT, ANYWHERE, EITHER,
      "the server's certificate, or one above it, was revoked",
      "the server's own certificate", 0 },
    { SALLY_E_STALE_CRL, ANY_ALERT, ANYWHERE, EITHER,
      "an authority has no revocation list here that is in force and young "
      "enough",
      "servers.crl_file, servers.crl_max_age", 0 },
    { SALLY_E_NO_CREDENTIAL, ANY_ALERT, ANYWHERE, EITHER,
      "the account's own key cannot be used: it is of another kind, or "
      "belongs to another certificate",
      NULL, OURSELF },
    { SALLY_E_ELSEWHERE, ANY_ALERT, ANYWHERE, EITHER,
      "state_dir was made on another machine, which may use the same keys: "
      "no account is used; stop the gateway and see sallyportctl adopt",
      "gateway.state_dir", 0 },
    { SALLY_E_CLOSED, ANY_ALERT, ANYWHERE, EITHER,
      "the server closed the session", NULL, 0 },
    { SALLY_E_NO_MEMORY, ANY_ALERT, ANYWHERE, EITHER,
      "the inner door has no memory for one more session",
      "gateway.memory_limit_mb", 0 },
};

/* --- Writing ------------------------------------------------------------- */

static void put_fields(struct sally_members *m,
                       const struct sally_config_account *a,
                       const struct sally_failure *f)
{
    size_t count;
    const struct sally_credential_field *all = sally_credential_fields(&count);
    char keys[384] = "", resources[128] = "";
    size_t k = 0, r = 0;

    if (f->change != NULL)
        k = (size_t)snprintf(keys, sizeof(keys), "%s", f->change);
    for (size_t i = 0; i < count; i++) {
        bool has = (all[i].object == 0 || sally_doctor_has_oscore(a)) &&
                   (all[i].allowed_in & 1u << a->mode) != 0;

        if ((f->fields >> all[i].kind & 1) == 0 || !has ||
            k >= sizeof(keys) || r >= sizeof(resources))
            continue;
        k += (size_t)snprintf(&keys[k], sizeof(keys) - k, "%saccounts.%s%s",
                              k == 0 ? "" : ", ",
                              all[i].object == 0 ? "" : "oscore.",
                              all[i].config_key);
        r += (size_t)snprintf(&resources[r], sizeof(resources) - r,
                              "%s/%u/x/%u", r == 0 ? "" : ", ", all[i].object,
                              all[i].resource);
    }
    sally_member_text(m, "change", keys);
    sally_member_text(m, "resource", resources);
}

/* Each finding counts, and the one that is asked for is written. */
struct findings {
    struct sally_writer *w;
    size_t wanted, seen;
};

static bool is_wanted(struct findings *f)
{
    return f->seen++ == f->wanted;
}

static struct sally_members begin(const struct findings *f, const char *where,
                                  const char *finding)
{
    struct sally_members m = sally_members_begin(f->w);

    sally_member_text(&m, "where", where);
    sally_member_text(&m, "finding", finding);
    return m;
}

static void tell(struct findings *f, const char *where, const char *finding,
                 const char *cause, const char *change)
{
    struct sally_members m;

    if (!is_wanted(f))
        return;
    m = begin(f, where, finding);
    sally_member_text(&m, "cause", cause);
    sally_member_text(&m, "change", change);
    sally_members_end(&m);
}

/* --- Looking ------------------------------------------------------------- */

/* The first attempt, which did not end yet, is looked at as if it ended now. */
static enum sally_err error_of(const struct sally_view_account *a)
{
    return a->error != SALLY_E_OK ? (enum sally_err)a->error
                                  : SALLY_E_TIMED_OUT;
}

static const struct sally_failure *
failure_of(const struct sally_view_account *a)
{
    static const struct sally_failure other = {
        .cause = "not one of the common causes; the log has the events"
    };

    const struct sally_failure *f = sally_doctor_oscore(a, error_of(a));

    if (f != NULL)
        return f;
    for (size_t i = 0; i < SALLY_LEN(failures); i++)
        if (sally_doctor_fits(&failures[i], a, error_of(a)))
            return &failures[i];
    return &other;
}

static void describe(const struct sally_view_account *a, char *out,
                     size_t size)
{
    const char *in =
        sally_client_state_name((enum sally_client_state)a->failed_in);
    char detail[40] = "";

    if (a->error == SALLY_E_OK) {
        (void)snprintf(out, size, "%s, without an end so far", in);
        return;
    }
    if (a->alert != SALLY_BUS_NO_ALERT)
        (void)snprintf(detail, sizeof(detail), " (alert %u)", a->alert);
    else if (a->code != 0 && a->error == SALLY_E_REFUSED)
        (void)snprintf(detail, sizeof(detail), " (%u.%02u)",
                       (unsigned)a->code >> 5, a->code & 31u);
    else if (a->hint != 0)
        (void)snprintf(detail, sizeof(detail), " (%u.%02u without protection)",
                       (unsigned)a->hint >> 5, a->hint & 31u);
    (void)snprintf(out, size, "%s; the last attempt failed in %s: %s%s",
                   a->state, in, sally_err_text((enum sally_err)a->error),
                   detail);
}

static void look_at_failure(struct findings *f,
                            const struct sally_view_account *a,
                            const char *where)
{
    const struct sally_failure *why = failure_of(a);
    char finding[192];
    struct sally_members m;

    if (!is_wanted(f))
        return;
    describe(a, finding, sizeof(finding));
    m = begin(f, where, finding);
    sally_member_text(&m, "cause", why->cause);
    put_fields(&m, a->config, why);
    sally_members_end(&m);
}

static void look_at_wear(struct findings *f, const struct sally_view_account *a,
                         const char *where)
{
    static const struct sally_failure why = {
        .cause = "keys may be used so often and no more: at 100 percent new "
                 "ones are agreed on, or the account stops, if it may not",
        .change = "servers.oscore_start = \"auto\"",
        .fields = FIELD(MASTER_SECRET),
    };
    char finding[64];
    struct sally_members m;

    if (!is_wanted(f))
        return;
    (void)snprintf(finding, sizeof(finding),
                   "its OSCORE keys are used up by %u percent", a->wear);
    m = begin(f, where, finding);
    sally_member_text(&m, "cause", why.cause);
    put_fields(&m, a->config, &why);
    sally_members_end(&m);
}

static void look_at_account(struct findings *f, const struct sally_view *v,
                            const struct sally_view_account *a)
{
    char where[96];

    (void)snprintf(where, sizeof(where), "server %s",
                   v->config->servers[a->config->server].name);
    if ((a->registered != SALLY_CLIENT_REGISTERED && a->error != SALLY_E_OK) ||
        a->registered == SALLY_CLIENT_CONNECTING)
        look_at_failure(f, a, where);
    else if (a->wear >= SALLY_STACK_WORN)
        look_at_wear(f, a, where);
    else if (a->registered == SALLY_CLIENT_WANTING)
        tell(f, where, "waits for its turn",
             "handshakes are paced, so that a server is not stormed",
             "servers.pace_per_second");
    else if (a->registered == SALLY_CLIENT_DISABLED)
        tell(f, where, "disabled",
             "the server executed /1/x/4; the client comes back after /1/x/5",
             NULL);
    else if (a->registered == SALLY_CLIENT_REGISTERED && a->send_muted &&
             a->observed == 0 && a->waiting > 0)
        tell(f, where, "nobody observes, Send is muted, and readings wait",
             "the server must observe a resource or set /1/x/23 to false",
             "/1/x/23 at the server");
}

static void look_at_local_side(struct findings *f,
                               const struct sally_view_sensor *s)
{
    static const char here[] = "local side";

    if (s->messages + s->unmapped == 0)
        tell(f, here, "the sensor has said nothing since the start",
             s->authenticated ? "it is connected and sends no message"
                              : "it is off, speaks to another address, or is "
                                "refused: see auth_refused in the log",
             "sensors.authenticate; local.mqtt, local.coap");
    else if (s->silent)
        tell(f, here, "the sensor is silent for longer than it should be",
             "it is off, out of reach, or its link is down",
             "sensors.expect_every");
    else if (s->messages == 0)
        tell(f, here, "all of its messages are on topics that no rule takes",
             "its profile is another device's, or the topic has another id",
             "profiles.maps; sallyportctl try PROFILE TOPIC PAYLOAD");
    else if (s->config->account_count > 0 && s->accounts[0].accepted == 0)
        tell(f, here, "no message of it came to a value",
             "the payload has another form than its rule, or the value is out "
             "of range",
             "profiles.maps; sallyportctl try PROFILE TOPIC PAYLOAD");
}

/* All sleep: the bootstrap server has not given any yet, or they are dead. */
static void look_at_accounts(struct findings *f, const struct sally_view *v,
                             const struct sally_view_sensor *s)
{
    bool any = false;

    for (size_t i = 0; i < s->config->account_count; i++) {
        if (s->accounts[i].asleep)
            continue;
        any = true;
        look_at_account(f, v, &s->accounts[i]);
    }
    if (any || s->config->account_count == 0)
        return;
    if (s->config->bootstrap != NULL)
        tell(f, "accounts", "there is none at any server",
             "its bootstrap server does not give it one, or took all away: see "
             "bootstrap_failed, bootstrap_refused and account_revoked in the "
             "log",
             "the bootstrap server; sallyportctl rotate");
    else
        tell(f, "accounts", "there is none at any server",
             "the keys were revoked, and are dead for good",
             "sensors.accounts: other keys");
}

bool sally_line_doctor(const struct sally_view *v, size_t n,
                       struct sally_writer *w)
{
    const struct sally_view_sensor *s = sally_view_nth(v, 0);
    struct findings f = { .w = w, .wanted = n };

    if (s == NULL)
        return false;
    look_at_local_side(&f, s);
    look_at_accounts(&f, v, s);
    if (f.seen == 0)
        tell(&f, s->config->id, "nothing is wrong",
             "what it says arrives at its servers", NULL);
    return f.seen > n;
}
