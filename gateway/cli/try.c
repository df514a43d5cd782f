/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/try.c - the verb try: what a profile makes of a message, rule by
 * rule. Needs the configuration's files, but no daemon.                     */
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/line.h"
#include "cli/rule.h"
#include "config/files.h"
#include "decoders/decoder.h"

/* One run of the verb. */
struct attempt {
    const struct sally_cli *cli;
    struct sally_rule_place place;
    struct sally_span topic, payload;
    unsigned maps, values, refused; /* that matched, came out, did not */
};

static void put_value(struct sally_writer *w,
                      const struct sally_lwm2m_record *r, bool json)
{
    bool text = r->value.type == SALLY_TYPE_STRING;

    if (json && text)
        sally_put_json_string(w, r->value.is.bytes);
    else if (r->value.type == SALLY_TYPE_BOOLEAN)
        sally_put_text(w, r->value.is.boolean ? "true" : "false");
    else if (text)
        sally_put(w, r->value.is.bytes);
    else if (sally_value_put_text(w, &r->value) != SALLY_E_OK)
        sally_put_text(w, "?");
}

static void say_value(struct attempt *a, const struct sally_config_put *put,
                      const struct sally_lwm2m_record *r)
{
    struct sally_line l = sally_line_begin();

    a->values++;
    if (a->cli->json) {
        sally_put_text(&l.w, "{\"path\":\"");
        sally_path_put(&l.w, &r->path);
        sally_put_text(&l.w, "\",\"value\":");
        put_value(&l.w, r, true);
        sally_put_text(&l.w, ",\"unit\":");
        sally_put_json_string(&l.w, sally_span_of(put->unit));
        sally_put_text(&l.w, ",\"label\":");
        sally_put_json_string(&l.w, sally_span_of(put->label));
        sally_put_text(&l.w, "}");
    } else {
        sally_path_put(&l.w, &r->path);
        sally_put_text(&l.w, " = ");
        put_value(&l.w, r, false);
        if (put->unit[0] != '\0')
            sally_put_format(&l.w, " %s", put->unit);
        if (put->label[0] != '\0')
            sally_put_format(&l.w, " (%s)", put->label);
    }
    sally_line_end(&l, a->cli->out);
}

/* A rule that gave no value, with the place where it stands. */
static void say_nothing(struct attempt *a, const struct sally_config_put *put,
                        const char *verdict, const char *why)
{
    struct sally_line l = sally_line_begin();
    char path[SALLY_PATH_TEXT];

    sally_path_text(&put->to, path);
    if (a->cli->json) {
        sally_put_format(&l.w, "{\"path\":\"%s\",\"%s\":", path, verdict);
        sally_put_json_string(&l.w, sally_span_of(why));
        sally_put_text(&l.w, ",\"file\":");
        sally_put_json_string(&l.w, sally_span_of(a->place.profile->file));
        sally_put_format(&l.w, ",\"line\":%u}", put->line);
    } else {
        sally_put_format(&l.w, "%s: %s: %s (%s:%u)", path, verdict, why,
                         a->place.profile->file, put->line);
    }
    sally_line_end(&l, a->cli->out);
}

/* The table's words, where they would not tell an operator enough. */
static const char *reason(enum sally_err e)
{
    return e == SALLY_E_MALFORMED
               ? "the payload is not well-formed in the map's format"
               : sally_err_text(e);
}

static void say_alive(struct attempt *a, bool online)
{
    a->values++;
    if (a->cli->json)
        fprintf(a->cli->out, "{\"online\":%s}\n", online ? "true" : "false");
    else
        fprintf(a->cli->out, "the sensor is %s\n",
                online ? "online" : "offline");
}

static enum sally_err try_put(struct attempt *a,
                              const struct sally_config_map *map,
                              const struct sally_config_put *put)
{
    struct sally_rule_answer answer;
    enum sally_err e =
        sally_rule_try(&a->place, map, put, a->topic, a->payload, &answer);

    if (e != SALLY_E_OK)
        return e;
    if (answer.has_value)
        say_value(a, put, &answer.record);
    if (answer.result.refused != 0) {
        a->refused++;
        say_nothing(a, put, "refused", reason(answer.result.why));
    }
    if (answer.result.absent != 0)
        say_nothing(a, put, "absent", put->from);
    return SALLY_E_OK;
}

static enum sally_err try_map(struct attempt *a,
                              const struct sally_config_map *map)
{
    struct sally_rule_answer answer;
    enum sally_err e =
        sally_rule_try(&a->place, map, NULL, a->topic, a->payload, &answer);

    if (e != SALLY_E_OK || !answer.result.matched)
        return e;
    a->maps++;
    if (answer.result.tells_liveness)
        say_alive(a, answer.result.online);
    for (size_t i = 0; e == SALLY_E_OK && i < map->put_count; i++)
        e = try_put(a, map, &map->put[i]);
    return e;
}

static int fail(const struct sally_cli *cli, const char *what, const char *why)
{
    fprintf(cli->err, "sallyportctl: %s: %s\n", what, why);
    return SALLY_EXIT_REFUSED;
}

static int try_all(struct attempt *a)
{
    const struct sally_config_profile *p = a->place.profile;
    enum sally_err e = SALLY_E_OK;

    for (size_t i = 0; e == SALLY_E_OK && i < p->map_count; i++)
        e = try_map(a, &p->maps[i]);
    if (e != SALLY_E_OK)
        return fail(a->cli, "try", sally_err_text(e));
    if (a->maps == 0)
        return fail(a->cli, "try", "no map of the profile covers this topic");
    if (a->values == 0 && a->refused == 0)
        return fail(a->cli, "try",
                    "the message says nothing that a rule "
                    "asks for");
    return a->refused == 0 ? SALLY_EXIT_DONE : SALLY_EXIT_REFUSED;
}

static bool find_place(struct attempt *a, const char *name, bool sensor)
{
    const struct sally_config *c = a->place.config;

    if (sensor) {
        size_t i = sally_config_sensor_named(c, sally_span_of(name));

        if (i == SIZE_MAX)
            return false;
        a->place.sensor = &c->sensors[i];
        a->place.profile = &c->profiles[c->sensors[i].profile];
        return true;
    }
    for (size_t i = 0; i < c->profile_count; i++)
        if (strcmp(c->profiles[i].name, name) == 0)
            a->place.profile = &c->profiles[i];
    return name[0] != '\0' && a->place.profile != NULL;
}

/* The words behind the verb. */
struct request {
    bool sensor, hex; /* the name is a sensor's; the payload's form */
    const char *name, *topic, *payload;
};

static bool take_words(char **args, int count, struct request *out)
{
    int at = 0;

    *out = (struct request){ .hex = false };
    for (; at < count && strncmp(args[at], "--", 2) == 0; at++)
        if (strcmp(args[at], "--hex") == 0)
            out->hex = true;
        else if (strcmp(args[at], "--sensor") == 0)
            out->sensor = true;
        else
            return false;
    if (count - at != 3)
        return false;
    out->name = args[at];
    out->topic = args[at + 1];
    out->payload = args[at + 2];
    return true;
}

static int try_named(struct attempt *a, const struct request *r)
{
    if (!find_place(a, r->name, r->sensor))
        return fail(a->cli, r->name,
                    r->sensor ? "there is no such sensor"
                              : "there is no such profile");
    return try_all(a);
}

static int try_configured(struct attempt *a, const struct request *r)
{
    struct sally_config_files files;
    struct sally_config config;
    int status = SALLY_EXIT_REFUSED;

    if (sally_config_files_read(a->cli->config, &files, a->cli->err) != 0) {
        sally_config_files_wipe(&files);
        return status;
    }
    if (sally_config_load(files.files, files.count, &config, a->cli->err) ==
        0) {
        a->place.config = &config;
        status = try_named(a, r);
        a->place = (struct sally_rule_place){ .config = NULL };
    }
    sally_config_wipe(&config);
    sally_config_files_wipe(&files);
    return status;
}

int sally_verb_try(const struct sally_cli *cli, const struct sally_verb *v,
                   char **args, int count)
{
    uint8_t room[SALLY_DECODER_PAYLOAD_MAX];
    struct sally_buf bytes = SALLY_BUF(room);
    struct attempt a = { .cli = cli };
    struct request r;

    if (!take_words(args, count, &r)) {
        fprintf(cli->err,
                "usage: sallyportctl [OPTIONS] try [--hex] %s\n"
                "       sallyportctl [OPTIONS] try [--hex] --sensor ID "
                "TOPIC PAYLOAD\n",
                v->args);
        return SALLY_EXIT_USAGE;
    }
    a.topic = sally_span_of(r.topic);
    a.payload = sally_span_of(r.payload);
    if (r.hex) {
        if (sally_text_hex(a.payload, &bytes) != SALLY_E_OK)
            return fail(cli, r.payload,
                        "expected bytes in hexadecimal, two digits each");
        a.payload = sally_buf_span(&bytes);
    }
    return try_configured(&a, &r);
}
