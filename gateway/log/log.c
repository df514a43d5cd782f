/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/log/log.c - formats one event as one line and writes it at once. */
#include "log/log.h"

#include "base/text.h"
#include "base/writer.h"
#include "codec/json.h"
#include "log/note.h"

#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX 1024  /* bytes of one line */
#define TEXT_MAX 200   /* bytes of one field's text */
#define PER_SECOND 20  /* lines of one call site */
#define NOTES_PER_MINUTE 30 /* of one call site, of what peers do */

/* The process's own settings, set at start and with each reload. */
static struct {
    const char *role;
    enum sally_log_level level;
    bool json, to_syslog;
    void (*note)(void *owner, struct sally_span line);
    void *note_owner;
} log_is = { .role = "sallyport", .level = SALLY_LOG_INFO };

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

void sally_log_to_journal(void (*note)(void *owner, struct sally_span line),
                          void *owner)
{
    log_is.note = note;
    log_is.note_owner = owner;
}

void *sally_log_journal(void)
{
    return log_is.note != NULL ? log_is.note_owner : NULL;
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
static void put_field(struct sally_writer *w, const struct sally_log_field *f,
                      bool json)
{
    size_t before = w->out->len;

    if (json) {
        sally_put_format(w, ",\"%s\":", f->key);
    } else {
        sally_put_format(w, " %s=", f->key);
    }
    if (f->text == NULL)
        sally_put_format(w, "%lld", (long long)f->number);
    else
        put_value(w, f->text, json);
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

static void put_count(struct sally_writer *w, const char *key, unsigned *count,
                      bool json)
{
    const struct sally_log_field f = SALLY_NUMBER(key, *count);

    if (*count != 0)
        put_field(w, &f, json);
    *count = 0;
}

/* --- The security journal ------------------------------------------------ */

static bool may_note(struct sally_log_site *site, enum sally_note_kind kind,
                     int64_t minute)
{
    if (kind == SALLY_NOTE_OWN)
        return true;
    if (site->minute != minute) {
        site->minute = minute;
        site->notes = 0;
    }
    if (site->notes < NOTES_PER_MINUTE) {
        site->notes++;
        return true;
    }
    site->unnoted++;
    return false;
}

static void note(struct sally_log_site *site, int64_t minute, const char *event,
                 const struct sally_log_field *fields)
{
    enum sally_note_kind kind = sally_note_kind(event);
    uint8_t room[SALLY_NOTE_MAX];
    struct sally_buf line = SALLY_BUF(room);
    struct sally_writer w = sally_writer_into(&line);

    if (kind == SALLY_NOTE_NONE || !may_note(site, kind, minute))
        return;
    sally_put_format(&w, "role=%s event=%s", log_is.role, event);
    for (; fields->key != NULL; fields++)
        put_field(&w, fields, false);
    put_count(&w, "unnoted", &site->unnoted, false);
    log_is.note(log_is.note_owner, sally_buf_span(&line));
}

void sally_log_write(struct sally_log_site *site, enum sally_log_level level,
                     const char *event, const struct sally_log_field *fields)
{
    uint8_t room[LINE_MAX];
    struct sally_buf line = { room, 0, sizeof(room) - 2 };
    struct sally_writer w = sally_writer_into(&line);
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return;
    if (log_is.note != NULL)
        note(site, now.tv_sec / 60, event, fields);
    if (level > log_is.level || !may_speak(site, now.tv_sec))
        return;
    put_head(&w, &now, level, event);
    for (; fields->key != NULL; fields++)
        put_field(&w, fields, log_is.json);
    put_count(&w, "suppressed", &site->suppressed, log_is.json);
    line.room = sizeof(room) - 1;
    if (log_is.json)
        sally_put_u8(&w, '}');
    emit(level, &line);
}
