/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/log/log.c - formats one event as one line and writes it at once. */
#include "log/log.h"

#include "base/text.h"
#include "base/writer.h"
#include "codec/json.h"

#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX 1024  /* bytes of one line */
#define TEXT_MAX 200   /* bytes of one field's text */
#define PER_SECOND 20  /* lines of one call site */

/* The process's own settings, set at start and with each reload. */
static struct {
    const char *role;
    enum sally_log_level level;
    bool json, to_syslog;
} log_is = { "sallyport", SALLY_LOG_INFO, false, false };

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [SALLY_LOG_ERROR] = { "error", LOG_ERR },
    [SALLY_LOG_WARNING] = { "warning", LOG_WARNING },
    [SALLY_LOG_INFO] = { "info", LOG_INFO },
    [SALLY_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

void sally_log_open(const char *role, enum sally_log_level level, bool json,
                    bool to_syslog)
{
    log_is.role = role;
    sally_log_configure(level, json, to_syslog);
}

void sally_log_configure(enum sally_log_level level, bool json, bool to_syslog)
{
    log_is.level = level;
    log_is.json = json;
    log_is.to_syslog = to_syslog;
    if (to_syslog)
        openlog("sallyport", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

static bool is_plain(struct sally_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~' || s.at[i] == '"' ||
            s.at[i] == '=' || s.at[i] == '\\')
            return false;
    return s.len != 0;
}

/* Cut to TEXT_MAX, and not within a character: `text` may be cut already. */
static struct sally_span cut(const char *text)
{
    struct sally_span s = sally_span_sub(sally_span_of(text), 0, TEXT_MAX);
    struct sally_span shorter = s;

    for (size_t i = 0; i < 4 && !sally_text_is_utf8(shorter); i++)
        shorter = sally_span_sub(s, 0, s.len - (s.len > i ? i : s.len));
    return sally_text_is_utf8(shorter) ? shorter : s;
}

/* What is no UTF-8 is shown as far as it is ASCII: a line is always text. */
static struct sally_span readable(const char *text, uint8_t room[TEXT_MAX])
{
    struct sally_span s = cut(text);
    bool good = sally_text_is_utf8(s);

    for (size_t i = 0; i < s.len; i++)
        room[i] = s.at[i] == 0x7f || (!good && s.at[i] > 0x7f) ? '?' : s.at[i];
    return (struct sally_span){ room, s.len };
}

/* Text as it is if it is plain, else in JSON's quotes. */
static void put_value(struct sally_writer *w, const char *text, bool quote)
{
    uint8_t room[TEXT_MAX];
    struct sally_span s = readable(text, room);

    if (!quote && is_plain(s))
        sally_put(w, s);
    else
        sally_put_json_string(w, s);
}

/* A field that has no room is left out: half a one would break the line. */
static void put_field(struct sally_writer *w, const struct sally_log_field *f)
{
    size_t before = w->out->len;

    if (log_is.json) {
        sally_put_format(w, ",\"%s\":", f->key);
    } else {
        sally_put_format(w, " %s=", f->key);
    }
    if (f->text == NULL)
        sally_put_format(w, "%lld", (long long)f->number);
    else
        put_value(w, f->text, log_is.json);
    if (w->failed)
        w->out->len = before;
    w->failed = false;
}

static void put_head(struct sally_writer *w, const struct timespec *now,
                     enum sally_log_level level, const char *event)
{
    struct tm utc;
    char text[40];

    (void)gmtime_r(&now->tv_sec, &utc);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    if (log_is.json)
        sally_put_format(
            w, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"role\":\"%s\","
               "\"event\":\"%s\"",
            text, now->tv_nsec / 1000000, levels[level].name, log_is.role,
            event);
    else
        sally_put_format(w, "time=%s.%03ldZ level=%s role=%s event=%s", text,
                         now->tv_nsec / 1000000, levels[level].name,
                         log_is.role, event);
}

/* False: this site has said enough in this second. */
static bool may_speak(struct sally_log_site *site, int64_t second)
{
    if (site->second != second) {
        site->second = second;
        site->lines = 0;
    }
    if (site->lines < PER_SECOND) {
        site->lines++;
        return true;
    }
    site->suppressed++;
    return false;
}

static void emit(enum sally_log_level level, struct sally_buf *line)
{
    if (log_is.to_syslog) {
        syslog(levels[level].priority, "%.*s", (int)line->len,
               (const char *)line->at);
        return;
    }
    line->at[line->len++] = '\n';
    /* One write per line, so that lines of several processes do not mix. */
    if (write(STDERR_FILENO, line->at, line->len) < 0)
        return;
}

void sally_log_write(struct sally_log_site *site, enum sally_log_level level,
                     const char *event, const struct sally_log_field *fields)
{
    uint8_t room[LINE_MAX];
    struct sally_buf line = { room, 0, sizeof(room) - 2 };
    struct sally_writer w = sally_writer_into(&line);
    struct timespec now;

    if (level > log_is.level || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        !may_speak(site, now.tv_sec))
        return;
    put_head(&w, &now, level, event);
    for (; fields->key != NULL; fields++)
        put_field(&w, fields);
    if (site->suppressed != 0) {
        const struct sally_log_field held =
            SALLY_NUMBER("suppressed", site->suppressed);

        put_field(&w, &held);
        site->suppressed = 0;
    }
    line.room = sizeof(room) - 1;
    if (log_is.json)
        sally_put_u8(&w, '}');
    emit(level, &line);
}
