/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/uplink/test_floor.c - the bounds of a bootstrap server: each row
 * changes accounts that are allowed, and says what is not any more.         */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "uplink/floor.h"
#include "unit/config/given.h"
#include "unit/lwm2m/accounts.h"

#define BOUNDED(floor, cloud)                                                  \
    "gateway = { name = \"plant-7\"; "                                         \
    "master_key_file = \"/etc/sallyport/master.key\"; };\n" LOCAL              \
    "servers = ( { name = \"keys\"; uri = \"coaps://bs.example.com\"; "        \
    "bootstrap = true; " floor " }, { name = \"cloud\"; "                      \
    "short_server_id = 123; " cloud " } );\n" PROFILES                         \
    "sensors = ( { id = \"a\"; profile = \"p\"; " PASSWORD                     \
    "accounts = ( { server = \"keys\"; key_file = \"a.psk\"; } ); } );\n"
#define URI "uri = \"coaps://lwm2m.example.com\"; "
#define FLOOR(text) "floor = { " text " };"

#define OSCORE                                                                 \
    "/0/1/17=21:0", "/21/0/0=a master secret.", "/21/0/1=me", "/21/0/2=srv"
#define NOSEC "/0/1/2=3", "/0/1/0=coap://lwm2m.example.com"
#define X509 "/0/1/2=2", "/0/1/4=certificate"

static struct sally_registry registry;
static struct sally_book before, staged;

static int open_all(void **state)
{
    (void)state;
    return sally_objects_builtin(&registry) == SALLY_E_OK &&
                   sally_book_open(&before, SALLY_BOOK_MAX) == SALLY_E_OK &&
                   sally_book_open(&staged, SALLY_BOOK_MAX) == SALLY_E_OK
               ? 0
               : -1;
}

static int close_all(void **state)
{
    (void)state;
    sally_book_wipe(&before);
    sally_book_wipe(&staged);
    sally_registry_wipe(&registry);
    return 0;
}

/* A row without a value takes away what is at or below its path. */
static void apply(struct sally_book *b, const char *const *rows)
{
    for (; *rows != NULL; rows++) {
        const char *text;
        struct sally_path path = accounts_path(*rows, &text);

        if (strchr(*rows, '=') == NULL)
            sally_book_cut(b, &path);
        else
            accounts_put(b, &registry, *rows);
    }
}

static void fill(struct sally_book *b, const char *const *rows)
{
    static const char *const longer[] = { "/0/0/5=bootstrap key 16", NULL };
    const struct sally_path all = { .depth = 0 };

    sally_book_cut(b, &all);
    accounts_fill(b, &registry, accounts_usual);
    apply(b, longer);
    apply(b, rows);
}

static const struct row {
    const char *what, *config;
    const char *before[8], *staged[9];
    const char *culprit; /* NULL: allowed */
    const char *why;     /* what stands in the clause */
} rows[] = {
    { "as usual", BOUNDED("", URI), { NULL }, { NULL }, NULL, "" },
    { "nothing but the bootstrap account", BOUNDED("", URI), { NULL },
      { "/0/1", "/1/0" }, NULL, "" },

    { "a server that nobody knows", BOUNDED("", URI), { NULL },
      { "/0/1/10=7", "/1/0/0=7" }, "/0/1/10", "no server" },

    /* Where to. */
    { "another host", BOUNDED("", URI), { NULL },
      { "/0/1/0=coaps://lwm2m.example.net" }, "/0/1/0", "`hosts`" },
    { "another port of it", BOUNDED("", URI), { NULL },
      { "/0/1/0=coaps://lwm2m.example.com:7777" }, NULL, "" },
    { "in other letters", BOUNDED("", URI), { NULL },
      { "/0/1/0=coaps://LWM2M.Example.com" }, NULL, "" },
    { "that of a further URI",
      BOUNDED("", URI "more_uris = ( \"coaps+tcp://b.example.com\" );"),
      { NULL }, { "/0/1/0=coaps+tcp://b.example.com" }, NULL, "" },
    { "that of the bootstrap server", BOUNDED("", URI), { NULL },
      { "/0/1/0=coaps://bs.example.com" }, "/0/1/0", "`hosts`" },
    { "one of the list", BOUNDED(FLOOR("hosts = ( \"b\", \"c.d\" );"), URI),
      { NULL }, { "/0/1/0=coaps://c.d" }, NULL, "" },
    { "one below a name", BOUNDED(FLOOR("hosts = ( \"*.d\" );"), URI),
      { NULL }, { "/0/1/0=coaps://a.c.d" }, NULL, "" },
    { "the name itself", BOUNDED(FLOOR("hosts = ( \"*.c.d\" );"), URI),
      { NULL }, { "/0/1/0=coaps://c.d" }, "/0/1/0", "`hosts`" },
    { "one that only ends like it", BOUNDED(FLOOR("hosts = ( \"*.d\" );"), URI),
      { NULL }, { "/0/1/0=coaps://bad" }, "/0/1/0", "`hosts`" },
    { "anywhere, as nobody says where", BOUNDED("", ""), { NULL },
      { "/0/1/0=coaps://a.b" }, NULL, "" },
    { "the list holds without a URI, too",
      BOUNDED(FLOOR("hosts = ( \"c.d\" );"), ""), { NULL },
      { "/0/1/0=coaps://a.b" }, "/0/1/0", "`hosts`" },
    { "the bootstrap server's", BOUNDED("", URI), { NULL },
      { "/0/0/0=coaps://bs.example.net" }, "/0/0/0", "`hosts`" },
    { "a name to ask for", BOUNDED("", URI), { NULL },
      { X509, "/0/1/14=lwm2m.example.com" }, NULL, "" },
    { "another name to ask for", BOUNDED("", URI), { NULL },
      { X509, "/0/1/14=other.example.com" }, "/0/1/14", "`hosts`" },
    { "a second URI", BOUNDED("", URI), { NULL },
      { "/0/1/25/0=coaps+tcp://lwm2m.example.com" }, NULL, "" },
    { "a second URI elsewhere", BOUNDED("", URI), { NULL },
      { "/0/1/25/0=coaps://lwm2m.example.com",
        "/0/1/25/1=coaps://other.example.com" },
      "/0/1/25", "`hosts`" },
    { "a second URI that is open", BOUNDED("", URI), { NULL },
      { "/0/1/25/0=coap://lwm2m.example.com" }, "/0/1/25", "protects less" },
    { "a second URI that is none", BOUNDED("", URI), { NULL },
      { "/0/1/25/0=lwm2m.example.com" }, "/0/1/25", "not a URI" },

    /* Protection. */
    { "none", BOUNDED("", URI), { "/0/1", "/1/0" }, { NOSEC }, "/0/1/2",
      "beyond this machine" },
    { "none, where that was meant", BOUNDED("", URI "insecure = true;"),
      { "/0/1", "/1/0" }, { NOSEC }, NULL, "" },
    { "none, on this machine", BOUNDED("", "uri = \"coap://127.0.0.1\";"),
      { "/0/1", "/1/0" }, { NOSEC, "/0/1/0=coap://127.0.0.1" }, NULL, "" },
    { "none, after some", BOUNDED("", "uri = \"coap://127.0.0.1\";"),
      { "/0/1/0=coaps://127.0.0.1" }, { NOSEC, "/0/1/0=coap://127.0.0.1" },
      "/0/1/2", "account before it" },
    { "none, after OSCORE", BOUNDED("", "uri = \"coap://127.0.0.1\";"),
      { NOSEC, OSCORE }, { NOSEC, "/0/1/0=coap://127.0.0.1" }, "/0/1/2",
      "account before it" },
    { "none at a server, beside another with some",
      BOUNDED("", URI "}, { name = \"own\"; short_server_id = 124; uri = "
                      "\"coap://127.0.0.1\"; "),
      { NULL },
      { "/0/2/0=coap://127.0.0.1", "/0/2/1=0", "/0/2/2=3", "/0/2/10=124",
        "/1/1/0=124", "/1/1/1=300", "/1/1/6=1", "/1/1/7=U" },
      NULL, "" },
    { "OSCORE alone", BOUNDED("", URI), { NULL }, { NOSEC, OSCORE }, NULL, "" },
    { "of the bootstrap account none", BOUNDED("", URI), { NULL },
      { "/0/0/2=3", "/0/0/0=coap://bs.example.com" }, "/0/0/2",
      "account before it" },

    /* Keys. */
    { "a mode that is not wanted", BOUNDED(FLOOR("modes = ( \"rpk\" );"), URI),
      { NULL }, { NULL }, "/0/0/2", "`modes`" },
    { "OSCORE alone is not wanted",
      BOUNDED(FLOOR("modes = ( \"psk\", \"x509\" );"), URI), { NULL },
      { NOSEC, OSCORE }, "/0/1/2", "`modes`" },
    { "OSCORE inside is always", BOUNDED(FLOOR("modes = ( \"psk\" );"), URI),
      { NULL }, { OSCORE }, NULL, "" },
    { "a short key", BOUNDED("", URI), { NULL }, { "/0/1/5=fifteen bytes k" },
      "/0/1/5", "`key_bits`" },
    { "a short key of the bootstrap account", BOUNDED("", URI), { NULL },
      { "/0/0/5=fifteen bytes k" }, "/0/0/5", "`key_bits`" },
    { "a key that must be longer", BOUNDED(FLOOR("key_bits = 256;"), URI),
      { NULL }, { "/0/0" }, "/0/1/5", "`key_bits`" },
    { "a key that may be shorter", BOUNDED(FLOOR("key_bits = 64;"), URI),
      { NULL }, { "/0/1/5=8 bytes." }, NULL, "" },
    { "a short Master Secret", BOUNDED("", URI), { NULL },
      { OSCORE, "/21/0/0=fifteen bytes k" }, "/21/0/0", "`key_bits`" },
    { "CBC", BOUNDED("", URI), { NULL },
      { X509, "/0/1/16/0=49320", "/0/1/16/1=49187" }, "/0/1/16", "CBC" },
    { "CBC where that was meant", BOUNDED(FLOOR("cbc = true;"), URI), { NULL },
      { X509, "/0/1/16/0=49187" }, NULL, "" },
    { "its own authority", BOUNDED("", URI "trust_file = \"ca.pem\";"),
      { NULL }, { X509, "/0/1/15=2" }, "/0/1/15", "`trust_file`" },
    { "its own certificate, as nothing else is said",
      BOUNDED("", URI "trust_file = \"ca.pem\";"), { NULL }, { X509 },
      "/0/1/15", "`trust_file`" },
    { "one below the operator's authority",
      BOUNDED("", URI "trust_file = \"ca.pem\";"), { NULL },
      { X509, "/0/1/15=1" }, NULL, "" },
    { "its own authority, where the operator has none", BOUNDED("", URI),
      { NULL }, { X509, "/0/1/15=2" }, NULL, "" },
};

static void judge(const struct row *r)
{
    struct sally_config c;
    struct sally_floor_verdict verdict;
    char culprit[SALLY_PATH_TEXT], *report = NULL;
    bool allowed;

    if (load_given(r->config, NULL, "", &c, &report) != 0)
        fail_msg("%s: %s", r->what, report);
    fill(&before, r->before);
    fill(&staged, r->staged);
    allowed = sally_floor_allows(&c, 0, &before, &staged, &verdict);
    (void)sally_path_text(&verdict.path, culprit);
    if (allowed != (r->culprit == NULL) || allowed != (verdict.why == NULL))
        fail_msg("%s: %s, %s %s", r->what, allowed ? "allowed" : "refused",
                 culprit, allowed ? "" : verdict.why);
    if (!allowed && (strcmp(culprit, r->culprit) != 0 ||
                     strstr(verdict.why, r->why) == NULL))
        fail_msg("%s: %s %s", r->what, culprit, verdict.why);
    free(report);
    sally_config_wipe(&c);
}

static void stays_within_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALLY_LEN(rows); i++)
        judge(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
