/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/init.c - the verb init: a configuration to begin with, and the
 * master key. What is there already stays as it is.                         */
#include "cli/enroll.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "config/files.h"
#include "config/kinds.h"
#include "security/crypto.h"

#define ANSWER_MAX 256
#define TEXT_MAX 8192
#define KEY_LEN 32

struct init {
    const struct sally_cli *cli;
    const char *dir, *name, *uri, *interface; /* NULL: not said */
    char answers[3][ANSWER_MAX];
    const char *conf, *key; /* paths, in the arena of `made` */
    bool has_conf, has_key; /* before */
    struct sally_made made;
};

static bool fail(const struct init *n, const char *what, const char *why)
{
    fprintf(n->cli->err, "sallyportctl: %s: %s\n", what, why);
    return false;
}

/* --- What is to stand there ----------------------------------------------- */

static const char text_gateway[] =
    "# sallyport.conf - the gateway's configuration. `sallyportd -t` checks\n"
    "# it, `sallyportctl keys` says what else may stand here; so does\n"
    "# sallyport.conf(5). Sensors stand in sensors.d/, device models in\n"
    "# profiles.d/, definitions of LwM2M objects in objects.d/.\n"
    "\n"
    "gateway = {\n"
    "  # The beginning of every endpoint: a sensor is \"NAME-ID\".\n"
    "  name = \"@\";\n"
    "\n"
    "  # Seals what is kept of sessions and accounts. Not in a backup with\n"
    "  # them; who has both has all.\n"
    "  master_key_file = \"master.key\";\n";

/* Beside a file that is not the system's. */
static const char text_own[] =
    "\n"
    "  # Beside this file, since it is not in " SALLY_SYSCONFDIR ".\n"
    "  state_dir = \"state\";\n"
    "  console = { socket = \"control.sock\"; };\n";

static const char text_local[] =
    "};\n"
    "\n"
    "# Where sensors come in, in plaintext: the network that they are on and\n"
    "# no other.\n"
    "local = {\n"
    "  mqtt = ( { @ = \"@\"; } );  # port = 1883\n"
    "  coap = ( { @ = \"@\"; } );  # port = 5683\n"
    "};\n"
    "\n"
    "# Where readings go, each sensor under its own endpoint and key.\n"
    "servers = (\n"
    "  { name = \"cloud\";\n"
    "    uri = \"@\";\n"
    "    short_server_id = 1; }\n"
    "  # A bootstrap server, which gives sensors their keys for the one above\n"
    "  # and changes them:\n"
    "  # , { name = \"boot\"; uri = \"coaps://boot.example.com\"; "
    "bootstrap = true; }\n"
    ");\n"
    "\n"
    "# What a sensor does not say itself. `server` gives each an account\n"
    "# there, with the key in keys/ID.psk, which `sallyportctl enroll` makes.\n"
    "sensor_defaults = {\n"
    "  server = \"cloud\";\n"
    "  # authenticate = ( { method = \"password\"; username = \"{id}\"; } );\n"
    "  # expect_every = \"10m\";\n"
    "};\n"
    "\n"
    "# A sensor, for the file sensors.d/boiler.conf:\n"
    "#\n"
    "# sensors = (\n"
    "#   { id = \"boiler\"; profile = \"simple-temperature\";\n"
    "#     authenticate = ( { method = \"password\";\n"
    "#                        username = \"boiler\"; } ); }\n"
    "# );\n";

static bool is_system(const struct init *n)
{
    return strcmp(n->dir, SALLY_SYSCONFDIR) == 0;
}

/* The text, with the next of the values in place of each '@'. */
static void put_filled(struct sally_writer *w, const char *text,
                       const char *const *values)
{
    for (; text[0] != '\0'; text++)
        if (text[0] == '@')
            sally_put_text(w, *values++);
        else
            sally_put_u8(w, (uint8_t)text[0]);
}

static bool write_text(const struct init *n, struct sally_buf *out)
{
    const bool all = n->interface[0] == '\0';
    const char *key = all ? "address" : "interface";
    const char *place = all ? "127.0.0.1" : n->interface;
    const char *const values[] = { key, place, key, place, n->uri };
    struct sally_writer w = sally_writer_into(out);

    put_filled(&w, text_gateway, &n->name);
    if (!is_system(n))
        sally_put_text(&w, text_own);
    put_filled(&w, text_local, values);
    return sally_writer_end(&w) == SALLY_E_OK ||
           fail(n, n->conf, "these texts are too long");
}

/* --- What is asked -------------------------------------------------------- */

/* A line of the terminal, or the default for an empty one. */
static bool ask(struct init *n, const char *question, const char *fallback,
                char *answer)
{
    fprintf(n->cli->err, fallback[0] != '\0' ? "%s [%s]: " : "%s%s: ", question,
            fallback);
    (void)fflush(n->cli->err);
    if (fgets(answer, ANSWER_MAX, n->cli->in) == NULL)
        return fail(n, question, "there was no answer");
    answer[strcspn(answer, "\r\n")] = '\0';
    if (answer[0] == '\0')
        (void)snprintf(answer, ANSWER_MAX, "%s", fallback);
    return true;
}

/* The machine's, with what a name may not have as '-'. */
static void host_name(char out[SALLY_NAME_MAX + 1])
{
    char name[SALLY_NAME_MAX + 1] = "";

    if (gethostname(name, SALLY_NAME_MAX) != 0 || name[0] == '\0')
        memcpy(name, "gateway", sizeof("gateway"));
    for (size_t i = 0; name[i] != '\0'; i++) {
        const char one[] = { name[i], '\0' };

        if (!sally_name_is_plain(one))
            name[i] = '-';
    }
    memcpy(out, name, sizeof(name));
}

static bool take_answers(struct init *n)
{
    const bool person = isatty(fileno(n->cli->in)) != 0;
    char host[SALLY_NAME_MAX + 1];

    host_name(host);
    (void)snprintf(n->answers[0], ANSWER_MAX, "%s", host);
    if (person && n->name == NULL &&
        !ask(n, "Name of this gateway", host, n->answers[0]))
        return false;
    if (person && n->uri == NULL &&
        !ask(n, "URI of the LwM2M server, as coaps://lwm2m.example.com", "",
             n->answers[1]))
        return false;
    if (person && n->interface == NULL &&
        !ask(n, "Interface that the sensors are on; none: this machine only",
             "", n->answers[2]))
        return false;
    n->name = n->name != NULL ? n->name : n->answers[0];
    n->uri = n->uri != NULL ? n->uri : n->answers[1];
    n->interface = n->interface != NULL ? n->interface : n->answers[2];
    return true;
}

/* They are written between quotes. */
static bool is_text(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        if ((unsigned char)text[i] <= ' ' || strchr("\"\\\177", text[i]))
            return false;
    return true;
}

static bool check_answers(const struct init *n)
{
    if (!sally_name_is_plain(n->name))
        return fail(n, n->name, "a gateway's name has 1 to 64 letters, digits, "
                                "'.', '_' or '-'");
    if (n->uri[0] == '\0')
        return fail(n, "-u", "which server? As coaps://lwm2m.example.com");
    return (is_text(n->uri) && is_text(n->interface)) ||
           fail(n, "-u, -i", "expected neither spaces nor quotes");
}

/* --- Writing it ----------------------------------------------------------- */

/* In a folder of root's, whose group is that of the service, it may read. */
static bool is_shared(const struct init *n, gid_t *group)
{
    struct stat folder;

    if (stat(n->dir, &folder) != 0 || folder.st_uid != 0 || folder.st_gid == 0)
        return false;
    *group = folder.st_gid;
    return true;
}

static bool put_file(struct init *n, const char *path, unsigned mode,
                     struct sally_span text)
{
    gid_t group;

    if (is_shared(n, &group))
        mode = 0640;
    return (sally_made_file(&n->made, path, mode, text) &&
            chmod(path, mode) == 0) ||
           fail(n, path, strerror(errno));
}

static bool make_key(struct init *n)
{
    const struct sally_random random = sally_crypto_random();
    uint8_t key[KEY_LEN];
    char line[2 * KEY_LEN + 2];
    bool good;

    sally_random_fill(&random, key, sizeof(key));
    sally_text_to_hex((struct sally_span){ key, sizeof(key) }, line,
                      sizeof(line));
    line[sizeof(line) - 2] = '\n';
    line[sizeof(line) - 1] = '\0';
    good = put_file(n, n->key, 0600, sally_span_of(line));
    sally_wipe(key, sizeof(key));
    sally_wipe(line, sizeof(line));
    return good;
}

/* What the gateway would not take is not written. */
static bool make_conf(struct init *n)
{
    uint8_t room[TEXT_MAX];
    struct sally_buf text = SALLY_BUF(room);
    struct sally_config config;
    struct sally_config_file file = { .path = n->conf };
    unsigned wrong;

    if (!write_text(n, &text))
        return false;
    file.text = sally_buf_span(&text);
    wrong = sally_config_load(&file, 1, &config, n->cli->err);
    sally_config_wipe(&config);
    return wrong == 0 && put_file(n, n->conf, 0644, file.text);
}

/* Where enroll puts what it makes; a folder that is there stays as it is. */
static bool make_folder(struct init *n, const char *name)
{
    const char *path =
        sally_arena_format(&n->made.arena, "%s/%s", n->dir, name);
    gid_t group;

    if (mkdir(path, 0750) != 0)
        return errno == EEXIST || fail(n, path, strerror(errno));
    return !is_shared(n, &group) ||
           (chown(path, (uid_t)-1, group) == 0 && chmod(path, 02750) == 0) ||
           fail(n, path, strerror(errno));
}

static bool names_key(const struct init *n)
{
    struct sally_config_files files;
    struct sally_config config = { .master_key_file = "" };
    char *sink = NULL;
    size_t len = 0;
    FILE *quiet = open_memstream(&sink, &len);
    bool found = false;

    if (quiet == NULL)
        return false;
    if (sally_config_files_read(n->conf, &files, quiet) == 0) {
        (void)sally_config_load(files.files, files.count, &config, quiet);
        found = config.master_key_file != NULL &&
                config.master_key_file[0] != '\0';
        sally_config_wipe(&config);
    }
    sally_config_files_wipe(&files);
    (void)fclose(quiet);
    free(sink);
    return found;
}

/* --- The verb ------------------------------------------------------------- */

static int usage(const struct sally_cli *cli, const struct sally_verb *v)
{
    fprintf(cli->err,
            "usage: sallyportctl [OPTIONS] %s %s\n"
            "-d DIR  where it goes (" SALLY_SYSCONFDIR ")\n"
            "-n NAME of this gateway (that of the machine)\n"
            "-u URI  of the LwM2M server\n"
            "-i NAME of the interface that sensors are on (this machine only)\n"
            "What is not said is asked for on a terminal.\n",
            v->name, v->args);
    return SALLY_EXIT_USAGE;
}

static bool take_options(char **args, int count, struct init *n)
{
    const struct {
        char letter;
        const char **to;
    } all[] = { { 'd', &n->dir }, { 'n', &n->name },
                { 'u', &n->uri }, { 'i', &n->interface } };

    for (int at = 0; at < count; at += 2) {
        size_t i = 0;

        while (i < SALLY_LEN(all) && args[at][1] != all[i].letter)
            i++;
        if (at + 1 == count || args[at][0] != '-' || i == SALLY_LEN(all) ||
            args[at][2] != '\0')
            return false;
        *all[i].to = args[at + 1];
    }
    return true;
}

static bool look(struct init *n)
{
    n->conf = sally_arena_format(&n->made.arena, "%s/sallyport.conf", n->dir);
    n->key = sally_arena_format(&n->made.arena, "%s/master.key", n->dir);
    if (n->made.arena.failed)
        return fail(n, n->dir, "there is not enough memory");
    if (access(n->dir, F_OK) != 0)
        return fail(n, n->dir, strerror(errno));
    n->has_conf = access(n->conf, F_OK) == 0;
    n->has_key = access(n->key, F_OK) == 0;
    if (n->has_conf && n->has_key)
        return fail(n, n->dir, "sallyport.conf and master.key are there "
                               "already, and stay as they are");
    if (n->has_conf &&
        (n->name != NULL || n->uri != NULL || n->interface != NULL))
        return fail(n, n->conf, "is there already, and stays as it is: what "
                                "-n, -u and -i say would not count");
    return true;
}

static bool make(struct init *n)
{
    if (!look(n))
        return false;
    if (!n->has_conf &&
        (!take_answers(n) || !check_answers(n) || !make_conf(n)))
        return false;
    return (n->has_key || make_key(n)) && make_folder(n, "sensors.d") &&
           make_folder(n, "keys");
}

static void report(const struct init *n)
{
    FILE *out = n->cli->out;

    if (n->cli->json) {
        fprintf(out, "{\"configuration\":%s,\"master_key\":%s}\n",
                n->has_conf ? "false" : "true", n->has_key ? "false" : "true");
        return;
    }
    if (!n->has_conf)
        fprintf(out, "%s: made\n", n->conf);
    if (!n->has_key)
        fprintf(out, "%s: made; keep a copy where no backup of the state is\n",
                n->key);
    if (n->has_conf && !names_key(n))
        fprintf(out,
                "%s: was there, and stays; for the key to count, its group "
                "gateway needs\n  master_key_file = \"master.key\";\n",
                n->conf);
    fprintf(out, "next: sallyportd -t -c %s\n", n->conf);
}

int sally_verb_init(const struct sally_cli *cli, const struct sally_verb *v,
                    char **args, int count)
{
    struct init n = { .cli = cli, .dir = SALLY_SYSCONFDIR };
    int status = SALLY_EXIT_REFUSED;

    if (!take_options(args, count, &n))
        return usage(cli, v);
    if (make(&n)) {
        report(&n);
        status = SALLY_EXIT_DONE;
    } else {
        sally_made_undo(&n.made);
    }
    sally_made_wipe(&n.made);
    return status;
}
