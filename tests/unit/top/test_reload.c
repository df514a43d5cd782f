/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/top/test_reload.c - the steps of a reload, with roles and a
 * clock that this test plays. What the host is asked is written down as words,
 * and a story is a list of events with the words that must follow.          */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "reload.h"

/* --- The host ------------------------------------------------------------- */

static struct sally_reload reload;
static enum sally_reload_role roles[SALLY_ROLE_COUNT];
static char said[1024], report[512];
static unsigned problems;
static int unable = -1; /* to be given anything */
static sally_usec due;

static const char letters[] = {
    [SALLY_SUPERVISOR] = 's', [SALLY_OUTER] = 'o',    [SALLY_INNER] = 'i',
    [SALLY_CONSOLE] = 'c',    [SALLY_RESOLVER] = 'r', [SALLY_VERIFIER] = 'v',
};

static void note(const char *what, int name)
{
    size_t len = strlen(said);

    if (name < 0)
        (void)snprintf(&said[len], sizeof(said) - len, "%s ", what);
    else
        (void)snprintf(&said[len], sizeof(said) - len, "%s:%c ", what,
                       letters[name]);
}

static enum sally_reload_role role(void *owner, enum sally_role_name name)
{
    (void)owner;
    return roles[name];
}

static unsigned read_next(void *owner, FILE *out)
{
    (void)owner;
    note("read", -1);
    fputs(problems == 0 ? "counts\n" : "file:7: wrong\n", out);
    return problems;
}

static bool give(void *owner, enum sally_role_name name, bool asked)
{
    (void)owner;
    note(asked ? "ask" : "give", (int)name);
    return (int)name != unable;
}

static void order(void *owner, enum sally_role_name name,
                  enum sally_control what)
{
    (void)owner;
    note(what == SALLY_CONTROL_COMMIT ? "commit" : "abort", (int)name);
}

static void end_role(void *owner, enum sally_role_name name)
{
    (void)owner;
    note("kill", (int)name);
}

static void adopt(void *owner)
{
    (void)owner;
    note("adopt", -1);
}

static void drop(void *owner)
{
    (void)owner;
    note("drop", -1);
}

static void told(void *owner, bool done, const char *text)
{
    (void)owner;
    note(done ? "done" : "refused", -1);
    (void)snprintf(report, sizeof(report), "%s", text);
}

static void arm(void *owner, sally_usec when)
{
    (void)owner;
    due = when;
}

static const struct sally_reload_host host = {
    .role = role, .read = read_next, .give = give, .order = order,
    .kill = end_role, .adopt = adopt, .drop = drop, .told = told, .arm = arm,
};

/* --- Stories -------------------------------------------------------------- */

enum event { END, REQUEST, SAYS, DIES, TIME, STATE, BAD, GOOD, UNABLE };

static const struct story {
    const char *what;
    struct step {
        enum event event;
        enum sally_role_name name;
        int with; /* what it says, or its state */
        const char *want;
    } steps[14];
    const char *report; /* the last one; NULL: any */
} stories[] = {
#define PREPARED(name, want) { SAYS, SALLY_##name, SALLY_CONTROL_PREPARED, want }
#define COMMITTED(name, want)                                                  \
    { SAYS, SALLY_##name, SALLY_CONTROL_COMMITTED, want }
#define SETTLED(name, want) { SAYS, SALLY_##name, SALLY_CONTROL_SETTLED, want }
#define ASK "read ask:o ask:i "
#define COMMIT_REST                                                            \
    "commit:o give:c commit:c give:r commit:r give:v commit:v "
#define ALL_PREPARED                                                           \
    { REQUEST, 0, 0, ASK }, PREPARED(OUTER, ""),                               \
        PREPARED(INNER, "adopt commit:i ")
#define ALL_COMMITTED                                                          \
    COMMITTED(INNER, COMMIT_REST), COMMITTED(OUTER, "done ")
#define ALL_SETTLED SETTLED(OUTER, ""), SETTLED(INNER, "")

    { "all goes well", { ALL_PREPARED, ALL_COMMITTED, ALL_SETTLED }, "counts\n" },
    { "the inner door settles before the outer one commits",
      { ALL_PREPARED, COMMITTED(INNER, COMMIT_REST), SETTLED(INNER, ""),
        COMMITTED(OUTER, "done "), SETTLED(OUTER, ""),
        { REQUEST, 0, 0, ASK } },
      NULL },
    { "the files are wrong",
      { { BAD, 0, 0, "" }, { REQUEST, 0, 0, "read drop refused " },
        { GOOD, 0, 0, "" }, { REQUEST, 0, 0, ASK } },
      "file:7: wrong\n" },
    { "a role refuses",
      { { REQUEST, 0, 0, ASK }, PREPARED(INNER, ""),
        { SAYS, SALLY_OUTER, SALLY_CONTROL_REFUSED,
          "abort:o abort:i drop refused " },
        PREPARED(INNER, ""), COMMITTED(INNER, "") },
      "counts\nthe outer role cannot do it; see the log\n" },
    { "a role dies while it prepares, and comes again",
      { { REQUEST, 0, 0, ASK }, PREPARED(OUTER, ""),
        { DIES, SALLY_INNER, 0, "abort:o drop refused " },
        { STATE, SALLY_INNER, SALLY_RELOAD_STARTING, "" },
        { REQUEST, 0, 0, "" },
        { STATE, SALLY_INNER, SALLY_RELOAD_ASKED, "" },
        { SAYS, SALLY_INNER, SALLY_CONTROL_READY, ASK } },
      "counts\nthe inner role has died over it; see the log\n" },
    { "a role never answers",
      { { REQUEST, 0, 0, ASK }, PREPARED(INNER, ""),
        { TIME, 0, 0, "abort:o abort:i drop refused " },
        PREPARED(OUTER, "") },
      "counts\nthe outer role does not answer; see the log\n" },
    { "a plain role dies meanwhile",
      { { REQUEST, 0, 0, ASK }, { DIES, SALLY_VERIFIER, 0, "" },
        PREPARED(OUTER, ""), PREPARED(INNER, "adopt commit:i "),
        COMMITTED(INNER, "commit:o give:c commit:c give:r commit:r "),
        COMMITTED(OUTER, "done ") },
      NULL },
    { "there is no descriptor for the inner door",
      { { UNABLE, SALLY_INNER, 0, "" },
        { REQUEST, 0, 0, ASK "abort:o abort:i drop refused " } },
      NULL },
    { "a plain role cannot be told: it starts again with the new one",
      { { UNABLE, SALLY_RESOLVER, 0, "" }, ALL_PREPARED,
        COMMITTED(INNER, "commit:o give:c commit:c give:r kill:r give:v "
                         "commit:v "),
        COMMITTED(OUTER, "done "), ALL_SETTLED, { REQUEST, 0, 0, ASK } },
      NULL },
    { "asked for twice meanwhile: once more, when all has settled",
      { ALL_PREPARED, { REQUEST, 0, 0, "" }, ALL_COMMITTED,
        { REQUEST, 0, 0, "" }, SETTLED(OUTER, ""), SETTLED(INNER, ASK) },
      NULL },
    { "asked for while it is being prepared, and refused",
      { { REQUEST, 0, 0, ASK }, { REQUEST, 0, 0, "" },
        { SAYS, SALLY_INNER, SALLY_CONTROL_REFUSED,
          "abort:o abort:i drop refused " ASK } },
      NULL },
    { "the inner door dies at COMMIT: its successor has the new one",
      { ALL_PREPARED, { DIES, SALLY_INNER, 0, COMMIT_REST },
        COMMITTED(OUTER, "done "), SETTLED(OUTER, ""),
        { STATE, SALLY_INNER, SALLY_RELOAD_ASKED, "" },
        { REQUEST, 0, 0, ASK } },
      NULL },
    { "the outer door dies at COMMIT",
      { ALL_PREPARED, COMMITTED(INNER, COMMIT_REST),
        { DIES, SALLY_OUTER, 0, "done " }, SETTLED(INNER, "") },
      NULL },
    { "the inner door hangs in COMMIT",
      { ALL_PREPARED, { TIME, 0, 0, "kill:i " },
        { DIES, SALLY_INNER, 0, COMMIT_REST } },
      NULL },
    { "the inner door never settles",
      { ALL_PREPARED, ALL_COMMITTED, SETTLED(OUTER, ""),
        { TIME, 0, 0, "kill:i " }, { DIES, SALLY_INNER, 0, "" },
        { REQUEST, 0, 0, "read ask:o " } },
      NULL },
    { "a door is away: it starts with what is in force then",
      { { STATE, SALLY_INNER, SALLY_RELOAD_ABSENT, "" },
        { REQUEST, 0, 0, "read ask:o " },
        PREPARED(OUTER, "adopt " COMMIT_REST), COMMITTED(OUTER, "done ") },
      NULL },
    { "somebody starts: it waits for that",
      { { STATE, SALLY_VERIFIER, SALLY_RELOAD_STARTING, "" },
        { REQUEST, 0, 0, "" },
        { DIES, SALLY_VERIFIER, 0, ASK } },
      NULL },
    { "reports that nobody waits for",
      { PREPARED(OUTER, ""), COMMITTED(INNER, ""), SETTLED(INNER, ""),
        { TIME, 0, 0, "" }, { REQUEST, 0, 0, ASK }, COMMITTED(OUTER, ""),
        SETTLED(OUTER, ""), PREPARED(CONSOLE, ""),
        { SAYS, SALLY_CONSOLE, SALLY_CONTROL_REFUSED, "" } },
      NULL },
};

static void begin(void)
{
    static const enum sally_reload_role usual[SALLY_ROLE_COUNT] = {
        [SALLY_SUPERVISOR] = SALLY_RELOAD_ABSENT,
        [SALLY_OUTER] = SALLY_RELOAD_ASKED,
        [SALLY_INNER] = SALLY_RELOAD_ASKED,
        [SALLY_CONSOLE] = SALLY_RELOAD_PLAIN,
        [SALLY_RESOLVER] = SALLY_RELOAD_PLAIN,
        [SALLY_VERIFIER] = SALLY_RELOAD_PLAIN,
    };

    memcpy(roles, usual, sizeof(roles));
    problems = 0;
    unable = -1;
    due = SALLY_NEVER;
    report[0] = '\0';
    sally_reload_init(&reload, &host, NULL);
}

static void happen(const struct step *s, sally_usec now)
{
    switch (s->event) {
    case REQUEST: sally_reload_request(&reload, now); break;
    case SAYS:
        sally_reload_reported(&reload, s->name, (enum sally_control)s->with,
                              now);
        break;
    case DIES:
        roles[s->name] = SALLY_RELOAD_ABSENT;
        sally_reload_died(&reload, s->name, now);
        break;
    case TIME: sally_reload_expire(&reload, now); break;
    case STATE: roles[s->name] = (enum sally_reload_role)s->with; break;
    case BAD: problems = 1; break;
    case GOOD: problems = 0; break;
    case UNABLE: unable = (int)s->name; break;
    case END: break;
    }
}

static void tells_each_story(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(stories); i++) {
        const struct story *t = &stories[i];

        begin();
        for (size_t k = 0; t->steps[k].event != END; k++) {
            said[0] = '\0';
            happen(&t->steps[k], k * SALLY_SEC);
            if (strcmp(said, t->steps[k].want) != 0)
                fail_msg("%s: step %zu: got \"%s\", want \"%s\"", t->what,
                         k + 1, said, t->steps[k].want);
        }
        if (t->report != NULL && strcmp(report, t->report) != 0)
            fail_msg("%s: report \"%s\"", t->what, report);
        sally_reload_wipe(&reload);
    }
}

static void holds_starts_back_while_it_matters(void **state)
{
    (void)state;
    begin();
    assert_false(sally_reload_holds(&reload));
    sally_reload_request(&reload, 0);
    assert_true(sally_reload_holds(&reload));
    assert_true(due == SALLY_RELOAD_PATIENCE);
    sally_reload_reported(&reload, SALLY_OUTER, SALLY_CONTROL_PREPARED, 1);
    sally_reload_reported(&reload, SALLY_INNER, SALLY_CONTROL_PREPARED, 1);
    assert_true(sally_reload_holds(&reload)); /* the outer door has the old */
    sally_reload_reported(&reload, SALLY_INNER, SALLY_CONTROL_COMMITTED, 2);
    assert_false(sally_reload_holds(&reload));
    sally_reload_reported(&reload, SALLY_OUTER, SALLY_CONTROL_COMMITTED, 3);
    sally_reload_reported(&reload, SALLY_OUTER, SALLY_CONTROL_SETTLED, 3);
    assert_true(due != SALLY_NEVER);
    sally_reload_reported(&reload, SALLY_INNER, SALLY_CONTROL_SETTLED, 3);
    assert_true(due == SALLY_NEVER);
    sally_reload_wipe(&reload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_each_story),
        cmocka_unit_test(holds_starts_back_while_it_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
